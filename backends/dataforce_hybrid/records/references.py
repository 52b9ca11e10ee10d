"""Targets of references, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dataforce.backend import Scope
from dataforce.backend.error_messages import not_found
from dataforce.backend.references import lists_of, places_below
from dataforce.errors import NotFoundError, PermissionDeniedError
from dataforce.overlay.store import State

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, ReadableBackend, Reference
    from dataforce_hybrid.records.change_index import ChangeIndex


class Target(NamedTuple):
    """An object that another one points at, by the ids of now.

    Args:
        kind: Its kind.
        scope: Its parents.
        identifier: Its id.
    """

    kind: AnyKind
    scope: Scope
    identifier: str


class References:
    """Finds what references lead to.

    Args:
        remote: The backend that the overlay lies over.
        index: The states of the objects in the overlay.
    """

    def __init__(self, remote: ReadableBackend, index: ChangeIndex) -> None:
        self._remote = remote
        self._index = index

    def of(self, kind: AnyKind, scope: Scope, values: object) -> Iterator[tuple[str, Target]]:
        """Yield what a record, or a create or update model, points at, with the path.

        Raises:
            NotFoundError: It points at nothing.
        """
        for path, reference, identifier in kind.references_of(values):
            yield path, self.locate(reference, scope, identifier)

    def locate(self, reference: Reference, scope: Scope, identifier: str) -> Target:
        """Return what a reference leads to, from an object in a scope.

        One that can only stand in one place is not asked for.

        Raises:
            NotFoundError: There is nothing of that id.
        """
        for kind in reference.kinds:
            now = self._index.resolve(kind, identifier)
            entry = self._index.get(kind, now)
            if entry is not None and entry.state != State.PUBLISHED:
                return Target(kind, Scope(entry.scope), now)
        kinds = reference.kinds
        if len(kinds) == 1 and len(kinds[0].ancestors) <= len(scope.ids):
            return Target(kinds[0], Scope(scope.ids[: len(kinds[0].ancestors)]), identifier)
        for kind in kinds:
            if (found := self._sought(kind, scope, identifier)) is not None:
                return Target(kind, found, identifier)
        raise not_found(kinds[0], identifier, scope)

    def _sought(self, kind: AnyKind, scope: Scope, identifier: str) -> Scope | None:
        """The scope of a remote's object that shares its parents with the one pointing at it."""
        shared = Scope(scope.ids[: len(kind.ancestors)])
        for place in places_below(lists_of(self._remote.store), kind, shared):
            try:
                self._remote.store(kind, place).get(identifier)
            except NotFoundError:
                continue
            except PermissionDeniedError:  # who may not look leaves it to the platform
                pass
            return place
        return None
