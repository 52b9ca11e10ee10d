"""Objects of the remote by their name, or by the id that a client made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from dataforce.backend import Query, Scope, identifier_of
from dataforce.backend.paging import records_of
from dataforce.errors import NotFoundError
from dataforce_hybrid.push.differences import name_of

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, ReadableBackend

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
        """Return what had the name of a record when first asked for, and what was added since."""
        key = kind.route, scope, _name_of(kind, record)
        with self._turn(key):
            if key not in self._lists:
                self._lists[key] = [*self.now(kind, scope, record)]
            return [*self._lists[key]]

    def add(self, kind: AnyKind, scope: Scope, record: Any) -> None:
        """Note an object that was made there."""
        key = kind.route, scope, _name_of(kind, record)
        with self._turn(key):
            if key in self._lists:
                self._lists[key].append(record)

    def now(self, kind: AnyKind, scope: Scope, record: Any) -> Iterator[Any]:
        """Yield the objects that have the name of a record now."""
        store, name = self.remote.store(kind, scope), _name_of(kind, record)
        if kind.identity.made_by == "backend":
            yield from records_of(store, kind, Query(name=name or None, limit=None))
            return
        with suppress(NotFoundError):
            yield store.get(name)

    def _turn(self, key: _Key) -> Lock:
        with self._lock:
            return self._asking.setdefault(key, Lock())


def _name_of(kind: AnyKind, record: Any) -> str:
    is_named_by_id = kind.identity.made_by == "client"
    return identifier_of(record) if is_named_by_id else name_of(kind, record)
