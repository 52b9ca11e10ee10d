"""The store of any kind of asset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from dataforce._collector import collector_paused
from dataforce.backend import Kind, Page, Query, Scope
from dataforce.backend.error_messages import duplicate, in_use, not_found
from dataforce.backend.interface import AnyKind
from dataforce.backend.new_identifier import new_identifier
from dataforce.errors import ConflictError, DataForceError, NotFoundError, StoreCorruptedError
from dataforce.models import MODEL_ARTIFACT, ModelArtifactStatus
from dataforce_local.database import Database
from dataforce_local.files.blob_store import Library
from dataforce_local.records.clock import moment, now
from dataforce_local.records.constraints import Constraint, broken_by, told_by
from dataforce_local.records.paging import Pager
from dataforce_local.records.tables import CONSTANTS, TABLES, below, link, total

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

Row = dict[str, Any]

_LARGEST_PAGE = 1000


class Ledger(Protocol):
    """Is told of each change of a record, in the transaction that makes it.

    Where there is one, records may be copies of others, whose ids do not tell their age.
    """

    def created(
        self,
        connection: Connection,
        kind: AnyKind,
        scope: Scope,
        identifier: str,
        values: BaseModel,
    ) -> None:
        """A record was made of those values."""
        ...

    def changed(
        self, connection: Connection, kind: AnyKind, identifier: str, changes: BaseModel
    ) -> None:
        """A record is about to be changed; `NotFoundError` if that must not be."""
        ...

    def deleted(self, connection: Connection, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """A record was deleted, and all below it."""
        ...


class RecordStore(Generic[M, C, U]):
    """Keeps the records of one kind in its table; all that differs between kinds is declared.

    Args:
        kind: The declaration.
        database: Where the table is.
        library: Where the files are that may go with a record.
        ledger: Is told of each change.
    """

    def __init__(
        self,
        kind: Kind[M, C, U],
        database: Database,
        library: Library,
        ledger: Ledger | None = None,
    ) -> None:
        self.kind = kind
        self.database = database
        self.library = library
        self.ledger = ledger
        self.table = TABLES[kind]
        columns = [column for column in self.table.c if column.name in kind.record.model_fields]
        totals = [total(kind, route).label(name) for name, route in kind.totals.items()]
        self._fields = [column.name for column in columns]
        self._names = [*self._fields, *kind.totals]
        self._totals = len(totals)
        self._holds_files = kind is MODEL_ARTIFACT or kind in MODEL_ARTIFACT.ancestors
        self._constants = CONSTANTS.get(kind, {})
        # What a copy had no name for is an empty one in its row, which no name is.
        self._nameless = [
            name
            for name in kind.names
            if ledger is not None and not kind.record.model_fields[name].is_required()
        ]
        self._all = select(*columns, *totals).where(*self._inside())
        self._one = self._all.where(self.table.c.id == bindparam("identifier"))
        self._mine = self._one.with_for_update(of=self.table)  # SQLite's transaction is enough
        self._parents = select(literal(1)).where(*self._above())
        self._insert = insert(self.table)
        self._update = update(self.table).where(self.table.c.id == bindparam("identifier"))
        self._pager = Pager(self.table, self._all, by_age=ledger is None)

    # -- the backend interface

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of what stands under `scope`."""
        limit = query.limit or _LARGEST_PAGE
        within = self._within(scope)
        rows: Sequence[Any] = ()
        with self.database.reading() as connection:
            for named_by in (None,) if query.name is None else self.kind.names:
                statement, parameters = self._pager.statement(query, limit, named_by)
                if rows := connection.execute(statement, within | parameters).all():
                    break
            else:
                self.require_parents(connection, scope)
        with collector_paused():
            records = [self._record(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return Page(records, cursor=None)
        last = rows[limit - 1]
        return Page(records, query.cursor_after(getattr(last, query.sort_by), last.id))

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id."""
        with self.database.reading() as connection:
            return self.select(connection, scope, identifier)

    def create(self, scope: Scope, values: C) -> M:
        """A new record."""
        with self.database.writing() as connection:
            return self.insert(connection, scope, values)

    def update(self, scope: Scope, identifier: str, changes: U) -> M:
        """The record after the changes."""
        with self.database.writing() as connection:
            return self.change(connection, scope, identifier, changes)

    def delete(self, scope: Scope, identifier: str) -> None:
        """Remove the record and all below it, and then the files that nobody needs any more."""
        with self.database.writing() as connection:
            if self._holds_files:
                self.library.lock(connection)
            if connection.execute(self._mine, self._key(scope, identifier)).first() is None:
                if self.kind.forgiving_delete:
                    return
                raise self._missing(connection, scope, identifier)
            self.remove(connection, identifier)
            if self.ledger is not None:
                self.ledger.deleted(connection, self.kind, scope, identifier)
        with suppress(DataForceError):  # the records are gone; a later sweep removes the files
            self.library.sweep()

    # -- the same within a transaction that somebody else began

    def select(self, connection: Connection, scope: Scope, identifier: str) -> M:
        """The record with that id; `NotFoundError` tells which part of the way is missing."""
        row = connection.execute(self._one, self._key(scope, identifier)).first()
        if row is None:
            raise self._missing(connection, scope, identifier)
        return self._record(row)

    def insert(self, connection: Connection, scope: Scope, values: C, **columns: object) -> M:
        """A new record; `columns` are set beside what the values say."""
        self.require_parents(connection, scope)
        row: Row = {"id": new_identifier(), "created_at": now(), **columns}
        if self.kind.parent_field is not None:
            row[self.kind.parent_field] = scope.parent
        row |= self._columns(values, type(values).model_fields)
        self._require_references(connection, scope, row)
        self._require_unique(connection, scope, row)
        self._write(connection, self._insert, row)
        if self.ledger is not None:
            self.ledger.created(connection, self.kind, scope, row["id"], values)
        return self._record([row.get(name) for name in self._fields] + [0] * self._totals)

    def change(
        self, connection: Connection, scope: Scope, identifier: str, changes: U, **columns: object
    ) -> M:
        """The record after the changes; `columns` are set beside what the changes say."""
        row = self._columns(changes, changes.model_fields_set) | columns
        found = connection.execute(self._mine, self._key(scope, identifier)).first()
        if found is None:
            raise self._missing(connection, scope, identifier)
        before = self._record(found)
        self.check(before, changes)
        if self.ledger is not None:
            self.ledger.changed(connection, self.kind, identifier, changes)
        if not row:
            return before
        self._require_references(connection, scope, row)
        self._require_unique(connection, scope, before.model_dump() | row)
        row["updated_at"] = now()
        self._write(connection, self._update, row | {"identifier": identifier})
        return self.select(connection, scope, identifier)

    def remove(self, connection: Connection, identifier: str) -> None:
        """Remove a record and all below it; their files are noted for the next sweep.

        Nobody else may change meanwhile which files are needed.
        """
        if self._holds_files:
            self._release_files(connection, identifier)
        try:
            with connection.begin_nested():  # after an error PostgreSQL takes nothing else
                connection.execute(delete(self.table).where(self.table.c.id == identifier))
        except IntegrityError as error:
            if broken_by(error) is not Constraint.REFERENCE:
                raise self._refusal(error) from None
            from dataforce_local.records.relations import referring  # most are not in use

            user = referring(connection, self.kind, identifier)
            raise in_use(self.kind, identifier, *user) from None

    def put(self, connection: Connection, scope: Scope, record: M, *, is_blank: bool) -> None:
        """Write a record that has an id already; one of that id is replaced.

        Args:
            connection: In a writing transaction.
            scope: Its parents.
            record: The record.
            is_blank: Whether it must not clash with any other, as `blank` has it.
        """
        self.require_parents(connection, scope)
        row = {name: self._stored(name, getattr(record, name)) for name in self._fields}
        identifier = row.pop("id")
        if self.kind.parent_field is not None:
            row[self.kind.parent_field] = scope.parent
        if is_blank:
            row |= dict.fromkeys(self.kind.unique, identifier)
        there = select(literal(1)).where(self.table.c.id == identifier)
        if connection.execute(there).first() is not None:
            self._write(connection, self._update, row | {"identifier": identifier})
        else:
            self._write(connection, self._insert, row | {"id": identifier} | self.unseen(record))

    def put_id(self, connection: Connection, scope: Scope, identifier: str) -> None:
        """Write a record of which no more than its id is known, as `blank` has it."""
        self.require_parents(connection, scope)
        needed = [column for column in self.table.c if not column.nullable]
        row: Row = {column.name: column.type.python_type() for column in needed}
        row |= dict.fromkeys(self.kind.unique, identifier) | {"id": identifier, "created_at": now()}
        if self.kind.parent_field is not None:
            row[self.kind.parent_field] = scope.parent
        self._write(connection, self._insert, row)

    def blank(self, connection: Connection, identifier: str) -> None:
        """Make a record one that no other can clash with."""
        if self.kind.unique:
            row = dict.fromkeys(self.kind.unique, identifier)
            self._write(connection, self._update, row | {"identifier": identifier})

    def unseen(self, record: M) -> Row:
        """The columns of a copied record that no field of it fills; most kinds have none."""
        return {}

    def check(self, before: M, changes: U) -> None:
        """Refuse changes that the platform's rules forbid; most kinds have none."""

    def require_parents(self, connection: Connection, scope: Scope) -> None:
        """Raise `NotFoundError` for the first parent of `scope` that is not there."""
        if connection.execute(self._parents, self._within(scope)).first() is not None:
            return
        chain = [(kind, scope.ids[:depth]) for depth, kind in enumerate(self.kind.ancestors, 1)]
        kind, ids = next(place for place in chain if not _is_there(connection, *place))
        raise not_found(kind, ids[-1], scope)

    # -- how it is done

    def _above(self) -> list[ColumnElement[bool]]:
        """That every parent which a scope names is there, each below the one before."""
        conditions: list[ColumnElement[bool]] = []
        for kind in self.kind.ancestors:
            table = TABLES[kind]
            parent = exists().where(table.c.id == bindparam(kind.route))
            if kind.parent is not None and kind.parent_field is not None:
                parent = parent.where(table.c[kind.parent_field] == bindparam(kind.parent.route))
            conditions.append(parent)
        return conditions

    def _inside(self) -> list[ColumnElement[bool]]:
        """That a row stands under the scope of a call, all the way up."""
        if self.kind.parent is None or self.kind.parent_field is None:
            return []
        own = self.table.c[self.kind.parent_field] == bindparam(self.kind.parent.route)
        # A foreign key vouches for the topmost parent.
        return [own, *self._above()[1:]]

    def _within(self, scope: Scope) -> Row:
        return {
            kind.route: identifier
            for kind, identifier in zip(self.kind.ancestors, scope.ids, strict=True)
        }

    def _key(self, scope: Scope, identifier: str) -> Row:
        return self._within(scope) | {"identifier": identifier}

    def _missing(self, connection: Connection, scope: Scope, identifier: str) -> NotFoundError:
        self.require_parents(connection, scope)
        return not_found(self.kind, identifier, scope)

    def _require_references(self, connection: Connection, scope: Scope, row: Row) -> None:
        for field, kind in self.kind.references.items():
            parents = scope.ids[: len(kind.ancestors)]
            if field in row and not _is_there(connection, kind, (*parents, row[field])):
                raise not_found(kind, row[field], scope)

    def _require_unique(self, connection: Connection, scope: Scope, row: Row) -> None:
        """Raise `ConflictError` if another row has the values of this one where none may."""
        if not self.kind.unique:
            return
        columns = self.table.c
        same = (columns[field] == row[field] for field in self.kind.unique)
        other = self._all.where(*same, columns.id != row["id"])
        if (found := connection.execute(other, self._within(scope)).first()) is not None:
            raise duplicate(self.kind, self._record(found))

    def _write(self, connection: Connection, statement: Any, row: Row) -> None:
        try:
            connection.execute(statement, row)
        except IntegrityError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: IntegrityError) -> DataForceError:
        match broken_by(error):
            case Constraint.UNIQUE:
                return duplicate(self.kind, None)
            case Constraint.REFERENCE:
                return ConflictError(
                    f"What the {self.kind.name} belongs to, or refers to, was deleted just now. "
                    f"Nothing was changed."
                )
        return self.database.refused(f"the {self.kind.name}", told_by(error))

    def _release_files(self, connection: Connection, identifier: str) -> None:
        models, columns = below(self.kind, MODEL_ARTIFACT, identifier), TABLES[MODEL_ARTIFACT].c
        files = models.with_only_columns(columns.content)
        # What a user brought or was to delete by hand has the name of the record.
        own = models.with_only_columns(literal("incoming/") + columns.unique_identifier)
        touched = own.where(columns.status != ModelArtifactStatus.UPLOADED.value)
        self.library.release(connection, files.union(touched))

    def _columns(self, model: BaseModel, names: Iterable[str]) -> Row:
        """The columns that hold the fields of that name; fields without a column are dropped."""
        columns = self.table.c
        values = ((name, getattr(model, name)) for name in names if name in columns)
        return {name: value.value if isinstance(value, Enum) else value for name, value in values}

    def _stored(self, name: str, value: Any) -> Any:
        """What the column of that name holds for the value of a record of another registry."""
        if isinstance(value, datetime):
            return moment(value)
        if value is None and not self.table.c[name].nullable:
            return ""
        return value.value if isinstance(value, Enum) else value

    def _record(self, values: Iterable[Any]) -> M:
        fields = dict(zip(self._names, values, strict=True))
        for name in self._nameless:
            fields[name] = fields[name] or None
        if self._constants:
            fields |= self._constants
        try:
            return self.kind.record.model_validate(fields)
        except ValidationError as error:
            wrong = ", ".join(str(fault["loc"][0]) for fault in error.errors())
            raise StoreCorruptedError(
                f"The {self.kind.name} {fields['id']} in {self.database.shown} is damaged: its "
                f"{wrong} cannot be read. Restore the registry from a copy."
            ) from error


def _is_there(connection: Connection, kind: AnyKind, ids: tuple[str, ...]) -> bool:
    """Whether the last of the ids is an object of that kind below the one before."""
    parent = ids[-2] if kind.parent else ids[-1]
    statement = select(literal(1)).where(TABLES[kind].c.id == ids[-1], link(kind) == parent)
    return connection.execute(statement).first() is not None
