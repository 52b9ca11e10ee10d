"""What stood below an object when it was deleted here, for nothing else to be deleted there."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataforce.backend import Query, Scope, identifier_of
from dataforce.errors import NotFoundError
from dataforce.overlay.kept import reading_kept
from dataforce_hybrid.push.differences import changeable, file_status
from dataforce_hybrid.records.change_index import note_key
from dataforce_hybrid.records.merging import all_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dataforce.backend import ReadableBackend
    from dataforce.backend.interface import AnyKind
    from dataforce.overlay.store import Notes

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
        seen = {note_key(below, identifier_of(each)): _seen(below, each) for below, each in found}
        if seen:
            self.notes.write(_SPACE, {note_key(kind, identifier): json.dumps(seen)})
        else:
            self.forget(kind, identifier)

    def unseen(
        self, remote: ReadableBackend, kind: AnyKind, scope: Scope, identifier: str, is_begun: bool
    ) -> tuple[int, int]:
        """How many objects below it have come since then, and how many have changed.

        If its deletion has begun, it is no change that a file is being deleted.
        """
        text = self.notes.get(_SPACE, note_key(kind, identifier))
        with reading_kept("what was seen below an object that was deleted here"):
            seen: Mapping[str, list[str]] = dict(json.loads(text or "{}"))
        come = changed = 0
        for below, record in self._below(remote, kind, scope.child(identifier)):
            now, before = _seen(below, record), seen.get(note_key(below, identifier_of(record)))
            if before is None:
                come += 1
            elif is_begun and below.file is not None and not below.file.is_ready(record):
                changed += now[1] != before[1]
            else:
                changed += now != before
        return come, changed

    def forget(self, kind: AnyKind, identifier: str) -> None:
        """The object is not deleted here any more, or is gone there too."""
        self.notes.erase(_SPACE, note_key(kind, identifier))

    def _below(
        self, remote: ReadableBackend, parent: AnyKind, scope: Scope
    ) -> Iterator[tuple[AnyKind, Any]]:
        """All below a scope, each with its kind."""
        for kind in self.kinds:
            if kind.parent is parent:
                with suppress(NotFoundError):  # nothing is below what is gone there
                    for record in all_of(remote.store(kind), scope, Query()):
                        yield kind, record
                        yield from self._below(remote, kind, scope.child(identifier_of(record)))


def _seen(kind: AnyKind, record: Any) -> list[str]:
    """What tells that a record was changed: when it was, and its values but for a file's status."""
    values = record.model_dump_json(include={*changeable(kind)} - file_status(kind))
    digest = hashlib.sha256(values.encode()).hexdigest()
    return [str(record.updated_at or record.created_at), digest]
