"""What every resource does with the records of its kind."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from dataforce.api._clear import CLEAR
from dataforce.api._collector import collector_paused
from dataforce.api._lookup import find
from dataforce.api._progress import counted
from dataforce.errors import (
    APIResponseValidationError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.models._base import canonical_id
from dataforce.seam import ContentStore, Kind, Order, Query, Scope, Store

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.seam.backend import AnyKind

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
V = TypeVar("V", bound=BaseModel)

ORDERS: tuple[str, ...] = get_args(Order)
LARGEST_PAGE = 1000
"""How many records a page holds at most."""


class Records(Generic[M, C, U]):
    """The records of one kind, seen from the user's side: defaults, names, validated values.

    In every method `parent` is the id of the parent to look under, in any spelling; `None` means
    the client's default.
    """

    def __init__(self, session: Session, kind: Kind[M, C, U]) -> None:
        self.session = session
        self.kind = kind

    @property
    def store(self) -> Store[M, C, U]:
        """The backend's side."""
        return self.session.backend.store(self.kind)

    @property
    def content(self) -> ContentStore[M, C]:
        """The backend's side of the files."""
        return self.session.backend.content(self.kind)

    def scope(self, parent: str | None = None) -> Scope:
        """Where these records are."""
        if parent is not None and self.kind.parent is not None:
            parent = require_id(self.kind.parent, parent)
        return self.session.defaults.scope(self.kind, parent)

    def get(self, value: object, parent: str | None = None) -> M | None:
        """The record with that id or name, or the default for `None`; `None` if there is none."""
        if value is None and self.kind in self.session.defaults.LEVELS:
            return self._default()
        if not isinstance(value, str):
            raise UnprocessableEntityError(
                f"{value!r} is neither the id nor the name of a {self.kind.name}: give text."
            )
        return find(self.store, self.kind, self.scope(parent), value)

    def list(self, parent: str | None = None) -> builtins.list[M]:
        """All records in the order they were made."""
        records: builtins.list[M] = []
        with collector_paused():
            for page in self._pages(parent, Query(limit=None)):
                records += page
        return records

    def iterate(
        self, sort_by: str, order: Order, page_size: int, parent: str | None = None
    ) -> Iterator[M]:
        """All records, fetched page by page as they are taken."""
        query = Query(sort_by=sort_by, order=order, limit=page_size)
        check_query(self.kind, query, "page_size")
        for page in self._pages(parent, query):
            yield from page

    def create(self, values: Mapping[str, object], parent: str | None = None) -> M:
        """A new record of these values."""
        valid = validated(self.kind, self.kind.values, values)
        return self.store.create(self.scope(parent), valid)

    def update(
        self, identifier: str, changes: Mapping[str, object], parent: str | None = None
    ) -> M:
        """The record after the changes: `None` leaves a field alone, `CLEAR` empties it."""
        identifier = require_id(self.kind, identifier)
        given = {
            field: None if value is CLEAR else value
            for field, value in changes.items()
            if value is not None
        }
        valid = validated(self.kind, self.kind.changes, given)
        return self.store.update(self.scope(parent), identifier, valid)

    def delete(self, identifier: str, parent: str | None = None) -> None:
        """Remove the record and all that stands below it."""
        identifier = require_id(self.kind, identifier)
        with counted(f"delete {self.kind.name}", self.session.settings):
            self.store.delete(self.scope(parent), identifier)

    def _default(self) -> M | None:
        identifier = self.session.defaults.find(self.kind)
        try:
            return None if identifier is None else self.store.get(self.scope(), identifier)
        except NotFoundError:  # somebody else deleted it
            return None

    def _pages(self, parent: str | None, query: Query) -> Iterator[builtins.list[M]]:
        return pages(self.store, self.kind, self.scope(parent), query)


def pages(
    store: Store[M, C, U], kind: Kind[M, C, U], scope: Scope, query: Query
) -> Iterator[builtins.list[M]]:
    """The pages of an answer from the first to the last, each fetched when it is taken."""
    circle = _Circle()
    while True:
        page = store.page(scope, query)
        yield page.items
        if page.cursor is None:
            return
        if circle.closes_at(page.cursor):
            raise APIResponseValidationError(
                f"The list of {kind.name}s has no end: one of its pages leads back to a page "
                f"before it. Ask who runs the platform."
            )
        query = replace(query, cursor=page.cursor)


def check_query(kind: AnyKind, query: Query, limit: str) -> None:
    """Raise `UnprocessableEntityError` for a query that a user cannot ask.

    Args:
        kind: What is asked for.
        query: The query.
        limit: What the user calls its limit.
    """
    if query.sort_by not in kind.sorts:
        raise UnprocessableEntityError(
            f"{kind.name.capitalize()}s cannot be sorted by {query.sort_by!r}; "
            f"sort_by takes {', '.join(kind.sorts)}."
        )
    if query.order not in ORDERS:
        raise UnprocessableEntityError(f"order takes 'asc' or 'desc', not {query.order!r}.")
    if type(query.limit) is not int or not 1 <= query.limit <= LARGEST_PAGE:
        raise UnprocessableEntityError(f"{limit} takes 1 to {LARGEST_PAGE}, not {query.limit!r}.")


class _Circle:
    """Notices cursors that go round in a circle, however large, and remembers one of them.

    It is compared with all that follow, twice as many each time before a later one takes its place.
    """

    def __init__(self) -> None:
        self._cursor: str | None = None
        self._compared = self._limit = 1

    def closes_at(self, cursor: str) -> bool:
        """Whether this cursor was there before."""
        if cursor == self._cursor:
            return True
        self._compared += 1
        if self._compared > self._limit:
            self._cursor, self._compared, self._limit = cursor, 0, 2 * self._limit
        return False


def require_id(kind: AnyKind, value: object) -> str:
    """An id in its canonical form; `UnprocessableEntityError` for a name or anything else."""
    identifier = canonical_id(value) if isinstance(value, str) else None
    if identifier is None:
        raise UnprocessableEntityError(
            f"{value!r} is not the id of a {kind.name}. Ids are UUIDs; get() finds one by name."
        )
    return identifier


def validated(kind: AnyKind, model: type[V], values: Mapping[str, object]) -> V:
    """The values as the platform takes them; `UnprocessableEntityError` names each it refuses."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # The message never repeats the input: it may be a secret key.
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False, include_input=False)
        )
    raise UnprocessableEntityError(f"Not a valid {kind.name}: {faults}. Nothing was stored.")
