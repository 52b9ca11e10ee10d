"""Pages of two sides that are each in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, get_args

from pydantic import AwareDatetime

from dataforce.backend import Page, Query
from dataforce.backend.paging import sort_key
from dataforce.backend.query import is_one_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from dataforce.backend import AnyKind

M = TypeVar("M", bound="BaseModel")

Key: TypeAlias = tuple[int, Any, str]
"""Position of a record in a list: see `dataforce.backend.paging.sort_key`."""


@dataclass(frozen=True)
class Mark:
    """Progress through one side; one that was taken to its end may grow all the same.

    Args:
        cursor: Of the page that was being taken; `None` for the first.
        latest: Key of the last record that was taken from that page; `None` if none was.
        reached: The furthest key up to there. A remote may be out of order, as by ids that do not
            tell the age: what comes too late counts as if it had this key.
    """

    cursor: str | None = None
    latest: Key | None = None
    reached: Key | None = None


@dataclass(frozen=True)
class Position:
    """End of a merged page.

    Args:
        theirs: How far the remote was taken.
        ours: How far the overlay was.
        key: Of the last record on the page. A record that is to come may have gone over from one
            side to the other, and so may one that was there already.
    """

    theirs: Mark = Mark()
    ours: Mark = Mark()
    key: Key | None = None

    @property
    def is_merged(self) -> bool:
        """Return whether the page held records of both sides, or ended within one of the remote."""
        return self.theirs.latest is not None or self.ours != Mark()

    def cursor(self, query: Query) -> str:
        """Return it as text."""
        sides = [[mark.cursor, mark.latest, mark.reached] for mark in (self.theirs, self.ours)]
        return query.cursor_after([*sides, self.key], "")


def position_of(query: Query, kind: AnyKind) -> Position:
    """Return where a query goes on; `BadRequestError` if its cursor was not made here."""
    types = _types_of(kind, query)
    match query.position(list):
        case None:
            return Position()
        case [
            [[None | str() as cursor, *theirs], [None | str() as other, *ours], key],
            "",
        ] if len(theirs) == len(ours) == 2 and all(
            each is None or _is_key(each, types) for each in (*theirs, *ours, key)
        ):
            there, here = Mark(cursor, *map(_key, theirs)), Mark(other, *map(_key, ours))
            return Position(there, here, _key(key))
    raise query.foreign_cursor()


def _types_of(kind: AnyKind, query: Query) -> tuple[type, ...]:
    """The types that `sort_key` gives to what a list is sorted by."""
    field = kind.record.model_fields.get(kind.sort_of(query))
    types = set() if field is None else {field.annotation, *get_args(field.annotation)}
    # Times count in seconds, and within a dictionary only numbers count.
    is_number = field is None or bool(types & {int, float, datetime, AwareDatetime})
    return (int, float) if is_number else (str,)


def _is_key(value: object, types: tuple[type, ...]) -> bool:
    match value:
        case [bool(), *_]:  # equal to 0 or 1, and yet none of ours
            return False
        case [0, present, str() as identifier]:
            return is_one_of(present, *types) and is_one_of(identifier, str)
        case [-1 | 1, 0, str() as identifier]:
            return is_one_of(identifier, str)
    return False


def _key(value: list[Any] | None) -> Key | None:
    return None if value is None else (value[0], value[1], value[2])


def furthest(query: Query, keys: Iterable[Key | None]) -> Key | None:
    """Return the key that comes last in the order of a query."""
    present = (key for key in keys if key is not None)
    return max(present, default=None) if query.order == "asc" else min(present, default=None)


class Side(Generic[M]):
    """Records of one side in order, fetched as they are taken.

    Args:
        fetch: The page at a cursor.
        mark: How far it was taken before.
        keep: Whether a record is to be seen.
        kind: The kind of the records.
        query: The order.
        key: Where the merged page before ended.
    """

    def __init__(
        self,
        fetch: Callable[[str | None], Page[M]],
        mark: Mark,
        keep: Callable[[M], bool],
        kind: AnyKind,
        query: Query,
        key: Key | None,
    ) -> None:
        self._fetch = fetch
        self._kind = kind
        self._keep = keep
        self._query = query
        self._key = key
        self.mark = mark
        self._waiting: list[tuple[Key, M]] = []
        self._is_open = False
        self._is_found = mark.latest is None
        self._end: Key | None = None
        self._next: str | None = None

    @property
    def is_done(self) -> bool:
        """Return whether there is nothing more."""
        return self._is_open and not self._waiting and self._next is None

    def needs_page(self, rival: Key | None) -> bool:
        """Return whether to tell if `rival` comes before its records takes another page."""
        if self._waiting or self.is_done:
            return False
        is_later = rival is None or self._end is None or self._is_before(self._end, rival)
        return not self._is_open or is_later

    def head(self, rival: Key | None = None) -> Key | None:
        """Return the key of the next record; `None` at the end, or if `rival` comes before it."""
        while self.needs_page(rival):
            if self._is_open:
                self._turn()
            self._open()
        return self._waiting[-1][0] if self._waiting else None

    def take(self) -> tuple[Key, M]:
        """Return the next record, of which `head` told that it is there."""
        reached, record = self._waiting.pop()
        self.mark = replace(self.mark, latest=self._key_of(record), reached=reached)
        self._is_found = True
        return reached, record

    def settle(self, key: Key) -> None:
        """Go on to the next page if nothing on this one is to come, whoever changes what."""
        is_passed = self._end is None or not self._is_before(key, self._end)
        if self._is_open and not self._waiting and self._next is not None and is_passed:
            self._turn()

    def _open(self) -> None:
        page = self._fetch(self.mark.cursor)
        keys = [*map(self._key_of, page.items)]
        begin = 0
        if self.mark.latest in keys:
            begin = keys.index(self.mark.latest) + 1
            self._is_found = True
        self._end, waiting = self.mark.reached, []
        for key, record in zip(keys[begin:], page.items[begin:], strict=True):
            self._end = furthest(self._query, (self._end, key)) or key
            # Without the last one that was taken, only its place in the order tells what was.
            if self._is_to_come(self._end if self._is_found else key, key) and self._keep(record):
                waiting.append((self._end, record))
        self._waiting = waiting[::-1]
        self._next = page.cursor
        self._is_open = True

    def _key_of(self, record: M) -> Key:
        return sort_key(self._kind, record, self._query)

    def _turn(self) -> None:
        latest = None if self._is_found else self.mark.latest
        self.mark = Mark(self._next, latest, self._end)
        self._is_open = False

    def _is_to_come(self, reached: Key, key: Key) -> bool:
        if self._key is None:
            return True
        return not self._is_before(reached, self._key) and key != self._key

    def _is_before(self, one: Key, other: Key) -> bool:
        return one < other if self._query.order == "asc" else other < one


def merged_page(query: Query, theirs: Side[M], ours: Side[M]) -> Page[M]:
    """Return the next page of both sides.

    Without a limit it ends where a page of either side ends, so that none is fetched twice.
    """
    items: list[M] = []
    key: Key | None = None
    while query.limit is None or len(items) < query.limit:
        is_enough = query.limit is None and bool(items)
        if is_enough and ours.needs_page(None):
            break
        here = ours.head()
        if is_enough and theirs.needs_page(here):
            break
        side = _earlier(query, theirs, theirs.head(here), ours, here)
        if side is None:
            break
        key, record = side.take()
        items.append(record)
    if key is None or (theirs.is_done and ours.is_done):
        return Page(items, cursor=None)
    theirs.settle(key)
    ours.settle(key)
    return Page(items, Position(theirs.mark, ours.mark, key).cursor(query))


def _earlier(
    query: Query, theirs: Side[M], there: Key | None, ours: Side[M], here: Key | None
) -> Side[M] | None:
    """Return the side whose next record comes first, `None` if neither has one."""
    if there is None:
        return None if here is None else ours
    if here is None:
        return theirs
    # One that comes too late may count as if it had the key of one of ours.
    return theirs if (there < here if query.order == "asc" else here < there) else ours
