"""Scopes, queries and pages."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from dataforce.backend.identity import can_be_stored
from dataforce.errors import BadRequestError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend.filters import Condition

M = TypeVar("M", bound="BaseModel")

Order: TypeAlias = Literal["asc", "desc"]

_SHOWN = 40
"""Number of characters of a cursor that a message shows."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The chain of parents that a call works under, as ids from the root down.

    Args:
        ids: One id for each ancestor of the kind; empty for a kind without a parent.

    Example:
        >>> Scope(("organization-id",)).child("orbit-id").parent
        'orbit-id'
    """

    ids: tuple[str, ...] = ()

    @property
    def parent(self) -> str | None:
        """The id of the nearest parent, `None` at the root."""
        return self.ids[-1] if self.ids else None

    def child(self, identifier: str) -> Scope:
        """The scope of what stands below the object `identifier` of this scope."""
        return Scope((*self.ids, identifier))


@dataclass(frozen=True, slots=True)
class Query:
    """The objects that a page holds, and their order.

    Args:
        name: Only the objects of exactly this name, in the first of the fields that the kind
            declares in `names` that any object carries it in.
        where: Only the objects that fulfil all of these conditions.
        sort_by: A field that the kind can be sorted by, `None` for its default; ties are broken by
            id. In ascending order absent values stand where the kind declares in `absent`, in
            descending order at the other end.
        order: `asc` or `desc`.
        limit: How many objects a page holds at most, from 1 up; `None` leaves it to the backend,
            for a caller who wants them all.
        cursor: The `cursor` of the page before; `None` asks for the first page. A cursor belongs
            to the name, the conditions and the order it was made for.

    Example:
        >>> Query(name="Churn", limit=2).order
        'asc'
    """

    name: str | None = None
    where: tuple[Condition, ...] = ()
    sort_by: str | None = None
    order: Order = "asc"
    limit: int | None = 100
    cursor: str | None = None

    def cursor_after(self, value: object, identifier: str) -> str:
        """A cursor that says where a page of this query ended.

        Args:
            value: What the last object was sorted by, or whatever else tells where to go on; JSON.
            identifier: Its id.
        """
        position = [self.sort_by, self.order, value, identifier]
        return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()

    def position(self, *types: type) -> tuple[Any, str] | None:
        """Return what `cursor_after` was given, `None` at the beginning.

        Args:
            types: What the value may be.

        Raises:
            BadRequestError: The cursor was not made for this order, or holds another value.
        """
        if self.cursor is None:
            return None
        try:
            position = json.loads(base64.urlsafe_b64decode(self.cursor.encode()))
        except (ValueError, RecursionError):
            position = None
        match position:
            case [self.sort_by, self.order, value, str(identifier)] if is_one_of(
                value, *types
            ) and is_one_of(identifier, str):
                return value, identifier
        raise self.foreign_cursor()

    def foreign_cursor(self) -> BadRequestError:
        """The error for a cursor that was not made for this list."""
        return BadRequestError(
            f"Cannot list after the cursor {(self.cursor or '')[:_SHOWN]!r}: it was not made for "
            f"this list by {self.sort_by or 'default'} {self.order}. Begin again without a cursor."
        )


def is_one_of(value: object, *types: type) -> bool:
    """Return whether a value from a cursor has one of these types, and a database can take it.

    Args:
        value: What JSON said.
        types: Such as `str`; a `bool` is no `int`.

    Example:
        >>> is_one_of("a", str), is_one_of(True, int), is_one_of(10**30, int)
        (True, False, False)
    """
    match value:
        case str():
            is_sound = can_be_stored(value)
        case int():
            is_sound = -(2**63) <= value < 2**63
        case float():
            is_sound = math.isfinite(value)
        case _:
            is_sound = True
    return is_sound and type(value) in types


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page of an answer.

    Args:
        items: The objects, in the order asked for.
        cursor: Where the next page begins, `None` after the last.

    Example:
        >>> Page(items=[], cursor=None).items
        []
    """

    items: list[M]
    cursor: str | None
