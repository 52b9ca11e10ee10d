"""Files on their way from one backend to another, by way of the folder for temporary files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from dataforce.errors import FileDownloadError
from dataforce.transfer.reservation import reserve


@contextmanager
def temporary_file() -> Iterator[Path]:
    """A path that nobody else uses; what is there goes with the block."""
    with ExitStack() as stack:
        with _told_as_ours():
            folder = tempfile.TemporaryDirectory(prefix="dataforce-", ignore_cleanup_errors=True)
            path = Path(stack.enter_context(folder)) / "file"
        yield path


@contextmanager
def writing(path: Path, size: int) -> Iterator[IO[bytes]]:
    """The file at a path of `temporary_file`, open to take in so many bytes."""
    with _told_as_ours(), path.open("wb") as file:
        reserve(file, size)
        yield file


@contextmanager
def _told_as_ours() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileDownloadError(
            f"A file could not be kept in {tempfile.gettempdir()} on its way: "
            f"{error.strerror or error}. Make room there, or name another folder in the "
            f"environment variable TMPDIR, and try again."
        ) from error
