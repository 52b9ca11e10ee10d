"""Copies of the remote's objects in the overlay, for what is changed, or stands below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataforce.backend import Scope
from dataforce.backend.error_messages import not_found
from dataforce.errors import OfflineError, PermissionDeniedError
from dataforce.overlay.store import State
from dataforce_hybrid.records.change_index import PRESENT

if TYPE_CHECKING:
    from dataforce.backend import AnyKind
    from dataforce_hybrid.records.references import References, Target
    from dataforce_hybrid.records.view import MergedView


class Copies:
    """Brings objects of the remote into the overlay.

    Args:
        view: Both sides.
        references: Finds what objects point at.
    """

    def __init__(self, view: MergedView, references: References) -> None:
        self._view = view
        self._overlay = view.overlay
        self._index = view.index
        self._references = references

    def base(self, kind: AnyKind, scope: Scope, identifier: str) -> Any:
        """Return the remote's record of an object to be copied; what it needs is here then."""
        record = self._theirs(kind, scope, identifier)
        self.bring_around(kind, scope, record)
        return record

    def require_parent(self, kind: AnyKind, scope: Scope) -> None:
        """Bring the parent of a new object here, which must exist in the merged view."""
        if kind.parent is None or scope.parent is None:
            return
        above = Scope(scope.ids[:-1])
        record = self._view.current(kind.parent, above, scope.parent)
        if self._index.state(kind.parent, scope.parent) not in PRESENT:
            self._copy(kind.parent, above, record)

    def bring(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Bring an object here, if need be as a copy, with all that it needs.

        Raises:
            NotFoundError: It is not there in the merged view.
        """
        entry = self._index.get(kind, identifier)
        if entry is None or entry.state not in (*PRESENT, State.DELETED):
            self._copy(kind, scope, self._theirs(kind, scope, identifier))
        elif entry.state == State.DELETED or entry.scope != scope.ids:
            raise not_found(kind, identifier, scope)

    def bring_target(self, target: Target) -> None:
        """Bring an object here that another points at; only its id, if it may not be read.

        Raises:
            NotFoundError: It is not there in the merged view.
        """
        try:
            self.bring(*target)
        except PermissionDeniedError:  # as the bucket secrets of an orbit, for its members
            self._copy_id(*target)

    def bring_around(self, kind: AnyKind, scope: Scope, record: Any) -> None:
        """Bring the parents of a record here, and what it points at."""
        self._bring_parent(kind, scope)
        for _, target in self._references.of(kind, scope, record):
            self._bring_target_of_copy(target)

    def _bring_parent(self, kind: AnyKind, scope: Scope) -> None:
        if kind.parent is not None and scope.parent is not None:
            self.bring(kind.parent, Scope(scope.ids[:-1]), scope.parent)

    def _bring_target_of_copy(self, target: Target) -> None:
        if self._index.state(target.kind, target.identifier) == State.DELETED:
            # It stays hidden, and is still where the copy of the other object points to.
            self._copy(target.kind, target.scope, self._theirs(*target))
            return
        try:
            self.bring_target(target)
        except OfflineError:  # nobody was allowed to pull it
            self._copy_id(*target)

    def _theirs(self, kind: AnyKind, scope: Scope, identifier: str) -> Any:
        return self._view.remote.store(kind, scope).get(identifier)

    def _copy_id(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        self._bring_parent(kind, scope)
        self._overlay.copy_id(kind, scope, identifier)

    def _copy(self, kind: AnyKind, scope: Scope, record: Any) -> None:
        self.bring_around(kind, scope, record)
        self._overlay.copy(kind, scope, record, State.COPIED)
