"""What every resource does with the records of its kind."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from dataforce.api._clear import CLEAR
from dataforce.api._lookup import Ref, find, find_required, text_of
from dataforce.api._operations import NamedOperations
from dataforce.api._progress import counted
from dataforce.backend import ContentStore, Kind, Order, Query, Scope, Store
from dataforce.backend.kind import identifier_of
from dataforce.backend.query import EndGuard
from dataforce.errors import (
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.models._base import brief, canonical_id

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.backend.interface import AnyKind

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
V = TypeVar("V", bound=BaseModel)

ORDERS: tuple[str, ...] = get_args(Order)
LARGEST_PAGE = 1000
"""How many records a page holds at most."""


class Records(Generic[M, C, U]):
    """The records of one kind, seen from the user's side: defaults, names, validated values.

    In every method an object may be given by its id, by its name, or itself. `parent` is the parent
    to look under; `None` means the one that the object given belongs to, else the client's default.
    """

    def __init__(self, session: Session, kind: Kind[M, C, U]) -> None:
        self.session = session
        self.kind = kind

    @property
    def store(self) -> Store[M, C, U]:
        """The backend's side."""
        store = self.session.backend.store(self.kind)
        return NamedOperations(self.kind, store, self.session.defaults.names)

    @property
    def content(self) -> ContentStore[M, C]:
        """The backend's side of the files."""
        return self.session.backend.content(self.kind)

    def scope(self, parent: Ref[Any] | None = None) -> Scope:
        """Where these records are."""
        if parent is None or self.kind.parent is None:
            return self.session.defaults.scope(self.kind)
        above, identifier = Records(self.session, self.kind.parent).locate(parent)
        return above.child(identifier)

    def locate(self, value: Ref[M], parent: Ref[Any] | None = None) -> tuple[Scope, str]:
        """Return the scope of an object and its id; only a name is asked for."""
        scope, found = self._resolve(value, parent)
        return scope, found if isinstance(found, str) else identifier_of(found)

    def read(self, value: Ref[M], parent: Ref[Any] | None = None) -> tuple[Scope, M]:
        """Return the scope of an object, and the object as it is now."""
        scope, found = self._resolve(value, parent)
        return scope, self.store.get(scope, found) if isinstance(found, str) else found

    def get(self, value: Ref[M] | None, parent: Ref[Any] | None = None) -> M | None:
        """The record with that id or name, or the default for `None`; `None` if there is none."""
        if value is None and self.kind in self.session.defaults.LEVELS:
            return self._default()
        text = text_of(self.kind, value)
        return find(self.store, self.kind, self._home(value, parent), text)

    def list(self, parent: Ref[Any] | None = None) -> builtins.list[M]:
        """All records in the order they were made."""
        records: builtins.list[M] = []
        for page in self._pages(parent, Query(limit=None)):
            records += page
        return records

    def iterate(
        self, sort_by: str, order: Order, page_size: int, parent: Ref[Any] | None = None
    ) -> Iterator[M]:
        """All records, fetched page by page as they are taken."""
        query = Query(sort_by=sort_by, order=order, limit=page_size)
        check_query(self.kind, query, "page_size")
        for page in self._pages(parent, query):
            yield from page

    def create(self, values: Mapping[str, object], parent: Ref[Any] | None = None) -> M:
        """A new record of these values."""
        valid = validated(
            self.kind, self.kind.create, self._with_ids(values, lambda: self.scope(parent))
        )
        self.session.defaults.settle(self.kind)
        return self.store.create(self.scope(parent), valid)

    def update(
        self, value: Ref[M], changes: Mapping[str, object], parent: Ref[Any] | None = None
    ) -> M:
        """The record after the changes: `None` leaves a field alone, `CLEAR` empties it."""
        text_of(self.kind, value)  # what can be refused without asking anybody is refused first
        given = {
            field: None if change is CLEAR else change
            for field, change in self._with_ids(changes, lambda: self._home(value, parent)).items()
            if change is not None
        }
        valid = validated(self.kind, self.kind.update, given)
        return self.store.update(*self.locate(value, parent), valid)

    def delete(self, value: Ref[M], parent: Ref[Any] | None = None) -> None:
        """Remove the record and all that stands below it; it is no default any more."""
        scope, identifier = self.locate(value, parent)
        self.session.defaults.recognize(self.kind)
        with counted(f"delete {self.kind.name}", self.session.settings):
            self.store.delete(scope, identifier)
        self.session.defaults.forget(self.kind, identifier)

    def _resolve(self, value: Ref[M], parent: Ref[Any] | None) -> tuple[Scope, str | M]:
        text = text_of(self.kind, value)
        scope = self._home(value, parent)
        identifier = canonical_id(text)
        if identifier is None:
            return scope, find_required(self.store, self.kind, scope, text)
        if isinstance(value, str) and identifier != text:  # such as 32 digits: perhaps a name
            return scope, find(self.store, self.kind, scope, text) or identifier
        return scope, identifier

    def _home(self, value: Ref[M] | None, parent: Ref[Any] | None) -> Scope:
        """Return the scope to look in; an object that knows its parent is nowhere else."""
        field = self.kind.parent_field
        if field is None or not isinstance(value, self.kind.record):
            return self.scope(parent)
        own: str = getattr(value, field)
        scope = self.scope(own if parent is None else parent)
        if scope.parent != own:
            raise UnprocessableEntityError(
                f"The {self.kind.name} {identifier_of(value)} has the {field} {own}, not "
                f"{scope.parent}. Leave {field} out."
            )
        return scope

    def _with_ids(
        self, values: Mapping[str, object], scope: Callable[[], Scope]
    ) -> dict[str, object]:
        """The values with the ids of the objects that they point at, however those are given."""
        resolved = dict(values)
        for field, kind in self.kind.references.items():
            value = values.get(field)
            if value is not None and value is not CLEAR:
                text = text_of(kind, value)
                resolved[field] = canonical_id(text) or self._id_beside(kind, text, scope())
        return resolved

    def _id_beside(self, kind: AnyKind, name: str, scope: Scope) -> str:
        """The id of an object of another kind that has one of the parents of these records."""
        scope = Scope(scope.ids[: len(kind.ancestors)])
        return identifier_of(find_required(self.session.backend.store(kind), kind, scope, name))

    def _default(self) -> M | None:
        identifier = self.session.defaults.find(self.kind)
        try:
            return None if identifier is None else self.store.get(self.scope(), identifier)
        except NotFoundError:  # somebody else deleted it
            return None

    def _pages(self, parent: Ref[Any] | None, query: Query) -> Iterator[builtins.list[M]]:
        return pages(self.store, self.kind, self.scope(parent), query)


