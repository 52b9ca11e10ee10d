"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dataforce.errors import FileDownloadError, FileError
from dataforce.transfer.durability import sync_folder
from dataforce.transfer.reservation import reserve


@contextmanager
def replacing(
    target: Path, size: int, error_class: type[FileError] = FileDownloadError
) -> Iterator[IO[bytes]]:
    """A file that takes the place of `target` when the block ends well, else vanishes.

    Args:
        target: Path of the file; its folder exists.
        size: Of the file, in bytes; 0 if it is not known yet.
        error_class: Class of the error that says why the file could not be written.
    """
    partial = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with partial.open("xb") as file:
            reserve(file, size)
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise error_class(
            f"{target} could not be written: {reason_of(error)}. Nothing was changed there."
        ) from error
    finally:
        with suppress(OSError):  # what went wrong before matters more
            partial.unlink()
    try:
        sync_folder(target.parent)
    except OSError as error:
        raise error_class(
            f"{target} was written, but a crash of this machine may undo that: "
            f"{error.strerror or error}."
        ) from error


def reason_of(error: Exception) -> str:
    """Return why a file could not be written, in words for a sentence."""
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return "the file system is read-only"
    return getattr(error, "strerror", None) or str(error)
