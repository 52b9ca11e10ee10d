"""The state of each object of an overlay, in memory."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from dataforce.backend import Scope
from dataforce.errors import NotFoundError
from dataforce.overlay.store import State

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Family
    from dataforce.overlay.store import Key, ObjectState, OverlayStore

VISIBLE = (State.CREATED, State.CHANGED)
"""The states of objects whose record in the overlay is the one to show."""
DIFFERENT = (*VISIBLE, State.DELETED)
"""The states of objects that are not as the remote has them."""
PRESENT = (*VISIBLE, State.COPIED)
"""The states of objects that have a record in the overlay."""
T = TypeVar("T")


def object_key(kind: AnyKind, identifier: str) -> str:
    """Return the key of a value about one object."""
    return f"{kind.route}/{identifier}"


def is_overlaid(kind: AnyKind) -> bool:
    """Return whether objects of a kind may be different in an overlay.

    A kind without a parent of which nothing can be written is only read: overlays lie below its
    objects.
    """
    return kind.parent is not None or bool(kind.allows)


def has_overlaid_roots(family: Family) -> bool:
    """Return whether objects without a parent may be different in an overlay."""
    return any(is_overlaid(kind) for kind in family.kinds if kind.parent is None)


class ChangeIndex:
    """The states of the objects of an overlay, as they were when `refresh` was last called.

    Only what changed since then is read, so that an overlay of 10,000 changes costs no more per
    call than an empty one.

    Args:
        overlay: Keeps the states; other processes may change them.
        family: The kinds.

    Attributes:
        family: The kinds.
        kinds: Route to kind, parents before children.
    """

    def __init__(self, overlay: OverlayStore, family: Family) -> None:
        self.family = family
        self.kinds = {kind.route: kind for kind in family.kinds}
        self._overlay = overlay
        self._revision = 0
        self._refreshing = threading.Lock()
        self._entries: dict[Key, ObjectState] = {}
        # By an ancestor, however far above, the route of the kind below it, and the state. What
        # has no ancestors is below `None`.
        self._below: defaultdict[tuple[Key | None, str, State], set[Key]] = defaultdict(set)
        self._touched: defaultdict[Key | None, int] = defaultdict(int)

    def refresh(self) -> int:
        """Read what has changed meanwhile; return the revision of the overlay then."""
        revision = self._overlay.revision()
        if revision != self._revision:
            with self._refreshing:
                for entry in self._overlay.entries(self._revision):
                    self._replace(entry)
                self._revision = max(self._revision, revision)
        return revision

    def is_current(self, revision: int) -> bool:
        """Return whether nothing has changed since then, by whomever."""
        return self._overlay.revision() == revision

    def undisturbed(self, read: Callable[[], T], *, at_one_moment: bool = False) -> T:
        """Return what is read of the overlay; read again if some of it was dropped meanwhile.

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
        """Return whether the overlay never held anything."""
        return not self._entries

    def get(self, kind: AnyKind, identifier: str) -> ObjectState | None:
        """Return the state of an object with all that is known of it."""
        return self._entries.get((kind.route, identifier))

    def state(self, kind: AnyKind, identifier: str) -> State:
        """Return the state of an object; `removed` if nothing is known."""
        entry = self.get(kind, identifier)
        return State.REMOVED if entry is None else entry.state

    def below(
        self, kind: AnyKind, identifier: str, lower: AnyKind, *states: State
    ) -> list[ObjectState]:
        """Return the objects of the kind `lower` below an object, however far, in those states."""
        return self._found((kind.route, identifier), lower, states)

    def has(self, scope: Scope, kind: AnyKind, *states: State) -> bool:
        """Return whether an object of a kind directly below a scope is in one of those states."""
        above = None if kind.parent is None else (kind.parent.route, scope.ids[-1])
        return any(self._below.get((above, kind.route, state)) for state in states)

    def touches(self, kind: AnyKind, identifier: str) -> bool:
        """Return whether anything at all below an object is not as the remote has it."""
        return self._touched.get((kind.route, identifier), 0) > 0

    def within(self, root: str, *states: State) -> list[ObjectState]:
        """Return what an overlay holds in those states, kind by kind, in the order of creation.

        That is all below its root, and what stands below no root that is only read.
        """
        found: list[ObjectState] = []
        for kind in filter(is_overlaid, self.kinds.values()):
            top = kind.ancestors[0] if kind.ancestors else kind
            above = None if is_overlaid(top) else (top.route, root)
            found += sorted(self._found(above, kind, states), key=lambda each: each.identifier)
        return found

    def resolve(self, kind: AnyKind, identifier: str) -> str:
        """Return the id that an object has now: publishing may give it another."""
        entry = self.get(kind, identifier)
        while (
            entry is not None
            and entry.state == State.PUBLISHED
            and entry.replaced_by not in (None, identifier)
        ):
            identifier = str(entry.replaced_by)
            entry = self.get(kind, identifier)
        return identifier

    def resolved(self, kind: AnyKind, scope: Scope) -> Scope:
        """Return the scope of objects of a kind with the ids that its parents have now."""
        return Scope(tuple(map(self.resolve, kind.ancestors, scope.ids)))

    def replacements(self, kind: AnyKind) -> set[str]:
        """Return the ids under which objects that were made here have been published."""
        with self._refreshing:
            return {
                entry.replaced_by
                for entry in self._entries.values()
                if entry.kind == kind.route and entry.replaced_by is not None
            }

    def is_made_here(self, kind: AnyKind, scope: Scope) -> bool:
        """Return whether one of the parents was made here; the remote has nothing below it."""
        return State.CREATED in map(self.state, kind.ancestors, scope.ids)

    def parents(self, entry: ObjectState) -> list[Key]:
        """Return the parents of an object, from the root down."""
        kinds = self.kinds[entry.kind].ancestors
        return [(kind.route, each) for kind, each in zip(kinds, entry.scope, strict=True)]

    def _found(
        self, above: Key | None, kind: AnyKind, states: tuple[State, ...]
    ) -> list[ObjectState]:
        with self._refreshing:
            keys = [(above, kind.route, state) for state in states]
            return [self._entries[each] for key in keys for each in self._below.get(key, ())]

    def _replace(self, entry: ObjectState) -> None:
        before = self._entries.get(entry.key)
        # What is new comes before what was goes: others read meanwhile.
        if entry.state != State.REMOVED:
            self._entries[entry.key] = entry
            self._count(entry, +1)
        else:
            self._entries.pop(entry.key, None)
        if before is not None:
            self._count(before, -1)

    def _count(self, entry: ObjectState, difference: int) -> None:
        now = self._entries.get(entry.key)
        for above in (None, *self.parents(entry)):
            is_below = above is None or (now is not None and above in self.parents(now))
            found = self._below[above, entry.kind, entry.state]
            if now is not None and now.state == entry.state and is_below:
                found.add(entry.key)
            else:
                found.discard(entry.key)
            if entry.state in DIFFERENT:
                self._touched[above] += difference
