"""Verified transfer of the files of records: bytes arrive whole and as announced, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dataforce.backend.error_messages import cut, printable
from dataforce.backend.identity import identifier_of
from dataforce.errors import ChecksumMismatchError, ContentChangedError
from dataforce.transfer import cancellation
from dataforce.transfer.checksum import Digest
from dataforce.transfer.progress_counter import Tally

if TYPE_CHECKING:
    from dataforce.backend import Advance, AnyKind, Content

LARGE = 64 * 1024 * 1024
"""Size from which several streams are worth while, in bytes."""


@dataclass(frozen=True)
class Expected:
    """The bytes that must arrive.

    Attributes:
        described: What they are, for messages, such as `model artifact 5`.
        digest: Their SHA-256, in lower-case hexadecimal digits.
        size: Their number, `None` if no record says it.
        consequence: What other bytes mean for whoever asked; a sentence without its end.
    """

    described: str
    digest: str
    size: int | None
    consequence: str

    @classmethod
    def of(cls, kind: AnyKind, record: object, name: str, consequence: str) -> Expected:
        """Return what a record says of one of its files."""
        fields = kind.files[name]
        described = f"{kind.name} {identifier_of(record)}"
        if len(kind.files) > 1:
            described = f"{name} of {described}"
        return cls(described, fields.digest_of(record), fields.size_of(record), consequence)

    def check(self, size: int, sha256: str) -> None:
        """Raise `ChecksumMismatchError` if something else has arrived."""
        if sha256 != self.digest or (self.size is not None and size != self.size):
            raise self.refusal(f"{size} with {sha256}")

    def refusal(self, found: str) -> ChecksumMismatchError:
        """Return the error for what was found instead."""
        size = "" if self.size is None else f"{cut(str(self.size), 64)} bytes with "
        return ChecksumMismatchError(
            f"The bytes of {self.described} are not those that were stored: "
            f"expected {size}SHA-256 {cut(printable(self.digest), 64)}, got {found}. "
            f"{self.consequence}; upload the file again if you have it."
        )


def fetch(
    open_content: Callable[[], Content],
    expected: Expected,
    open_file: Callable[[], AbstractContextManager[IO[bytes]]],
    advance: Advance,
) -> None:
    """Fetch bytes into a file and verify them.

    Args:
        open_content: Gives the bytes.
        expected: What they must be.
        open_file: Gives a file on the disk to write to, anew each time.
        advance: Is told how many bytes have been fetched.
    """
    tally = Tally(advance)
    try:
        _fetch(open_content(), expected, open_file, tally)
    except ContentChangedError:
        # Somebody stored the file again, perhaps the same: the SHA-256 will tell.
        tally.restart()
        _fetch(open_content(), expected, open_file, tally)


def _fetch(
    content: Content,
    expected: Expected,
    open_file: Callable[[], AbstractContextManager[IO[bytes]]],
    advance: Advance,
) -> None:
    with open_file() as file:
        if content.streams > 1 and (expected.size or 0) >= LARGE:
            from dataforce.transfer.parallel_fetch import ParallelFetch

            ParallelFetch(content, expected, Path(file.name), advance).run()
        else:
            fetch_in_order(content, expected, file.write, advance)


def fetch_in_order(
    content: Content, expected: Expected, write: Callable[[bytes], object], advance: Advance
) -> None:
    """Fetch everything in one stream and verify it."""
    size = 0
    with Digest() as digest, reading(content) as chunks:
        for chunk in filter(None, chunks):
            cancellation.check()
            size += len(chunk)
            if expected.size is not None and size > expected.size:
                raise expected.refusal("more")
            digest.update(chunk)
            write(chunk)
            advance(len(chunk))
    expected.check(digest.size, digest.hexdigest())


@contextmanager
def reading(
    content: Content, offset: int = 0, length: int | None = None
) -> Iterator[Iterator[bytes]]:
    """A stream that is closed when the block ends."""
    chunks = content.read(offset, length)
    try:
        yield chunks
    finally:
        close_stream(chunks)


def close_stream(chunks: Iterator[bytes]) -> None:
    """Let go of what a stream holds, such as a connection, though it has not come to its end."""
    close = getattr(chunks, "close", None)  # generators have it, other iterators need not
    if close is not None:
        close()
