"""Pages of what is only to be had as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

from dataforce.backend.query import Page, Query

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")

_Key = tuple[bool, Any, str]


def page_of(records: Iterable[M], query: Query) -> Page[M]:
    """The page that a query asks for.

    Args:
        records: All there are, of the name that the query asks for.
        query: Order, limit and cursor count.

    Raises:
        BadRequestError: The cursor belongs to another order.
    """
    is_upwards = query.order == "asc"
    ordered = sorted(records, key=lambda each: _key(each, query), reverse=not is_upwards)
    if (position := query.position(str, int, float, NoneType)) is not None:
        after = _key_of(*position)
        if not all(_is_comparable(_key(each, query), after) for each in ordered):
            raise query.foreign_cursor()
        ordered = [
            each
            for each in ordered
            if (_key(each, query) > after if is_upwards else _key(each, query) < after)
        ]
    if query.limit is None or len(ordered) <= query.limit:
        return Page(ordered, cursor=None)
    items = ordered[: query.limit]
    is_present, value, identifier = _key(items[-1], query)
    return Page(items, query.cursor_after(value if is_present else None, identifier))


def named(records: Iterable[M], names: Iterable[str], name: str) -> list[M]:
    """Those that carry a name, in the first of the fields that any of them carries it in."""
    kept = list(records)
    matches = ([each for each in kept if getattr(each, field) == name] for field in names)
    return next((found for found in matches if found), [])


def _key(record: BaseModel, query: Query) -> _Key:
    value = getattr(record, query.sort_by)
    if isinstance(value, datetime):
        value = value.timestamp()
    elif isinstance(value, Enum):
        value = value.value
    return _key_of(value, record.id)  # type: ignore[attr-defined]  # every record has one


def _is_comparable(one: _Key, other: _Key) -> bool:
    return one[0] != other[0] or type(one[1]) is type(other[1])


def _key_of(value: Any, identifier: str) -> _Key:
    # Absent values come first, and none of them is compared with a present one.
    return value is not None, value if value is not None else 0, identifier
