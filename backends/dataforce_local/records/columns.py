"""Types of columns, derived from the annotations of the fields of a record."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime
from pydantic_core import from_json, to_json
from sqlalchemy import BigInteger, Boolean, Dialect, Double, Text, TypeDecorator

from dataforce.models._deferred import JSONText

# Sorted by code point on every database, whatever the language of its server.
String = Text().with_variant(Text(collation="C"), "postgresql")


class Time(TypeDecorator[Any]):
    """A moment as text in the platform's form: it sorts, and keeps the microseconds."""

    impl = String
    cache_ok = True

    @property
    def python_type(self) -> type:
        """Type of what is stored."""
        return str


class JSON(TypeDecorator[Any]):
    """JSON as text, which stays text until somebody looks at the field of the record.

    Args:
        is_deferred: Whether the field of the record takes it as text.
    """

    impl = Text
    cache_ok = True

    def __init__(self, *, is_deferred: bool = True) -> None:
        super().__init__()
        self.is_deferred = is_deferred

    @property
    def python_type(self) -> type:
        """Type of what is stored."""
        return str

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        """Turn a value, which may be a model, into text."""
        return None if value is None else to_json(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Vouch for text that was valid when it was stored."""
        if value is None:
            return None
        return JSONText(value) if self.is_deferred else from_json(value)


_TYPES = {bool: Boolean, int: BigInteger, float: Double, str: String, datetime: Time}


def is_optional(annotation: Any) -> bool:
    """Return whether a field may be `None`."""
    return annotation is Any or type(None) in members(annotation)


def type_of(annotation: Any, *, is_deferred: bool) -> Any:
    """Return the type of the column for a field.

    Args:
        annotation: Annotation of the field.
        is_deferred: Whether the field takes JSON as text.
    """
    scalar = scalar_of(annotation)
    return JSON(is_deferred=is_deferred) if scalar is None else _TYPES[scalar]


def scalar_of(annotation: Any) -> type | None:
    """Return `bool`, `int`, `float`, `str` or `datetime` for a field that holds no other.

    Args:
        annotation: Annotation of the field; `None` beside the others does not count.
    """
    found = {_scalar(each) for each in members(annotation)} - {type(None)}
    return found.pop() if len(found) == 1 else None


def members(annotation: Any) -> list[Any]:
    """Return the members of a union, or the annotation itself, without what annotates them."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [each for member in get_args(annotation) for each in members(member)]
    return [annotation]


def _scalar(annotation: Any) -> type | None:
    """Return the scalar that a member of a union is; `None` for what is no scalar."""
    if get_origin(annotation) is Literal:
        kinds = {_scalar(type(each)) for each in get_args(annotation)}
        return kinds.pop() if len(kinds) == 1 else None
    if annotation is AwareDatetime:
        return datetime
    if not isinstance(annotation, type):
        return None
    if issubclass(annotation, Enum):
        kinds = {_scalar(type(each.value)) for each in annotation}
        return kinds.pop() if len(kinds) == 1 else None
    return annotation if annotation in _TYPES or annotation is type(None) else None
