"""What became of which object, in memory."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TypeVar

from dataforce.backend import Scope
from dataforce.backend.interface import AnyKind
from dataforce.errors import NotFoundError
from dataforce.overlay.store import Entry, Key, OverlayStore, State

VISIBLE = (State.CREATED, State.CHANGED)
"""The objects whose record in the workspace is the one to show."""
DIFFERENT = (*VISIBLE, State.DELETED)
"""The objects that are not what the other side says."""
T = TypeVar("T")


def note_key(kind: AnyKind, identifier: str) -> str:
    """The key of a note about one object."""
    return f"{kind.route}/{identifier}"


class Index:
    """The entries of a workspace, as they were when `refresh` was last called.

    Only what changed since then is read, so that a workspace of 10,000 changes costs no more per
    call than an empty one.

    Args:
        workspace: Where they are kept; other processes may change them.
        kinds: By route.
    """

    def __init__(self, workspace: OverlayStore, kinds: Mapping[str, AnyKind]) -> None:
        self._workspace = workspace
        self._kinds = kinds
        self._revision = 0
        self._refreshing = threading.Lock()
        self._entries: dict[Key, Entry] = {}
        # By an ancestor, however far above, the route of the kind below it, and the state.
        self._below: defaultdict[tuple[Key, str, State], set[Key]] = defaultdict(set)
        self._touched: defaultdict[Key, int] = defaultdict(int)

    def refresh(self) -> int:
        """Learn what has changed meanwhile; the revision of the workspace then."""
        revision = self._workspace.revision()
        if revision != self._revision:
            with self._refreshing:
                for entry in self._workspace.entries(self._revision):
                    self._replace(entry)
                self._revision = max(self._revision, revision)
        return revision

    def is_current(self, revision: int) -> bool:
        """Whether nothing has changed since then, by whomever."""
        return self._workspace.revision() == revision

    def undisturbed(self, read: Callable[[], T], *, at_one_moment: bool = False) -> T:
        """What is read of the workspace: once more, if some of it was dropped meanwhile.

        Args:
            read: Reads it.
            at_one_moment: Whether to read it again, too, if anything changed meanwhile.
        """
        while True:
            revision = self.refresh()
            try:
                found = read()
            except NotFoundError:
                if self.is_current(revision):
                    raise
            else:
                if not at_one_moment or self.is_empty or self.is_current(revision):
                    return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing ever became of anything."""
        return not self._entries

    def get(self, kind: AnyKind, identifier: str) -> Entry | None:
        """What is known of an object."""
        return self._entries.get((kind.route, identifier))

    def state(self, kind: AnyKind, identifier: str) -> State:
        """What became of an object; `gone` if nothing is known."""
        entry = self.get(kind, identifier)
        return State.GONE if entry is None else entry.state

    def below(self, kind: AnyKind, identifier: str, lower: AnyKind, *states: State) -> list[Entry]:
        """The objects of the kind `lower` below an object, however far, in those states."""
        with self._refreshing:
            keys = [((kind.route, identifier), lower.route, state) for state in states]
            return [self._entries[each] for key in keys for each in self._below.get(key, ())]

    def has(self, kind: AnyKind, identifier: str, lower: AnyKind, *states: State) -> bool:
        """Return whether a `lower` object below an object is in one of those states."""
        above = kind.route, identifier
        return any(self._below.get((above, lower.route, state)) for state in states)

    def touches(self, kind: AnyKind, identifier: str) -> bool:
        """Whether anything at all below an object is not as the remote says."""
        return self._touched.get((kind.route, identifier), 0) > 0

    def within(self, root: str, *states: State) -> list[Entry]:
        """All below a root that are so, kind by kind, in the order they were made."""
        kinds = [kind for kind in self._kinds.values() if kind.ancestors]
        found = (self.below(kind.ancestors[0], root, kind, *states) for kind in kinds)
        return [entry for each in found for entry in sorted(each, key=lambda one: one.identifier)]

    def resolve(self, kind: AnyKind, identifier: str) -> str:
        """The id that an object has now: publishing gives it another."""
        entry = self.get(kind, identifier)
        while entry is not None and entry.state == State.PUBLISHED and entry.successor is not None:
            identifier = entry.successor
            entry = self.get(kind, identifier)
        return identifier

    def replacements(self, kind: AnyKind) -> set[str]:
        """Return the ids under which objects that were made here have been published."""
        with self._refreshing:
            return {
                entry.successor
                for entry in self._entries.values()
                if entry.kind == kind.route and entry.successor is not None
            }

    def resolved(self, kind: AnyKind, scope: Scope) -> Scope:
        """The scope of objects of a kind with the ids that its parents have now."""
        return Scope(tuple(map(self.resolve, kind.ancestors, scope.ids)))

    def is_made_here(self, kind: AnyKind, scope: Scope) -> bool:
        """Return whether one of the parents was made here; the other side has nothing below it."""
        return State.CREATED in map(self.state, kind.ancestors, scope.ids)

    def parents(self, entry: Entry) -> list[Key]:
        """Return the parents of an object, from the root down."""
        kinds = self._kinds[entry.kind].ancestors
        return [(kind.route, each) for kind, each in zip(kinds, entry.scope, strict=True)]

    def _replace(self, entry: Entry) -> None:
        before = self._entries.get(entry.key)
        # What is new comes before what was goes: others read meanwhile.
        if entry.state != State.GONE:
            self._entries[entry.key] = entry
            self._count(entry, +1)
        else:
            self._entries.pop(entry.key, None)
        if before is not None:
            self._count(before, -1)

    def _count(self, entry: Entry, difference: int) -> None:
        now = self._entries.get(entry.key)
        for above in self.parents(entry):
            found = self._below[above, entry.kind, entry.state]
            if now is not None and now.state == entry.state and above in self.parents(now):
                found.add(entry.key)
            else:
                found.discard(entry.key)
            if entry.state in DIFFERENT:
                self._touched[above] += difference
