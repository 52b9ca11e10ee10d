"""Transitions of the records of an overlay, in transactions that the caller began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import literal, select

from dataforce.backend import Scope
from dataforce.backend.error_messages import sentence
from dataforce.backend.identity import identifier_of
from dataforce.errors import NotFoundError
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import ObjectState, State

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dataforce.backend import AnyKind
    from dataforce_local.overlay.changes import Entries
    from dataforce_local.overlay.copies import CopiedRows

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class Transitions:
    """Leads records and their entries together from one state to another.

    Args:
        entries: The entries.
        rows: Gives the rows of a kind.
    """

    def __init__(
        self, entries: Entries, rows: Callable[[AnyKind], CopiedRows[Any, Any, Any]]
    ) -> None:
        self._entries = entries
        self._rows = rows

    def hide(
        self, connection: Connection, rows: CopiedRows[M, C, U], scope: Scope, record: M
    ) -> None:
        """Hide an object of the other side; what is here of it and below it goes."""
        kind, identifier = rows.kind, identifier_of(record)
        before = self._entries.find(connection, kind, identifier)
        is_changed = before is not None and before.state is State.CHANGED
        # What is told of a change is against the record that it was made of.
        base = before.base if before and is_changed else record.model_dump_json()
        if rows.references.is_referred_to(connection, kind, identifier):
            rows.blank(connection, identifier)
            rows.files.remove(connection, select(literal(identifier)))
            self._remove_below(connection, kind, identifier)
        else:
            rows.remove(connection, identifier)
        self._entries.forget_below(connection, kind, scope.child(identifier))
        entry = ObjectState(kind.route, scope.ids, identifier, State.DELETED, base)
        self._entries.write(connection, entry)

    def revert(
        self,
        connection: Connection,
        rows: CopiedRows[M, C, U],
        scope: Scope,
        entry: ObjectState,
        newer: M | None = None,
    ) -> None:
        """Forget what became of an object; its change counts against a newer record, if given."""
        kind, identifier = rows.kind, entry.identifier
        if entry.state is State.PUBLISHED:
            return  # its old id goes on to lead to the new one
        if entry.state is State.CREATED:
            rows.remove(connection, identifier)
            self._entries.deleted(connection, kind, scope, identifier)
        elif not rows.references.is_needed(connection, kind, identifier):
            self._drop(connection, rows, identifier)
        elif entry.state is not State.COPIED and entry.base is not None:
            # With what it referred to before: what was made here for it may be wanted gone.
            base = newer or kept_record(kind, entry.base)
            self._put_back(connection, rows, scope, base)
            told = base.model_dump_json()
            left = replace(entry, state=State.COPIED, base=told, is_lossless=True, write_only=None)
            self._entries.write(connection, left)

    def _put_back(
        self, connection: Connection, rows: CopiedRows[M, C, U], scope: Scope, record: M
    ) -> None:
        """Write the other side's record over a copy of it, whatever is here of what it needs."""
        for field, kind in rows.tables.foreign_keys(rows.kind).items():
            needed, above = getattr(record, field), Scope(scope.ids[: len(kind.ancestors)])
            if needed is None:
                continue
            referred = self._rows(kind)
            try:
                referred.select(connection, above, needed)
            except NotFoundError:
                entry = self._entries.find(connection, kind, needed)
                if entry is not None and entry.base is not None:  # hidden, and stays so
                    base = kept_record(kind, entry.base)
                    referred.put(connection, above, base, is_blank=True)
                else:
                    kept = getattr(rows.select(connection, scope, identifier_of(record)), field)
                    record = record.model_copy(update={field: kept})
        rows.put(connection, scope, record, is_blank=True)

    def publish(
        self,
        connection: Connection,
        rows: CopiedRows[M, C, U],
        scope: Scope,
        entry: ObjectState,
        record: M,
        is_current: bool,
    ) -> None:
        """Let the other side's record take the place of one made here."""
        kind, identifier, target = rows.kind, entry.identifier, identifier_of(record)
        needed = identifier == target or any(
            rows.references.is_needed(connection, kind, each) for each in (identifier, target)
        )
        there = self._entries.find(connection, kind, target)
        is_hidden = there is not None and there.state is State.DELETED
        mine = rows.select(connection, scope, identifier)
        rows.blank(connection, identifier)
        if identifier == target:  # which the client made, and which stays
            self._entries.forget(connection, kind, identifier)
            rows.files.remove(connection, select(literal(identifier)))
        if not is_current and not is_hidden:
            fields = kind.update.model_fields.keys() & kind.record.model_fields.keys()
            later = record.model_copy(update={field: getattr(mine, field) for field in fields})
            # As it is now from the start: what it was called before may be another one's name.
            rows.put(connection, scope, later, is_blank=False)
            self._entries.write(
                connection,
                ObjectState(
                    kind.route,
                    scope.ids,
                    target,
                    State.CHANGED,
                    base=record.model_dump_json(),
                    is_lossless=_is_lossless(connection, rows, scope, later),
                    write_only=entry.write_only or (there.write_only if there else None),
                ),
            )
        elif needed:
            self.copy(connection, rows, scope, record, State.COPIED)
        elif there is not None and there.state is State.COPIED:
            self._drop(connection, rows, target)
        if identifier != target:
            rows.references.repoint(connection, kind, identifier, target)
            rows.remove(connection, identifier)
            self._entries.move_below(connection, kind, scope.child(identifier), scope.child(target))
            published = replace(entry, state=State.PUBLISHED, write_only=None, replaced_by=target)
            self._entries.write(connection, published)

    def copy(
        self,
        connection: Connection,
        rows: CopiedRows[M, C, U],
        scope: Scope,
        record: M,
        state: State,
    ) -> None:
        """Keep a record of the other side, unless it is changed or hidden here."""
        kind, identifier = rows.kind, identifier_of(record)
        before = self._entries.find(connection, kind, identifier)
        if before is not None and before.state is State.CHANGED:
            return
        is_hidden = before is not None and before.state is State.DELETED
        if is_hidden and state is State.CHANGED:
            raise NotFoundError(sentence(f"{kind.name} {identifier} was deleted here meanwhile."))
        is_blank = state is State.COPIED
        rows.put(connection, scope, record, is_blank=is_blank)
        if is_hidden:  # and stays so, though something refers to it
            return
        is_lossless = is_blank or _is_lossless(connection, rows, scope, record)
        base = record.model_dump_json()
        entry = ObjectState(kind.route, scope.ids, identifier, state, base, is_lossless)
        self._entries.write(connection, entry)

    def _drop(self, connection: Connection, rows: CopiedRows[M, C, U], identifier: str) -> None:
        rows.remove(connection, identifier)
        self._entries.forget(connection, rows.kind, identifier)

    def _remove_below(self, connection: Connection, kind: AnyKind, identifier: str) -> None:
        for child in self._rows(kind).tables.family.children(kind):
            rows = self._rows(child)
            below = select(rows.identity).where(rows.tables.parent(child) == identifier)
            for each in connection.execute(below).scalars().all():
                rows.remove(connection, each)


def _is_lossless(
    connection: Connection, rows: CopiedRows[M, C, U], scope: Scope, record: M
) -> bool:
    """Return whether a record that was written has lost nothing by it."""
    stored = rows.select(connection, scope, identifier_of(record))
    left_out = set(rows.kind.totals)
    return stored.model_dump(exclude=left_out) == record.model_dump(exclude=left_out)
