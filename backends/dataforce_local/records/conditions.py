"""Conditions of queries, and values at a path, in SQL.

What is found agrees to the letter with `Condition.matches`. What SQL cannot say so raises
`InexpressibleError`, and the records are looked through in memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel
from sqlalchemy import JSON as TYPED_JSON
from sqlalchemy import (
    ColumnElement,
    Numeric,
    Table,
    Text,
    case,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from dataforce.backend.filters import Condition, lowered
from dataforce.backend.identity import can_be_stored
from dataforce_local.records.clock import moment
from dataforce_local.records.columns import JSON, members, scalar_of

if TYPE_CHECKING:
    from dataforce.backend import AnyKind

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_EXACT = 2**53
"""Integers below this are the same as numbers with a floating point."""


class InexpressibleError(Exception):
    """SQL cannot say it, or not exactly so."""


@dataclass(frozen=True)
class Value:
    """A value in SQL, as each type that it may have; `None` where it never has that type.

    Each expression is NULL for a value of another type.
    """

    text: Any = None
    number: Any = None
    truth: Any = None
    moment: Any = None


class Dialect:
    """The expressions that SQLite has in a form of its own."""

    def values_of(self, expression: Any, name: str, *, is_list: bool) -> Any:
        """Return the table of the elements of a list, or of the fields of an object."""
        wanted = "array" if is_list else "object"
        inner = case((func.json_type(expression) == wanted, expression))
        columns = ("key", "value", "type")
        return func.json_each(inner).table_valued(*columns, name=name, joins_implicitly=True)

    def inner(self, row: Any) -> Any:
        """Return the JSON of an element, to be looked into."""
        return case((row.c.type.in_(("object", "array")), row.c.value))

    def document(self, stored: Any) -> Any:
        """Return the JSON of a column."""
        return stored

    def value(self, row: Any) -> Value:
        """Return the value of an element."""
        kind, value = row.c.type, row.c.value
        return Value(
            text=case((kind == "text", value)),
            number=case((kind.in_(("integer", "real")), value)),
            truth=case((kind == "true", 1), (kind == "false", 0)),
        )

    def number(self, value: float) -> Any:
        """Return a number to compare with."""
        return literal(value)

    def flat_number(self, stored: Any) -> Any:
        """Return the number in a column."""
        return stored

    def truth(self, stored: Any) -> Any:
        """Return 1 or 0 for the truth value in a column."""
        return stored

    def contains(self, text: Any, part: str) -> ColumnElement[bool]:
        """Return whether text contains a part that is in lower case."""
        return func.instr(func.lower(text), part) > 0


class PostgreSQL(Dialect):
    """The same of PostgreSQL; its type JSON keeps numbers as they are written."""

    def values_of(self, expression: Any, name: str, *, is_list: bool) -> Any:
        """Return the table of the elements of a list, or of the fields of an object."""
        wanted = "array" if is_list else "object"
        inner = case((func.json_typeof(expression) == wanted, expression))
        if is_list:
            table = func.json_array_elements(inner).table_valued(
                column("value", TYPED_JSON), name=name, joins_implicitly=True
            )
        else:
            table = func.json_each(inner).table_valued(
                column("key", Text), column("value", TYPED_JSON), name=name, joins_implicitly=True
            )
        return table.render_derived()

    def inner(self, row: Any) -> Any:
        """Return the JSON of an element, to be looked into."""
        return row.c.value

    def document(self, stored: Any) -> Any:
        """Return the JSON of a column."""
        return cast(cast(stored, Text), TYPED_JSON)

    def value(self, row: Any) -> Value:
        """Return the value of an element."""
        value = row.c.value
        kind, plain = (
            func.json_typeof(value),
            value.op("#>>", return_type=Text())(literal_column("'{}'")),
        )
        return Value(
            text=case((kind == "string", plain)).collate("C"),
            number=case((kind == "number", cast(plain, Numeric))),
            truth=case((kind == "boolean", case((plain == "true", 1), else_=0))),
        )

    def number(self, value: float) -> Any:
        """Return a number to compare with: the one that is written like the stored one."""
        return literal(Decimal(repr(+value)), Numeric)  # of a truth value, too

    def flat_number(self, stored: Any) -> Any:
        """Return the number in a column."""
        return cast(cast(stored, Text), Numeric)

    def truth(self, stored: Any) -> Any:
        """Return 1 or 0 for the truth value in a column."""
        return case((stored.is_(True), 1), (stored.is_(False), 0))

    def contains(self, text: Any, part: str) -> ColumnElement[bool]:
        """Return whether text contains a part that is in lower case."""
        return func.strpos(func.translate(text, _UPPER, _UPPER.lower()), part) > 0


DIALECTS: Mapping[str, Dialect] = {"sqlite": Dialect(), "postgresql": PostgreSQL()}


class Conditions:
    """Turns conditions on the records of a kind into those on the rows of its table.

    Args:
        kind: The kind.
        table: Its table.
        dialect: Name of the dialect of the database.
    """

    def __init__(self, kind: AnyKind, table: Table, dialect: str) -> None:
        self._kind = kind
        self._table = table
        self._dialect = DIALECTS.get(dialect)

    def holds(self, condition: Condition) -> ColumnElement[bool]:
        """Return a condition in SQL."""
        tables, value = self._values(condition.path)
        holds = self._any(condition, value)
        if not tables:
            return func.coalesce(holds, False)
        return select(literal_column("1")).select_from(*tables[0]).where(*tables[1], holds).exists()

    def number_at(self, path: str) -> Any:
        """Return the number at the path of a key of a dictionary; NULL if there is none."""
        tables, value = self._values(path)
        if not tables or value.number is None:
            raise InexpressibleError
        number = value.number
        statement = select(number).select_from(*tables[0]).where(*tables[1], number.is_not(None))
        return statement.limit(1).scalar_subquery()

    def number(self, value: float) -> Any:
        """Return a number to compare with."""
        return self._required().number(value)

    def _required(self) -> Dialect:
        if self._dialect is None:
            raise InexpressibleError
        return self._dialect

    def _values(self, path: str) -> tuple[tuple[list[Any], list[Any]] | None, Value]:
        """Return the tables that hold the values at a path with conditions, and the value."""
        dialect = self._required()
        step, _, rest = path.partition(".")
        name = step.removesuffix("[]")
        if name not in self._table.c or name not in self._kind.record.model_fields:
            raise InexpressibleError
        stored, annotation = self._table.c[name], self._kind.record.model_fields[name].annotation
        if not isinstance(stored.type, JSON):
            if path != name:
                raise InexpressibleError
            return None, self._flat(stored, scalar_of(annotation))
        steps = _steps(annotation, "[]" * step.endswith("[]"), rest)
        froms: list[Any] = []
        where: list[Any] = []
        document, value = dialect.document(stored), Value()
        for number, key in enumerate(steps):
            row = dialect.values_of(document, f"each_{number}", is_list=key is None)
            froms.append(row)
            if key is not None:
                where.append(row.c.key == key)
            document, value = dialect.inner(row), dialect.value(row)
        return (froms, where), value

    def _flat(self, stored: Any, scalar: type | None) -> Value:
        dialect = self._required()
        if scalar is str:
            return Value(text=stored)
        if scalar is bool:
            return Value(truth=dialect.truth(stored))
        if scalar is datetime:
            return Value(moment=stored)
        return Value(number=dialect.flat_number(stored))

    def _any(self, condition: Condition, value: Value) -> ColumnElement[bool]:
        wanted = [each for each in condition.values if _is_sound(each)]
        if condition.operator == "contains":
            parts = [lowered(str(each)) for each in wanted]
            if value.text is None:
                return false()
            return _one_of(self._required().contains(value.text, part) for part in parts)
        is_exact = condition.operator == "=" and not _is_number(condition.values[0])
        found = (self._compared(condition.operator, value, each, is_exact) for each in wanted)
        return _one_of(each for each in found if each is not None)

    def _compared(
        self, operator: str, value: Value, wanted: Any, is_exact: bool
    ) -> ColumnElement[bool] | None:
        """Return a comparison; `is_exact` if it is one of Python's, where `True` equals 1."""
        if isinstance(wanted, datetime):
            if wanted.tzinfo is None:
                raise InexpressibleError
            return (
                None if value.moment is None else _compare(operator, value.moment, moment(wanted))
            )
        if isinstance(wanted, str):
            is_text = is_exact and value.text is not None
            return value.text == wanted if is_text else None
        if isinstance(wanted, bool) and not is_exact:
            return None
        parts = []
        if value.number is not None:
            parts.append(_compare(operator, value.number, self.number(wanted)))
        if is_exact and value.truth is not None and wanted in (0, 1):
            parts.append(value.truth == int(wanted))
        return or_(*parts) if parts else None


