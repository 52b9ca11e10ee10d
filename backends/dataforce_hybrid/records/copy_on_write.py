"""Copies of the remote's objects in the workspace, for what is changed, or stands below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataforce.backend import Scope
from dataforce.backend.error_messages import not_found
from dataforce.errors import OfflineError, PermissionDeniedError
from dataforce.overlay.store import State
from dataforce_hybrid.records.change_index import VISIBLE

if TYPE_CHECKING:
    from dataforce.backend.interface import AnyKind
    from dataforce_hybrid.layer import Layer

_PRESENT = (*VISIBLE, State.COPIED)


class Copies:
    """Brings objects of the remote into the workspace.

    Args:
        layer: Both sides.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    def base(self, kind: AnyKind, scope: Scope, identifier: str) -> Any:
        """The remote's record of an object that is to be copied; what it stands on is here then."""
        record = self._layer.remote.store(kind).get(scope, identifier)
        self.bring_around(kind, scope, record)
        return record

    def require_parent(self, kind: AnyKind, scope: Scope) -> None:
        """See that the parent of a new object exists in the merged view, and bring it here."""
        assert kind.parent is not None
        assert scope.parent is not None
        above = Scope(scope.ids[:-1])
        record = self._layer.records(kind.parent).current(above, scope.parent)
        if self._layer.index.state(kind.parent, scope.parent) not in _PRESENT:
            self._copy(kind.parent, above, record)

    def bring(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """See that an object is here, if need be as a copy, with all that it stands on.

        Raises:
            NotFoundError: It is not there in the merged view.
        """
        entry = self._layer.index.get(kind, identifier)
        if entry is None or entry.state not in (*_PRESENT, State.DELETED):
            self._copy(kind, scope, self._layer.remote.store(kind).get(scope, identifier))
        elif entry.state == State.DELETED or entry.scope != scope.ids:
            raise not_found(kind, identifier, scope)

    def bring_around(self, kind: AnyKind, scope: Scope, record: Any) -> None:
        """Bring the parents of a record here, and what it refers to."""
        self._bring_parent(kind, scope)
        for field, target in kind.references.items():
            self._bring_reference_of_copy(target, scope, getattr(record, field))

    def _bring_parent(self, kind: AnyKind, scope: Scope) -> None:
        if kind.parent is not None and scope.parent is not None:
            self.bring(kind.parent, Scope(scope.ids[:-1]), scope.parent)

    def bring_reference(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """See that an object that another refers to is here; as an id, if it may not be read.

        Raises:
            NotFoundError: It is not there in the merged view.
        """
        try:
            self.bring(kind, scope, identifier)
        except PermissionDeniedError:  # as the bucket secrets of an orbit, for its members
            self._copy_id(kind, scope, identifier)

    def _bring_reference_of_copy(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        above = Scope(scope.ids[: len(kind.ancestors)])
        if self._layer.index.state(kind, identifier) == State.DELETED:
            # It stays hidden, and is still where the copy of the other object points to.
            self._copy(kind, above, self._layer.remote.store(kind).get(above, identifier))
            return
        try:
            self.bring_reference(kind, above, identifier)
        except OfflineError:  # nobody was allowed to pull it
            self._copy_id(kind, above, identifier)

    def _copy_id(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        self._bring_parent(kind, scope)
        self._layer.workspace.copy_id(kind, scope, identifier)

    def _copy(self, kind: AnyKind, scope: Scope, record: Any) -> None:
        self.bring_around(kind, scope, record)
        self._layer.workspace.copy(kind, scope, record, State.COPIED)
