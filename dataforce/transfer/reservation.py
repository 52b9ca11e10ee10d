"""Room on the disk for a file that is about to be written."""

from __future__ import annotations

import errno
import os
from typing import IO

_UNSUPPORTED = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


def reserve(file: IO[bytes], size: int) -> None:
    """Claim the room that a file will need, where the file system can.

    A disk that is too small is known before a byte is written, and a large file is written and
    synchronized in about half the time.

    Args:
        file: Open for writing, on this machine.
        size: Of the whole file, in bytes.

    Raises:
        OSError: There is not enough room.
    """
    if size <= 0 or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OverflowError:  # of a size that no file has
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG)) from None
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
