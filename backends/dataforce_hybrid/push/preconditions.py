"""Claims of other objects on the remote as it is now: unique values, and references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataforce.backend.paging import records_of
from dataforce.backend.references import uses

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Family, ReadableBackend, Scope


@dataclass(frozen=True)
class Claims:
    """Looks up the declared rules on the remote; each list is fetched once, if it matters.

    Args:
        remote: The remote to publish to.
        family: The kinds.
    """

    remote: ReadableBackend
    family: Family
    _lists: dict[tuple[AnyKind, Scope], list[Any]] = field(default_factory=dict)

    def holder(self, kind: AnyKind, scope: Scope, wanted: Any) -> Any:
        """Return the object that has what only one may have of those values; `None` if none has."""
        values = [getattr(wanted, field) for field in kind.unique]
        for record in self._all(kind, scope) if values else ():
            if [getattr(record, field) for field in kind.unique] == values:
                return record
        return None

    def users(
        self, kind: AnyKind, scope: Scope, identifier: str
    ) -> Iterator[tuple[AnyKind, str, str]]:
        """Yield the objects that forbid the deletion of that one: kind, id, and field."""
        for use in uses(self._all, self.family, kind, scope, identifier):
            yield use.user, use.by, use.path.partition(".")[0].removesuffix("[]")

    def _all(self, kind: AnyKind, scope: Scope) -> list[Any]:
        """Every object of a kind in a scope."""
        key = kind, scope
        if key not in self._lists:
            self._lists[key] = [*records_of(self.remote.store(kind, scope), kind)]
        return self._lists[key]
