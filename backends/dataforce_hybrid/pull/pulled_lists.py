"""Lists of records that were pulled, kept beside an overlay."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from dataforce.backend import identifier_of
from dataforce.overlay.kept import kept_record, reading_kept

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Family, Kind, Scope
    from dataforce.overlay.store import KeyValues

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

_LISTS = "pulled"


@dataclass(frozen=True)
class PulledList:
    """Facts about one list of records below one parent.

    Args:
        at: When it was pulled; of one that was pulled bit by bit, its first.
        is_whole: Whether it is all of it.
        space: Namespace of the records; another one each time, so that what was pulled before is
            there until the whole of what comes after is.
    """

    at: str
    is_whole: bool
    space: str


@dataclass(frozen=True)
class Pulled:
    """Lists of records that were pulled into one overlay, each below one parent.

    Args:
        key_values: Keeps them.
    """

    key_values: KeyValues

    def add(self, kind: AnyKind, scope: Scope, records: Iterable[BaseModel]) -> None:
        """Keep some of the records below a parent; a whole list stays whole."""
        known = self.told(kind, scope)
        told = self._new(kind, scope, is_whole=False) if known is None else known
        self.key_values.write(told.space, _rows(records))
        if known is None:
            self._tell(kind, scope, told)

    def replace(self, kind: AnyKind, scope: Scope, pages: Iterable[Sequence[BaseModel]]) -> None:
        """Keep all records below a parent, in place of those that were kept before."""
        known, told = self.told(kind, scope), self._new(kind, scope, is_whole=True)
        try:
            for page in pages:
                self.key_values.write(told.space, _rows(page))
        except BaseException:
            self.key_values.erase(told.space)
            raise
        self._tell(kind, scope, told)
        if known is not None:
            self.key_values.erase(known.space)

    def sweep(self) -> None:
        """Remove what pulls left behind that were killed; nobody pulls meanwhile."""
        kept = {self._read(text).space for text in self.key_values.read(_LISTS).values()}
        for space in self.key_values.namespaces(f"{_LISTS}/"):
            if space not in kept:
                self.key_values.erase(space)

    def told(self, kind: AnyKind, scope: Scope) -> PulledList | None:
        """Return what is known of a list, `None` if none of it was pulled."""
        text = self.key_values.get(_LISTS, _key(kind, scope))
        return None if text is None else self._read(text)

    def records(self, kind: Kind[M, C, U], told: PulledList) -> list[M]:
        """Return what is kept of a list."""
        texts = self.key_values.read(told.space).values()
        return [kept_record(kind, text) for text in texts]

    def record(self, kind: Kind[M, C, U], told: PulledList, identifier: str) -> M | None:
        """Return one of them, if it is kept."""
        text = self.key_values.get(told.space, identifier)
        return None if text is None else kept_record(kind, text)

    def digests(self, family: Family) -> set[str]:
        """Return the SHA-256 of every file that a pulled record tells of."""
        kinds = {kind.route: kind for kind in family.kinds if kind.files}
        return {
            fields.digest_of(kept_record(kind, text))
            for key, told in self.key_values.read(_LISTS).items()
            if (kind := kinds.get(key.partition("/")[0])) is not None
            for text in self.key_values.read(self._read(told).space).values()
            for fields in kind.files.values()
        }

    def oldest(self) -> datetime | None:
        """Return the time of the list that was pulled first; `None` without any."""
        times = (self._read(text).at for text in self.key_values.read(_LISTS).values())
        return min(map(datetime.fromisoformat, times), default=None)

    def _new(self, kind: AnyKind, scope: Scope, *, is_whole: bool) -> PulledList:
        space = f"{_LISTS}/{_key(kind, scope)}/{uuid.uuid4().hex}"
        return PulledList(datetime.now(UTC).isoformat(), is_whole, space)

    def _tell(self, kind: AnyKind, scope: Scope, told: PulledList) -> None:
        self.key_values.write(_LISTS, {_key(kind, scope): json.dumps(asdict(told))})

    def _read(self, text: str) -> PulledList:
        with reading_kept("what is told of a list that was pulled"):
            told = PulledList(**json.loads(text))
            datetime.fromisoformat(told.at)
            return told


def _key(kind: AnyKind, scope: Scope) -> str:
    return f"{kind.route}/{scope.parent or ''}"


def _rows(records: Iterable[BaseModel]) -> dict[str, str]:
    return {identifier_of(record): record.model_dump_json() for record in records}
