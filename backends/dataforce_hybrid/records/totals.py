"""How many objects stand below one, in the merged view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from dataforce.backend import Scope, identifier_of
from dataforce.errors import NotFoundError, OfflineError
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import Entry, Key, State
from dataforce_hybrid.records.merging import all_below

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from dataforce.backend import Kind, ReadableBackend
    from dataforce.backend.interface import AnyKind
    from dataforce.overlay.store import OverlayStore
    from dataforce_hybrid.records.change_index import Index

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel")
U = TypeVar("U", bound="BaseModel")


class Counts:
    """Turns the remote's totals into those of the merged view.

    Args:
        remote: What the overlay lies over.
        workspace: Where the overlay is kept.
        index: What became of which object.
        kinds: Every kind, parents before children.
    """

    def __init__(
        self,
        remote: ReadableBackend,
        workspace: OverlayStore,
        index: Index,
        kinds: Sequence[AnyKind],
    ) -> None:
        self._remote = remote
        self._workspace = workspace
        self._index = index
        self._kinds = {kind.route: kind for kind in kinds}

    def theirs(self, entry: Entry) -> Any:
        """The remote's record of an object that is different here, `None` if it has none."""
        return _Hidden(self._remote, self._workspace, self._kinds).asked(entry)

    def adjusted(self, kind: Kind[M, C, U], record: M) -> M:
        """A record of the remote with the totals of the merged view."""
        identifier = identifier_of(record)
        if not kind.totals or not self._index.touches(kind, identifier):
            return record
        hidden = _Hidden(self._remote, self._workspace, self._kinds)
        totals = {
            field: max(0, total + self._difference(kind, identifier, self._kinds[route], hidden))
            for field, route in kind.totals.items()
            if (total := getattr(record, field)) is not None
        }
        return record.model_copy(update=totals)

    def _difference(self, kind: AnyKind, identifier: str, counted: AnyKind, hidden: _Hidden) -> int:
        made = self._index.below(kind, identifier, counted, State.CREATED)
        deleted = self._index.below(kind, identifier, counted, State.DELETED)
        if any(each.parent is counted for each in self._kinds.values()):
            deleted = [entry for entry in deleted if hidden.theirs(entry) is not None]
        between = counted.ancestors[counted.ancestors.index(kind) + 1 :]
        held = sum(
            self._held(each, entry, counted, hidden)
            for each in between
            for entry in self._index.below(kind, identifier, each, State.DELETED)
        )
        return len(made) - len(deleted) - held

    def _held(self, kind: AnyKind, entry: Entry, counted: AnyKind, hidden: _Hidden) -> int:
        """How many the remote counts below an object that is hidden here."""
        record = hidden.theirs(entry)
        if record is None:
            return 0  # the remote does not count it any more
        fields = (field for field, route in kind.totals.items() if route == counted.route)
        told = next((getattr(record, field) for field in fields), None)
        if told is not None:
            return int(told)
        scope = Scope(entry.scope).child(entry.identifier)
        return sum(1 for _ in all_below(self._remote.store, counted, scope))


class _Hidden:
    """What the remote says of objects that are hidden here, each asked for once.

    Args:
        remote: What the overlay lies over.
        workspace: Where the overlay is kept.
        kinds: By route.
    """

    def __init__(
        self, remote: ReadableBackend, workspace: OverlayStore, kinds: Mapping[str, AnyKind]
    ) -> None:
        self._remote = remote
        self._workspace = workspace
        self._kinds = kinds
        self._known: dict[Key, Any] = {}

    def theirs(self, entry: Entry) -> Any:
        """The record, `None` if it was deleted there, too."""
        if entry.key not in self._known:
            self._known[entry.key] = self.asked(entry)
        return self._known[entry.key]

    def asked(self, entry: Entry) -> Any:
        """The same, asked for now; offline what was said when it was changed or hidden here."""
        kind = self._kinds[entry.kind]
        try:
            return self._remote.store(kind).get(Scope(entry.scope), entry.identifier)
        except NotFoundError:
            return None
        except OfflineError:
            known = self._workspace.entry(kind, entry.identifier)
            base = None if known is None else known.base
            return None if base is None else kept_record(kind, base)
