"""What became of which object, in memory."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from dataforce.errors import NotFoundError
from dataforce.seam import Scope
from dataforce.seam.workspace import Entry, State, Workspace

VISIBLE = (State.CREATED, State.CHANGED)
"""The objects whose record in the workspace is the one to show."""
DIFFERENT = (*VISIBLE, State.DELETED)
"""The objects that are not what the other side says."""
T = TypeVar("T")


class Index:
    """The entries of a workspace, as they were when `refresh` was last called.

    Only what changed since then is read, so that a workspace of 10,000 changes costs no more per
    call than an empty one.

    Args:
        workspace: Where they are kept; other processes may change them.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._revision = 0
        self._refreshing = threading.Lock()
        self._entries: dict[str, Entry] = {}
        # By an ancestor, however far above, the route of the kind below it, and the state.
        self._below: defaultdict[tuple[str, str, State], set[str]] = defaultdict(set)
        self._touched: defaultdict[str, int] = defaultdict(int)

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

    def get(self, identifier: str) -> Entry | None:
        """What is known of an object."""
        return self._entries.get(identifier)

    def state(self, identifier: str) -> State:
        """What became of an object; `gone` if nothing is known."""
        entry = self._entries.get(identifier)
        return State.GONE if entry is None else entry.state

    def below(self, ancestor: str, route: str, *states: State) -> list[Entry]:
        """The objects of the kind at `route` that stand below `ancestor` and are so."""
        with self._refreshing:
            sets = [self._below.get((ancestor, route, state), ()) for state in states]
            return [self._entries[identifier] for each in sets for identifier in each]

    def has(self, ancestor: str, route: str, *states: State) -> bool:
        """Whether any such object stands below `ancestor`."""
        return any(self._below.get((ancestor, route, state)) for state in states)

    def touches(self, ancestor: str) -> bool:
        """Whether anything at all below an object is not as the remote says."""
        return self._touched.get(ancestor, 0) > 0

    def within(self, root: str, routes: Iterable[str], *states: State) -> list[Entry]:
        """All below a root that are so, kind by kind, in the order they were made."""
        found = (self.below(root, route, *states) for route in routes)
        return [entry for each in found for entry in sorted(each, key=lambda one: one.identifier)]

    def resolve(self, identifier: str) -> str:
        """The id that an object has now: publishing gives it another."""
        entry = self._entries.get(identifier)
        while entry is not None and entry.state == State.PUBLISHED and entry.successor is not None:
            identifier = entry.successor
            entry = self._entries.get(identifier)
        return identifier

    def resolved(self, scope: Scope) -> Scope:
        """The scope with the ids that its objects have now."""
        return Scope(tuple(map(self.resolve, scope.ids)))

    def is_made_here(self, identifiers: Iterable[str]) -> bool:
        """Whether any of the objects was made here, so that the other side has nothing below it."""
        return any(self.state(each) == State.CREATED for each in identifiers)

    def _replace(self, entry: Entry) -> None:
        before = self._entries.get(entry.identifier)
        # What is new comes before what was goes: others read meanwhile.
        if entry.state != State.GONE:
            self._entries[entry.identifier] = entry
            self._count(entry, +1)
        else:
            self._entries.pop(entry.identifier, None)
        if before is not None:
            self._count(before, -1)

    def _count(self, entry: Entry, difference: int) -> None:
        for ancestor in entry.scope:
            key = ancestor, entry.kind, entry.state
            if self._is_below(entry, key):
                self._below[key].add(entry.identifier)
            else:
                self._below[key].discard(entry.identifier)
            if entry.state in DIFFERENT:
                self._touched[ancestor] += difference

    def _is_below(self, entry: Entry, key: tuple[str, str, State]) -> bool:
        now = self._entries.get(entry.identifier)
        return now is not None and key[0] in now.scope and key[1:] == (now.kind, now.state)
