"""Bytes of the remote that are kept in the cache once they were read."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from dataforce.errors import ChecksumMismatchError, FileDownloadError, StoreError
from dataforce.transfer import cancellation
from dataforce.transfer.checksum import Digest
from dataforce.transfer.spool import temporary_file, writing
from dataforce.transfer.verified import Expected, fetch

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Content
    from dataforce.overlay.store import Cache

_SHA256 = re.compile("[0-9a-f]{64}")
_CHUNK = 1024 * 1024


def is_digest(text: str) -> bool:
    """Return whether a text is a SHA-256: of a record without bytes it may be anything."""
    return _SHA256.fullmatch(text) is not None


class FetchedOnce:
    """Bytes of the remote, kept in the cache once they were read from the first to the last.

    Those of unknown size are kept when they are pulled.

    Args:
        kind: The kind of the record.
        record: Tells the SHA-256 and perhaps the size.
        name: Name of the file.
        theirs: The remote's bytes.
        cache: Where they are kept.
    """

    def __init__(
        self, kind: AnyKind, record: object, name: str, theirs: Content, cache: Cache
    ) -> None:
        self._expected = Expected.of(kind, record, name, "Nothing was kept")
        self._digest = self._expected.digest
        self._theirs = theirs
        self._cache = cache
        self._can_be_here = is_digest(self._digest)
        size = self._expected.size
        self._is_kept = self._can_be_here and size is not None and cache.holds(size)
        # They are kept when they come in order.
        self.streams = 1 if self._is_kept else theirs.streams

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `offset` on, `length` of them or all."""
        # What was pulled is here even if it is too large to be kept otherwise.
        kept = self._cache.open(self._digest) if self._can_be_here else None
        position = offset
        if kept is not None:
            is_whole = offset == 0 and length is None
            try:
                for chunk in self._verified(kept) if is_whole else kept.read(offset, length):
                    position += len(chunk)
                    yield chunk
            except FileDownloadError:  # it had to make room, or was removed by hand
                length = None if length is None else length - (position - offset)
            else:
                return
        if self._is_kept and position == 0 and length is None:
            yield from self._kept()
        else:
            yield from self._theirs.read(position, length)

    def keep(self, *, pinned: bool = False) -> Generator[bytes]:
        """Yield all bytes of the remote, which are in the cache when the last was taken.

        Raises:
            ChecksumMismatchError: They are not those that were announced; none are kept.
            StoreError: There is no room for them.
        """
        if self._expected.size is None:
            yield from self._spooled(pinned=pinned)
        else:
            yield from self._copied(self._theirs.read(), self._expected.size, pinned=pinned)

    def _copied(self, chunks: Iterator[bytes], size: int, *, pinned: bool) -> Generator[bytes]:
        with self._cache.keep(self._digest, size, pinned=pinned) as incoming:
            with Digest() as digest:
                for chunk in filter(None, chunks):
                    digest.update(chunk)
                    incoming.write(memoryview(chunk))
                    yield chunk
            self._expected.check(digest.size, digest.hexdigest())

    def _spooled(self, *, pinned: bool) -> Generator[bytes]:
        """The same by way of a temporary file, which tells the size."""
        with temporary_file() as path:
            fetch(lambda: self._theirs, self._expected, lambda: writing(path, 0), lambda size: None)
            with path.open("rb") as file:
                chunks = iter(lambda: file.read(_CHUNK), b"")
                yield from self._copied(chunks, path.stat().st_size, pinned=pinned)

    def _verified(self, kept: Content) -> Iterator[bytes]:
        """Yield all bytes that are kept; damaged ones are replaced by the remote's."""
        with Digest() as digest:
            for chunk in kept.read():
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() == self._digest and self._expected.size in (None, digest.size):
            return
        with closing(self.keep()) as chunks:
            for _ in chunks:
                cancellation.check()
        raise ChecksumMismatchError(
            f"The copy of the bytes of {self._expected.described} that was kept here was damaged. "
            f"They were fetched again; try again."
        )

    def _kept(self) -> Iterator[bytes]:
        position = 0
        try:
            with closing(self.keep()) as chunks:
                for chunk in chunks:
                    position += len(chunk)
                    yield chunk
        except StoreError:  # no room to keep it: no reason not to read it
            yield from self._theirs.read(position)
