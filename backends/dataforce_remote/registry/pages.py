"""The records of the kinds that newer platforms give page by page and one by one.

Older ones answer with one array, whatever is asked for, and have no call for a single record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter

from dataforce.backend import Page, Query
from dataforce.backend.error_messages import not_found
from dataforce.backend.paging import named, page_of
from dataforce.backend.query import EndGuard
from dataforce.config import APIVersion
from dataforce.errors import APIStatusError
from dataforce_remote.http import api
from dataforce_remote.registry.records import RecordStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dataforce.backend import Scope

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

LARGEST_PAGE = 100
"""How many records the platform puts on a page at most."""

_METHOD_NOT_ALLOWED = 405


@dataclass
class _Answer(Generic[M]):
    items: list[M]
    cursor: str | None = None


class PagedStore(RecordStore[M, C, U]):
    """The records of one such kind."""

    details: tuple[str, ...] = ()
    """What only the answer to a request for one record holds; dropped, for a record to be equal
    to itself however it was asked for."""

    @cached_property
    def _paged(self) -> Callable[[bytes], _Answer[M]]:
        return TypeAdapter(_Answer[self.kind.record]).validate_json  # type: ignore[name-defined]

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of what stands under `scope`."""
        if query.name is not None:
            found = named(self.called(scope, query.name), self.kind.names, query.name)
            return page_of(found, query)
        position = query.position(str, int, float, NoneType)
        parameters = {
            "limit": str(min(query.limit or LARGEST_PAGE, LARGEST_PAGE)),
            "sort_by": query.sort_by,
            "order": query.order,
        }
        if position is not None and position[1] == "":
            if not isinstance(position[0], str):
                raise query.foreign_cursor()
            parameters["cursor"] = position[0]
        answer = self._ask(scope, parameters)
        if self.version.likely == APIVersion.DECEMBER_2025:
            return page_of(answer.items, query)
        if position is not None and position[1] != "":  # of an array, which this is not
            raise query.foreign_cursor()
        cursor = None if answer.cursor is None else query.cursor_after(answer.cursor, "")
        return Page(answer.items, cursor)

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id."""
        if self.version.likely == APIVersion.JANUARY_2026:
            try:
                record = super().get(scope, identifier)
            except APIStatusError as error:
                if error.status_code != _METHOD_NOT_ALLOWED:
                    raise
                self.version.learn(APIVersion.DECEMBER_2025)
            else:
                self.version.learn(APIVersion.JANUARY_2026)
                for name in self.details:
                    (record.model_extra or {}).pop(name, None)
                return record
        for record in self.listed(scope):
            if record.id == identifier:  # type: ignore[attr-defined]  # every record has one
                return record
        raise not_found(self.kind, identifier, scope)

    def listed(self, scope: Scope) -> list[M]:
        """All records under `scope`."""
        return list(self._all(scope, {}))

    def called(self, scope: Scope, name: str) -> Iterator[M]:
        """The records that have that name, and perhaps others."""
        names = self.kind.names
        return (
            record
            for record in self._all(scope, self.search(name))
            if any(getattr(record, field) == name for field in names)
        )

    def search(self, name: str) -> Mapping[str, str]:
        """What to ask for so that fewer records come, all of that name among them."""
        return {}

    def _all(self, scope: Scope, asked: Mapping[str, str]) -> Iterator[M]:
        parameters = {"limit": str(LARGEST_PAGE), "order": "asc", **asked}
        guard = EndGuard(self.kind)
        while True:
            answer = self._ask(scope, parameters)
            yield from answer.items
            if answer.cursor is None:
                return
            guard.check(answer.items, answer.cursor)
            parameters["cursor"] = answer.cursor

    def _ask(self, scope: Scope, parameters: Mapping[str, str]) -> _Answer[M]:
        is_paged = self.version.known == APIVersion.JANUARY_2026
        largest = api.LARGEST_PAGE if is_paged else api.LARGEST_ARRAY
        reply = self.call("GET", scope, query=parameters, largest=largest)
        if reply.content.lstrip()[:1] == b"[":
            self.version.learn(APIVersion.DECEMBER_2025)
            return _Answer(reply.parse(self.array))
        answer = reply.parse(self._paged)
        self.version.learn(APIVersion.JANUARY_2026)
        return answer
