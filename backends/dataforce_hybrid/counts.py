"""How many objects stand below one, in the merged view."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dataforce.errors import NotFoundError
from dataforce.seam import Query, Scope, identifier_of
from dataforce.seam.workspace import Entry, State
from dataforce_hybrid.merging import all_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from dataforce.seam import Kind, ReadableBackend
    from dataforce.seam.backend import AnyKind
    from dataforce_hybrid.index import Index

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel")
U = TypeVar("U", bound="BaseModel")


class Counts:
    """Turns the remote's totals into those of the merged view.

    Args:
        remote: What the overlay lies over.
        index: What became of which object.
        kinds: Every kind, parents before children.
    """

    def __init__(self, remote: ReadableBackend, index: Index, kinds: Sequence[AnyKind]) -> None:
        self._remote = remote
        self._index = index
        self._kinds = {kind.route: kind for kind in kinds}

    def adjusted(self, kind: Kind[M, C, U], record: M) -> M:
        """A record of the remote with the totals of the merged view."""
        identifier = identifier_of(record)
        if not kind.totals or not self._index.touches(identifier):
            return record
        totals = {
            field: max(0, total + self._difference(kind, identifier, self._kinds[route]))
            for field, route in kind.totals.items()
            if (total := getattr(record, field)) is not None
        }
        return record.model_copy(update=totals)

    def _difference(self, kind: AnyKind, identifier: str, counted: AnyKind) -> int:
        made = self._index.below(identifier, counted.route, State.CREATED)
        deleted = self._index.below(identifier, counted.route, State.DELETED)
        if any(each.parent is counted for each in self._kinds.values()):
            deleted = [entry for entry in deleted if self._is_counted(counted, entry)]
        between = counted.ancestors[counted.ancestors.index(kind) + 1 :]
        hidden = sum(
            self._held(each, Scope(entry.scope), entry.identifier, counted)
            for each in between
            for entry in self._index.below(identifier, each.route, State.DELETED)
        )
        return len(made) - len(deleted) - hidden

    def _is_counted(self, kind: AnyKind, entry: Entry) -> bool:
        """Whether the remote still counts an object that is hidden here."""
        try:
            self._remote.store(kind).get(Scope(entry.scope), entry.identifier)
        except NotFoundError:
            return False
        return True

    def _held(self, kind: AnyKind, scope: Scope, identifier: str, counted: AnyKind) -> int:
        """How many the remote counts below an object that is hidden here."""
        try:
            record = self._remote.store(kind).get(scope, identifier)
            for field, route in kind.totals.items():
                if route == counted.route and getattr(record, field) is not None:
                    return int(getattr(record, field))
            return self._listed(kind, scope.child(identifier), counted)
        except NotFoundError:
            return 0  # the remote does not count it any more

    def _listed(self, kind: AnyKind, scope: Scope, counted: AnyKind) -> int:
        child = counted.ancestors[len(scope.ids)] if kind is not counted.parent else counted
        found = all_of(self._remote.store(child), scope, Query())
        if child is counted:
            return sum(1 for _ in found)
        return sum(self._listed(child, scope.child(each.id), counted) for each in found)
