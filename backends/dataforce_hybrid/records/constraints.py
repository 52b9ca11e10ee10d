"""What must hold on both sides together before something is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from dataforce.backend import Scope
from dataforce.backend.error_messages import duplicate, in_use
from dataforce_hybrid.records.merging import all_below

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataforce.backend.interface import AnyKind
    from dataforce_hybrid.layer import Layer

V = TypeVar("V", bound=BaseModel)


class Rules:
    """The declared rules of one kind, in the merged view.

    Args:
        kind: The declaration.
        layer: Both sides.
    """

    def __init__(self, kind: AnyKind, layer: Layer) -> None:
        self._kind = kind
        self._layer = layer

    def with_references(self, scope: Scope, values: V, fields: Iterable[str]) -> V:
        """The values with the ids that objects have now; those they refer to are here then.

        Raises:
            NotFoundError: One of them does not exist.
        """
        resolved = {}
        for field in fields:
            if (kind := self._kind.references.get(field)) is not None:
                identifier = self._layer.index.resolve(kind, getattr(values, field))
                above = Scope(scope.ids[: len(kind.ancestors)])
                self._layer.copies.bring_reference(kind, above, identifier)
                resolved[field] = identifier
        return values.model_copy(update=resolved) if resolved else values

    def require_unique(self, scope: Scope, values: BaseModel, before: Any = None) -> None:
        """Raise `ConflictError` if another object has the same values where none may.

        Args:
            scope: Where the object is.
            values: What it is made of, or what is to change of it.
            before: The object, if it is there already.
        """
        fields, given = self._kind.unique, values.model_fields_set
        if before is not None and not given & set(fields):
            return
        if fields:
            wanted = [getattr(values if field in given else before, field) for field in fields]
            for other in all_below(self._layer.records, self._kind, scope):
                is_same = before is not None and other.id == before.id
                if not is_same and [getattr(other, field) for field in fields] == wanted:
                    raise duplicate(self._kind, other)

    def require_unused(self, scope: Scope, identifier: str) -> None:
        """Raise `ConflictError` if an object that is to be deleted is one that others refer to."""
        for user in self._layer.kinds.values():
            for field, kind in user.references.items():
                if kind is self._kind:
                    for record in all_below(self._layer.records, user, scope):
                        if getattr(record, field) == identifier:
                            raise in_use(kind, identifier, user, record.id)
