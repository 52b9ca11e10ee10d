"""Records of one kind, seen from the user's side."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError

from dataforce.api._clear import CLEAR
from dataforce.api._lookup import Ref, find, find_required, text_of
from dataforce.api._operations import NamedOperations
from dataforce.api._progress import counted
from dataforce.backend import FileStore, Kind, Order, Page, Query, Scope, identifier_of
from dataforce.backend.filters import conditions_of
from dataforce.backend.paging import pages
from dataforce.errors import (
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.models._base import brief

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.backend import AnyKind, Family

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
V = TypeVar("V", bound=BaseModel)

ORDERS: tuple[str, ...] = get_args(Order)
LARGEST_PAGE = 1000
"""Number of records that a page holds at most."""
NOTHING: Mapping[str, object] = MappingProxyType({})

_QUERY = frozenset(("sort_by", "order", "limit"))


class Records(Generic[M, C, U]):
    """The records of one kind, seen from the user's side: defaults, names, validated values.

    In every method an object may be given by its id, by its name, or itself. `parent` is the parent
    to look under; `None` means the one that the object given belongs to, else the client's default.
    """

    def __init__(self, session: Session, kind: Kind[M, C, U], family: Family) -> None:
        self.session = session
        self.kind = kind
        self.family = family

    def store(self, scope: Scope) -> NamedOperations[M, C, U]:
        """Return the backend's side of the records of a scope."""
        store = self.session.backend_of(self.family).store(self.kind, scope)
        return NamedOperations(self.kind, store, self.session.defaults.names)

    def files(self, scope: Scope) -> FileStore[M, C]:
        """Return the backend's side of their files."""
        return self.session.backend_of(self.family).files(self.kind, scope)

    def scope(self, parent: Ref[Any] | None = None) -> Scope:
        """Return the scope of these records."""
        if parent is None or self.kind.parent is None:
            return self.session.defaults.scope(self.kind)
        above, identifier = Records(self.session, self.kind.parent, self.family).locate(parent)
        return above.child(identifier)

    def locate(self, value: Ref[M], parent: Ref[Any] | None = None) -> tuple[Scope, str]:
        """Return the scope of an object and its id; only a name is asked for."""
        scope, found = self._resolve(value, parent)
        return scope, found if isinstance(found, str) else identifier_of(found)

    def read(self, value: Ref[M], parent: Ref[Any] | None = None) -> tuple[Scope, M]:
        """Return the scope of an object, and the object as it is now."""
        scope, found = self._resolve(value, parent)
        return scope, self.store(scope).get(found) if isinstance(found, str) else found

    def get(
        self, value: Ref[M] | None, parent: Ref[Any] | None = None, *, latest: bool = False
    ) -> M | None:
        """The record with that id or name, or the default for `None`; `None` if there is none."""
        if value is None and self.kind in self.session.defaults.LEVELS:
            return self._default()
        text = text_of(self.kind, value)
        return find(self.store(self._home(value, parent)), self.kind, text, latest=latest)

    def list(
        self, parent: Ref[Any] | None = None, asked: Mapping[str, object] = NOTHING
    ) -> builtins.list[M]:
        """All records that are asked for, at most as many as `limit` says.

        Args:
            parent: The parent to look under.
            asked: What the user gave of filters, `sort_by`, `order` and `limit`.
        """
        query = self._query(asked)
        limit = query.limit
        check_query(self.kind, query, "limit", most=None)
        if limit is not None:
            query = replace(query, limit=min(limit, LARGEST_PAGE))
        records: builtins.list[M] = []
        for page in pages(self.store(self.scope(parent)), self.kind, query):
            records += page
            if limit is not None and len(records) >= limit:
                return records[:limit]
        return records

    def iterate(
        self, parent: Ref[Any] | None, page_size: int, asked: Mapping[str, object]
    ) -> Iterator[M]:
        """All records that are asked for, fetched page by page as they are taken."""
        query = self._query({**asked, "limit": page_size})
        check_query(self.kind, query, "page_size")
        for page in pages(self.store(self.scope(parent)), self.kind, query):
            yield from page

    def page(
        self, parent: Ref[Any] | None, cursor: str | None, asked: Mapping[str, object]
    ) -> Page[M]:
        """One page of what is asked for, after a cursor."""
        query = self._query(asked)
        check_query(self.kind, query, "limit")
        return self.store(self.scope(parent)).page(replace(query, cursor=cursor))

    def create(self, values: Mapping[str, object], parent: Ref[Any] | None = None) -> M:
        """A new record of these values."""
        valid = validated(
            self.kind, self.kind.create, self._with_ids(values, lambda: self.scope(parent))
        )
        self.session.defaults.settle(self.kind)
        return self.store(self.scope(parent)).create(valid)

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
        scope, identifier = self.locate(value, parent)
        return self.store(scope).update(identifier, valid)

    def delete(self, value: Ref[M], parent: Ref[Any] | None = None) -> None:
        """Remove the record and all that stands below it; it is no default any more."""
        scope, identifier = self.locate(value, parent)
        self.session.defaults.recognize(self.kind)
        with counted(f"delete {self.kind.name}", self.session.settings):
            self.store(scope).delete(identifier)
        self.session.defaults.forget(self.kind, identifier)

    def _resolve(self, value: Ref[M], parent: Ref[Any] | None) -> tuple[Scope, str | M]:
        text = text_of(self.kind, value)
        scope = self._home(value, parent)
        identifier = self.kind.identity.canonical(text)
        if identifier is None:
            return scope, find_required(self.store(scope), self.kind, scope, text)
        is_sure = not isinstance(value, str) or (
            self.kind.identity.form == "uuid" and identifier == text
        )
        if is_sure:
            return scope, identifier
        # Such as 32 digits, or any text where that may be an identifier: perhaps a name.
        return scope, find(self.store(scope), self.kind, text) or identifier

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
        for path, reference in self.kind.references.items():
            field = path.removesuffix("[]")
            value = values.get(field)
            if value is None or value is CLEAR or len(reference.kinds) > 1:
                continue
            kind = reference.kinds[0]
            if field == path:
                resolved[field] = self._id_of(kind, value, scope)
            elif isinstance(value, Sequence) and not isinstance(value, str):
                resolved[field] = [self._id_of(kind, each, scope) for each in value]
        return resolved

    def _id_of(self, kind: AnyKind, value: object, scope: Callable[[], Scope]) -> str:
        text = text_of(kind, value)
        return kind.identity.canonical(text) or self._id_beside(kind, text, scope())

    def _id_beside(self, kind: AnyKind, name: str, scope: Scope) -> str:
        """The id of an object of another kind that has one of the parents of these records."""
        scope = Scope(scope.ids[: len(kind.ancestors)])
        store = self.session.backend_of(self.family).store(kind, scope)
        return identifier_of(find_required(store, kind, scope, name))

    def _query(self, asked: Mapping[str, object]) -> Query:
        """Return the query that a user asks."""
        filters = {name: value for name, value in asked.items() if name not in _QUERY}
        return Query(
            where=conditions_of(self.kind, filters),
            sort_by=cast("str | None", asked.get("sort_by")),
            order=cast("Order", asked.get("order", "asc")),
            limit=cast("int | None", asked.get("limit")),
        )

    def _default(self) -> M | None:
        identifier = self.session.defaults.find(self.kind)
        try:
            return None if identifier is None else self.store(self.scope()).get(identifier)
        except NotFoundError:  # somebody else deleted it
            return None


