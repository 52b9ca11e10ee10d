"""Files: those of the remote are fetched once, those of the overlay are its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from dataforce.backend import identifier_of
from dataforce.errors import FileDownloadError, NotFoundError
from dataforce.overlay.store import State
from dataforce_hybrid.files.deletion import was_deleted
from dataforce_hybrid.files.fetched_once import FetchedOnce

if TYPE_CHECKING:
    from dataforce.backend import Advance, Content, Kind, Scope, Source
    from dataforce_hybrid.records.store import Writer
    from dataforce_hybrid.records.view import MergedView

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)


class HybridFiles(Generic[M, C]):
    """The files of one kind below one scope; see `dataforce.backend.FileStore`.

    Args:
        view: Both sides.
        writer: Checks what is to be made.
        kind: The kind.
        scope: The scope.
    """

    def __init__(
        self, view: MergedView, writer: Writer, kind: Kind[M, C, Any], scope: Scope
    ) -> None:
        self._view = view
        self._writer = writer
        self._kind = kind
        self._scope = scope

    def upload(
        self,
        values: C,
        sources: Mapping[str, Source],
        advance: Advance,
        *,
        key: str | None = None,
    ) -> M:
        """Store a record with its files, in the overlay only."""
        before = None if key is None else self._uploaded(key)
        if before is not None:
            return before
        scope, values = self._writer.prepared(self._kind, self._scope, values)
        files = self._view.overlay.files(self._kind, scope)
        record = files.upload(values, sources, advance, key=key)
        if key is not None:
            self._view.overlay.key_values.write(self._uploads, {key: identifier_of(record)})
        return record

    def open(self, record: M, name: str) -> Content:
        """Return the bytes of a file of a record, wherever they are."""
        index, kind = self._view.index, self._kind
        index.refresh()
        scope = index.resolved(kind, self._scope)
        identifier = index.resolve(kind, identifier_of(record))
        if identifier != identifier_of(record):  # published since it was read
            record = self._view.current(kind, scope, identifier)
        state = index.state(kind, identifier)
        if state == State.CREATED:
            return self._view.overlay.files(kind, scope).open(record, name)
        # Below what was made here, the remote has nothing.
        is_missing = state == State.DELETED or index.is_made_here(kind, scope)
        if is_missing or (
            state == State.CHANGED and was_deleted(self._view.overlay, kind, scope, record)
        ):
            return Missing(kind, identifier)
        theirs = self._view.remote.files(kind, scope).open(record, name)
        return FetchedOnce(kind, record, name, theirs, self._view.overlay.cache)

    @property
    def _uploads(self) -> str:
        """The namespace of the uploads that a key was given for."""
        return "/".join(("uploads", self._kind.route, *self._scope.ids))

    def _uploaded(self, key: str) -> M | None:
        """The record of an upload, which may have been published since; `None` if there is none."""
        identifier = self._view.overlay.key_values.get(self._uploads, key)
        if identifier is None:
            return None
        try:
            return self._view.store(self._kind, self._scope).get(identifier)
        except NotFoundError:  # deleted since then
            return None


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
