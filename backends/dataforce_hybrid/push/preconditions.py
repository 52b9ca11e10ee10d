"""What only one object may have, and what others hold on to, on the remote as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataforce.backend import Scope, identifier_of
from dataforce_hybrid.records.merging import all_below

if TYPE_CHECKING:
    from dataforce.backend import ReadableBackend
    from dataforce.backend.interface import AnyKind


@dataclass(frozen=True)
class Claims:
    """Looks up the declared rules on the remote; each list is fetched once, if it matters.

    Args:
        remote: The remote to publish to.
        kinds: Every kind, parents before children.
    """

    remote: ReadableBackend
    kinds: Sequence[AnyKind]
    _lists: dict[tuple[AnyKind, Scope], list[Any]] = field(default_factory=dict)

    def holder(self, kind: AnyKind, scope: Scope, wanted: Any) -> Any:
        """The object that has what only one may have of those values; `None` if none has."""
        values = [getattr(wanted, field) for field in kind.unique]
        for record in self._all(kind, scope) if values else ():
            if [getattr(record, field) for field in kind.unique] == values:
                return record
        return None

    def users(
        self, kind: AnyKind, scope: Scope, identifier: str
    ) -> Iterator[tuple[AnyKind, str, str]]:
        """The objects that refer to that one: kind, id, and the field that does."""
        for user in self.kinds:
            for name, target in user.references.items():
                if target is kind:
                    for record in self._all(user, scope):
                        if getattr(record, name) == identifier:
                            yield user, identifier_of(record), name

    def _all(self, kind: AnyKind, scope: Scope) -> list[Any]:
        """Every object of a kind below a scope, which may be that of a kind above it."""
        key = kind, scope
        if key not in self._lists:
            self._lists[key] = [*all_below(self.remote.store, kind, scope)]
        return self._lists[key]
