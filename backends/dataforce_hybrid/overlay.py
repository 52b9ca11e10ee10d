"""Status, differences, reset, pull and push: all that `client.overlay` asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from dataforce.backend import Scope
from dataforce.errors import MultipleResourcesFoundError, NotFoundError, OfflineError
from dataforce.overlay import Action, Diff, OverlayStatus, PullReport, PushReport, Resolution
from dataforce.overlay.store import State
from dataforce_hybrid.files.deletion import forget_deletion
from dataforce_hybrid.pull.pull import Pull
from dataforce_hybrid.pull.pulled_lists import Pulled
from dataforce_hybrid.push.differences import Differences
from dataforce_hybrid.push.push import Push
from dataforce_hybrid.push.write_ahead_log import Intents
from dataforce_hybrid.records.change_index import DIFFERENT, has_overlaid_roots
from dataforce_hybrid.records.references import References

if TYPE_CHECKING:
    from dataforce.backend import Advance, AnyKind, Backend, Query, ReadableBackend
    from dataforce.overlay.store import ObjectState, OverlayStore
    from dataforce_hybrid.push.delete_baseline import DeleteBaseline
    from dataforce_hybrid.records.change_index import ChangeIndex


class HybridOverlay:
    """The changes below one root, and of what stands below no root that is only read.

    Args:
        remote: The backend that the overlay lies over.
        overlay: The overlay.
        index: The states of the objects in it.
        baseline: What stood below deleted objects.
        root: Id of the root.
        name: Name of the overlay.
        open_remote: Opens the remote for writing; `None` when there is no network.
    """

    def __init__(
        self,
        remote: ReadableBackend,
        overlay: OverlayStore,
        index: ChangeIndex,
        baseline: DeleteBaseline,
        *,
        root: str,
        name: str,
        open_remote: Callable[[], Backend] | None,
    ) -> None:
        self._remote = remote
        self._overlay = overlay
        self._index = index
        self._baseline = baseline
        self._name = name
        self._open_remote = open_remote
        self._differences = Differences(overlay, index, root)
        # What stands below no such root is pushed with that of any, and by one push at a time.
        is_for_all = has_overlaid_roots(index.family)
        self._intents = Intents(overlay.key_values, "" if is_for_all else root)

    def status(self) -> OverlayStatus:
        """Count what there is."""
        counts = Counter(change.action for change in self.diff())
        files, size = self._overlay.cache.usage()
        return OverlayStatus(
            name=self._name,
            created=counts[Action.CREATED],
            changed=counts[Action.CHANGED],
            deleted=counts[Action.DELETED],
            cached_files=files,
            cached_bytes=size,
            pulled_at=Pulled(self._overlay.key_values).oldest(),
            is_offline=self._open_remote is None,
        )

    def diff(self) -> Diff:
        """Return what became of each object, parents before children."""
        return self._index.undisturbed(lambda: Diff(self._differences))

    def reset(self, identifier: str | None = None, kind: AnyKind | None = None) -> None:
        """Drop all changes, or those of one object; of one made here, with all below it."""
        states = (*DIFFERENT, State.COPIED)
        # Children first: a copy stays as long as something stands below it.
        entries: Sequence[ObjectState] = [*reversed(self._differences.entries(*states))]
        if identifier is not None:
            entries = self._changes_of(identifier, kind, entries)
        for entry in entries:
            each = self._index.kinds[entry.kind]
            self._overlay.revert(each, Scope(entry.scope), entry.identifier)
            forget_deletion(self._overlay.key_values, each, entry.identifier)
            if entry.state != State.CREATED:  # what a push began of it is removed by the next
                self._intents.forget(each, entry.identifier)
            self._baseline.forget(each, entry.identifier)

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
        self._index.refresh()
        scope = self._index.resolved(kind, scope)
        if isinstance(wanted, str):
            wanted = self._index.resolve(kind, wanted)
        references = References(self._remote, self._index)
        with self._overlay.exclusive_lock("pull"):
            pull = Pull(
                self._remote,
                self._overlay,
                self._index.family,
                references,
                content=content,
                advance=advance,
            )
            return pull.run(kind, scope, wanted)

    def push(self, *, dry_run: bool, on_conflict: Resolution, advance: Advance) -> PushReport:
        """Publish the changes."""
        open_remote = self._require_network("push")
        with (
            self._overlay.exclusive_lock(self._intents.namespace),
            closing(open_remote()) as remote,
        ):
            push = Push(
                self._overlay,
                self._index,
                self._differences,
                self._baseline,
                self._intents,
                remote,
                advance,
            )
            return push.run(on_conflict, dry_run=dry_run)

    def _changes_of(
        self, identifier: str, kind: AnyKind | None, entries: Sequence[ObjectState]
    ) -> Sequence[ObjectState]:
        """Return the entries that tell of one object, or else of what is below it."""
        index, found = self._index, {}
        for each in index.kinds.values() if kind is None else (kind,):
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
