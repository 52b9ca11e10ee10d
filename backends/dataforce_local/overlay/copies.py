"""The rows of one kind in an overlay: of records made here, and of copies."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection

from dataforce.backend import Scope
from dataforce.backend.identity import identifier_of
from dataforce_local.records.clock import now
from dataforce_local.records.columns import Time
from dataforce_local.records.rows import Rows, stored

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class CopiedRows(Rows[M, C, U]):
    """Rows that may be those of records of another store."""

    def put(self, connection: Connection, scope: Scope, record: M, *, is_blank: bool) -> None:
        """Write a record that has an id already; one of that id is replaced.

        Args:
            connection: In a writing transaction.
            scope: Its parents.
            record: The record.
            is_blank: Whether it must not clash with any other, as `blank` has it.
        """
        self.scoping.require(connection, scope)
        row = {name: stored(getattr(record, name)) for name in self.fields}
        identifier = identifier_of(record)
        if self.kind.parent_field is not None:
            row[self.kind.parent_field] = scope.parent
        if is_blank:
            row |= dict.fromkeys(self.kind.unique, identifier)
        if self.is_there(connection, identifier):
            self.write(connection, self.changing, row | {"identifier": identifier})
        else:
            self.write(connection, self.adding, row)
        self.references.link(connection, self.kind, scope, identifier, record)

    def put_id(self, connection: Connection, scope: Scope, identifier: str) -> None:
        """Write a record of which no more than its id is known, as `blank` has it."""
        self.scoping.require(connection, scope)
        needed = [column for column in self.table.c if not column.nullable]
        row: dict[str, Any] = {column.name: column.type.python_type() for column in needed}
        row |= {each.name: now() for each in needed if isinstance(each.type, Time)}
        row |= dict.fromkeys(self.kind.unique, identifier) | {self.kind.identity_field: identifier}
        if self.kind.parent_field is not None:
            row[self.kind.parent_field] = scope.parent
        self.write(connection, self.adding, row)

    def blank(self, connection: Connection, identifier: str) -> None:
        """Make a record one that no other can clash with."""
        if self.kind.unique:
            row = dict.fromkeys(self.kind.unique, identifier)
            self.write(connection, self.changing, row | {"identifier": identifier})
