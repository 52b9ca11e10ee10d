"""Files: those of the remote are fetched once, those of the overlay are its own."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from dataforce.backend import identifier_of
from dataforce.backend.error_messages import cut
from dataforce.errors import ChecksumMismatchError, FileDownloadError, StoreError
from dataforce.overlay.store import State
from dataforce.transfer import cancellation
from dataforce.transfer.checksum import Digest
from dataforce_hybrid.records.change_index import note_key

if TYPE_CHECKING:
    from dataforce.backend import Advance, Content, Incoming, Kind, Scope
    from dataforce.models import CreatedModel
    from dataforce.overlay.store import Cache
    from dataforce_hybrid.layer import Layer

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)

DELETING = "deleting"
"""The space of notes of the remote's objects whose bytes are to be deleted here by hand."""

_SHA256 = re.compile("[0-9a-f]{64}")


class MergedContent(Generic[M, C]):
    """The files of one kind below one root.

    Args:
        kind: The declaration.
        layer: Both sides.
    """

    def __init__(self, kind: Kind[M, C, Any], layer: Layer) -> None:
        self._kind = kind
        self._layer = layer
        self._index = layer.index
        self._records = layer.records(kind)
        self._theirs = layer.remote.content(kind)
        self._ours = layer.workspace.content(kind)

    def receive(
        self, scope: Scope, path: Path, advance: Advance
    ) -> AbstractContextManager[Incoming]:
        """Take in a file, here only."""
        return self._ours.receive(scope, path, advance)

    def upload(self, scope: Scope, values: C, incoming: Incoming) -> M:
        """A new record with its bytes, here only."""
        return self._ours.upload(*self._records.prepared(scope, values), incoming)

    def create(self, scope: Scope, values: C) -> CreatedModel:
        """A new record that waits for its bytes, here only."""
        return self._ours.create(*self._records.prepared(scope, values))

    def open(self, scope: Scope, record: M) -> Content:
        """The bytes of a record, wherever they are."""
        self._index.refresh()
        scope = self._index.resolved(self._kind, scope)
        identifier = self._index.resolve(self._kind, identifier_of(record))
        if identifier != identifier_of(record):  # published since it was read
            record = self._records.current(scope, identifier)
        state = self._index.state(self._kind, identifier)
        if state == State.CREATED:
            return self._ours.open(scope, record)
        if state == State.CHANGED and self._was_deleted(scope, record):
            return Missing(self._kind, identifier)
        theirs = self._theirs.open(scope, record)
        return FetchedOnce(self._kind, record, theirs, self._layer.workspace.cache)

    def download_url(self, scope: Scope, identifier: str) -> str:
        """A URL to read from: of the remote, if the bytes are there."""
        scope, record = self._located(scope, identifier)
        side = self._ours if self._is_made_here(record.id) else self._theirs
        return side.download_url(scope, record.id)

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """A URL to delete with, which leads to a stand-in: the remote's bytes stay."""
        scope, record = self._located(scope, identifier)
        if self._is_made_here(record.id):
            return self._ours.delete_url(scope, record.id)
        if self._index.state(self._kind, record.id) != State.CHANGED:
            base = self._layer.copies.base(self._kind, scope, record.id)
            self._layer.workspace.copy(self._kind, scope, base, State.CHANGED)
        url = self._ours.delete_url(scope, record.id)
        self._layer.workspace.notes.write(DELETING, {note_key(self._kind, record.id): ""})
        return url

    def _located(self, scope: Scope, identifier: str) -> tuple[Scope, Any]:
        self._index.refresh()
        scope = self._index.resolved(self._kind, scope)
        return scope, self._records.current(scope, self._index.resolve(self._kind, identifier))

    def _is_made_here(self, identifier: str) -> bool:
        return self._index.state(self._kind, identifier) == State.CREATED

    def _was_deleted(self, scope: Scope, record: M) -> bool:
        """Whether a user deleted by hand what was to be deleted so."""
        workspace, key = self._layer.workspace, note_key(self._kind, identifier_of(record))
        is_begun = workspace.notes.get(DELETING, key) is not None
        if not is_begun or self._kind.file is None or self._kind.file.is_ready(record):
            return False
        return not workspace.has_stand_in(self._kind, scope, record)


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256: of a record without bytes it may be anything."""
    return _SHA256.fullmatch(text) is not None


class Missing:
    """The bytes of an object that are not there any more.

    Args:
        kind: Of the object.
        identifier: Its id.
    """

    streams = 1

    def __init__(self, kind: Kind[Any, Any, Any], identifier: str) -> None:
        self._what = f"{kind.name} {identifier}"

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Raise `FileDownloadError`."""
        raise FileDownloadError(
            f"Cannot download {self._what}: its file was deleted in this overlay. "
            f"client.overlay.reset() with its id brings back that of the platform."
        )
        yield b""  # a generator, as the others are


class FetchedOnce:
    """Bytes of the remote, kept here once they were read from the first to the last.

    Args:
        kind: Of the object.
        record: It tells the SHA-256 and the size.
        theirs: The remote's bytes.
        cache: Where they are kept.
    """

    def __init__(self, kind: Kind[M, Any, Any], record: M, theirs: Content, cache: Cache) -> None:
        assert kind.file is not None
        self._what = f"{kind.name} {identifier_of(record)}"
        self._digest: str = getattr(record, kind.file.digest).lower()
        self._size: int = getattr(record, kind.file.size)
        self._theirs = theirs
        self._cache = cache
        self._can_be_here = is_digest(self._digest)
        self._is_kept = self._can_be_here and cache.holds(self._size)
        # They are kept when they come in order.
        self.streams = 1 if self._is_kept else theirs.streams

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `offset` on, `length` of them or all."""
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
        """All bytes of the remote, which are in the cache when the last was taken.

        Raises:
            ChecksumMismatchError: They are not those that were announced; none are kept.
            StoreError: There is no room for them.
        """
        with self._cache.keep(self._digest, self._size, pinned=pinned) as incoming:
            with Digest() as digest:
                for chunk in filter(None, self._theirs.read()):
                    digest.update(chunk)
                    incoming.write(memoryview(chunk))
                    yield chunk
            if (digest.size, digest.hexdigest()) != (self._size, self._digest):
                raise ChecksumMismatchError(
                    f"The bytes of {self._what} are not those that were stored: expected "
                    f"{cut(str(self._size), 64)} bytes with SHA-256 {self._digest}, got "
                    f"{digest.size} with {digest.hexdigest()}. Nothing was kept; upload the file "
                    f"again if you have it."
                )

    def _verified(self, kept: Content) -> Iterator[bytes]:
        """All bytes that are kept; if they were damaged, they are replaced by the remote's."""
        with Digest() as digest:
            for chunk in kept.read():
                digest.update(chunk)
                yield chunk
        if (digest.size, digest.hexdigest()) == (self._size, self._digest):
            return
        with closing(self.keep()) as chunks:
            for _ in chunks:
                cancellation.check()
        raise ChecksumMismatchError(
            f"The copy of the bytes of {self._what} that was kept here was damaged. They were "
            f"fetched again; try again."
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
