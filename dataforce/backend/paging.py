"""Pages: made in memory of records that are only to be had as a whole, and read to their end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dataforce.backend.filters import match_all
from dataforce.backend.identity import identifier_of
from dataforce.backend.paths import values_at
from dataforce.backend.query import Page, Query
from dataforce.errors import APIResponseValidationError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend.kind import AnyKind

M = TypeVar("M", bound="BaseModel")
T = TypeVar("T", bound="BaseModel")

_Key = tuple[int, Any, str]

_BARREN = 100
"""Highest number of pages without anything new in a list; honest servers send none or few."""


def page_of(kind: AnyKind, records: Iterable[M], query: Query) -> Page[M]:
    """Return the page that a query asks for.

    Args:
        kind: The kind of the records.
        records: All records of the scope.
        query: The query.

    Raises:
        BadRequestError: The cursor belongs to another order.
    """
    chosen: Iterable[M] = records
    if query.name is not None:
        chosen = named(chosen, kind.names, query.name)
    if query.where:
        chosen = [each for each in chosen if match_all(query.where, each)]
    is_upwards = query.order == "asc"
    keyed = sorted(((sort_key(kind, each, query), each) for each in chosen), key=_first)
    if not is_upwards:
        keyed.reverse()
    if (position := query.position(str, int, float, NoneType)) is not None:
        after = position_key(kind, *position)
        is_declared = kind.sort_of(query) in kind.sorts
        if not all(_is_comparable(key, after, is_declared) for key, _ in keyed):
            raise query.foreign_cursor()
        keyed = [pair for pair in keyed if (pair[0] > after if is_upwards else pair[0] < after)]
    items = [record for _, record in keyed[: query.limit]]
    if len(items) == len(keyed):
        return Page(items, cursor=None)
    return Page(items, cursor_of(kind, items[-1], query))


def named(records: Iterable[M], names: Iterable[str], name: str) -> list[M]:
    """Return those that carry a name, in the first of the fields that any of them carries it in."""
    kept = list(records)
    matches = ([each for each in kept if getattr(each, field) == name] for field in names)
    return next((found for found in matches if found), [])


def sort_value(kind: AnyKind, record: object, query: Query) -> Any:
    """Return what a record is sorted by, in a form that JSON has; `None` if it is absent."""
    path = kind.sort_of(query)
    value = next(iter(values_at(record, path)), None)
    if isinstance(value, datetime):
        return value.timestamp()
    if path not in kind.sorts and (isinstance(value, bool) or not isinstance(value, int | float)):
        return None  # of a dictionary, numbers are compared
    return value.value if isinstance(value, Enum) else value


def sort_key(kind: AnyKind, record: Any, query: Query) -> _Key:
    """Return what compares as the records of a list are ordered, upwards."""
    return position_key(kind, sort_value(kind, record, query), identifier_of(record))


def position_key(kind: AnyKind, value: Any, identifier: str) -> _Key:
    """Return the key of a position, as `sort_key` has it; absent values compare with no others."""
    if value is None:
        return -1 if kind.absent == "first" else 1, 0, identifier
    return 0, value, identifier


def cursor_of(kind: AnyKind, record: Any, query: Query) -> str:
    """Return the cursor after a record."""
    return query.cursor_after(sort_value(kind, record, query), identifier_of(record))


class HasPages(Protocol[T]):
    """Records that are read page by page, such as a store."""

    def page(self, query: Query) -> Page[T]:
        """Return one page."""
        ...


def pages(store: HasPages[T], kind: AnyKind, query: Query) -> Iterator[list[T]]:
    """Yield the pages of a list from the first to the last, each fetched when it is taken.

    Args:
        store: The records.
        kind: Their kind.
        query: The query; its limit is that of each page.

    Raises:
        APIResponseValidationError: The list has no end.
    """
    guard = EndGuard(kind)
    while True:
        page = store.page(query)
        yield page.items
        if page.cursor is None:
            return
        guard.check(page.items, page.cursor)
        query = replace(query, cursor=page.cursor)


def records_of(store: HasPages[T], kind: AnyKind, query: Query | None = None) -> Iterator[T]:
    """Yield all records that a query asks for, or all there are, page by page."""
    for items in pages(store, kind, query or Query(limit=None)):
        yield from items


class EndGuard:
    """Notices a list without an end, in a memory of one page.

    That page is compared with all that follow, twice as many each time before a later one takes its
    place. So a circle of pages is noticed however large it is.

    Args:
        kind: The kind of the records, for messages.
    """

    def __init__(self, kind: AnyKind) -> None:
        self._kind = kind
        self._cursor: str | None = None
        self._first: str | None = None
        self._compared = self._limit = 1
        self._barren = 0

    def check(self, records: Sequence[BaseModel], cursor: str) -> None:
        """Look at a page that is not the last one.

        Args:
            records: The records of the page.
            cursor: The cursor of the next page.

        Raises:
            APIResponseValidationError: The list has no end.
        """
        first = identifier_of(records[0]) if records else None
        self._barren += first is None or first == self._first
        if cursor == self._cursor or self._barren > _BARREN:
            raise APIResponseValidationError(
                f"The list of {self._kind.name}s has no end: its pages repeat, or bring nothing. "
                f"Tell those who run the platform."
            )
        self._compared += 1
        if self._compared > self._limit:
            self._cursor, self._first = cursor, first
            self._compared, self._limit = 0, 2 * self._limit


def _first(pair: tuple[_Key, object]) -> _Key:
    return pair[0]


def _is_comparable(one: _Key, other: _Key, is_declared: bool) -> bool:
    if one[0] != other[0] or type(one[1]) is type(other[1]):
        return True
    # The values of a field have one type; those of a dictionary are numbers of any type.
    return not is_declared and all(type(each[1]) in (int, float) for each in (one, other))