def _steps(annotation: Any, lists: str, path: str) -> list[str | None]:
    """Return the keys on the way to a value within JSON, `None` for each element of a list.

    Raises:
        InexpressibleError: The annotation does not tell what is on the way, or the value at its end
            is written as text and is none.
    """
    steps: list[str | None] = []
    while lists or path:
        found = [each for each in members(annotation) if each is not NoneType]
        if lists:
            lists = ""
            steps.append(None)
            annotation = _union(_element(each) for each in found)
            continue
        if all(get_origin(each) is dict or each is dict for each in found):
            steps.append(path)
            annotation = _union((get_args(each) or (None, Any))[1] for each in found)
            path = ""
            continue
        step, _, path = path.partition(".")
        name, lists = step.removesuffix("[]"), "[]" * step.endswith("[]")
        steps.append(name)
        annotation = _union(_field(each, name) for each in found)
    if not steps or not _is_plain(annotation):
        raise InexpressibleError
    return steps


def _union(annotations: Any) -> Any:
    found = [each for each in annotations if each is not None]
    if not found:
        raise InexpressibleError
    result = found[0]
    for each in found[1:]:
        result = result | each
    return result


def _element(annotation: Any) -> Any:
    if get_origin(annotation) is not list:
        raise InexpressibleError
    return get_args(annotation)[0]


def _field(annotation: Any, name: str) -> Any:
    if not isinstance(annotation, type) or not issubclass(annotation, BaseModel):
        raise InexpressibleError
    field = annotation.model_fields.get(name)
    return None if field is None else field.annotation


def _is_plain(annotation: Any) -> bool:
    """Return whether a value is in JSON what it is in a record."""
    found = [each for each in members(annotation) if each is not NoneType]
    return all(
        each is Any
        or get_origin(each) in (dict, list)
        or scalar_of(each) in (str, int, float, bool)
        or (isinstance(each, type) and issubclass(each, BaseModel | dict | list))
        or repr(each).endswith("JsonValue")
        for each in found
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_sound(value: Any) -> bool:
    """Return whether anything stored can match; large numbers are not compared exactly in SQL."""
    if isinstance(value, str):
        return can_be_stored(value)
    if _is_number(value) and not (math.isfinite(value) and abs(value) < _EXACT):
        raise InexpressibleError
    return True


def _compare(operator: str, one: Any, other: Any) -> ColumnElement[bool]:
    comparison: ColumnElement[bool] = one.op(operator, is_comparison=True)(other)
    return comparison


def _one_of(conditions: Any) -> ColumnElement[bool]:
    return or_(false(), *conditions)
