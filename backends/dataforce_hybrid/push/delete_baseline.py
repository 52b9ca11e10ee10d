"""Baselines of deletions: what stood below an object when it was deleted in the overlay."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataforce.backend import Scope, identifier_of
from dataforce.backend.paging import records_of
from dataforce.errors import NotFoundError
from dataforce.overlay.kept import reading_kept
from dataforce_hybrid.push.differences import changeable, file_status
from dataforce_hybrid.records.change_index import object_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataforce.backend import AnyKind, Family, ReadableBackend
    from dataforce.overlay.store import KeyValues

_NAMESPACE = "below"


@dataclass(frozen=True)
class DeleteBaseline:
    """Remembers what a user could see of what he deletes, so that nothing else is deleted.

    Args:
        key_values: Keeps it.
        family: The kinds.
    """

    key_values: KeyValues
    family: Family

    def keep(self, remote: ReadableBackend, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Note what stands below an object that is about to be deleted in the overlay."""
        found = self._below(remote, kind, scope.child(identifier))
        seen = {object_key(below, identifier_of(each)): _seen(below, each) for below, each in found}
        if seen:
            self.key_values.write(_NAMESPACE, {object_key(kind, identifier): json.dumps(seen)})
        else:
            self.forget(kind, identifier)

    def unseen(
        self, remote: ReadableBackend, kind: AnyKind, scope: Scope, identifier: str, is_begun: bool
    ) -> tuple[int, int]:
        """Count the objects below it that have come since then, and those that have changed.

        If its deletion has begun, it is no change that a file is being deleted.
        """
        text = self.key_values.get(_NAMESPACE, object_key(kind, identifier))
        with reading_kept("what was seen below an object that was deleted here"):
            seen: Mapping[str, list[str]] = dict(json.loads(text or "{}"))
        come = changed = 0
        for below, record in self._below(remote, kind, scope.child(identifier)):
            now, before = _seen(below, record), seen.get(object_key(below, identifier_of(record)))
            if before is None:
                come += 1
            elif is_begun and not below.is_ready(record):
                changed += now[1] != before[1]
            else:
                changed += now != before
        return come, changed

    def forget(self, kind: AnyKind, identifier: str) -> None:
        """Forget an object that is not deleted in the overlay any more, or is nowhere."""
        self.key_values.erase(_NAMESPACE, object_key(kind, identifier))

    def _below(
        self, remote: ReadableBackend, parent: AnyKind, scope: Scope
    ) -> Iterator[tuple[AnyKind, Any]]:
        """Yield all below a scope, each with its kind."""
        for kind in self.family.children(parent):
            with suppress(NotFoundError):  # nothing is below what does not exist there
                for record in records_of(remote.store(kind, scope), kind):
                    yield kind, record
                    yield from self._below(remote, kind, scope.child(identifier_of(record)))


def _seen(kind: AnyKind, record: Any) -> list[str]:
    """The time of the last change, and a digest of the values but for a file's status."""
    values = record.model_dump_json(include={*changeable(kind)} - file_status(kind))
    digest = hashlib.sha256(values.encode()).hexdigest()
    times = (getattr(record, name, None) for name in ("updated_at", "created_at"))
    return [str(next(filter(None, times), "")), digest]
