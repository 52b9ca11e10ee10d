"""The change log of an overlay: the state of its objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    Connection,
    Update,
    bindparam,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from dataforce.backend import AnyKind, Scope
from dataforce.errors import NotFoundError
from dataforce.overlay.kept import reading_kept
from dataforce.overlay.store import ObjectState, State
from dataforce_local.overlay.schema import entries, revisions
from dataforce_local.records.tables import Tables

_NAMES = [column.name for column in entries.c]
_COLUMNS = entries.c


class NoChangeHereError(NotFoundError):
    """A copy was to be changed that has no changes of its own."""


class Entries:
    """Reads and writes entries in transactions that others began; the log of an overlay's rows.

    Every change takes the next revision in the transaction that makes it.

    Args:
        tables: Tables of the family whose entries they are.
    """

    def __init__(self, tables: Tables) -> None:
        self._family = tables.family
        self._keys = {kind.route: tables.key(kind) for kind in tables.family.kinds}
        self._routes = {key: route for route, key in self._keys.items()}

    # -- what a store tells

    def created(
        self,
        connection: Connection,
        kind: AnyKind,
        scope: Scope,
        identifier: str,
        values: BaseModel,
    ) -> None:
        """A record was made here; not below one that is hidden."""
        routes = (self._keys[each.route] for each in kind.ancestors)
        above = dict(zip(routes, scope.ids, strict=True))
        hidden = _COLUMNS.id.in_(scope.ids), _COLUMNS.state == State.DELETED.value
        for row in connection.execute(select(_COLUMNS.kind, _COLUMNS.id).where(*hidden)):
            if above.get(row.kind) == row.id:
                raise NotFoundError(
                    f"Cannot create the {kind.name}: {row.id}, which it was to stand below, was "
                    f"deleted here meanwhile."
                )
        write_only = _as_text(_write_only(kind, values))
        entry = ObjectState(kind.route, scope.ids, identifier, State.CREATED, write_only=write_only)
        self.write(connection, entry)

    def changed(
        self, connection: Connection, kind: AnyKind, identifier: str, changes: BaseModel
    ) -> bool:
        """A record is changed; what no record shows is kept with what was given before.

        Returns:
            Whether it was made here, and its files are here with it.
        """
        entry = self.find(connection, kind, identifier)
        if entry is None or entry.state not in (State.CREATED, State.CHANGED):
            raise NoChangeHereError(
                f"The {kind.name} {identifier} was not changed: its changes were dropped or "
                f"published meanwhile. Try again."
            )
        with reading_kept("what was given and no record shows"):
            kept = dict(json.loads(entry.write_only or "{}"))
        kept |= _write_only(kind, changes)
        self.write(connection, replace(entry, write_only=_as_text(kept)))
        return entry.state is State.CREATED

    def deleted(self, connection: Connection, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """A record was deleted, and all below it."""
        self.forget(connection, kind, identifier)
        self.forget_below(connection, kind, scope.child(identifier))

    # -- single entries

    def find(self, connection: Connection, kind: AnyKind, identifier: str) -> ObjectState | None:
        """The entry of one object; `None` if it has none or is gone."""
        key = {"of_kind": self._keys[kind.route], "of_id": identifier}
        row = connection.execute(_FIND, key).first()
        return None if row is None else self._entry(row)

    def write(self, connection: Connection, entry: ObjectState) -> None:
        """Add an entry or replace it."""
        row: dict[str, Any] = asdict(entry) | {"scope": _path(Scope(entry.scope))}
        row |= {"state": entry.state.value, "kind": self._keys[entry.kind]}
        del row["revision"]
        row["id"] = row.pop("identifier")
        key = {"of_kind": row["kind"], "of_id": entry.identifier}
        if not self._change(connection, _BY_KEY.values(row), key):
            row["revision"] = connection.execute(_LATEST).scalar_one() + 1
            connection.execute(insert(entries), row)
            connection.execute(_COUNT)

    def forget(self, connection: Connection, kind: AnyKind, identifier: str) -> None:
        """The object is nothing any more."""
        key = {"of_kind": self._keys[kind.route], "of_id": identifier}
        self._change(connection, _BY_KEY.where(_IS_LEFT).values(_NOTHING), key)

    # -- all below an object

    def forget_below(self, connection: Connection, kind: AnyKind, scope: Scope) -> None:
        """Mark all objects below an object of that kind as removed."""
        statement = update(entries).where(self._below(kind, scope), _IS_LEFT).values(_NOTHING)
        self._change(connection, statement, {})

    def move_below(
        self, connection: Connection, kind: AnyKind, scope: Scope, target: Scope
    ) -> None:
        """Move all objects below one object of that kind below another one."""
        rest = func.substr(_COLUMNS.scope, len(_path(scope)) + 1)
        moved = literal(_path(target)).concat(rest)
        statement = update(entries).where(self._below(kind, scope)).values(scope=moved)
        self._change(connection, statement, {})

    # -- what others see

    def after(self, connection: Connection, revision: int) -> Iterator[ObjectState]:
        """The entries that changed after a revision, in order, in short; parents first."""
        rows = connection.execute(_AFTER, {"after": revision})
        return iter([self._entry(row) for row in rows if row.kind in self._routes])

    def _change(self, connection: Connection, statement: Update, key: dict[str, str]) -> bool:
        """Return whether there was anything to change; it has the next revision then."""
        found = connection.execute(statement.values(revision=_NEXT), key).rowcount > 0
        if found:
            connection.execute(_COUNT)
        return found

    def _below(self, kind: AnyKind, scope: Scope) -> ColumnElement[bool]:
        path = _path(scope)
        lower = [self._keys[each.route] for each in self._family.kinds if kind in each.ancestors]
        # As a range, which an index serves: 0 comes next to the slash.
        is_within = (_COLUMNS.scope >= path) & (_COLUMNS.scope < f"{path[:-1]}0")
        return is_within & _COLUMNS.kind.in_(lower)

    def _entry(self, row: Any) -> ObjectState:
        return ObjectState(
            kind=self._routes[row.kind],
            scope=_ids(row.scope),
            identifier=row.id,
            state=State(row.state),
            base=row.base,
            is_lossless=row.is_lossless,
            write_only=row.write_only,
            replaced_by=row.replaced_by,
            revision=row.revision,
        )


REVISION = f"SELECT {revisions.c.latest.name} FROM {revisions.name}"  # noqa: S608  names of ours
"""How the latest revision is read; a hybrid client does so before each of its reads."""

_LATEST = select(revisions.c.latest)
_NEXT = select(revisions.c.latest + 1).scalar_subquery()
_COUNT = update(revisions).values(latest=revisions.c.latest + 1)
_IS_ITS = (_COLUMNS.kind == bindparam("of_kind"), _COLUMNS.id == bindparam("of_id"))
_IS_LEFT = _COLUMNS.state != State.REMOVED.value
_FIND = select(entries).where(*_IS_ITS, _IS_LEFT)
_BY_KEY = update(entries).where(*_IS_ITS)
_NOTHING: dict[str, Any] = {
    "state": State.REMOVED.value,
    "base": None,
    "is_lossless": True,
    "write_only": None,
    "replaced_by": None,
}
_AFTER = (
    select(
        *(column for column in _COLUMNS if column.name not in ("base", "write_only")),
        null().label("base"),
        null().label("write_only"),
    )
    .where(_COLUMNS.revision > bindparam("after"))
    .order_by(_COLUMNS.revision, _COLUMNS.scope, _COLUMNS.id)
)


def _path(scope: Scope) -> str:
    escaped = (each.replace("%", "%25").replace("/", "%2F") for each in scope.ids)
    return "".join(f"{identifier}/" for identifier in escaped)


def _ids(path: str) -> tuple[str, ...]:
    escaped = path.split("/")[:-1]
    return tuple(each.replace("%2F", "/").replace("%25", "%") for each in escaped)


def _write_only(kind: AnyKind, given: BaseModel) -> dict[str, Any]:
    """The fields that were set and that no record shows."""
    names = sorted(given.model_fields_set - kind.record.model_fields.keys())
    values = {name: getattr(given, name) for name in names}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }


def _as_text(fields: dict[str, Any]) -> str | None:
    left = {name: value for name, value in fields.items() if value is not None}
    return to_json(left).decode() if left else None
