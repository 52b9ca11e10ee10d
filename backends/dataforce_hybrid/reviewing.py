"""What a push would do, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dataforce.errors import NotFoundError
from dataforce.overlay import Change, Conflict, FieldConflict, Resolution
from dataforce.seam import Scope
from dataforce.seam.workspace import Entry, State
from dataforce_hybrid.differences import (
    Differences,
    changeable,
    changed_fields,
)

if TYPE_CHECKING:
    from dataforce.seam import ReadableBackend
    from dataforce.seam.backend import AnyKind
    from dataforce_hybrid.layer import Layer


@dataclass(frozen=True)
class Step:
    """One thing to be published, or to be given up.

    Args:
        entry: What became of the object.
        change: The same, as a user sees it; with the fields that are to be sent.
        conflict: What stands in the way.
        is_dropped: Whether the remote's side was taken, so that nothing is sent.
        is_left_out: Whether it cannot be published and stays here.
    """

    entry: Entry
    change: Change
    conflict: Conflict | None = None
    is_dropped: bool = False
    is_left_out: bool = False


class Review:
    """Compares what became of each object with what the remote says now.

    Args:
        layer: Both sides.
        differences: What became of each object.
        remote: The remote to publish to.
        resolution: Whose side to take.
    """

    def __init__(
        self,
        layer: Layer,
        differences: Differences,
        remote: ReadableBackend,
        resolution: Resolution,
    ) -> None:
        self._layer = layer
        self._differences = differences
        self._remote = remote
        self._resolution = resolution
        self._known: dict[str, Any] = {}

    def steps(self) -> Iterator[Step]:
        """In the order in which they can be published: what others need is there before them."""
        for entry in self._differences.entries(State.CREATED):
            yield self._created(entry)
        for entry in self._differences.entries(State.CHANGED):
            if (step := self._changed(entry)) is not None:
                yield step
        for entry in reversed(self._differences.entries(State.DELETED)):
            if (step := self._deleted(entry)) is not None:
                yield step

    def _created(self, entry: Entry) -> Step:
        change = self._differences.change(entry)
        assert change is not None
        kind, mine = self._layer.kinds[entry.kind], self._differences.mine(entry)
        step = Step(entry, change)
        for target, scope, identifier in _supports(kind, entry, mine):
            if self._layer.index.state(identifier) == State.CREATED:
                continue
            if self._theirs(target, scope, identifier) is None:
                reason = f"the {target.name} {identifier} was deleted there"
                return replace(step, conflict=Conflict(change, reason, (), False, False))
        if kind.file is not None and not kind.file.is_there(mine):
            is_waiting = getattr(mine, kind.file.status) == kind.file.waiting
            return replace(step, is_left_out=not is_waiting)
        return step

    def _changed(self, entry: Entry) -> Step | None:
        change = self._differences.change(entry)
        if change is None:
            return None
        kind, scope = self._layer.kinds[entry.kind], Scope(entry.scope)
        step = Step(entry, change)
        theirs = self._theirs(kind, scope, entry.identifier)
        if theirs is None:
            conflict = Conflict(change, "it was deleted there", (), can_be_mine=False)
            return self._resolved(step, conflict)
        base, mine = self._differences.base(entry), self._differences.mine(entry)
        if not _can_be_set(kind, change, mine):
            return replace(step, is_left_out=True)
        wanted = [each for each in change.fields if _is_news(each.name, theirs, mine)]
        both = {each.name for each in changed_fields(kind, base, theirs)}
        clashes = [each.name for each in wanted if each.name in both]
        step = replace(step, change=replace(change, fields=tuple(wanted)))
        if not wanted:
            return replace(step, is_dropped=True)
        if not clashes:
            return step
        told = tuple(
            FieldConflict(name, *(getattr(each, name) for each in (base, theirs, mine)))
            for name in clashes
        )
        left = tuple(each for each in wanted if each.name not in clashes)
        return self._resolved(step, Conflict(change, "both sides changed it", told), left)

    def _deleted(self, entry: Entry) -> Step | None:
        change = self._differences.change(entry)
        assert change is not None
        kind = self._layer.kinds[entry.kind]
        theirs = self._theirs(kind, Scope(entry.scope), entry.identifier)
        step = Step(entry, change)
        if theirs is None:
            return replace(step, is_dropped=True)
        base = self._differences.base(entry)
        fields = (*changeable(kind), *kind.totals)
        told = tuple(
            FieldConflict(field, getattr(base, field), getattr(theirs, field), None)
            for field in fields
            if getattr(base, field) != getattr(theirs, field)
        )
        if not told:
            return step
        return self._resolved(step, Conflict(change, "it is deleted here, and changed there", told))

    def _resolved(self, step: Step, conflict: Conflict, left: tuple[Any, ...] = ()) -> Step:
        """The step if a side was taken that can be, else with its conflict."""
        if self._resolution == Resolution.MINE and conflict.can_be_mine:
            return step
        if self._resolution == Resolution.THEIRS and conflict.can_be_theirs:
            change = replace(step.change, fields=left) if left else step.change
            return replace(step, change=change, is_dropped=not left)
        return replace(step, conflict=conflict)

    def _theirs(self, kind: AnyKind, scope: Scope, identifier: str) -> Any:
        """The remote's record now, `None` if there is none; each is asked for once."""
        if identifier not in self._known:
            try:
                self._known[identifier] = self._remote.store(kind).get(scope, identifier)
            except NotFoundError:
                self._known[identifier] = None
        return self._known[identifier]


def _supports(kind: AnyKind, entry: Entry, mine: Any) -> Iterator[tuple[AnyKind, Scope, str]]:
    """What an object stands below or refers to, each with its place."""
    if kind.parent is not None:
        yield kind.parent, Scope(entry.scope[:-1]), entry.scope[-1]
    for field, target in kind.references.items():
        yield target, Scope(entry.scope[: len(target.ancestors)]), getattr(mine, field)


def _is_news(field: str, theirs: Any, mine: Any) -> bool:
    """Whether the remote has another value; of what is never shown nobody knows."""
    return not hasattr(theirs, field) or bool(getattr(theirs, field) != getattr(mine, field))


def _can_be_set(kind: AnyKind, change: Change, mine: Any) -> bool:
    values = {
        each.name: getattr(mine, each.name) for each in change.fields if hasattr(mine, each.name)
    }
    try:
        kind.changes.model_validate(values)
    except ValidationError:
        return False
    return True
