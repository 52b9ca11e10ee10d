"""Where a call looks and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

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
        filters: Field to the exact value it must have; several must all hold. A backend accepts
            the fields that the kind declares in `names`.
        sort_by: One of the fields that the kind declares in `sorts`; ties are broken by id.
            Absent values come first in ascending order and last in descending order.
        order: `asc` or `desc`.
        limit: How many objects a page holds at most, from 1 up.
        cursor: The `cursor` of the page before; `None` asks for the first page. A cursor belongs
            to the filters and the order it was made for.

    Example:
        >>> Query(filters={"name": "Churn"}, limit=2).order
        'asc'
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    sort_by: str = "created_at"
    order: Order = "asc"
    limit: int = 100
    cursor: str | None = None


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
