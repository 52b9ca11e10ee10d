"""Pages of a table: names, order, and where the next page begins."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, Select, Table, and_, bindparam, or_, tuple_

if TYPE_CHECKING:
    from dataforce.backend import Query

_Shape = tuple[str | None, str, str, bool, bool]


class Pager:
    """Turns queries into statements, once for each shape of query.

    A page begins after the last row of the one before (never at an offset), so the thousandth page
    costs what the first does, and a row that is added or deleted meanwhile moves no other.

    Args:
        table: Where the rows are.
        rows: Selects them all; the name, order and limit are added.
        by_age: Whether the ids sort by the time they were made.
    """

    def __init__(self, table: Table, rows: Select[Any], by_age: bool) -> None:
        self._table = table
        self._rows = rows
        self._by_age = by_age
        self._statements: dict[_Shape, Select[Any]] = {}

    def statement(
        self, query: Query, limit: int, named_by: str | None
    ) -> tuple[Select[Any], dict[str, Any]]:
        """The statement and its parameters; it asks for one row more than the page holds.

        `named_by` is the column that holds the name the query asks for, if it asks for one.
        """
        column = self._table.c[query.sort_by]
        absent = (NoneType,) if column.nullable else ()
        after = query.position(column.type.python_type, *absent)
        parameters: dict[str, Any] = {"rows": limit + 1}
        if named_by is not None:
            parameters["called"] = query.name
        if after is not None:
            parameters |= {"after_value": after[0], "after_id": after[1]}
        after_null = after is not None and after[0] is None
        shape = (named_by, query.sort_by, query.order, after is not None, after_null)
        if shape not in self._statements:
            self._statements[shape] = self._build(*shape)
        return self._statements[shape], parameters

    def _build(
        self, named_by: str | None, sort_by: str, order: str, continued: bool, after_null: bool
    ) -> Select[Any]:
        identifier = self._table.c.id
        # Ids made of the time are in the order of `created_at`, ties broken by id.
        is_age = sort_by == "created_at" and self._by_age
        column = identifier if is_age else self._table.c[sort_by]
        conditions: list[ColumnElement[bool]] = []
        if named_by is not None:
            conditions.append(self._table.c[named_by] == bindparam("called"))
        if continued:
            conditions.append(_beyond(column, identifier, order, after_null))
        ordered = [column.asc() if order == "asc" else column.desc()]
        if column is not identifier:
            ordered.append(identifier.asc() if order == "asc" else identifier.desc())
        if column.nullable:
            first = ordered[0]
            ordered[0] = first.nulls_first() if order == "asc" else first.nulls_last()
        return self._rows.where(*conditions).order_by(*ordered).limit(bindparam("rows"))


def _beyond(
    column: Column[Any], identifier: Column[Any], order: str, after_null: bool
) -> ColumnElement[bool]:
    """That a row comes after the position; absent values are first going up, last going down."""
    value = bindparam("after_value", type_=column.type)
    id_ = bindparam("after_id", type_=identifier.type)
    if column is identifier:
        return identifier > id_ if order == "asc" else identifier < id_
    if after_null:
        same = and_(column.is_(None), identifier > id_ if order == "asc" else identifier < id_)
        return or_(same, column.is_not(None)) if order == "asc" else same
    # Compared as a pair, which an index serves; two comparisons joined by "or" it would not.
    here, there = tuple_(column, identifier), tuple_(value, id_)
    if order == "asc":
        return here > there
    return or_(here < there, column.is_(None)) if column.nullable else here < there
