"""All that `client.overlay` asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from dataforce.backend import Scope
from dataforce.errors import MultipleResourcesFoundError, NotFoundError, OfflineError
from dataforce.overlay import Action, Diff, OverlayStatus, PullReport, PushReport, Resolution
from dataforce.overlay.store import State
from dataforce_hybrid.files.store import DELETING
from dataforce_hybrid.pull.pull import Pull
from dataforce_hybrid.pull.snapshot import Pulled
from dataforce_hybrid.push.differences import Differences
from dataforce_hybrid.push.push import Push
from dataforce_hybrid.push.write_ahead_log import Intents
from dataforce_hybrid.records.change_index import DIFFERENT, note_key

if TYPE_CHECKING:
    from dataforce.backend import Advance, Backend, Query
    from dataforce.backend.interface import AnyKind
    from dataforce.overlay.store import Entry
    from dataforce_hybrid.layer import Layer


class HybridOverlay:
    """The changes below one root.

    Args:
        layer: Both sides.
        root: Id of the root.
        name: Of the overlay.
        open_remote: Opens the remote for writing; `None` when there is no network.
    """

    def __init__(
        self, layer: Layer, root: str, name: str, open_remote: Callable[[], Backend] | None
    ) -> None:
        self._layer = layer
        self._root = root
        self._name = name
        self._open_remote = open_remote
        self._differences = Differences(layer, root)

    def status(self) -> OverlayStatus:
        """How much there is."""
        counts = Counter(change.action for change in self.diff())
        files, size = self._layer.workspace.cache.usage()
        return OverlayStatus(
            name=self._name,
            created=counts[Action.CREATED],
            changed=counts[Action.CHANGED],
            deleted=counts[Action.DELETED],
            cached_files=files,
            cached_bytes=size,
            pulled_at=Pulled(self._layer.workspace.notes).oldest(),
            is_offline=self._open_remote is None,
        )

    def diff(self) -> Diff:
        """What became of each object, parents before children."""
        return self._layer.index.undisturbed(lambda: Diff(self._differences))

    def reset(self, identifier: str | None = None, kind: AnyKind | None = None) -> None:
        """Drop all changes, or those of one object; of one made here, with all below it."""
        states = (*DIFFERENT, State.COPIED)
        # Children first: a copy stays as long as something stands below it.
        entries: Sequence[Entry] = [*reversed(self._differences.entries(*states))]
        if identifier is not None:
            entries = self._changes_of(identifier, kind, entries)
        workspace = self._layer.workspace
        intents = Intents(workspace.notes, self._root)
        for entry in entries:
            each = self._layer.kinds[entry.kind]
            workspace.release(each, Scope(entry.scope), entry.identifier)
            workspace.notes.erase(DELETING, note_key(each, entry.identifier))
            if entry.state != State.CREATED:  # what a push began of it is removed by the next
                intents.forget(each, entry.identifier)
            self._layer.evidence.forget(each, entry.identifier)

    def pull(
        self,
        kind: AnyKind,
        scope: Scope,
        wanted: str | Query,
        *,
        content: bool,
        advance: Advance,
    ) -> PullReport:
        """Bring records here that can then be read offline."""
        self._require_network("pull")
        self._layer.index.refresh()
        scope = self._layer.index.resolved(kind, scope)
        if isinstance(wanted, str):
            wanted = self._layer.index.resolve(kind, wanted)
        with self._layer.workspace.alone("pull"):
            return Pull(self._layer, content=content, advance=advance).run(kind, scope, wanted)

    def push(self, *, dry_run: bool, on_conflict: Resolution, advance: Advance) -> PushReport:
        """Publish the changes."""
        open_remote = self._require_network("push")
        with (
            self._layer.workspace.alone(f"push/{self._root}"),
            closing(open_remote()) as remote,
        ):
            return Push(self._layer, self._root, remote, advance).run(on_conflict, dry_run=dry_run)

    def _changes_of(
        self, identifier: str, kind: AnyKind | None, entries: Sequence[Entry]
    ) -> Sequence[Entry]:
        """Those of the entries that tell of one object, or else of what is below it."""
        index, found = self._layer.index, {}
        for each in self._layer.kinds.values() if kind is None else (kind,):
            key = each.route, index.resolve(each, identifier)
            own = [entry for entry in entries if entry.key == key and entry.state in DIFFERENT]
            # What was made below an object that is gone there can be dropped by its id.
            if changes := own or [entry for entry in entries if key in index.parents(entry)]:
                found[each.name] = changes
        if not found:
            raise NotFoundError(
                f"Cannot reset {identifier}: the overlay holds no change of it. "
                f"client.overlay.diff() lists its changes."
            )
        if len(found) > 1:
            raise MultipleResourcesFoundError(
                f"Cannot reset {identifier}: {', '.join(found)} have that id. Give the object "
                f"itself."
            )
        return next(iter(found.values()))

    def _require_network(self, what: str) -> Callable[[], Backend]:
        if self._open_remote is None:
            raise OfflineError(
                f"Cannot {what}: this client is offline. Use one without the setting offline."
            )
        return self._open_remote
