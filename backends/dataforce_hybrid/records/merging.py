"""Pages of two sides that are each in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, get_args

from dataforce.backend import Page, Query, Scope, identifier_of
from dataforce.backend.query import is_one_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from dataforce.backend import ReadableStore
    from dataforce.backend.interface import AnyKind

M = TypeVar("M", bound="BaseModel")

Key: TypeAlias = tuple[bool, Any, str]


@dataclass(frozen=True)
class Mark:
    """How far one side was taken; one that was taken to its end may grow all the same.

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
    """Where a merged page ended.

    Args:
        theirs: How far the remote was taken.
        ours: How far the workspace was.
        key: Of the last record on the page. A record that is to come may have gone over from one
            side to the other, and so may one that was there already.
    """

    theirs: Mark = Mark()
    ours: Mark = Mark()
    key: Key | None = None

    @property
    def is_merged(self) -> bool:
        """Whether the page held records of both sides, or ended within a page of the remote."""
        return self.theirs.latest is not None or self.ours != Mark()

    def cursor(self, query: Query) -> str:
        """As text."""
        sides = [[mark.cursor, mark.latest, mark.reached] for mark in (self.theirs, self.ours)]
        return query.cursor_after([*sides, self.key], "")


def position_of(query: Query, kind: AnyKind) -> Position:
    """Where a query goes on; `BadRequestError` if its cursor was not made here."""
    types = _types_of(kind, query.sort_by)
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


def _types_of(kind: AnyKind, sort_by: str) -> tuple[type, ...]:
    """The types that `key_of` gives to what records of a kind are sorted by."""
    annotation = kind.record.model_fields[sort_by].annotation
    numbers = {int, float} & {annotation, *get_args(annotation)}
    return (*numbers,) or (str,)


def _is_key(value: object, types: tuple[type, ...]) -> bool:
    match value:
        case [True, present, str() as identifier]:
            return is_one_of(present, *types) and is_one_of(identifier, str)
        case [False, 0, str() as identifier]:
            return is_one_of(identifier, str)
    return False


def _key(value: list[Any] | None) -> Key | None:
    return None if value is None else (value[0], value[1], value[2])


def key_of(record: BaseModel, sort_by: str) -> Key:
    """What a record is sorted by, as JSON: absent values before all others."""
    value = getattr(record, sort_by)
    if isinstance(value, datetime):
        value = value.astimezone(UTC).isoformat(timespec="microseconds")
    elif isinstance(value, Enum):
        value = value.value
    return value is not None, 0 if value is None else value, identifier_of(record)


def furthest(query: Query, keys: Iterable[Key | None]) -> Key | None:
    """The key that comes last in the order of a query."""
    present = (key for key in keys if key is not None)
    return max(present, default=None) if query.order == "asc" else min(present, default=None)


class Side(Generic[M]):
    """One side's records in order, fetched as they are taken.

    Args:
        fetch: The page at a cursor.
        mark: How far it was taken before.
        keep: Whether a record is to be seen.
        query: The order.
        key: Where the merged page before ended.
    """

    def __init__(
        self,
        fetch: Callable[[str | None], Page[M]],
        mark: Mark,
        keep: Callable[[M], bool],
        query: Query,
        key: Key | None,
    ) -> None:
        self._fetch = fetch
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
        """Whether there is nothing more."""
        return self._is_open and not self._waiting and self._next is None

    def needs_page(self, rival: Key | None) -> bool:
        """Whether another page must be fetched to tell if `rival` comes before its records."""
        if self._waiting or self.is_done:
            return False
        is_later = rival is None or self._end is None or self._is_before(self._end, rival)
        return not self._is_open or is_later

    def head(self, rival: Key | None = None) -> Key | None:
        """The key of the next record; `None` at the end, or if `rival` comes before it anyhow."""
        while self.needs_page(rival):
            if self._is_open:
                self._turn()
            self._open()
        return self._waiting[-1][0] if self._waiting else None

    def take(self) -> tuple[Key, M]:
        """The next record, of which `head` told that it is there."""
        reached, record = self._waiting.pop()
        self.mark = replace(self.mark, latest=key_of(record, self._query.sort_by), reached=reached)
        self._is_found = True
        return reached, record

    def settle(self, key: Key) -> None:
        """Go on to the next page if nothing on this one is to come, whoever changes what."""
        is_passed = self._end is None or not self._is_before(key, self._end)
        if self._is_open and not self._waiting and self._next is not None and is_passed:
            self._turn()

    def _open(self) -> None:
        page = self._fetch(self.mark.cursor)
        keys = [key_of(record, self._query.sort_by) for record in page.items]
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
    """The next page of both sides.

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
    """The side whose next record comes first, `None` if neither has one."""
    if there is None:
        return None if here is None else ours
    if here is None:
        return theirs
    # One that comes too late may count as if it had the key of one of ours.
    return theirs if (there < here if query.order == "asc" else here < there) else ours


def all_of(store: ReadableStore[M], scope: Scope, query: Query) -> Iterator[M]:
    """Every record that a query asks for, page after page."""
    query = replace(query, limit=None)
    while True:
        page = store.page(scope, query)
        yield from page.items
        if page.cursor is None:
            return
        query = replace(query, cursor=page.cursor)


def all_below(
    find: Callable[[AnyKind], ReadableStore[Any]], kind: AnyKind, scope: Scope
) -> Iterator[Any]:
    """Every object of a kind below a scope, which may be that of a kind above it.

    Args:
        find: The records of a kind.
        kind: Of the objects.
        scope: Where to begin.
    """
    if len(scope.ids) == len(kind.ancestors):
        yield from all_of(find(kind), scope, Query())
        return
    for parent in all_below(find, kind.ancestors[len(scope.ids)], scope):
        yield from all_below(find, kind, scope.child(identifier_of(parent)))
