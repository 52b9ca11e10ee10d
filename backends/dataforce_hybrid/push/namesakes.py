"""Objects of the remote by their name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from dataforce.backend import Query, Scope
from dataforce_hybrid.push.differences import name_of
from dataforce_hybrid.records.merging import all_of

if TYPE_CHECKING:
    from dataforce.backend import ReadableBackend
    from dataforce.backend.interface import AnyKind

_Key = tuple[str, Scope, str]


@dataclass(frozen=True)
class Namesakes:
    """Asks for a name once: many versions of a model may be published under one.

    Args:
        remote: Where the objects are.
    """

    remote: ReadableBackend
    _lists: dict[_Key, list[Any]] = field(default_factory=dict)
    _asking: dict[_Key, Lock] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, kind: AnyKind, scope: Scope, record: Any) -> list[Any]:
        """The objects that had the name of a record when that was first asked for, and `add`."""
        key = kind.route, scope, name_of(kind, record)
        with self._turn(key):
            if key not in self._lists:
                self._lists[key] = [*self.now(kind, scope, record)]
            return [*self._lists[key]]

    def add(self, kind: AnyKind, scope: Scope, record: Any) -> None:
        """Note an object that was made there."""
        key = kind.route, scope, name_of(kind, record)
        with self._turn(key):
            if key in self._lists:
                self._lists[key].append(record)

    def now(self, kind: AnyKind, scope: Scope, record: Any) -> Iterator[Any]:
        """The objects that have the name of a record now."""
        return all_of(self.remote.store(kind), scope, Query(name=name_of(kind, record)))

    def _turn(self, key: _Key) -> Lock:
        with self._lock:
            return self._asking.setdefault(key, Lock())
