"""One object by what a user calls it: its id, its name, or the object itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar
from uuid import UUID

from dataforce.backend import Query
from dataforce.backend.kind import identifier_of
from dataforce.backend.query import can_be_stored
from dataforce.errors import (
    MultipleResourcesFoundError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.models._base import brief, canonical_id

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import BaseModel

    from dataforce.backend import Kind, Scope, Store
    from dataforce.backend.interface import AnyKind

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel")
U = TypeVar("U", bound="BaseModel")
R = TypeVar("R")

Ref: TypeAlias = str | UUID | R
"""`Ref[Collection]` is a collection as a user gives it: its id, its name, or the object."""

_NAMED = 5
"""Number of objects that the message about an ambiguous name shows."""
_COUNTED = 100
"""Number of objects of one name that are counted."""


def text_of(kind: AnyKind, value: object) -> str:
    """Return the id or name that a reference holds.

    Raises:
        UnprocessableEntityError: It is neither text nor a UUID nor an object of the kind.
    """
    if isinstance(value, kind.record):
        return identifier_of(value)
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        raise UnprocessableEntityError(
            f"{brief(value)} is no {kind.name}: give its id, its name, or the object itself."
        )
    return value


def find(
    store: Store[M, C, U], kind: Kind[M, C, U], scope: Scope, value: str, side: str = ""
) -> M | None:
    """The object under `scope` with that id or exactly that name, `None` if there is none.

    Args:
        store: Where the objects are.
        kind: What is looked for.
        scope: Its parents.
        value: The id or the name.
        side: Which of two clients is asked, if there are two, such as `source`; for messages.

    Raises:
        MultipleResourcesFoundError: Several have the name; the message lists their ids.
        NotFoundError: A parent in `scope` does not exist.
    """
    identifier = canonical_id(value)
    if identifier is not None:
        try:
            return store.get(scope, identifier)
        except NotFoundError:
            pass  # a name may look like an id
    return find_named(store, kind, scope, value, side)


def find_named(
    store: Store[M, C, U], kind: Kind[M, C, U], scope: Scope, value: str, side: str = ""
) -> M | None:
    """The object under `scope` with exactly that name, also if it looks like an id.

    Raises:
        MultipleResourcesFoundError: Several have the name; the message lists their ids.
        NotFoundError: A parent in `scope` does not exist.
    """
    if not can_be_stored(value):
        return None
    page = store.page(scope, Query(name=value, limit=_COUNTED))
    if len(page.items) > 1:
        shown = ", ".join(map(_told_apart, page.items[:_NAMED]))
        others = len(page.items) - _NAMED
        if others > 0:
            shown += f" and {'more than ' if page.cursor else ''}{others} more"
        within = f" of the {side}" if side else ""
        raise MultipleResourcesFoundError(
            f"Several {kind.name}s{within} are called {brief(value, 30)}: {shown}. "
            f"Give the id instead."
        )
    return page.items[0] if page.items else None


def find_required(store: Store[M, C, U], kind: Kind[M, C, U], scope: Scope, name: str) -> M:
    """The object under `scope` with exactly that name.

    Raises:
        UnprocessableEntityError: The name is empty.
        NotFoundError: None has it.
        MultipleResourcesFoundError: Several have it.
    """
    if not name.strip():
        raise UnprocessableEntityError(
            f"The id or name of the {kind.name} is empty. Give one of the two, or the object."
        )
    record = find_named(store, kind, scope, name)
    if record is None:
        below = f" in {kind.parent.name} {scope.parent}" if kind.parent else ""
        raise NotFoundError(f"There is no {kind.name} {brief(name)}{below}.")
    return record


def _told_apart(record: BaseModel) -> str:
    """An object among others of its name: its id, its status if it has one, its date."""
    made: datetime = record.created_at  # type: ignore[attr-defined]  # every kind's record has one
    told = [getattr(record, "status", ""), f"{made:%Y-%m-%d %H:%M}"]
    return f"{identifier_of(record)} ({', '.join(filter(None, told))})"
