"""What was pulled, in place of the remote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from pydantic import BaseModel

from dataforce.config import BackendType
from dataforce.errors import OfflineError
from dataforce.overlay import age
from dataforce.seam import identifier_of
from dataforce.seam.arrays import named, page_of
from dataforce_hybrid.refusals import not_found

if TYPE_CHECKING:
    from dataforce.seam import Kind, Page, Query, Scope
    from dataforce.seam.backend import AnyKind
    from dataforce.seam.workspace import Notes, Workspace

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

_LISTS = "pulled"


@dataclass(frozen=True)
class Pulled:
    """What was pulled into one workspace: lists of records, each below one parent.

    Args:
        notes: Where they are kept.
    """

    notes: Notes

    def add(self, kind: AnyKind, scope: Scope, records: Iterable[BaseModel]) -> None:
        """Keep some of the records below a parent; a whole list stays whole."""
        space, key = _place(kind, scope)
        self.notes.write(space, _rows(records))
        if self._told(key) is None:
            self._tell(key, is_whole=False)

    def replace(self, kind: AnyKind, scope: Scope, pages: Iterable[Sequence[BaseModel]]) -> None:
        """Keep all records below a parent, in place of those that were kept before."""
        space, key = _place(kind, scope)
        # Whoever is interrupted in between leaves no list, rather than a shorter one.
        self.notes.erase(_LISTS, key)
        self.notes.erase(space)
        for page in pages:
            self.notes.write(space, _rows(page))
        self._tell(key, is_whole=True)

    def told(self, kind: AnyKind, scope: Scope) -> Mapping[str, Any] | None:
        """When a list was pulled (`at`) and whether all of it was (`is_whole`)."""
        return self._told(_place(kind, scope)[1])

    def records(self, kind: Kind[M, C, U], scope: Scope) -> Iterator[M]:
        """What is kept of a list."""
        for text in self.notes.read(_place(kind, scope)[0]).values():
            yield kind.record.model_validate_json(text)

    def oldest(self) -> datetime | None:
        """When the list was pulled that was pulled first; `None` without any."""
        times = (json.loads(text)["at"] for text in self.notes.read(_LISTS).values())
        return min(map(datetime.fromisoformat, times), default=None)

    def _told(self, key: str) -> Mapping[str, Any] | None:
        text = self.notes.get(_LISTS, key)
        return None if text is None else json.loads(text)

    def _tell(self, key: str, *, is_whole: bool) -> None:
        told = {"at": datetime.now(UTC).isoformat(), "is_whole": is_whole}
        self.notes.write(_LISTS, {key: json.dumps(told)})


class Snapshot:
    """A backend that answers from what was pulled, and from nothing else.

    Args:
        workspaces: Those that what was pulled may be in.
    """

    mode: str = BackendType.HYBRID

    def __init__(self, workspaces: Callable[[], Iterable[Workspace]]) -> None:
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

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of what was pulled; `OfflineError` if nothing was."""
        records, is_whole = self._listed(scope)
        if query.name is not None:
            records = named(records, self._kind.names, query.name)
            if not records and not is_whole:
                raise self._unknown(repr(query.name))
        return page_of(records, query)

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id; `OfflineError` if it was not pulled."""
        records, is_whole = self._listed(scope)
        for record in records:
            if identifier_of(record) == identifier:
                return record
        raise not_found(self._kind, identifier) if is_whole else self._unknown(identifier)

    def _listed(self, scope: Scope) -> tuple[list[M], bool]:
        found: list[M] = []
        told = []
        for pulled in self._pulled():
            if (said := pulled.told(self._kind, scope)) is not None:
                told.append(said)
                found += pulled.records(self._kind, scope)
        if not told:
            raise OfflineError(
                f"The {self._kind.name}s{_below(self._kind, scope)} were not pulled, and the "
                f"client is offline. Pull them with client.overlay.pull() when there is a network."
            )
        return found, all(said["is_whole"] for said in told)

    def _unknown(self, what: str) -> OfflineError:
        times = [time for pulled in self._pulled() if (time := pulled.oldest()) is not None]
        old = f" {age(min(times))} ago" if times else ""
        return OfflineError(
            f"The {self._kind.name} {what} is not among what was pulled{old}, and the client is "
            f"offline. Pull it with client.overlay.pull() when there is a network."
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
            f"The file of the {self._kind.name} {identifier} was not pulled, and the client is "
            f"offline. Pull it with client.overlay.pull(content=True) when there is a network."
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


def _place(kind: AnyKind, scope: Scope) -> tuple[str, str]:
    """The space that the records are kept in, and the key of what is told of their list."""
    key = f"{kind.route}/{scope.parent or ''}"
    return f"{_LISTS}/{key}", key


def _rows(records: Iterable[BaseModel]) -> dict[str, str]:
    return {identifier_of(record): record.model_dump_json() for record in records}


def _below(kind: AnyKind, scope: Scope) -> str:
    return f" of {kind.parent.name} {scope.parent}" if kind.parent else ""
