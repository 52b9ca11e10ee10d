"""What a push would do, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dataforce.backend import Scope, identifier_of
from dataforce.errors import NotFoundError, PermissionDeniedError
from dataforce.overlay import Action, Change, Conflict, FieldConflict, Resolution
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import Entry, State
from dataforce_hybrid.push.differences import (
    Differences,
    changeable,
    changed_fields,
    file_status,
    is_same,
    shown,
)
from dataforce_hybrid.push.order import Step, in_order
from dataforce_hybrid.push.preconditions import Claims

if TYPE_CHECKING:
    from dataforce.backend import ReadableBackend
    from dataforce.backend.interface import AnyKind
    from dataforce.overlay.store import Key
    from dataforce_hybrid.layer import Layer
    from dataforce_hybrid.push.write_ahead_log import Intents


_TANGLED = (
    "it takes the place of an object that can go only after it; give it another place, push, and "
    "change it back"
)


class Review:
    """Compares what became of each object with what the remote says now.

    Args:
        layer: Both sides.
        differences: What became of each object.
        remote: The remote to publish to.
        intents: What a push that was interrupted began.
        resolution: Whose side to take.
    """

    def __init__(
        self,
        layer: Layer,
        differences: Differences,
        remote: ReadableBackend,
        intents: Intents,
        resolution: Resolution,
    ) -> None:
        self._layer = layer
        self._differences = differences
        self._remote = remote
        self._intents = intents
        self._resolution = resolution
        self._known: dict[Key, Any] = {}
        self._claims = Claims(remote, tuple(layer.kinds.values()))

    def steps(self) -> list[Step]:
        """In the order in which they can be published: what others need is there before them."""
        steps = {step.entry.key: step for step in self._each()}
        # Deletions first: what takes the place of an object needs to know whether it goes.
        before = None
        while steps != before:  # what is not to be sent may have been to make way for another
            before = dict(steps)
            for step in sorted(before.values(), key=_is_no_deletion):
                if step.is_sent:
                    steps[step.entry.key] = self._unhindered(step, steps)
        ordered, tangled = in_order(steps, self._needs)
        waiting = {step.entry.key for step in tangled if step.is_sent}
        return [
            replace(step, conflict=_hopeless(step.change, _TANGLED))
            if step.entry.key in waiting
            else step
            for step in ordered
        ]

    def again(self, entry: Entry) -> Step | None:
        """What is to be done with a changed or deleted object now; `None` if nothing is."""
        self._known.pop(entry.key, None)
        return self._changed(entry) if entry.state == State.CHANGED else self._deleted(entry)

    def theirs(self, entry: Entry) -> Any:
        """The remote's record of an object, `None` if there is none."""
        return self._theirs(self._layer.kinds[entry.kind], Scope(entry.scope), entry.identifier)

    def _each(self) -> Iterator[Step]:
        for entry in self._differences.entries(State.CREATED):
            yield self._created(entry)
        for entry in self._differences.entries(State.CHANGED):
            if (step := self._changed(entry)) is not None:
                yield step
        yield from map(self._deleted, reversed(self._differences.entries(State.DELETED)))

    def _created(self, entry: Entry) -> Step:
        change = self._differences.change(entry)
        assert change is not None
        kind, mine = self._layer.kinds[entry.kind], self._differences.mine(entry)
        step = Step(entry, change)
        for target, scope, identifier in _supports(kind, entry, mine):
            if self._is_gone(target, scope, identifier):
                reason = f"the {target.name} {identifier} was deleted there"
                return replace(step, conflict=_hopeless(change, reason))
        # What waits for its bytes waits for them here: a user was told to bring them here.
        return replace(step, is_left_out=kind.file is not None and not kind.file.is_ready(mine))

    def _changed(self, entry: Entry) -> Step | None:
        change = self._differences.change(entry)
        if change is None:
            return None
        kind = self._layer.kinds[entry.kind]
        step = Step(entry, change)
        theirs = self.theirs(entry)
        if theirs is None:
            conflict = Conflict(change, "it was deleted there", (), can_be_mine=False)
            return self._resolved(step, conflict)
        base, mine = self._differences.base(entry), self._differences.mine(entry)
        if not _can_be_set(kind, change, mine):
            return replace(step, is_left_out=True)
        for target, above, identifier in _references(kind, entry, mine):
            if self._is_gone(target, above, identifier):
                reason = f"the {target.name} {identifier} was deleted there"
                return self._resolved(step, Conflict(change, reason, can_be_mine=False))
        wanted = [each for each in change.fields if _is_news(each.name, theirs, mine)]
        both = {each.name for each in changed_fields(kind, base, theirs)}
        both -= self._sent_before(entry, theirs)
        clashes = [each.name for each in wanted if each.name in both]
        step = replace(step, change=replace(change, fields=tuple(wanted)))
        if not wanted:
            return replace(step, is_dropped=True)
        if not clashes:
            return step
        told = tuple(
            FieldConflict(name, *(shown(each, name) for each in (base, theirs, mine)))
            for name in clashes
        )
        left = tuple(each for each in wanted if each.name not in clashes)
        return self._resolved(step, Conflict(change, "both sides changed it", told), left)

    def _deleted(self, entry: Entry) -> Step:
        change = self._differences.change(entry)
        assert change is not None
        kind = self._layer.kinds[entry.kind]
        theirs, scope = self.theirs(entry), Scope(entry.scope)
        step = Step(entry, change)
        if theirs is None:
            return replace(step, is_dropped=True)
        base = self._differences.base(entry)
        intent = self._intents.find(kind, entry.identifier)
        is_begun = intent is not None and intent.record is None
        told = tuple(
            FieldConflict(field, shown(base, field), shown(theirs, field), None)
            for field in changeable(kind)
            if getattr(base, field) != getattr(theirs, field)
            and not (is_begun and field in file_status(kind))
            and field not in self._sent_before(entry, theirs)
        )
        if told:
            reason = "it is deleted here, and changed there"
            return self._resolved(step, Conflict(change, reason, told))
        come, changed = self._layer.evidence.unseen(
            self._remote, kind, scope, entry.identifier, is_begun
        )
        if come or changed:
            reason = (
                f"it is deleted here, and what stands below it there is not what it was: "
                f"{come} new, {changed} changed"
            )
            return self._resolved(step, Conflict(change, reason))
        return step

    def _unhindered(self, step: Step, steps: Mapping[Key, Step]) -> Step:
        """The step, with a conflict if another object there does not let it happen."""
        kind, scope = self._layer.kinds[step.entry.kind], Scope(step.entry.scope)
        if step.change.action == Action.DELETED:
            for user, identifier, field in self._claims.users(kind, scope, step.change.id):
                using = steps.get((user.route, identifier))
                if using is None or not using.lets_go((field,)):
                    reason = f"the {user.name} {identifier} uses it there"
                    return self._resolved(step, Conflict(step.change, reason, can_be_mine=False))
            return step
        holder = self._holder(step)
        held = steps.get((kind.route, holder or ""))
        if holder is None or (held is not None and held.lets_go(kind.unique)):
            return step
        reason = f"{holder} has that {' and '.join(kind.unique)} there"
        if step.change.action == Action.CREATED:
            return replace(step, conflict=_hopeless(step.change, reason))
        return self._resolved(step, Conflict(step.change, reason, can_be_mine=False))

    def _holder(self, step: Step) -> str | None:
        """Id of the remote's object that has what only this one may have."""
        kind, entry = self._layer.kinds[step.entry.kind], step.entry
        theirs = self._claims.holder(kind, Scope(entry.scope), self._differences.mine(entry))
        if theirs is None:
            return None
        holder, intent = identifier_of(theirs), self._intents.find(kind, entry.identifier)
        if step.change.action != Action.CREATED or intent is None or intent.record is None:
            return None if holder == entry.identifier else holder
        # What a push that was interrupted made of this very object is no other.
        sent = kept_record(kind, intent.record)
        is_result = holder not in intent.known and is_same(kind, theirs, sent)
        return None if holder == intent.made or is_result else holder

    def _needs(self, step: Step) -> Iterator[Key]:
        """Kinds and ids of the objects that must be published before one."""
        kind, entry = self._layer.kinds[step.entry.kind], step.entry
        if step.change.action == Action.DELETED:
            users = self._claims.users(kind, Scope(entry.scope), entry.identifier)
            yield from ((user.route, identifier) for user, identifier, _ in users)
            return
        for target, _, identifier in _supports(kind, entry, self._differences.mine(entry)):
            if self._layer.index.state(target, identifier) == State.CREATED:
                yield target.route, identifier
        if (holder := self._holder(step)) is not None:
            yield kind.route, holder

    def _is_gone(self, kind: AnyKind, scope: Scope, identifier: str) -> bool:
        """Whether an object of the remote that is needed here is not there any more."""
        if self._layer.index.state(kind, identifier) == State.CREATED:
            return False
        try:
            return self._theirs(kind, scope, identifier) is None
        except PermissionDeniedError:  # who may not look leaves it to the platform
            return False

    def _resolved(self, step: Step, conflict: Conflict, left: tuple[Any, ...] = ()) -> Step:
        """The step if a side was taken that can be, else with its conflict."""
        if self._resolution == Resolution.MINE and conflict.can_be_mine:
            return step
        if self._resolution == Resolution.THEIRS and conflict.can_be_theirs:
            change = replace(step.change, fields=left) if left else step.change
            return replace(step, change=change, is_dropped=not left)
        return replace(step, conflict=conflict)

    def _sent_before(self, entry: Entry, theirs: Any) -> set[str]:
        """The fields that are there what a push that was interrupted made them."""
        kind = self._layer.kinds[entry.kind]
        intent = self._intents.find(kind, entry.identifier)
        if intent is None or intent.record is None:
            return set()
        sent = kept_record(kind, intent.record)
        return {
            field for field in changeable(kind) if getattr(sent, field) == getattr(theirs, field)
        }

    def _theirs(self, kind: AnyKind, scope: Scope, identifier: str) -> Any:
        """The remote's record now, `None` if there is none; each is asked for once."""
        key = kind.route, identifier
        if key not in self._known:
            try:
                self._known[key] = self._remote.store(kind).get(scope, identifier)
            except NotFoundError:
                self._known[key] = None
        return self._known[key]