def check_query(
    kind: AnyKind, query: Query, limit: str, *, most: int | None = LARGEST_PAGE
) -> None:
    """Raise `UnprocessableEntityError` for a query that a user cannot ask.

    Args:
        kind: What is asked for.
        query: The query.
        limit: What the user calls its limit.
        most: The highest limit; `None` if there need not be a limit.
    """
    sort_by = kind.sort_of(query)
    if not kind.can_sort_by(sort_by):
        raise UnprocessableEntityError(
            f"{kind.name.capitalize()}s cannot be sorted by {brief(sort_by)}; "
            f"sort_by takes {', '.join(kind.sorts)}."
        )
    if query.order not in ORDERS:
        raise UnprocessableEntityError(f"order takes 'asc' or 'desc', not {brief(query.order)}.")
    if most is None and query.limit is None:
        return
    if type(query.limit) is not int or not 1 <= query.limit <= (most or query.limit):
        taken = "a whole number from 1 up" if most is None else f"1 to {most}"
        raise UnprocessableEntityError(f"{limit} takes {taken}, not {brief(query.limit)}.")


def validated(kind: AnyKind, model: type[V], values: Mapping[str, object]) -> V:
    """The values as the platform takes them; `UnprocessableEntityError` names each it refuses."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        from dataforce.api._validation_messages import explain  # seldom needed

        faults = explain(error, model)
    raise UnprocessableEntityError(f"Not a valid {kind.name}: {faults}. Nothing was stored.")
