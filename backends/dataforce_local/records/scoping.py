"""The parents that a call works under, as conditions of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, bindparam, exists, literal, select

from dataforce.backend.error_messages import not_found
from dataforce_local.records.references import References

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Scope
    from dataforce_local.records.tables import Tables


class Scoping:
    """The place of a kind's rows under the ids of a scope.

    Args:
        kind: The kind.
        tables: Tables of its family.
    """

    def __init__(self, kind: AnyKind, tables: Tables) -> None:
        self._kind = kind
        self._tables = tables
        self._references = References(tables)
        self._parents = select(literal(1)).where(*self._above())

    def parameters(self, scope: Scope) -> dict[str, Any]:
        """Return the parameters that statements with these conditions take."""
        return {
            kind.route: identifier
            for kind, identifier in zip(self._kind.ancestors, scope.ids, strict=True)
        }

    def inside(self) -> list[ColumnElement[bool]]:
        """Return the conditions for a row to stand under a scope, all the way up."""
        if self._kind.parent is None:
            return []
        own = self._tables.parent(self._kind) == bindparam(self._kind.parent.route)
        # A foreign key vouches for the topmost parent.
        return [own, *self._above()[1:]]

    def require(self, connection: Connection, scope: Scope) -> None:
        """Raise `NotFoundError` for the first parent of a scope that is not there."""
        if connection.execute(self._parents, self.parameters(scope)).first() is not None:
            return
        for depth, kind in enumerate(self._kind.ancestors):
            identifier = scope.ids[depth]
            above = type(scope)(scope.ids[:depth])
            if not self._references.is_there(connection, kind, above, identifier):
                raise not_found(kind, identifier, scope)

    def _above(self) -> list[ColumnElement[bool]]:
        """Return the conditions for each parent to be there, below the one before."""
        conditions: list[ColumnElement[bool]] = []
        for kind in self._kind.ancestors:
            parent = exists().where(self._tables.identity(kind) == bindparam(kind.route))
            if kind.parent is not None:
                parent = parent.where(self._tables.parent(kind) == bindparam(kind.parent.route))
            conditions.append(parent)
        return conditions
