"""Durability: changes on the disk that outlast a crash of the machine."""

from __future__ import annotations

import errno
import os
from contextlib import suppress


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Bring the names in a folder onto the disk, where the system and the file system can."""
    with suppress(PermissionError):  # Windows opens no folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # as some network file systems say
                raise
        finally:
            os.close(descriptor)
