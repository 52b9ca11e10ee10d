"""The records of the kinds whose routes are made from their declaration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter

from dataforce.backend import Page, Query
from dataforce.backend.http import parameters_of
from dataforce.backend.paging import records_of
from dataforce_remote.http import api
from dataforce_remote.records import RecordStore, body_of

if TYPE_CHECKING:
    from collections.abc import Callable

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


@dataclass
class _Items(Generic[M]):
    items: list[M]
    cursor: str | None = None


class AssetStore(RecordStore[M, C, U]):
    """The records of one such kind below one scope; the server does all that is asked."""

    def page(self, query: Query) -> Page[M]:
        """Return one page."""
        response = self.call("GET", query=parameters_of(query), largest=api.LARGEST_ARRAY)
        page = response.parse(_page_of(self.kind.record))
        return Page(page.items, page.cursor)

    def create_many(self, values: Sequence[C]) -> list[M]:
        """Make several records with one request, all or none."""
        body = b"[%b]" % b",".join(body_of(each) for each in values)
        response = self.call("POST", suffix="/batch", body=body, largest=api.LARGEST_ARRAY)
        return response.parse(self.array)

    def listed(self) -> list[M]:
        """Return all records below the scope."""
        return list(records_of(self, self.kind))


@cache
def _page_of(record: type[BaseModel]) -> Callable[[bytes], Any]:
    return TypeAdapter(_Items[record]).validate_json  # type: ignore[valid-type]  # of this class
