"""Totals of what stands below an object, on both sides together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from dataforce.backend import Scope, identifier_of
from dataforce.backend.references import all_below, lists_of
from dataforce.errors import NotFoundError, OfflineError
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import State

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import AnyKind, Kind, ReadableBackend
    from dataforce.overlay.store import Key, ObjectState, OverlayStore
    from dataforce_hybrid.records.change_index import ChangeIndex

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel")
U = TypeVar("U", bound="BaseModel")


class Totals:
    """Turns the remote's totals into those of the merged view.

    Args:
        remote: The backend that the overlay lies over.
        overlay: The overlay.
        index: The states of the objects in it.
    """

    def __init__(self, remote: ReadableBackend, overlay: OverlayStore, index: ChangeIndex) -> None:
        self._remote = remote
        self._overlay = overlay
        self._index = index

    def theirs(self, entry: ObjectState) -> Any:
        """Return the remote's record of an object that is different here, `None` if it has none."""
        return _Hidden(self._remote, self._overlay, self._index).asked(entry)

    def adjusted(self, kind: Kind[M, C, U], record: M) -> M:
        """Return a record of the remote with the totals of the merged view."""
        identifier = identifier_of(record)
        if not kind.totals or not self._index.touches(kind, identifier):
            return record
        hidden = _Hidden(self._remote, self._overlay, self._index)
        totals = {
            field: max(
                0, total + self._difference(kind, identifier, self._index.kinds[route], hidden)
            )
            for field, route in kind.totals.items()
            if (total := getattr(record, field)) is not None
        }
        return record.model_copy(update=totals)

    def _difference(self, kind: AnyKind, identifier: str, counted: AnyKind, hidden: _Hidden) -> int:
        made = self._index.below(kind, identifier, counted, State.CREATED)
        deleted = self._index.below(kind, identifier, counted, State.DELETED)
        if any(each.parent is counted for each in self._index.kinds.values()):
            deleted = [entry for entry in deleted if hidden.theirs(entry) is not None]
        between = counted.ancestors[counted.ancestors.index(kind) + 1 :]
        held = sum(
            self._held(each, entry, counted, hidden)
            for each in between
            for entry in self._index.below(kind, identifier, each, State.DELETED)
        )
        return len(made) - len(deleted) - held

    def _held(self, kind: AnyKind, entry: ObjectState, counted: AnyKind, hidden: _Hidden) -> int:
        """Number that the remote counts below an object that is hidden here."""
        record = hidden.theirs(entry)
        if record is None:
            return 0  # the remote does not count it any more
        fields = (field for field, route in kind.totals.items() if route == counted.route)
        told = next((getattr(record, field) for field in fields), None)
        if told is not None:
            return int(told)
        scope = Scope(entry.scope).child(entry.identifier)
        return sum(1 for _ in all_below(lists_of(self._remote.store), counted, scope))


class _Hidden:
    """Records of the remote that are hidden here, each asked for once.

    Args:
        remote: The backend that the overlay lies over.
        overlay: The overlay.
        index: The states of the objects in it.
    """

    def __init__(self, remote: ReadableBackend, overlay: OverlayStore, index: ChangeIndex) -> None:
        self._remote = remote
        self._overlay = overlay
        self._index = index
        self._known: dict[Key, Any] = {}

    def theirs(self, entry: ObjectState) -> Any:
        """Return the record, `None` if it was deleted there, too."""
        if entry.key not in self._known:
            self._known[entry.key] = self.asked(entry)
        return self._known[entry.key]

    def asked(self, entry: ObjectState) -> Any:
        """Ask for it now; offline return what was said when it was changed or hidden here."""
        kind = self._index.kinds[entry.kind]
        try:
            return self._remote.store(kind, Scope(entry.scope)).get(entry.identifier)
        except NotFoundError:
            return None
        except OfflineError:
            known = self._overlay.entry(kind, entry.identifier)
            base = None if known is None else known.base
            return None if base is None else kept_record(kind, base)
