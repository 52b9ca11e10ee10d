"""A local registry that an overlay is kept in."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend import Scope
from dataforce.backend.error_messages import sentence
from dataforce.errors import DataForceError, NotFoundError
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import Entry, State
from dataforce_local.backend import LocalBackend
from dataforce_local.locks import Exclusion
from dataforce_local.overlay.cache import LocalCache
from dataforce_local.overlay.changes import REVISION, Entries, NoChangeHereError
from dataforce_local.overlay.key_values import LocalNotes
from dataforce_local.overlay.schema import open_overlay_schema
from dataforce_local.records.relations import is_needed, is_referred_to, repoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from dataforce.backend import Kind
    from dataforce.backend.interface import AnyKind
    from dataforce.config import Settings
    from dataforce.models import ModelArtifact
    from dataforce.overlay.store import Cache, Notes
    from dataforce_local.files.model_artifacts import ModelContent
    from dataforce_local.records.store import RecordStore

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class LocalWorkspace(LocalBackend):
    """A registry of records made here, and of copies of those of another side.

    Args:
        settings: `database_url`, `storage_url`, `retry_timeout` and `cache_size` count.
        path: Of an SQLite database, in place of `database_url`.

    Attributes:
        notes: Text beside the records.
        cache: Files beside those of the records.

    Raises:
        ConfigurationError: A URL cannot be used.
        StoreError: The workspace that is there cannot be used.
    """

    _ledger: Entries = Entries()

    def __init__(self, settings: Settings, path: Path | None = None) -> None:
        super().__init__(settings, path)
        self.notes: Notes = LocalNotes(self._database)
        self._exclusion = Exclusion(self._database)
        self.cache: Cache = LocalCache(self._database, self._library, settings.cache_size)

    def revision(self) -> int:
        """A number that goes up with every change of an entry, whoever makes it."""
        return self._database.number(REVISION)

    def entries(self, after: int) -> Iterator[Entry]:
        """The entries that changed after that revision, in the order of their changes."""
        with self._database.reading() as connection:
            return self._ledger.after(connection, after)

    def entry(self, kind: AnyKind, identifier: str) -> Entry | None:
        """All that is known of one object; `None` if nothing is."""
        with self._database.reading() as connection:
            return self._ledger.find(connection, kind, identifier)

    def copy(self, kind: Kind[M, C, U], scope: Scope, record: M, state: State) -> None:
        """Keep a record of the other side, its parents being here already."""
        with self._database.writing() as connection:
            self._copy(connection, self._records(kind), scope, record, state)

    def copy_id(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Keep the id of an object of the other side that may not be read, to be referred to."""
        with self._database.writing() as connection:
            if self._ledger.find(connection, kind, identifier) is None:
                self._records(kind).put_id(connection, scope, identifier)
                entry = Entry(kind.route, scope.ids, identifier, State.COPIED)
                self._ledger.write(connection, entry)

    def hide(self, kind: Kind[M, C, U], scope: Scope, record: M) -> None:
        """Hide an object of the other side; the copy of it and all below it go, files too."""
        with self._database.writing() as connection:
            self._hide(connection, self._records(kind), scope, record)
        self._sweep()

    def change(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, changes: U, base: M | None
    ) -> bool:
        """Change a record that was made or changed here; one of the other side is copied first."""
        entry = self.entry(kind, identifier)
        if entry is not None and entry.state in (State.CREATED, State.CHANGED):
            with suppress(NoChangeHereError):
                self._records(kind).update(scope, identifier, changes)
                return True
        if base is None:
            return self._may_be_copied(kind, identifier)
        store = self._records(kind)
        with self._database.writing() as connection:
            self._copy(connection, store, scope, base, State.CHANGED)
            store.change(connection, scope, identifier, changes)
        return True

    def release(self, kind: Kind[M, C, U], scope: Scope, identifier: str) -> None:
        """Forget what became of an object: a record made here goes, a copy has no changes."""
        with self._database.writing() as connection:
            entry = self._ledger.find(connection, kind, identifier)
            if entry is not None:
                self._release(connection, self._records(kind), scope, entry)
        self._sweep()

    def settle(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, revision: int, record: M | None
    ) -> bool:
        """Forget a change that the other side has now, unless the object changed since then."""
        with self._database.writing() as connection:
            entry = self._ledger.find(connection, kind, identifier)
            if entry is None:
                return True
            is_current = entry.revision == revision
            if is_current:
                self._release(connection, self._records(kind), scope, entry, record)
            elif record is not None and entry.state in (State.CHANGED, State.DELETED):
                self._ledger.write(connection, replace(entry, base=record.model_dump_json()))
        self._sweep()
        return is_current

    def publish(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, revision: int, record: M
    ) -> None:
        """Replace a record made here by that of the other side which was made of it."""
        store, target = self._records(kind), _id(record)
        with self._database.writing() as connection:
            entry = self._ledger.find(connection, kind, identifier)
            if entry is None:  # deleted here meanwhile, and to be deleted there
                gone = Entry(kind.route, scope.ids, identifier, State.PUBLISHED, successor=target)
                self._ledger.write(connection, gone)
                self._hide(connection, store, scope, record)
            elif entry.state is State.CREATED:
                self._replace(connection, store, scope, entry, record, entry.revision == revision)
        self._sweep()

    def has_stand_in(self, kind: Kind[M, C, U], scope: Scope, record: M) -> bool:
        """Whether what `delete_url` of a copy leads to is still there."""
        content = cast("ModelContent", self.content(kind))
        return content.has_stand_in(cast("ModelArtifact", record))

    def alone(self, purpose: str) -> AbstractContextManager[None]:
        """Keep every other process and thread from entering for the same purpose."""
        return self._exclusion.alone(purpose)

    def _open_tables(self, settings: Settings) -> None:
        open_overlay_schema(self._database)

    def _may_be_copied(self, kind: AnyKind, identifier: str) -> bool:
        """`False`, which tells to come again with the other side's record, unless it is hidden."""
        entry = self.entry(kind, identifier)
        if entry is not None and entry.state is State.DELETED:
            raise NotFoundError(sentence(f"{kind.name} {identifier} was deleted here meanwhile."))
        return False

    def _hide(
        self, connection: Connection, store: RecordStore[M, C, U], scope: Scope, record: M
    ) -> None:
        kind, identifier = store.kind, _id(record)
        before = self._ledger.find(connection, kind, identifier)
        is_changed = before is not None and before.state is State.CHANGED
        # What is told of a change is against the record that it was made of.
        base = before.base if before and is_changed else record.model_dump_json()
        if is_referred_to(connection, kind, identifier):
            store.blank(connection, identifier)
        else:
            store.remove(connection, identifier)
        self._ledger.forget_below(connection, kind, scope.child(identifier))
        entry = Entry(kind.route, scope.ids, identifier, State.DELETED, base)
        self._ledger.write(connection, entry)

    def _release(
        self,
        connection: Connection,
        store: RecordStore[M, C, U],
        scope: Scope,
        entry: Entry,
        newer: M | None = None,
    ) -> None:
        kind, identifier = store.kind, entry.identifier
        if entry.state is State.PUBLISHED:
            return  # its old id goes on to lead to the new one
        if entry.state is State.CREATED:
            store.remove(connection, identifier)
            self._ledger.deleted(connection, kind, scope, identifier)
        elif not is_needed(connection, kind, identifier):
            self._drop(connection, store, identifier)
        elif entry.state is not State.COPIED and entry.base is not None:
            # With what it referred to before: what was made here for it may be wanted gone.
            base = newer or kept_record(kind, entry.base)
            self._put_back(connection, store, scope, base)
            told = base.model_dump_json()
            left = replace(entry, state=State.COPIED, base=told, is_whole=True, unshown=None)
            self._ledger.write(connection, left)

    def _put_back(
        self, connection: Connection, store: RecordStore[M, C, U], scope: Scope, record: M
    ) -> None:
        """Write the other side's record over a copy of it, whatever is here of what it needs."""
        for field, kind in store.kind.references.items():
            needed, above = getattr(record, field), Scope(scope.ids[: len(kind.ancestors)])
            referred = self._records(kind)
            try:
                referred.select(connection, above, needed)
            except NotFoundError:
                entry = self._ledger.find(connection, kind, needed)
                if entry is not None and entry.base is not None:  # hidden, and stays so
                    base = kept_record(kind, entry.base)
                    referred.put(connection, above, base, is_blank=True)
                else:
                    kept = getattr(store.select(connection, scope, _id(record)), field)
                    record = record.model_copy(update={field: kept})
        store.put(connection, scope, record, is_blank=True)

    def _replace(
        self,
        connection: Connection,
        store: RecordStore[M, C, U],
        scope: Scope,
        entry: Entry,
        record: M,
        is_current: bool,
    ) -> None:
        """Let the other side's record take the place of one made here."""
        kind, identifier, target = store.kind, entry.identifier, _id(record)
        mine = store.select(connection, scope, identifier)
        there = self._ledger.find(connection, kind, target)
        store.blank(connection, identifier)
        if not is_current and (there is None or there.state is not State.DELETED):
            fields = kind.update.model_fields.keys() & kind.record.model_fields.keys()
            later = record.model_copy(update={field: getattr(mine, field) for field in fields})
            # As it is now from the start: what it was called before may be another one's name.
            store.put(connection, scope, later, is_blank=False)
            is_whole = _is_whole(connection, store, scope, later)
            unshown = entry.unshown or (there.unshown if there else None)
            base = record.model_dump_json()
            changed = Entry(kind.route, scope.ids, target, State.CHANGED, base, is_whole, unshown)
            self._ledger.write(connection, changed)
            repoint(connection, kind, identifier, target)
        elif any(is_needed(connection, kind, each) for each in (identifier, target)):
            self._copy(connection, store, scope, record, State.COPIED)
            repoint(connection, kind, identifier, target)
        elif self._is_copied(connection, kind, target):
            self._drop(connection, store, target)
        store.remove(connection, identifier)
        self._ledger.move_below(connection, kind, scope.child(identifier), scope.child(target))
        published = replace(entry, state=State.PUBLISHED, unshown=None, successor=target)
        self._ledger.write(connection, published)

    def _copy(
        self,
        connection: Connection,
        store: RecordStore[M, C, U],
        scope: Scope,
        record: M,
        state: State,
    ) -> None:
        kind, identifier = store.kind, _id(record)
        before = self._ledger.find(connection, kind, identifier)
        if before is not None and before.state is State.CHANGED:
            return
        is_hidden = before is not None and before.state is State.DELETED
        if is_hidden and state is State.CHANGED:
            raise NotFoundError(sentence(f"{kind.name} {identifier} was deleted here meanwhile."))
        is_blank = state is State.COPIED
        store.put(connection, scope, record, is_blank=is_blank)
        if is_hidden:  # and stays so, though something refers to it
            return
        is_whole = is_blank or _is_whole(connection, store, scope, record)
        base = record.model_dump_json()
        entry = Entry(kind.route, scope.ids, identifier, state, base, is_whole)
        self._ledger.write(connection, entry)

    def _drop(self, connection: Connection, store: RecordStore[M, C, U], identifier: str) -> None:
        store.remove(connection, identifier)
        self._ledger.forget(connection, store.kind, identifier)

    def _is_copied(self, connection: Connection, kind: AnyKind, identifier: str) -> bool:
        entry = self._ledger.find(connection, kind, identifier)
        return entry is not None and entry.state is State.COPIED

    def _sweep(self) -> None:
        with suppress(DataForceError):  # a later sweep removes the files
            self._library.sweep()


def _is_whole(connection: Connection, store: RecordStore[M, C, U], scope: Scope, record: M) -> bool:
    """Whether a record that was written has lost nothing by it."""
    stored, left_out = store.select(connection, scope, _id(record)), set(store.kind.totals)
    return stored.model_dump(exclude=left_out) == record.model_dump(exclude=left_out)


def _id(record: BaseModel) -> str:
    identifier: str = record.__dict__["id"]
    return identifier
