"""What was pulled, in place of the remote."""

from __future__ import annotations

import json
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from pydantic import BaseModel

from dataforce.backend import Scope, identifier_of
from dataforce.backend.error_messages import not_found
from dataforce.backend.paging import named, page_of
from dataforce.config import BackendType
from dataforce.errors import OfflineError, OfflineWarning
from dataforce.overlay.kept import kept_record, reading_kept
from dataforce.overlay.reports import age

if TYPE_CHECKING:
    from dataforce.backend import Kind, Page, Query
    from dataforce.backend.interface import AnyKind
    from dataforce.overlay.store import Notes, OverlayStore

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

_LISTS = "pulled"


@dataclass(frozen=True)
class PulledList:
    """What is told of one list of records below one parent.

    Args:
        at: When it was pulled; of one that was pulled bit by bit, its first.
        is_whole: Whether it is all of it.
        space: Where the records are kept; another one each time, so that what was pulled before
            is there until the whole of what comes after is.
    """

    at: str
    is_whole: bool
    space: str


@dataclass(frozen=True)
class Pulled:
    """What was pulled into one workspace: lists of records, each below one parent.

    Args:
        notes: Where they are kept.
    """

    notes: Notes

    def add(self, kind: AnyKind, scope: Scope, records: Iterable[BaseModel]) -> None:
        """Keep some of the records below a parent; a whole list stays whole."""
        known = self.told(kind, scope)
        told = self._new(kind, scope, is_whole=False) if known is None else known
        self.notes.write(told.space, _rows(records))
        if known is None:
            self._tell(kind, scope, told)

    def replace(self, kind: AnyKind, scope: Scope, pages: Iterable[Sequence[BaseModel]]) -> None:
        """Keep all records below a parent, in place of those that were kept before."""
        known, told = self.told(kind, scope), self._new(kind, scope, is_whole=True)
        try:
            for page in pages:
                self.notes.write(told.space, _rows(page))
        except BaseException:
            self.notes.erase(told.space)
            raise
        self._tell(kind, scope, told)
        if known is not None:
            self.notes.erase(known.space)

    def sweep(self) -> None:
        """Remove what pulls left behind that were killed; nobody pulls meanwhile."""
        kept = {self._read(text).space for text in self.notes.read(_LISTS).values()}
        for space in self.notes.spaces(f"{_LISTS}/"):
            if space not in kept:
                self.notes.erase(space)

    def told(self, kind: AnyKind, scope: Scope) -> PulledList | None:
        """What is known of a list, `None` if none of it was pulled."""
        text = self.notes.get(_LISTS, _key(kind, scope))
        return None if text is None else self._read(text)

    def records(self, kind: Kind[M, C, U], told: PulledList) -> list[M]:
        """What is kept of a list."""
        texts = self.notes.read(told.space).values()
        return [kept_record(kind, text) for text in texts]

    def record(self, kind: Kind[M, C, U], told: PulledList, identifier: str) -> M | None:
        """One of them, if it is kept."""
        text = self.notes.get(told.space, identifier)
        return None if text is None else kept_record(kind, text)

    def digests(self, kinds: Iterable[AnyKind]) -> set[str]:
        """The SHA-256 of every file that a pulled record tells of."""
        fields = {kind.route: kind.file.digest for kind in kinds if kind.file is not None}
        with reading_kept("a record that was pulled"):
            return {
                str(json.loads(text)[fields[route]]).lower()
                for key, told in self.notes.read(_LISTS).items()
                if (route := key.partition("/")[0]) in fields
                for text in self.notes.read(self._read(told).space).values()
            }

    def oldest(self) -> datetime | None:
        """When the list was pulled that was pulled first; `None` without any."""
        times = (self._read(text).at for text in self.notes.read(_LISTS).values())
        return min(map(datetime.fromisoformat, times), default=None)

    def _new(self, kind: AnyKind, scope: Scope, *, is_whole: bool) -> PulledList:
        space = f"{_LISTS}/{_key(kind, scope)}/{uuid.uuid4().hex}"
        return PulledList(datetime.now(UTC).isoformat(), is_whole, space)

    def _tell(self, kind: AnyKind, scope: Scope, told: PulledList) -> None:
        self.notes.write(_LISTS, {_key(kind, scope): json.dumps(asdict(told))})

    def _read(self, text: str) -> PulledList:
        with reading_kept("what is told of a list that was pulled"):
            told = PulledList(**json.loads(text))
            datetime.fromisoformat(told.at)
            return told


