"""Snapshot: what was pulled, in place of the remote."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend import Scope, identifier_of
from dataforce.backend.error_messages import not_found
from dataforce.backend.paging import named, page_of
from dataforce.config import BackendType
from dataforce.errors import OfflineError, OfflineWarning
from dataforce.overlay.reports import age
from dataforce_hybrid.pull.pulled_lists import Pulled, PulledList

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Family, Kind, Page, Query
    from dataforce.overlay.store import OverlayStore

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
S = TypeVar("S")


class Snapshot:
    """A backend that answers from what was pulled, and from nothing else.

    Args:
        family: The kinds.
        overlays: Gives those that what was pulled may be in.
    """

    mode: str = BackendType.HYBRID

    def __init__(self, family: Family, overlays: Callable[[], Iterable[OverlayStore]]) -> None:
        self.family = family
        self._overlays = overlays
        self._latest: tuple[tuple[PulledList, ...], list[Any]] = (), []

    def store(self, kind: Kind[M, C, U], scope: Scope) -> PulledRecords[M]:
        """Return the records of that kind below that scope."""
        return PulledRecords(self, kind, scope)

    def files(self, kind: Kind[M, C, U], scope: Scope) -> Unreachable[M]:
        """Return the files of those records: those that were pulled are in the cache."""
        return Unreachable(kind)

    def service(self, protocol: type[S]) -> S:
        """Return a service that refuses all calls."""
        return cast("S", _OfflineService())

    def close(self) -> None:
        """Do nothing: the overlays are somebody else's."""

    def pulled(self) -> list[Pulled]:
        """Return what was pulled, of each overlay."""
        return [Pulled(each.key_values) for each in self._overlays()]

    def records(
        self, kind: Kind[M, C, U], lists: Sequence[tuple[Pulled, PulledList]], *, is_first: bool
    ) -> list[M]:
        """Return the records of lists, those of the call before if the lists are the same.

        Whoever takes page after page does not have each record read for each page.
        """
        key, latest = tuple(told for _, told in lists), self._latest
        if is_first or latest[0] != key:
            found = [each for pulled, told in lists for each in pulled.records(kind, told)]
            latest = self._latest = key, found
        return latest[1]


class _OfflineService:
    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def refuse(*_: object, **__: object) -> NoReturn:
            raise OfflineError(
                f"Cannot {name.replace('_', ' ')} offline: only the platform can. Use a client "
                f"without the setting offline."
            )

        return refuse


class PulledRecords(Generic[M]):
    """The records of one kind below one scope, as they were when they were pulled.

    Args:
        snapshot: What was pulled.
        kind: The kind.
        scope: The scope.
    """

    def __init__(self, snapshot: Snapshot, kind: Kind[M, Any, Any], scope: Scope) -> None:
        self._snapshot = snapshot
        self._kind = kind
        self._scope = scope

    def page(self, query: Query) -> Page[M]:
        """Return one page of what was pulled; `OfflineError` if nothing was."""
        lists = self._lists()
        records = self._snapshot.records(self._kind, lists, is_first=query.cursor is None)
        is_whole = all(told.is_whole for _, told in lists)
        if query.name is not None:
            records = named(records, self._kind.names, query.name)
            if not records and not is_whole:
                raise self._unknown(repr(query.name))
        elif query.cursor is None and self._kind.parent is not None and not is_whole:
            self._tell_incomplete()
        return page_of(self._kind, records, query)

    def get(self, identifier: str) -> M:
        """Return the record with that id; `OfflineError` if it was not pulled."""
        lists = self._lists()
        for pulled, told in lists:
            if (record := pulled.record(self._kind, told, identifier)) is not None:
                return record
        if all(told.is_whole for _, told in lists):
            raise not_found(self._kind, identifier, self._scope)
        raise self._unknown(identifier)

    def _lists(self) -> list[tuple[Pulled, PulledList]]:
        kind, scope = self._kind, self._scope
        if kind.parent is not None and scope.parent is not None:
            # What was pulled below an object that has been deleted there since then is not shown.
            self._snapshot.store(kind.parent, Scope(scope.ids[:-1])).get(scope.parent)
        found = [
            (pulled, told)
            for pulled in self._snapshot.pulled()
            if (told := pulled.told(kind, scope)) is not None
        ]
        if not found:
            raise OfflineError(
                f"Cannot list the {kind.name}s{_below(kind, scope)} offline: they were not pulled. "
                f"Pull them with client.overlay.pull() when there is a network."
            )
        return found

    def _tell_incomplete(self) -> None:
        warnings.warn(
            f"offline: of the {self._kind.name}s{_below(self._kind, self._scope)} this client "
            f"knows only those that were pulled or made here; there may be others.",
            OfflineWarning,
            stacklevel=2,
        )

    def _unknown(self, what: str) -> OfflineError:
        times = [
            time for pulled in self._snapshot.pulled() if (time := pulled.oldest()) is not None
        ]
        old = f" {age(min(times))} ago" if times else ""
        return OfflineError(
            f"Cannot find {self._kind.name} {what} offline: it is not among what was pulled{old}. "
            f"Pull it with client.overlay.pull() when there is a network."
        )


class Unreachable(Generic[M]):
    """The files of one kind when there is no network.

    Args:
        kind: The kind.
    """

    def __init__(self, kind: Kind[M, Any, Any]) -> None:
        self._kind = kind

    def open(self, record: M, name: str) -> UnreachableBytes:
        """Return bytes that are not here."""
        return UnreachableBytes(
            OfflineError(
                f"Cannot download {self._kind.name} {identifier_of(record)} offline: its file was "
                f"not pulled. Pull it with client.overlay.pull(content=True) when there is a "
                f"network."
            )
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


def _below(kind: AnyKind, scope: Scope) -> str:
    return f" of {kind.parent.name} {scope.parent}" if kind.parent else ""
