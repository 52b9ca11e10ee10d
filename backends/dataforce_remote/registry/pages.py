"""The records of the kinds that newer platforms give page by page and one by one.

Older ones respond with one array, whatever is asked for, and have no call for a single record.
What the platform sorts and searches it is asked for; the rest is filtered as pages come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel, TypeAdapter

from dataforce.backend import Page, Query, identifier_of
from dataforce.backend.error_messages import not_found
from dataforce.backend.filters import match_all
from dataforce.backend.paging import EndGuard, page_of, position_key, sort_key, sort_value
from dataforce.backend.paths import values_at
from dataforce.config import APIVersion
from dataforce.errors import APIStatusError, BadRequestError, InternalServerError
from dataforce_remote.http import api
from dataforce_remote.records import RecordStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

LARGEST_PAGE = 100
"""Highest number of records on a page of the platform."""

_METHOD_NOT_ALLOWED = 405


@dataclass
class _Items(Generic[M]):
    """A page of the platform."""

    items: list[M]
    cursor: str | None = None


@dataclass(frozen=True)
class _Position:
    """The place in the platform's list where a page of ours begins.

    Args:
        cursor: The platform's cursor of the page, `None` for the first.
        value: The value that the last record before is sorted by.
        identifier: Its id; empty if the page begins with its first record.
    """

    cursor: str | None
    value: object = None
    identifier: str = ""


class PagedStore(RecordStore[M, C, U]):
    """The records of one such kind below one scope."""

    details: tuple[str, ...] = ()
    """Fields that only the response to a request for one record holds; dropped, for a record to be
    equal to itself however it was asked for."""

    @cached_property
    def _paged(self) -> Callable[[bytes], _Items[M]]:
        return cast("Callable[[bytes], _Items[M]]", _page_of(self.kind.record))

    def page(self, query: Query) -> Page[M]:
        """Return one page of the records below the scope."""
        if query.name is not None:
            # Only those of the name: which of the fields carries it, none but all can tell.
            return page_of(self.kind, self._called(query.name), query)
        position = self._position(query)
        sort_by = self.sort_parameter(query)
        if position is None or sort_by is None:
            return self._sorted_page(query)
        try:
            return self._platform_page(query, position, sort_by)
        except (BadRequestError, InternalServerError, _UnsortedError) as error:
            if self.kind.sort_of(query) in self.kind.sorts or not _is_sorting(error):
                raise
        if position.identifier:
            last = query.cursor_after(position.value, position.identifier)
            query = replace(query, cursor=last)
        return self._sorted_page(query)

    def get(self, identifier: str) -> M:
        """Return the record with that id."""
        if self.version.likely == APIVersion.JANUARY_2026:
            try:
                record = super().get(identifier)
            except APIStatusError as error:
                if error.status_code != _METHOD_NOT_ALLOWED:
                    raise
                self.version.learn(APIVersion.DECEMBER_2025)
            else:
                self.version.learn(APIVersion.JANUARY_2026)
                for name in self.details:
                    (record.model_extra or {}).pop(name, None)
                return record
        for record in self.listed():
            if identifier_of(record) == identifier:
                return record
        raise not_found(self.kind, identifier, self.scope)

    def listed(self) -> list[M]:
        """Return all records below the scope."""
        return list(self._all({}))

    def search(self, text: str) -> Mapping[str, str]:
        """Return parameters with which fewer records come, all among them whose name has a text."""
        return {}

    def sort_parameter(self, query: Query) -> str | None:
        """Return the platform's `sort_by` for the order of a query, `None` if it has no such."""
        return self.kind.sort_of(query)

    def _called(self, name: str) -> list[M]:
        names = self.kind.names
        found = self._all(self.search(name))
        return [each for each in found if any(getattr(each, field) == name for field in names)]

    def _position(self, query: Query) -> _Position | None:
        """Return the place where a page begins, `None` if it is one of a list sorted here."""
        found = query.position(str, int, float, NoneType, list)
        match found:
            case None:
                return _Position(None)
            case str(cursor), "":
                return _Position(cursor)
            case [str() | None as cursor, str() | int() | float() | None as value], str(last):
                return _Position(cursor, value, last)
            case (list(), _) | (_, ""):
                raise query.foreign_cursor()
        return None

    def _sorted_page(self, query: Query) -> Page[M]:
        """Return a page of a list that is sorted here."""
        found = self._all(self._searched(query))
        records = [each for each in found if match_all(query.where, each)]
        return page_of(self.kind, records, query)

    def _platform_page(self, query: Query, position: _Position, sort_by: str) -> Page[M]:
        """Return a page in the platform's order; it holds a page of the platform at a time."""
        limit = min(query.limit or LARGEST_PAGE, LARGEST_PAGE)
        asked = {"limit": str(LARGEST_PAGE if query.where else limit), "sort_by": sort_by}
        asked |= {"order": query.order, **self._searched(query)}
        guard, items = EndGuard(self.kind), list[M]()
        while True:
            given = {} if position.cursor is None else {"cursor": position.cursor}
            response = self._ask(asked | given)
            if self.version.likely == APIVersion.DECEMBER_2025:
                if position.cursor is not None:
                    raise query.foreign_cursor()
                return page_of(self.kind, response.items, query)
            self._check_sorted(query, response.items)
            rest = self._after(response.items, position, query)
            for number, record in enumerate(rest, start=1):
                if not match_all(query.where, record):
                    continue
                items.append(record)
                if len(items) == limit and number < len(rest):
                    value = [position.cursor, sort_value(self.kind, record, query)]
                    return Page(items, query.cursor_after(value, identifier_of(record)))
            if response.cursor is None:
                return Page(items, None)
            if len(items) == limit or not query.where:
                return Page(items, self._cursor_after(response, query))
            guard.check(response.items, response.cursor)
            position = _Position(response.cursor)

    def _cursor_after(self, response: _Items[M], query: Query) -> str:
        """Return the cursor after a page of the platform that is not the last."""
        if self.kind.sort_of(query) in self.kind.sorts or not response.items:
            return query.cursor_after(response.cursor, "")
        # A later page may show that the list has to be sorted here, from this record on.
        last = response.items[-1]
        value = [response.cursor, sort_value(self.kind, last, query)]
        return query.cursor_after(value, identifier_of(last))

    def _after(self, records: list[M], position: _Position, query: Query) -> list[M]:
        """Return the records of a page of the platform that come after a position."""
        if not position.identifier:
            return records
        for number, record in enumerate(records, start=1):
            if identifier_of(record) == position.identifier:
                return records[number:]
        # It was deleted meanwhile.
        last = position_key(self.kind, position.value, position.identifier)
        keys = [sort_key(self.kind, each, query) for each in records]
        is_upwards = query.order == "asc"
        try:
            return [
                each
                for each, key in zip(records, keys, strict=True)
                if (key > last if is_upwards else key < last)
            ]
        except TypeError:  # the cursor holds a value of another type
            raise query.foreign_cursor() from None

    def _check_sorted(self, query: Query, records: list[M]) -> None:
        """Refuse an order of the platform that is not the one that was asked for."""
        sort_by = self.kind.sort_of(query)
        if sort_by in self.kind.sorts:
            return
        for record in records:
            values = values_at(record, sort_by)
            if values and sort_value(self.kind, record, query) is None:
                raise _UnsortedError  # it takes text such as "0.5" for a number

    def _searched(self, query: Query) -> Mapping[str, str]:
        """Return parameters with which fewer records come, all among them that are wanted."""
        for condition in query.where:
            is_name = condition.path == self.kind.names[0] and len(condition.values) == 1
            text = str(condition.values[0]) if is_name else ""
            if condition.operator in ("=", "contains") and (found := self.search(text)):
                return found
        return {}

    def _all(self, asked: Mapping[str, str]) -> Iterator[M]:
        parameters = {"limit": str(LARGEST_PAGE), "order": "asc", **asked}
        guard = EndGuard(self.kind)
        while True:
            response = self._ask(parameters)
            yield from response.items
            if response.cursor is None:
                return
            guard.check(response.items, response.cursor)
            parameters["cursor"] = response.cursor

    def _ask(self, parameters: Mapping[str, str]) -> _Items[M]:
        is_paged = self.version.known == APIVersion.JANUARY_2026
        largest = api.LARGEST_PAGE if is_paged else api.LARGEST_ARRAY
        response = self.call("GET", query=parameters, largest=largest)
        if response.content.lstrip()[:1] == b"[":
            self.version.learn(APIVersion.DECEMBER_2025)
            return _Items(response.parse(self.array))
        page = response.parse(self._paged)
        self.version.learn(APIVersion.JANUARY_2026)
        return page


class _UnsortedError(Exception):
    """The platform sorted by values that are absent here."""


@cache
def _page_of(record: type[BaseModel]) -> Callable[[bytes], Any]:
    return TypeAdapter(_Items[record]).validate_json  # type: ignore[valid-type]  # of this class


def _is_sorting(error: Exception) -> bool:
    """Return whether an error tells that the platform cannot sort the list so."""
    if isinstance(error, BadRequestError):
        return "sort" in str(error.body).lower()
    return True
