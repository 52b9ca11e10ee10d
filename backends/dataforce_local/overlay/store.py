"""A local store that an overlay is kept in."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend import Scope
from dataforce.backend.error_messages import sentence
from dataforce.backend.identity import identifier_of
from dataforce.errors import DataForceError, NotFoundError
from dataforce.models import MODEL_ARTIFACT
from dataforce.overlay.store import ObjectState, State
from dataforce_local.backend import LocalBackend
from dataforce_local.locks import ExclusiveLocks
from dataforce_local.overlay.cache import LocalCache
from dataforce_local.overlay.changes import REVISION, Entries, NoChangeHereError
from dataforce_local.overlay.copies import CopiedRows
from dataforce_local.overlay.key_values import LocalKeyValues
from dataforce_local.overlay.schema import open_overlay_schema
from dataforce_local.overlay.transitions import Transitions
from dataforce_local.records.tables import Tables, tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dataforce.backend import AnyKind, Family, Kind
    from dataforce.config import Settings
    from dataforce.models import ModelArtifact
    from dataforce.overlay.store import Cache, KeyValues

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class LocalOverlayStore(LocalBackend):
    """A store of records made here, and of copies of those of another side.

    Args:
        settings: `database_url`, `storage_url`, `retry_timeout` and `cache_size` count.
        family: The kinds.
        path: Of an SQLite database, in place of `database_url`.

    Attributes:
        key_values: Text beside the records.
        cache: Files beside those of the records.

    Raises:
        ConfigurationError: A URL cannot be used.
        StoreError: The overlay that is there cannot be used.
    """

    def __init__(self, settings: Settings, family: Family, path: Path | None = None) -> None:
        super().__init__(settings, family, path)
        self.key_values: KeyValues = LocalKeyValues(self._database)
        self._locks = ExclusiveLocks(self._database)
        self.cache: Cache = LocalCache(self._database, self._blobs, settings.cache_size)

    def revision(self) -> int:
        """Return a number that goes up with every change of an entry, whoever makes it."""
        return self._database.number(REVISION)

    def entries(self, after: int) -> Iterator[ObjectState]:
        """Return the entries that changed after that revision, in the order of their changes."""
        with self._database.reading() as connection:
            return self._entries.after(connection, after)

    def entry(self, kind: AnyKind, identifier: str) -> ObjectState | None:
        """Return all that is known of one object; `None` if nothing is."""
        with self._database.reading() as connection:
            return self._entries.find(connection, kind, identifier)

    def copy(self, kind: Kind[M, C, U], scope: Scope, record: M, state: State) -> None:
        """Keep a record of the other side, its parents being here already."""
        with self._database.writing() as connection:
            self._transitions.copy(connection, self._copies(kind), scope, record, state)

    def copy_id(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Keep the id of an object of the other side that may not be read, to be referred to."""
        with self._database.writing() as connection:
            if self._entries.find(connection, kind, identifier) is None:
                self._copies(kind).put_id(connection, scope, identifier)
                entry = ObjectState(kind.route, scope.ids, identifier, State.COPIED)
                self._entries.write(connection, entry)

    def hide(self, kind: Kind[M, C, U], scope: Scope, record: M) -> None:
        """Hide an object of the other side; the copy of it and all below it go, files too."""
        with self._database.writing() as connection:
            self._transitions.hide(connection, self._copies(kind), scope, record)
        self._sweep()

    def change(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, changes: U, base: M | None
    ) -> bool:
        """Change a record that was made or changed here; one of the other side is copied first."""
        entry = self.entry(kind, identifier)
        if entry is not None and entry.state in (State.CREATED, State.CHANGED):
            with suppress(NoChangeHereError):
                self.store(kind, scope).update(identifier, changes)
                return True
        if base is None:
            return self._may_be_copied(kind, identifier)
        store = self._copies(kind)
        with self._database.writing() as connection:
            self._transitions.copy(connection, store, scope, base, State.CHANGED)
            store.change(connection, scope, identifier, changes)
        return True

    def revert(self, kind: Kind[M, C, U], scope: Scope, identifier: str) -> None:
        """Forget what became of an object: a record made here goes, a copy has no changes."""
        with self._database.writing() as connection:
            entry = self._entries.find(connection, kind, identifier)
            if entry is not None:
                self._transitions.revert(connection, self._copies(kind), scope, entry)
        self._sweep()

    def mark_synced(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, revision: int, record: M | None
    ) -> bool:
        """Forget a change that the other side has now, unless the object changed since then."""
        with self._database.writing() as connection:
            entry = self._entries.find(connection, kind, identifier)
            if entry is None:
                return True
            is_current = entry.revision == revision
            if is_current:
                self._transitions.revert(connection, self._copies(kind), scope, entry, record)
            elif record is not None and entry.state in (State.CHANGED, State.DELETED):
                self._entries.write(connection, replace(entry, base=record.model_dump_json()))
        self._sweep()
        return is_current

    def publish(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, revision: int, record: M
    ) -> None:
        """Replace a record made here by that of the other side which was made of it."""
        store, target = self._copies(kind), identifier_of(record)
        with self._database.writing() as connection:
            entry = self._entries.find(connection, kind, identifier)
            if entry is None:  # deleted here meanwhile, and to be deleted there
                if identifier != target:
                    gone = ObjectState(kind.route, scope.ids, identifier, State.PUBLISHED)
                    self._entries.write(connection, replace(gone, replaced_by=target))
                self._transitions.hide(connection, store, scope, record)
            elif entry.state is State.CREATED:
                self._transitions.publish(
                    connection, store, scope, entry, record, entry.revision == revision
                )
        self._sweep()

    def has_deletion_marker(self, kind: Kind[M, C, U], scope: Scope, record: M) -> bool:
        """Return whether what `delete_url` of a copy leads to is still there."""
        if cast("AnyKind", kind) is not MODEL_ARTIFACT:
            return False
        return self._signed_urls().has_deletion_marker(cast("ModelArtifact", record))

    def exclusive_lock(self, purpose: str) -> AbstractContextManager[None]:
        """Keep every other process and thread from entering for the same purpose."""
        return self._locks.exclusive(purpose)

    def _make_tables(self) -> Tables:
        tables = tables_of(self.family, holds_copies=True)
        self._entries = Entries(tables)
        self._transitions = Transitions(self._entries, self._copies)
        return tables

    def _open_tables(self, settings: Settings) -> None:
        open_overlay_schema(self._database, self._tables)

    def _make_rows(self, kind: Kind[M, C, U]) -> CopiedRows[M, C, U]:
        return CopiedRows(kind, self._tables, self._database, self._entries)

    def _copies(self, kind: Kind[M, C, U]) -> CopiedRows[M, C, U]:
        return cast("CopiedRows[M, C, U]", self._rows(kind))

    def _may_be_copied(self, kind: AnyKind, identifier: str) -> bool:
        """Return `False`: come again with the other side's record, unless that is hidden."""
        entry = self.entry(kind, identifier)
        if entry is not None and entry.state is State.DELETED:
            raise NotFoundError(sentence(f"{kind.name} {identifier} was deleted here meanwhile."))
        return False

    def _sweep(self) -> None:
        with suppress(DataForceError):  # a later sweep removes the files
            self._blobs.sweep()
