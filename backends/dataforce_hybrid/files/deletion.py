"""Deletions of files by hand: with a URL that leads to a marker in the overlay.

The remote's bytes stay. Whoever deletes the marker has deleted the file as the overlay shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataforce.backend import identifier_of
from dataforce_hybrid.records.change_index import object_key

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Scope
    from dataforce.overlay.store import KeyValues, OverlayStore

_NAMESPACE = "deleting"


def note_deletion(key_values: KeyValues, kind: AnyKind, identifier: str) -> None:
    """Note that the file of an object of the remote is to be deleted in the overlay by hand."""
    key_values.write(_NAMESPACE, {object_key(kind, identifier): ""})


def forget_deletion(key_values: KeyValues, kind: AnyKind, identifier: str) -> None:
    """Forget it: the object is as the remote has it."""
    key_values.erase(_NAMESPACE, object_key(kind, identifier))


def was_deleted(overlay: OverlayStore, kind: AnyKind, scope: Scope, record: Any) -> bool:
    """Return whether a user deleted by hand what was to be deleted so."""
    key = object_key(kind, identifier_of(record))
    is_begun = overlay.key_values.get(_NAMESPACE, key) is not None
    if not is_begun or kind.is_ready(record):
        return False
    return not overlay.has_deletion_marker(kind, scope, record)
