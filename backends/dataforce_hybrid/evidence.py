"""What stood below an object when it was deleted here, for nothing else to be deleted there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataforce.seam import Query, Scope, identifier_of
from dataforce_hybrid.merging import all_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dataforce.seam import ReadableBackend
    from dataforce.seam.backend import AnyKind
    from dataforce.seam.workspace import Notes

_SPACE = "below"


@dataclass(frozen=True)
class Evidence:
    """Remembers what a user could see that he deletes.

    Args:
        notes: Where it is kept.
        kinds: Every kind, parents before children.
    """

    notes: Notes
    kinds: Sequence[AnyKind]

    def keep(self, remote: ReadableBackend, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Note what stands below an object that is about to be deleted here."""
        seen = dict(self._below(remote, kind, scope.child(identifier)))
        if seen:
            self.notes.write(_SPACE, {identifier: json.dumps(seen)})
        else:
            self.forget(identifier)

    def unseen(
        self, remote: ReadableBackend, kind: AnyKind, scope: Scope, identifier: str
    ) -> tuple[int, int]:
        """How many objects below it have come since then, and how many have changed."""
        text = self.notes.get(_SPACE, identifier)
        seen: Mapping[str, str] = {} if text is None else json.loads(text)
        now = dict(self._below(remote, kind, scope.child(identifier)))
        changed = sum(each in seen and seen[each] != stamp for each, stamp in now.items())
        return len(now.keys() - seen.keys()), changed

    def forget(self, identifier: str) -> None:
        """The object is not deleted here any more, or is gone there too."""
        self.notes.erase(_SPACE, identifier)

    def _below(
        self, remote: ReadableBackend, parent: AnyKind, scope: Scope
    ) -> Iterator[tuple[str, str]]:
        """The ids of all objects below a scope, each with what tells that it was changed."""
        for kind in self.kinds:
            if kind.parent is parent:
                for record in all_of(remote.store(kind), scope, Query()):
                    identifier = identifier_of(record)
                    yield identifier, _stamp(record)
                    yield from self._below(remote, kind, scope.child(identifier))


def _stamp(record: Any) -> str:
    return str(record.updated_at or record.created_at)
