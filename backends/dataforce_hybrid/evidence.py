"""What stood below an object when it was deleted here, for nothing else to be deleted there."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataforce.errors import NotFoundError
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
        found = self._below(remote, kind, scope.child(identifier))
        seen = {each: stamp for each, stamp, _ in found}
        if seen:
            self.notes.write(_SPACE, {identifier: json.dumps(seen)})
        else:
            self.forget(identifier)

    def unseen(
        self, remote: ReadableBackend, kind: AnyKind, scope: Scope, identifier: str, is_begun: bool
    ) -> tuple[int, int]:
        """How many objects below it have come since then, and how many have changed.

        If its deletion has begun, those are left out whose files are being deleted.
        """
        text = self.notes.get(_SPACE, identifier)
        seen: Mapping[str, str] = {} if text is None else json.loads(text)
        come = changed = 0
        for each, stamp, is_there in self._below(remote, kind, scope.child(identifier)):
            come += each not in seen
            is_excused = is_begun and not is_there
            changed += not is_excused and seen.get(each, stamp) != stamp
        return come, changed

    def forget(self, identifier: str) -> None:
        """The object is not deleted here any more, or is gone there too."""
        self.notes.erase(_SPACE, identifier)

    def _below(
        self, remote: ReadableBackend, parent: AnyKind, scope: Scope
    ) -> Iterator[tuple[str, str, bool]]:
        """All below a scope: id, what tells that it was changed, whether its file is there."""
        for kind in self.kinds:
            if kind.parent is parent:
                with suppress(NotFoundError):  # nothing is below what is gone there
                    for record in all_of(remote.store(kind), scope, Query()):
                        identifier = identifier_of(record)
                        is_there = kind.file is None or kind.file.is_there(record)
                        yield identifier, _stamp(record), is_there
                        yield from self._below(remote, kind, scope.child(identifier))


def _stamp(record: Any) -> str:
    return str(record.updated_at or record.created_at)