def pages(
    store: Store[M, C, U], kind: Kind[M, C, U], scope: Scope, query: Query
) -> Iterator[builtins.list[M]]:
    """The pages of an answer from the first to the last, each fetched when it is taken."""
    guard = EndGuard(kind)
    while True:
        page = store.page(scope, query)
        yield page.items
        if page.cursor is None:
            return
        guard.check(page.items, page.cursor)
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
            f"{kind.name.capitalize()}s cannot be sorted by {brief(query.sort_by)}; "
            f"sort_by takes {', '.join(kind.sorts)}."
        )
    if query.order not in ORDERS:
        raise UnprocessableEntityError(f"order takes 'asc' or 'desc', not {brief(query.order)}.")
    if type(query.limit) is not int or not 1 <= query.limit <= LARGEST_PAGE:
        raise UnprocessableEntityError(
            f"{limit} takes 1 to {LARGEST_PAGE}, not {brief(query.limit)}."
        )


def validated(kind: AnyKind, model: type[V], values: Mapping[str, object]) -> V:
    """The values as the platform takes them; `UnprocessableEntityError` names each it refuses."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        from dataforce.api._validation_messages import explain  # seldom needed

        faults = explain(error, model)
    raise UnprocessableEntityError(f"Not a valid {kind.name}: {faults}. Nothing was stored.")
