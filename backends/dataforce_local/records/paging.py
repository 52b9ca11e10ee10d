"""Pages of a table: names, conditions, order, and where the next page begins."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Column, ColumnElement, Select, and_, bindparam, literal, or_, tuple_

from dataforce.backend import paging
from dataforce.backend.identity import identifier_of
from dataforce_local.records.columns import JSON
from dataforce_local.records.conditions import Conditions, InexpressibleError

if TYPE_CHECKING:
    from dataforce.backend import Query
    from dataforce_local.records.rows import Rows

M = TypeVar("M", bound=BaseModel)

_Shape = tuple[str | None, str, str, bool, bool]


class Pager:
    """Turns queries into statements, once for each shape of query without conditions.

    A page begins after the last row of the one before (never at an offset), so the thousandth page
    costs what the first does, and a row that is added or deleted meanwhile moves no other.

    Args:
        rows: The rows.
    """

    def __init__(self, rows: Rows[Any, Any, Any]) -> None:
        self._kind = rows.kind
        self._table = rows.table
        self._identity = rows.identity
        self._rows = rows.all
        self._is_told_by_id = rows.tables.tells_age(rows.kind)
        self._conditions = Conditions(rows.kind, rows.table, rows.database.url.get_backend_name())
        self._statements: dict[_Shape, Select[Any]] = {}

    def statement(
        self, query: Query, limit: int, named_by: str | None
    ) -> tuple[Select[Any], dict[str, Any]]:
        """Return the statement and its parameters; it asks for one row more than the page holds.

        Args:
            query: The query.
            limit: Number of rows of the page.
            named_by: Column with the name that the query asks for, if it asks for one.

        Raises:
            BadRequestError: The cursor belongs to another order.
            InexpressibleError: The query cannot be answered in SQL.
        """
        sort_by = self._kind.sort_of(query)
        after = query.position(*self._types(sort_by))
        parameters: dict[str, Any] = {"rows": limit + 1}
        if named_by is not None:
            parameters["called"] = query.name
        if after is not None:
            parameters |= {"after_id": after[1]}
            parameters |= {} if after[0] is None else {"after_value": after[0]}
        after_null = after is not None and after[0] is None
        shape = (named_by, sort_by, query.order, after is not None, after_null)
        if query.where or sort_by not in self._table.c:
            return self._build(*shape, query, None if after is None else after[0]), parameters
        if shape not in self._statements:
            self._statements[shape] = self._build(*shape, query, None)
        return self._statements[shape], parameters

    def is_named(self, column: str) -> tuple[Select[Any], str]:
        """Return a statement that finds a row by its name in a column, and its parameter."""
        statement = self._rows.with_only_columns(literal(1)).limit(1)
        return statement.where(self._table.c[column] == bindparam("called")), "called"

    def cursor(self, query: Query, row: Any, record: BaseModel) -> str:
        """Return the cursor after a row, which holds that record."""
        sort_by = self._kind.sort_of(query)
        if sort_by not in self._table.c:
            return paging.cursor_of(self._kind, record, query)
        return query.cursor_after(getattr(row, sort_by), identifier_of(record))

    def _types(self, sort_by: str) -> tuple[type, ...]:
        column = self._table.c.get(sort_by)
        if column is None:
            return int, float, NoneType
        if isinstance(column.type, JSON):
            raise InexpressibleError
        return (column.type.python_type, *((NoneType,) if column.nullable else ()))

    def _build(
        self,
        named_by: str | None,
        sort_by: str,
        order: str,
        continued: bool,
        after_null: bool,
        query: Query,
        after: Any,
    ) -> Select[Any]:
        where = [self._conditions.holds(each) for each in query.where]
        if named_by is not None:
            where.append(self._table.c[named_by] == bindparam("called"))
        column, value, is_nullable = self._sorted_by(sort_by, after)
        up, nulls_first = order == "asc", (order == "asc") == (self._kind.absent == "first")
        if continued:
            beyond = self._beyond(column, value, up, is_nullable, nulls_first, after_null)
            where.append(beyond)
        ordered = [column.asc() if up else column.desc()]
        if column is not self._identity:
            ordered.append(self._identity.asc() if up else self._identity.desc())
        if is_nullable:
            ordered[0] = ordered[0].nulls_first() if nulls_first else ordered[0].nulls_last()
        return self._rows.where(*where).order_by(*ordered).limit(bindparam("rows"))

    def _sorted_by(self, sort_by: str, after: Any) -> tuple[Any, Any, bool]:
        """Return what rows are sorted by, the value to begin after, and whether it can be NULL."""
        column: Column[Any] | None = self._table.c.get(sort_by)
        if column is None and sort_by in self._kind.sorts:
            raise InexpressibleError
        if column is None:
            value = None if after is None else self._conditions.number(after)
            return self._conditions.number_at(sort_by), value, True
        # Ids made of the time are in the order of `created_at`, ties broken by id.
        if sort_by == "created_at" and self._is_told_by_id:
            column = self._identity
        return column, bindparam("after_value", type_=column.type), bool(column.nullable)

    def _beyond(
        self,
        column: Any,
        value: Any,
        up: bool,
        is_nullable: bool,
        nulls_first: bool,
        after_null: bool,
    ) -> ColumnElement[bool]:
        """Return the condition for a row to come after the position."""
        id_ = bindparam("after_id", type_=self._identity.type)
        beyond_id: Any = self._identity > id_ if up else self._identity < id_
        if column is self._identity:
            return beyond_id  # type: ignore[no-any-return]
        if after_null:
            same = and_(column.is_(None), beyond_id)
            return or_(same, column.is_not(None)) if nulls_first else same
        # Compared as a pair, which an index serves; two comparisons joined by "or" it would not.
        here, there = tuple_(column, self._identity), tuple_(value, id_)
        beyond: Any = here > there if up else here < there
        return or_(beyond, column.is_(None)) if is_nullable and not nulls_first else beyond
