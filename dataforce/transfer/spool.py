"""Files on their way from one backend to another, by way of the folder for temporary files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from dataforce.backend.source import FileSource
from dataforce.errors import FileDownloadError
from dataforce.transfer.reservation import reserve
from dataforce.transfer.verified import Expected, fetch

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import Advance, AnyKind, ReadableFiles, Source

M = TypeVar("M", bound="BaseModel")


@contextmanager
def spooled(
    files: ReadableFiles[M],
    kind: AnyKind,
    record: M,
    consequence: str,
    advance: Advance = lambda count: None,
) -> Iterator[dict[str, Source]]:
    """Fetch the files of a record, to be stored elsewhere while the block runs.

    Args:
        files: The files of such records.
        kind: The kind of the record.
        record: The record.
        consequence: What wrong bytes mean for whoever asked; a sentence without its end.
        advance: Is told how many bytes have been fetched.

    Yields:
        The files by name, verified.

    Raises:
        ChecksumMismatchError: They are not those that were stored.
        FileDownloadError: They cannot be fetched, or not kept on the way.
    """
    sources: dict[str, Source] = {}
    with ExitStack() as stack:
        for name in kind.files:
            path = stack.enter_context(temporary_file())
            expected = Expected.of(kind, record, name, consequence)
            new_file = partial(writing, path, expected.size or 0)
            fetch(partial(files.open, record, name), expected, new_file, advance)
            sources[name] = FileSource(path)
        yield sources


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