class Snapshot:
    """A backend that answers from what was pulled, and from nothing else.

    Args:
        workspaces: Those that what was pulled may be in.
    """

    mode: str = BackendType.HYBRID

    def __init__(self, workspaces: Callable[[], Iterable[OverlayStore]]) -> None:
        self._workspaces = workspaces

    def store(self, kind: Kind[M, C, U]) -> PulledRecords[M, C, U]:
        """The records of that kind."""
        return PulledRecords(kind, lambda: [Pulled(each.notes) for each in self._workspaces()])

    def content(self, kind: Kind[M, C, U]) -> Unreachable[M]:
        """The files of that kind: those that were pulled are in the cache."""
        return Unreachable(kind)

    def close(self) -> None:
        """Nothing: the workspaces are somebody else's."""


class PulledRecords(Generic[M, C, U]):
    """The records of one kind, as they were when they were pulled.

    Args:
        kind: The declaration.
        pulled: What was pulled, wherever.
    """

    def __init__(self, kind: Kind[M, C, U], pulled: Callable[[], list[Pulled]]) -> None:
        self._kind = kind
        self._pulled = pulled
        self._latest: tuple[tuple[PulledList, ...], list[M]] = (), []

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of what was pulled; `OfflineError` if nothing was."""
        lists = self._lists(scope)
        key = tuple(told for _, told in lists)
        # Whoever takes page after page does not have each record read for each page.
        if query.cursor is None or self._latest[0] != key:
            found = [each for pulled, told in lists for each in pulled.records(self._kind, told)]
            self._latest = key, found
        records = self._latest[1]
        if query.name is not None:
            records = named(records, self._kind.names, query.name)
            if not records and not all(told.is_whole for told in key):
                raise self._unknown(repr(query.name))
        elif query.cursor is None and self._kind.parent is not None:
            self._tell_incomplete(scope, key)
        return page_of(records, query)

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id; `OfflineError` if it was not pulled."""
        lists = self._lists(scope)
        for pulled, told in lists:
            if (record := pulled.record(self._kind, told, identifier)) is not None:
                return record
        if all(told.is_whole for _, told in lists):
            raise not_found(self._kind, identifier, scope)
        raise self._unknown(identifier)

    def _lists(self, scope: Scope) -> list[tuple[Pulled, PulledList]]:
        if self._kind.parent is not None and scope.parent is not None:
            # What was pulled below an object that has been deleted there since then is not shown.
            above = PulledRecords(self._kind.parent, self._pulled)
            above.get(Scope(scope.ids[:-1]), scope.parent)
        found = [
            (pulled, told)
            for pulled in self._pulled()
            if (told := pulled.told(self._kind, scope)) is not None
        ]
        if not found:
            raise OfflineError(
                f"Cannot list the {self._kind.name}s{_below(self._kind, scope)} offline: they were "
                f"not pulled. Pull them with client.overlay.pull() when there is a network."
            )
        return found

    def _tell_incomplete(self, scope: Scope, lists: Iterable[PulledList]) -> None:
        if not all(told.is_whole for told in lists):
            warnings.warn(
                f"offline: of the {self._kind.name}s{_below(self._kind, scope)} this client knows "
                f"only those that were pulled or made here; there may be others.",
                OfflineWarning,
                stacklevel=2,
            )

    def _unknown(self, what: str) -> OfflineError:
        times = [time for pulled in self._pulled() if (time := pulled.oldest()) is not None]
        old = f" {age(min(times))} ago" if times else ""
        return OfflineError(
            f"Cannot find {self._kind.name} {what} offline: it is not among what was pulled{old}. "
            f"Pull it with client.overlay.pull() when there is a network."
        )


class Unreachable(Generic[M]):
    """The files of one kind when there is no network.

    Args:
        kind: The declaration.
    """

    def __init__(self, kind: Kind[M, Any, Any]) -> None:
        self._kind = kind

    def open(self, scope: Scope, record: M) -> UnreachableBytes:
        """Bytes that are not here."""
        return UnreachableBytes(self._refusal(identifier_of(record)))

    def download_url(self, scope: Scope, identifier: str) -> NoReturn:
        """Refused."""
        raise self._refusal(identifier)

    def _refusal(self, identifier: str) -> OfflineError:
        return OfflineError(
            f"Cannot download {self._kind.name} {identifier} offline: its file was not pulled. "
            f"Pull it with client.overlay.pull(content=True) when there is a network."
        )


class UnreachableBytes:
    """The bytes of one object that are not here.

    Args:
        refusal: The error that says so.
    """

    streams = 1

    def __init__(self, refusal: OfflineError) -> None:
        self._refusal = refusal

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Raise `OfflineError`."""
        raise self._refusal


def _key(kind: AnyKind, scope: Scope) -> str:
    return f"{kind.route}/{scope.parent or ''}"


def _rows(records: Iterable[BaseModel]) -> dict[str, str]:
    return {identifier_of(record): record.model_dump_json() for record in records}


def _below(kind: AnyKind, scope: Scope) -> str:
    return f" of {kind.parent.name} {scope.parent}" if kind.parent else ""
