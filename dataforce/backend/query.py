"""Where a call looks and what it asks for."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from dataforce.backend.kind import identifier_of
from dataforce.errors import APIResponseValidationError, BadRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from dataforce.backend.interface import AnyKind

M = TypeVar("M", bound="BaseModel")

Order: TypeAlias = Literal["asc", "desc"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
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

    def position(self, *types: type) -> tuple[Any, str] | None:
        """What `cursor_after` was given, `None` at the beginning.

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
            f"this list by {self.sort_by} {self.order}. Begin again without a cursor."
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


def can_be_stored(text: str) -> bool:
    """Return whether a database takes a text: it chokes on what is not Unicode text."""
    return text.isprintable() or ("\x00" not in text and not _LONE_SURROGATE.search(text))


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


_BARREN = 100
"""Highest number of pages without anything new in a list; honest servers send none or few."""


class EndGuard:
    """Notices a list without an end, in a memory of one page.

    That page is compared with all that follow, twice as many each time before a later one takes its
    place. So a circle of pages is noticed however large it is.

    Args:
        kind: The kind of the records, for messages.
    """

    def __init__(self, kind: AnyKind) -> None:
        self._kind = kind
        self._cursor: str | None = None
        self._first: str | None = None
        self._compared = self._limit = 1
        self._barren = 0

    def check(self, records: Sequence[BaseModel], cursor: str) -> None:
        """Look at a page that is not the last one.

        Args:
            records: The records of the page.
            cursor: The cursor of the next page.

        Raises:
            APIResponseValidationError: The list has no end.
        """
        first = identifier_of(records[0]) if records else None
        self._barren += first is None or first == self._first
        if cursor == self._cursor or self._barren > _BARREN:
            raise APIResponseValidationError(
                f"The list of {self._kind.name}s has no end: its pages repeat, or bring nothing. "
                f"Tell those who run the platform."
            )
        self._compared += 1
        if self._compared > self._limit:
            self._cursor, self._first = cursor, first
            self._compared, self._limit = 0, 2 * self._limit
