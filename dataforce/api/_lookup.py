"""One object by what a user calls it: its id, its name, or the object itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

from dataforce.backend import Query, identifier_of
from dataforce.backend.identity import can_be_stored
from dataforce.errors import (
    MultipleResourcesFoundError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.models._base import brief

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import BaseModel

    from dataforce.backend import AnyKind, Kind, Order, Page, Scope

M = TypeVar("M", bound="BaseModel")
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


class _Readable(Protocol[M]):
    def page(self, query: Query) -> Page[M]: ...

    def get(self, identifier: str) -> M: ...


def find(
    store: _Readable[M],
    kind: Kind[M, Any, Any],
    value: str,
    side: str = "",
    *,
    latest: bool = False,
) -> M | None:
    """Return the object with that id or exactly that name, `None` if there is none.

    Args:
        store: The objects of one scope.
        kind: Their kind.
        value: The id or the name.
        side: Which of two clients is asked, if there are two, such as `source`; for messages.
        latest: Whether to take the newest of several that have the name.

    Raises:
        MultipleResourcesFoundError: Several have the name; the message lists their ids.
        NotFoundError: A parent of the scope does not exist.
    """
    identifier = kind.identity.canonical(value)
    if identifier is not None:
        try:
            return store.get(identifier)
        except NotFoundError:
            pass  # a name may look like an id
    return find_named(store, kind, value, side, latest=latest)


def find_named(
    store: _Readable[M],
    kind: Kind[M, Any, Any],
    value: str,
    side: str = "",
    *,
    latest: bool = False,
) -> M | None:
    """Return the object with exactly that name, also if it looks like an id.

    Of several, those whose files are stored are preferred to those whose are not.

    Raises:
        MultipleResourcesFoundError: Several have the name; the message lists their ids.
        NotFoundError: A parent of the scope does not exist.
    """
    if not kind.names or not can_be_stored(value):
        return None
    order: Order = "desc" if latest else "asc"
    page = store.page(Query(name=value, order=order, limit=_COUNTED))
    candidates = [each for each in page.items if kind.is_ready(each)] or page.items
    if len(candidates) > 1 and not latest:
        shown = ", ".join(_told_apart(kind, each) for each in candidates[:_NAMED])
        others = len(candidates) - _NAMED
        if others > 0:
            shown += f" and {'more than ' if page.cursor else ''}{others} more"
        within = f" of the {side}" if side else ""
        raise MultipleResourcesFoundError(
            f"Several {kind.name}s{within} are called {brief(value, 30)}: {shown}. "
            f"Give the id instead."
        )
    return candidates[0] if candidates else None


def find_required(store: _Readable[M], kind: Kind[M, Any, Any], scope: Scope, name: str) -> M:
    """Return the object with exactly that name.

    Raises:
        UnprocessableEntityError: The name is empty.
        NotFoundError: None has it.
        MultipleResourcesFoundError: Several have it.
    """
    if not name.strip():
        raise UnprocessableEntityError(
            f"The id or name of the {kind.name} is empty. Give one of the two, or the object."
        )
    record = find_named(store, kind, name)
    if record is None:
        below = f" in {kind.parent.name} {scope.parent}" if kind.parent else ""
        raise NotFoundError(f"There is no {kind.name} {brief(name)}{below}.")
    return record


def _told_apart(kind: AnyKind, record: BaseModel) -> str:
    """Return the id of an object, with its status and its date if it has them."""
    status = "" if kind.status is None else getattr(record, str(kind.status.status))
    made: datetime | None = getattr(record, kind.default_sort, None)
    told = [status, f"{made:%Y-%m-%d %H:%M}" if made is not None else ""]
    shown = ", ".join(filter(None, told))
    return f"{identifier_of(record)} ({shown})" if shown else identifier_of(record)
