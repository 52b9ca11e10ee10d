"""Bytes of a record on their way out, verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataforce.backend.error_messages import cut, printable
from dataforce.errors import ChecksumMismatchError
from dataforce.transfer import cancellation
from dataforce.transfer.checksum import Digest

if TYPE_CHECKING:
    from dataforce.backend import Advance, Content
    from dataforce.models import ModelArtifact


@dataclass(frozen=True)
class Expected:
    """What must arrive.

    Attributes:
        record: Knows the size and the SHA-256.
        consequence: What else arriving means for whoever asked; a sentence without its end.
    """

    record: ModelArtifact
    consequence: str

    @property
    def size(self) -> int:
        """In bytes."""
        return self.record.size

    def check(self, size: int, sha256: str) -> None:
        """Raise `ChecksumMismatchError` if something else has arrived."""
        if (size, sha256) != (self.size, self.record.file_hash.lower()):
            raise self.refusal(f"{size} with {sha256}")

    def refusal(self, found: str) -> ChecksumMismatchError:
        """The error for what was found instead."""
        size, digest = cut(str(self.size), 64), cut(printable(self.record.file_hash), 64)
        return ChecksumMismatchError(
            f"The bytes of model artifact {self.record.id} are not those that were stored: "
            f"expected {size} bytes with SHA-256 {digest}, got {found}. "
            f"{self.consequence}; upload the file again if you have it."
        )


def fetch_in_order(
    content: Content, expected: Expected, write: Callable[[bytes], object], advance: Advance
) -> None:
    """Fetch everything in one stream and verify it."""
    size = 0
    with Digest() as digest, reading(content) as chunks:
        for chunk in filter(None, chunks):
            cancellation.check()
            size += len(chunk)
            if size > expected.size:
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
