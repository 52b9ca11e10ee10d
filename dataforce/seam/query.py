"""Where a call looks and what it asks for."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from dataforce.errors import BadRequestError

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")

Order: TypeAlias = Literal["asc", "desc"]


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
    """Which objects a page holds, and in which order.

    Args:
        name: Only the objects of exactly this name, in the first of the fields that the kind
            declares in `names` that any object carries it in.
        sort_by: One of the fields that the kind declares in `sorts`; ties are broken by id.
            Absent values come first in ascending order and last in descending order.
        order: `asc` or `desc`.
        limit: How many objects a page holds at most, from 1 up; `None` leaves it to the backend,
            for a caller who wants them all.
        cursor: The `cursor` of the page before; `None` asks for the first page. A cursor belongs
            to the name and the order it was made for.

    Example:
        >>> Query(name="Churn", limit=2).order
        'asc'
    """

    name: str | None = None
    sort_by: str = "created_at"
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

    def position(self) -> tuple[Any, str] | None:
        """What `cursor_after` was given, `None` at the beginning.

        Raises:
            BadRequestError: The cursor was not made for this order.
        """
        if self.cursor is None:
            return None
        try:
            position = json.loads(base64.urlsafe_b64decode(self.cursor.encode()))
        except ValueError:
            position = None
        match position:
            case [self.sort_by, self.order, value, str(identifier)]:
                return value, identifier
        raise BadRequestError(
            f"The cursor {self.cursor!r} does not belong to a list by {self.sort_by} "
            f"{self.order}. Begin again without a cursor."
        )


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