def _supports(kind: AnyKind, entry: Entry, mine: Any) -> Iterator[tuple[AnyKind, Scope, str]]:
    """What an object stands below or refers to, each with its place."""
    assert kind.parent is not None
    yield kind.parent, Scope(entry.scope[:-1]), entry.scope[-1]
    yield from _references(kind, entry, mine)


def _references(kind: AnyKind, entry: Entry, mine: Any) -> Iterator[tuple[AnyKind, Scope, str]]:
    for field, target in kind.references.items():
        yield target, Scope(entry.scope[: len(target.ancestors)]), getattr(mine, field)


def _hopeless(change: Change, reason: str) -> Conflict:
    """A conflict in which no side can be taken."""
    return Conflict(change, reason, can_be_mine=False, can_be_theirs=False)


def _is_no_deletion(step: Step) -> bool:
    return step.change.action != Action.DELETED


def _is_news(field: str, theirs: Any, mine: Any) -> bool:
    """Whether the remote has another value; of what is never shown nobody knows."""
    is_shown = field in type(mine).model_fields
    return not is_shown or bool(getattr(theirs, field) != getattr(mine, field))


def _can_be_set(kind: AnyKind, change: Change, mine: Any) -> bool:
    values = {
        each.name: getattr(mine, each.name) for each in change.fields if hasattr(mine, each.name)
    }
    try:
        kind.update.model_validate(values)
    except ValidationError:
        return False
    return True
