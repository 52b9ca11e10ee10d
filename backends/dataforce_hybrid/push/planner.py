"""Plan of a push: what it would do, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dataforce.backend import Scope, identifier_of
from dataforce.errors import NotFoundError, PermissionDeniedError
from dataforce.overlay import Action, Change, Conflict, FieldConflict, Resolution
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import State
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
from dataforce_hybrid.records.references import References, Target

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, ReadableBackend
    from dataforce.overlay.store import Key, ObjectState
    from dataforce_hybrid.push.delete_baseline import DeleteBaseline
    from dataforce_hybrid.push.write_ahead_log import Intents
    from dataforce_hybrid.records.change_index import ChangeIndex


_TANGLED = (
    "it takes the place of an object that can go only after it; give it another place, push, and "
    "change it back"
)


class Planner:
    """Compares what became of each object with what the remote says now.

    Args:
        index: The states of the objects in the overlay.
        differences: What became of each object.
        baseline: What stood below deleted objects.
        intents: What a push that was interrupted began.
        remote: The remote to publish to.
        resolution: Whose side to take.
    """

    def __init__(
        self,
        index: ChangeIndex,
        differences: Differences,
        baseline: DeleteBaseline,
        intents: Intents,
        remote: ReadableBackend,
        resolution: Resolution,
    ) -> None:
        self._index = index
        self._differences = differences
        self._baseline = baseline
        self._intents = intents
        self._remote = remote
        self._resolution = resolution
        self._references = References(remote, index)
        self._known: dict[Key, Any] = {}
        self._claims = Claims(remote, index.family)

    def steps(self) -> list[Step]:
        """Return the steps in an order in which they can be published: each after what it needs."""
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

    def again(self, entry: ObjectState) -> Step | None:
        """Return what is to be done with a changed or deleted object now; `None` if nothing is."""
        self._known.pop(entry.key, None)
        return self._changed(entry) if entry.state == State.CHANGED else self._deleted(entry)

    def theirs(self, entry: ObjectState) -> Any:
        """Return the remote's record of an object, `None` if there is none."""
        return self._theirs(self._index.kinds[entry.kind], Scope(entry.scope), entry.identifier)

    def _each(self) -> Iterator[Step]:
        for entry in self._differences.entries(State.CREATED):
            yield self._created(entry)
        for entry in self._differences.entries(State.CHANGED):
            if (step := self._changed(entry)) is not None:
                yield step
        yield from map(self._deleted, reversed(self._differences.entries(State.DELETED)))

    def _created(self, entry: ObjectState) -> Step:
        change = self._differences.change(entry)
        assert change is not None
        kind, mine = self._index.kinds[entry.kind], self._differences.mine(entry)
        step = Step(entry, change)
        for target in self._supports(kind, entry, mine):
            if self._is_missing(*target):
                return replace(step, conflict=_hopeless(change, _deleted_there(target)))
        theirs = self.theirs(entry) if kind.identity.made_by == "client" else None
        if theirs is not None and not self._is_result(entry, theirs):
            reason = f"there is another {kind.name} of that {kind.identity_field} there"
            return replace(step, conflict=_hopeless(change, reason))
        # A file that is pending is pending here: a user was told to bring it here.
        return replace(step, is_left_out=not kind.is_ready(mine))

    def _changed(self, entry: ObjectState) -> Step | None:
        change = self._differences.change(entry)
        if change is None:
            return None
        kind = self._index.kinds[entry.kind]
        step = Step(entry, change)
        theirs = self.theirs(entry)
        if theirs is None:
            conflict = Conflict(change, "it was deleted there", (), can_be_mine=False)
            return self._resolved(step, conflict)
        base, mine = self._differences.base(entry), self._differences.mine(entry)
        if not _can_be_set(kind, change, mine):
            return replace(step, is_left_out=True)
        for target in self._targets(kind, entry, mine):
            if self._is_missing(*target):
                conflict = Conflict(change, _deleted_there(target), can_be_mine=False)
                return self._resolved(step, conflict)
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

    def _deleted(self, entry: ObjectState) -> Step:
        change = self._differences.change(entry)
        assert change is not None
        kind = self._index.kinds[entry.kind]
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
        come, changed = self._baseline.unseen(self._remote, kind, scope, entry.identifier, is_begun)
        if come or changed:
            reason = (
                f"it is deleted here, and what stands below it there is not what it was: "
                f"{come} new, {changed} changed"
            )
            return self._resolved(step, Conflict(change, reason))
        return step

    def _unhindered(self, step: Step, steps: Mapping[Key, Step]) -> Step:
        """Return the step, with a conflict if another object there does not let it happen."""
        kind, scope = self._index.kinds[step.entry.kind], Scope(step.entry.scope)
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
        """Return the id of the remote's object that has what only this one may have."""
        kind, entry = self._index.kinds[step.entry.kind], step.entry
        theirs = self._claims.holder(kind, Scope(entry.scope), self._differences.mine(entry))
        if theirs is None:
            return None
        holder = identifier_of(theirs)
        if step.change.action != Action.CREATED:
            return None if holder == entry.identifier else holder
        return None if self._is_result(entry, theirs) else holder

    def _is_result(self, entry: ObjectState, theirs: Any) -> bool:
        """Return whether a push that was interrupted made an object of the remote of this one."""
        kind = self._index.kinds[entry.kind]
        intent = self._intents.find(kind, entry.identifier)
        if intent is None or intent.record is None:
            return False
        identifier = identifier_of(theirs)
        is_like_it = is_same(kind, theirs, kept_record(kind, intent.record))
        return identifier == intent.made or (identifier not in intent.known and is_like_it)

    def _needs(self, step: Step) -> Iterator[Key]:
        """Yield kinds and ids of the objects that must be published before one."""
        kind, entry = self._index.kinds[step.entry.kind], step.entry
        if step.change.action == Action.DELETED:
            users = self._claims.users(kind, Scope(entry.scope), entry.identifier)
            yield from ((user.route, identifier) for user, identifier, _ in users)
            return
        for target, _, identifier in self._supports(kind, entry, self._differences.mine(entry)):
            if self._index.state(target, identifier) == State.CREATED:
                yield target.route, identifier
        if (holder := self._holder(step)) is not None:
            yield kind.route, holder

    def _supports(self, kind: AnyKind, entry: ObjectState, mine: Any) -> Iterator[Target]:
        """Yield what an object stands below or points at, each with its place."""
        if kind.parent is not None:
            yield Target(kind.parent, Scope(entry.scope[:-1]), entry.scope[-1])
        yield from self._targets(kind, entry, mine)

    def _targets(self, kind: AnyKind, entry: ObjectState, mine: Any) -> Iterator[Target]:
        for _, target in self._references.of(kind, Scope(entry.scope), mine):
            yield target

    def _is_missing(self, kind: AnyKind, scope: Scope, identifier: str) -> bool:
        """Return whether an object of the remote that is needed here was deleted there."""
        if self._index.state(kind, identifier) == State.CREATED:
            return False
        try:
            return self._theirs(kind, scope, identifier) is None
        except PermissionDeniedError:  # who may not look leaves it to the platform
            return False

    def _resolved(self, step: Step, conflict: Conflict, left: tuple[Any, ...] = ()) -> Step:
        """Return the step if a side was taken that can be, else with its conflict."""
        if self._resolution == Resolution.MINE and conflict.can_be_mine:
            return step
        if self._resolution == Resolution.THEIRS and conflict.can_be_theirs:
            change = replace(step.change, fields=left) if left else step.change
            return replace(step, change=change, is_dropped=not left)
        return replace(step, conflict=conflict)

    def _sent_before(self, entry: ObjectState, theirs: Any) -> set[str]:
        """Return the fields that are there what a push that was interrupted made them."""
        kind = self._index.kinds[entry.kind]
        intent = self._intents.find(kind, entry.identifier)
        if intent is None or intent.record is None:
            return set()
        sent = kept_record(kind, intent.record)
        return {
            field for field in changeable(kind) if getattr(sent, field) == getattr(theirs, field)
        }

    def _theirs(self, kind: AnyKind, scope: Scope, identifier: str) -> Any:
        """Return the remote's record now, `None` if there is none; each is asked for once."""
        key = kind.route, identifier
        if key not in self._known:
            try:
                self._known[key] = self._remote.store(kind, scope).get(identifier)
            except NotFoundError:
                self._known[key] = None
        return self._known[key]


def _deleted_there(target: Target) -> str:
    return f"the {target.kind.name} {target.identifier} was deleted there"


def _hopeless(change: Change, reason: str) -> Conflict:
    """Return a conflict in which no side can be taken."""
    return Conflict(change, reason, can_be_mine=False, can_be_theirs=False)


def _is_no_deletion(step: Step) -> bool:
    return step.change.action != Action.DELETED


def _is_news(field: str, theirs: Any, mine: Any) -> bool:
    """Return whether the remote has another value; of what is never shown nobody knows."""
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
