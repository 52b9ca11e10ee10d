"""Rules that must hold on both sides together before something is written to the overlay."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from dataforce.backend import Scope, identifier_of
from dataforce.backend.error_messages import duplicate, in_use, sentence
from dataforce.backend.paths import with_values_at
from dataforce.backend.references import all_below, lists_of, uses
from dataforce.errors import ConflictError, NotFoundError, OfflineError
from dataforce.overlay.store import State
from dataforce_hybrid.records.change_index import PRESENT

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Family
    from dataforce_hybrid.records.copy_on_write import Copies
    from dataforce_hybrid.records.references import References
    from dataforce_hybrid.records.view import MergedView

V = TypeVar("V", bound=BaseModel)


class Rules:
    """The declared rules of all kinds, in the merged view.

    Args:
        family: The kinds.
        view: Both sides.
        references: Finds what objects point at.
        copies: Brings that into the overlay.
    """

    def __init__(
        self, family: Family, view: MergedView, references: References, copies: Copies
    ) -> None:
        self._family = family
        self._view = view
        self._references = references
        self._copies = copies

    def with_references(self, kind: AnyKind, scope: Scope, values: V) -> V:
        """Return the values with the ids of now; what they point at is in the overlay then.

        Raises:
            NotFoundError: They point at what does not exist.
        """
        now: dict[tuple[str, str], str] = {}
        for path, reference, identifier in kind.references_of(values):
            target = self._references.locate(reference, scope, identifier)
            self._copies.bring_target(target)
            now[path, identifier] = target.identifier
        for path in {path for (path, before), after in now.items() if before != after}:
            values = with_values_at(values, path, partial(_replaced, now, path))
        return values

    def require_new(self, kind: AnyKind, scope: Scope, values: BaseModel) -> None:
        """Raise `ConflictError` if an object has the id that the client made for a new one."""
        if kind.identity.made_by != "client":
            return
        identifier: str = getattr(values, kind.identity_field)
        state = self._view.index.state(kind, identifier)
        if state in PRESENT:  # the overlay refuses it
            return
        if state == State.DELETED:
            raise ConflictError(
                sentence(
                    f"{kind.name} {identifier} is deleted in this overlay, and still there on the "
                    f"remote. Publish that with client.overlay.push() first."
                )
            )
        try:
            self._view.remote.store(kind, scope).get(identifier)
        except (NotFoundError, OfflineError):  # a push finds out what nobody knows offline
            return
        raise duplicate(kind, None)

    def require_unique(
        self, kind: AnyKind, scope: Scope, values: BaseModel, before: Any = None
    ) -> None:
        """Raise `ConflictError` if another object has the same values where none may.

        Args:
            kind: The kind of the object.
            scope: Its parents.
            values: Its create model, or its update model.
            before: The object, if it is there already.
        """
        fields, given = kind.unique, values.model_fields_set
        if not fields or (before is not None and not given & set(fields)):
            return
        wanted = [
            getattr(values if before is None or field in given else before, field)
            for field in fields
        ]
        for other in all_below(lists_of(self._view.store), kind, scope):
            is_same = before is not None and identifier_of(other) == identifier_of(before)
            if not is_same and [getattr(other, field) for field in fields] == wanted:
                raise duplicate(kind, other)

    def require_unused(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Raise `ConflictError` if others point at an object, or at what stands below it."""
        lists = lists_of(self._view.store)
        for use in uses(lists, self._family, kind, scope, identifier):
            raise in_use(use.kind, use.identifier, use.user, use.by)


def _replaced(now: Mapping[tuple[str, str], str], path: str, identifier: str) -> str:
    return now[path, identifier]
