"""Pages of two sides that are each in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from dataforce.errors import BadRequestError
from dataforce.seam import Page, Query, Scope, identifier_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.seam import ReadableStore

M = TypeVar("M", bound="BaseModel")

Key: TypeAlias = tuple[bool, Any, str]


@dataclass(frozen=True)
class Mark:
    """How far one side was taken; one that was taken to its end may grow all the same.

    Args:
        cursor: Of the page that was being taken; `None` for the first.
        latest: Id of the last record that was taken from that page; empty if none was.
    """

    cursor: str | None = None
    latest: str = ""


@dataclass(frozen=True)
class Position:
    """Where a merged page ended.

    Args:
        theirs: How far the remote was taken.
        ours: How far the workspace was.
        key: Of the last record on the page, to go on after it if it is no longer there.
    """

    theirs: Mark = Mark()
    ours: Mark = Mark()
    key: Key | None = None

    @property
    def is_merged(self) -> bool:
        """Whether the page held records of both sides, or ended within a page of the remote."""
        return bool(self.theirs.latest) or self.ours != Mark()

    def cursor(self, query: Query) -> str:
        """As text."""
        sides = [[mark.cursor, mark.latest] for mark in (self.theirs, self.ours)]
        return query.cursor_after([*sides, self.key], "")


def position_of(query: Query) -> Position:
    """Where a query goes on; `BadRequestError` if its cursor was not made here."""
    match query.position():
        case None:
            return Position()
        case [[[_, str()] as theirs, [_, str()] as ours, [bool(), _, str()] as key], ""]:
            return Position(Mark(*theirs), Mark(*ours), (key[0], key[1], key[2]))
    raise BadRequestError(
        f"The cursor {query.cursor!r} does not belong to this list, or what it lists was "
        f"published meanwhile. Begin again without a cursor."
    )


def key_of(record: BaseModel, sort_by: str) -> Key:
    """What a record is sorted by, as JSON: absent values before all others."""
    value = getattr(record, sort_by)
    if isinstance(value, datetime):
        value = value.astimezone(UTC).isoformat(timespec="microseconds")
    elif isinstance(value, Enum):
        value = value.value
    return value is not None, 0 if value is None else value, identifier_of(record)


class Side(Generic[M]):
    """One side's records in order, fetched as they are taken.

    Args:
        fetch: The page at a cursor.
        mark: How far it was taken before.
        keep: Whether a record is to be seen.
        is_after: Whether a record comes after all that was taken before; asked only if the last
            one that was taken is no longer where it was.
    """

    def __init__(
        self,
        fetch: Callable[[str | None], Page[M]],
        mark: Mark,
        keep: Callable[[M], bool],
        is_after: Callable[[M], bool],
    ) -> None:
        self._fetch = fetch
        self._keep = keep
        self._is_after = is_after
        self.mark = mark
        self._waiting: list[M] = []
        self._next: str | None = None
        self.is_done = False

    def head(self) -> M | None:
        """The next record, which stays; `None` at the end."""
        while not self._waiting and not self.is_done:
            self._open()
        return self._waiting[-1] if self._waiting else None

    def take(self) -> M:
        """The next record, of which `head` told that it is there."""
        record = self._waiting.pop()
        self.mark = replace(self.mark, latest=identifier_of(record))
        if not self._waiting:
            self._turn()
        return record

    def _open(self) -> None:
        page = self._fetch(self.mark.cursor)
        items = page.items
        ids = [*map(identifier_of, items)]
        if self.mark.latest in ids:
            items = items[ids.index(self.mark.latest) + 1 :]
        elif self.mark.latest or self.mark.cursor is None:
            items = [record for record in items if self._is_after(record)]
        self._waiting = [record for record in reversed(items) if self._keep(record)]
        self._next = page.cursor
        if not self._waiting:
            self._turn()

    def _turn(self) -> None:
        """Go on to the next page, which is fetched when it is needed."""
        if self._next is None:
            self.is_done = True
        else:
            self.mark = Mark(self._next)

    @property
    def is_between_pages(self) -> bool:
        """Whether the next record is on a page that was not fetched yet."""
        return not self._waiting and not self.is_done


def merged_page(query: Query, theirs: Side[M], ours: Side[M]) -> Page[M]:
    """The next page of both sides.

    Without a limit it ends where a page of theirs ends, so that none is fetched twice.
    """
    items: list[M] = []
    while query.limit is None or len(items) < query.limit:
        side = _earlier(query, theirs, ours)
        if side is None:
            return Page(items, cursor=None)
        items.append(side.take())
        if query.limit is None and theirs.is_between_pages:
            break
    if theirs.is_done and ours.is_done:
        return Page(items, cursor=None)
    key = key_of(items[-1], query.sort_by)
    return Page(items, Position(theirs.mark, ours.mark, key).cursor(query))


def _earlier(query: Query, theirs: Side[M], ours: Side[M]) -> Side[M] | None:
    """The side whose next record comes first, `None` if neither has one."""
    there, here = theirs.head(), ours.head()
    if there is None:
        return None if here is None else ours
    if here is None:
        return theirs
    is_before = key_of(there, query.sort_by) < key_of(here, query.sort_by)
    return theirs if is_before == (query.order == "asc") else ours


def all_of(store: ReadableStore[M], scope: Scope, query: Query) -> Iterator[M]:
    """Every record that a query asks for, page after page."""
    query = replace(query, limit=None)
    while True:
        page = store.page(scope, query)
        yield from page.items
        if page.cursor is None:
            return
        query = replace(query, cursor=page.cursor)
