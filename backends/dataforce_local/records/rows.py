"""The rows of one kind, read and written in transactions that somebody else began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from dataforce.backend import AnyKind, Kind, Scope
from dataforce.backend.error_messages import duplicate, in_use, not_found
from dataforce.backend.new_identifier import new_identifier
from dataforce.errors import (
    ConflictError,
    DataForceError,
    NotFoundError,
    StoreCorruptedError,
)
from dataforce_local.database import Database
from dataforce_local.records.clock import moment, now
from dataforce_local.records.constraints import Constraint, broken_by, told_by
from dataforce_local.records.file_rows import FileRows
from dataforce_local.records.references import References
from dataforce_local.records.scoping import Scoping
from dataforce_local.records.tables import Tables, links

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

Row = dict[str, Any]


class ChangeLog(Protocol):
    """Is told of each change of a record, in the transaction that makes it."""

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
    ) -> bool:
        """A record is about to be changed; `NotFoundError` if that must not be.

        Returns:
            Whether its files are here.
        """
        ...

    def deleted(self, connection: Connection, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """A record was deleted, and all below it."""
        ...


class Rows(Generic[M, C, U]):
    """The rows of one kind in its table; all that differs between kinds is declared.

    Args:
        kind: The declaration.
        tables: Tables of its family.
        database: Where they are.
        log: Is told of each change.
    """

    def __init__(
        self, kind: Kind[M, C, U], tables: Tables, database: Database, log: ChangeLog | None = None
    ) -> None:
        self.kind = kind
        self.tables = tables
        self.database = database
        self.log = log
        self.table = tables[kind]
        self.identity = tables.identity(kind)
        self.references = References(tables)
        self.scoping = Scoping(kind, tables)
        self.files = FileRows(kind, tables)
        columns = [*self.table.c]
        totals = [tables.total(kind, route).label(name) for name, route in kind.totals.items()]
        self.fields = [column.name for column in columns]
        self._names = [*self.fields, *kind.totals]
        declared = kind.record.model_fields
        self._born = {
            name: None
            if declared[name].is_required()
            else stored(declared[name].get_default(call_default_factory=True))
            for name in self.fields
        }
        self._lower = tables.at_or_below(kind)
        # Asked for with every new record.
        self._parent_field = kind.parent_field
        self._is_linked = tables.is_linked(kind)
        self.all = select(*columns, *totals).where(*self.scoping.inside())
        self._one = self.all.where(self.identity == bindparam("identifier"))
        self._mine = self._one.with_for_update(of=self.table)  # SQLite's transaction is enough
        self.adding = insert(self.table)
        self.changing = update(self.table).where(self.identity == bindparam("identifier"))

    @property
    def holds_files(self) -> bool:
        """Return whether a deletion may remove files."""
        return any(kind.files for kind in self._lower)

    # -- reading

    def select(self, connection: Connection, scope: Scope, identifier: str) -> M:
        """Return the record with that id; `NotFoundError` tells what is missing on the way."""
        row = connection.execute(self._one, self._key(scope, identifier)).first()
        if row is None:
            raise self._missing(connection, scope, identifier)
        return self.record(row)

    def lock(self, connection: Connection, scope: Scope, identifier: str) -> M:
        """Return the record with that id, which nobody else changes until the transaction ends."""
        row = connection.execute(self._mine, self._key(scope, identifier)).first()
        if row is None:
            raise self._missing(connection, scope, identifier)
        return self.record(row)

    def is_there(self, connection: Connection, identifier: str) -> bool:
        """Return whether there is a record of that id, below whatever parents."""
        there = select(literal(1)).where(self.identity == identifier)
        return connection.execute(there).first() is not None

    def record(self, values: Iterable[Any]) -> M:
        """Return the record that a row of `all` holds."""
        fields = dict(zip(self._names, values, strict=True))
        if self.kind.constants:
            fields |= self.kind.constants
        try:
            return self.kind.record.model_validate(fields)
        except ValidationError as error:
            wrong = ", ".join(str(fault["loc"][0]) for fault in error.errors())
            raise StoreCorruptedError(
                f"The {self.kind.name} {fields[self.kind.identity_field]} in "
                f"{self.database.shown} is damaged: its {wrong} cannot be read. Restore the "
                f"registry from a copy."
            ) from error

    # -- making

    def insert(
        self,
        connection: Connection,
        scope: Scope,
        values: C,
        *,
        blobs: Mapping[str, str] | None = None,
        upload: str | None = None,
    ) -> M:
        """Make a record.

        Args:
            connection: In a writing transaction.
            scope: Its parents.
            values: The create model.
            blobs: Paths of its files by name; without them its files are pending.
            upload: The key of the upload that brings them.
        """
        self.scoping.require(connection, scope)
        row = self._row(scope, values, is_ready=blobs is not None)
        self._require(connection, scope, row, values)
        self.write(connection, self.adding, row)
        self._note_all(connection, scope, [row], [values])
        identifier: str = row[self.kind.identity_field]
        if blobs:
            self.files.add(connection, identifier, blobs, upload, is_new=True)
        return self.record([row[name] for name in self.fields] + [0] * len(self.kind.totals))

    def insert_many(self, connection: Connection, scope: Scope, values: Sequence[C]) -> list[M]:
        """Make several records, whose files are pending."""
        self.scoping.require(connection, scope)
        rows = [self._row(scope, each, is_ready=False) for each in values]
        for row, each in zip(rows, values, strict=True):
            self._require(connection, scope, row, each)
        if rows:
            self.write(connection, self.adding, rows)
        self._note_all(connection, scope, rows, values)
        totals = [0] * len(self.kind.totals)
        return [self.record([row[name] for name in self.fields] + totals) for row in rows]

    # -- changing

    def change(
        self, connection: Connection, scope: Scope, identifier: str, changes: U, **columns: object
    ) -> M:
        """Return the record after the changes; `columns` are set beside what they say."""
        row = self._columns(changes, changes.model_fields_set) | columns
        before = self.lock(connection, scope, identifier)
        self.kind.check_transition(before, changes)
        log = self.log
        if log is None or log.changed(connection, self.kind, identifier, changes):
            self.files.require_stored(connection, identifier, row)
        if not row:
            return before
        whole = before.model_dump() | row if self.kind.unique else row
        self._require(connection, scope, whole, changes)
        if "updated_at" in self.fields:
            row["updated_at"] = now()
        self.write(connection, self.changing, row | {"identifier": identifier})
        if self._is_linked:
            self.references.link(connection, self.kind, scope, identifier, changes)
        return self.select(connection, scope, identifier)

    def remove(self, connection: Connection, identifier: str) -> None:
        """Remove a record and all below it; their files are noted for the next sweep.

        Nobody else may change meanwhile which files are needed.
        """
        self.references.require_unused(connection, self.kind, identifier)
        for kind in self._lower:
            ids = self.tables.below(self.kind, kind, identifier)
            ids = ids.with_only_columns(self.tables.identity(kind))
            if kind.files:
                FileRows(kind, self.tables).remove(connection, ids)
            if self.tables.is_linked(kind):
                own = links.c.kind == self.tables.key(kind), links.c.id.in_(ids)
                connection.execute(delete(links).where(*own))
        try:
            with connection.begin_nested():  # after an error PostgreSQL takes nothing else
                connection.execute(delete(self.table).where(self.identity == identifier))
        except IntegrityError as error:
            if broken_by(error) is not Constraint.REFERENCE:
                raise self._refusal(error) from None
            user, by = self.references.user_by_key(connection, self.kind, identifier)
            raise in_use(self.kind, identifier, user, by) from None

    # -- how it is done

    def _key(self, scope: Scope, identifier: str) -> Row:
        return self.scoping.parameters(scope) | {"identifier": identifier}

    def _missing(self, connection: Connection, scope: Scope, identifier: str) -> NotFoundError:
        self.scoping.require(connection, scope)
        return not_found(self.kind, identifier, scope)

    def _row(self, scope: Scope, values: C, *, is_ready: bool) -> Row:
        """Return the row of a new record, with every column."""
        kind = self.kind
        row: Row = self._born.copy()
        if kind.generate is not None:
            made = kind.generate(scope, values).items()
            row |= {name: stored(value) for name, value in made if name in row}
        row |= self._columns(values, type(values).model_fields)
        if kind.identity.made_by == "backend":
            row[kind.identity_field] = new_identifier()
        if self._parent_field is not None:
            row[self._parent_field] = scope.parent
        if "created_at" in row:
            row["created_at"] = now()
        for each in kind.files.values():
            if each.status is not None:
                row[each.status] = stored(each.ready if is_ready else each.pending)
        return row

    def _require(self, connection: Connection, scope: Scope, row: Row, values: BaseModel) -> None:
        """Raise what the references and the unique fields of a record to be written break."""
        if self.kind.references:
            self.references.require(connection, self.kind, scope, values)
        if not self.kind.unique:
            return
        columns = self.table.c
        same = (columns[field] == row[field] for field in self.kind.unique)
        other = self.all.where(*same, self.identity != row[self.kind.identity_field])
        if (found := connection.execute(other, self.scoping.parameters(scope)).first()) is not None:
            raise duplicate(self.kind, self.record(found))

    def _note_all(
        self, connection: Connection, scope: Scope, rows: Sequence[Row], values: Sequence[C]
    ) -> None:
        """Write the links of new records, and tell the log of them."""
        if self.log is None and not self._is_linked:
            return
        for row, each in zip(rows, values, strict=True):
            identifier = row[self.kind.identity_field]
            self.references.link(connection, self.kind, scope, identifier, each)
            if self.log is not None:
                self.log.created(connection, self.kind, scope, identifier, each)

    def write(self, connection: Connection, statement: Any, row: Row | list[Row]) -> None:
        """Execute a statement; a constraint that it breaks is an error of ours."""
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

    def _columns(self, model: BaseModel, names: Iterable[str]) -> Row:
        """Return the columns that hold the fields of that name; others are dropped."""
        columns = self.table.c
        return {name: stored(getattr(model, name)) for name in names if name in columns}


def stored(value: Any) -> Any:
    """Return what the column of a value holds."""
    if isinstance(value, datetime):
        return moment(value)
    return value.value if isinstance(value, Enum) else value
