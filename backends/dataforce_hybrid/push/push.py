"""Push: publishes what was made, changed and deleted here, and goes on after an interruption.

As soon as an object is there, it is replaced here by the remote's, in one transaction: what is left
here at any moment is what is left to be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from dataforce.backend import Scope
from dataforce.errors import DataForceError, NotFoundError
from dataforce.overlay import Action, Change, Diff, PushReport, Resolution
from dataforce.overlay.store import State
from dataforce.parallel import run_parallel
from dataforce.transfer import cancellation
from dataforce_hybrid.files.deletion import forget_deletion
from dataforce_hybrid.push.conflicts import push_conflict
from dataforce_hybrid.push.creator import Creator
from dataforce_hybrid.push.differences import changeable
from dataforce_hybrid.push.order import in_batches
from dataforce_hybrid.push.planner import Planner
from dataforce_hybrid.push.turns import Turn
from dataforce_hybrid.push.write_ahead_log import Intent

if TYPE_CHECKING:
    from dataforce.backend import Advance, Backend
    from dataforce.overlay.store import ObjectState, OverlayStore
    from dataforce_hybrid.push.delete_baseline import DeleteBaseline
    from dataforce_hybrid.push.differences import Differences
    from dataforce_hybrid.push.order import Step
    from dataforce_hybrid.push.write_ahead_log import Intents
    from dataforce_hybrid.records.change_index import ChangeIndex


_AT_ONCE = 8
"""Highest number of objects that are published at a time."""


class Push:
    """One push.

    Args:
        overlay: The overlay.
        index: The states of the objects in it.
        differences: What became of each object that is to be published.
        baseline: What stood below deleted objects.
        intents: What a push that was interrupted began.
        remote: Where the objects go.
        advance: Is told how many bytes have been brought there.
    """

    def __init__(
        self,
        overlay: OverlayStore,
        index: ChangeIndex,
        differences: Differences,
        baseline: DeleteBaseline,
        intents: Intents,
        remote: Backend,
        advance: Advance,
    ) -> None:
        self._overlay = overlay
        self._index = index
        self._differences = differences
        self._baseline = baseline
        self._intents = intents
        self._remote = remote
        self._creator = Creator(overlay, index, differences, remote, intents, advance)

    def run(self, resolution: Resolution, *, dry_run: bool) -> PushReport:
        """Publish everything, or nothing if something stands in the way.

        Should something come in the way while it is published, or the platform refuse, what was
        published until then stays so, and the next push goes on with the rest.
        """
        planner, steps = self._index.undisturbed(lambda: self._planned(resolution))
        self._refuse_conflicts(steps, "Nothing was pushed")
        if not dry_run:
            batches = in_batches(steps, self._index.kinds)
            found = [each for batch in batches for each in self._all_carried_out(batch, planner)]
            steps = [step for step in found if step is not None]
            self._settle_unchanged()
            self._creator.clean_up()
        return PushReport(
            changes=Diff(step.change for step in steps if step.is_sent),
            dropped=Diff(step.change for step in steps if step.is_dropped),
            left_out=Diff(step.change for step in steps if step.is_left_out),
            is_dry_run=dry_run,
        )

    def _planned(self, resolution: Resolution) -> tuple[Planner, list[Step]]:
        planner = Planner(
            self._index,
            self._differences,
            self._baseline,
            self._intents,
            self._remote,
            resolution,
        )
        return planner, planner.steps()

    def _refuse_conflicts(self, steps: Sequence[Step], what: str) -> None:
        found = [step.conflict for step in steps if step.conflict is not None]
        if found:
            raise push_conflict(what, found)

    def _all_carried_out(self, steps: Sequence[Step], planner: Planner) -> list[Step | None]:
        """Return the outcome of each step; the steps are carried out at the same time."""
        work = [*enumerate(steps)]
        turns = [*accumulate(work, lambda before, _: Turn(before), initial=Turn())]

        def carry_out(work: tuple[int, Step]) -> tuple[int, Step | None]:
            number, step = work
            try:
                return number, self._carried_out(step, planner, turns[number])
            finally:
                turns[number].end()

        done = dict(run_parallel(carry_out, work, threads=_AT_ONCE, finish=True))
        return [done[number] for number, _ in work]

    def _carried_out(self, step: Step, planner: Planner, turn: Turn) -> Step | None:
        """Return what was done in the end; nothing if somebody else did it, or took it back."""
        cancellation.check()
        entry = self._now(step.entry)
        if step.is_left_out or entry is None:
            return step if step.is_left_out else None
        if step.is_dropped:
            self._settle(step.entry, planner.theirs(entry))
            return step
        try:
            if step.change.action == Action.CREATED:
                new_id = self._creator.run(entry, self._differences.mine(entry), turn)
                if new_id is None:
                    return None
                return replace(step, change=replace(step.change, new_id=new_id))
            now = self._carried_on(entry, planner)
        except DataForceError as error:
            if isinstance(error, NotFoundError) and self._now(step.entry) is None:
                return None
            error.add_note(
                f"This ended the push at the {step.change.kind} {step.change.name!r} "
                f"({step.change.id}). What was not published yet is still in the overlay: push "
                f"again when the cause is gone."
            )
            raise
        if now is None:
            return None
        # As it was announced, but for what was not to be sent any more.
        sent = {each.name for each in now.change.fields}
        fields = tuple(each for each in step.change.fields if each.name in sent)
        return replace(now, change=replace(step.change, fields=fields))

    def _carried_on(self, entry: ObjectState, planner: Planner) -> Step | None:
        # Much may have been published since the plan was made, and that takes its time.
        step = planner.again(entry)
        current = self._now(entry)
        is_as_it_was = current is not None and current.revision == entry.revision
        if step is None or step.is_left_out or not is_as_it_was:
            return None
        self._refuse_conflicts([step], "The push was stopped half way")
        theirs = planner.theirs(entry)
        if step.is_sent and step.change.action == Action.CHANGED:
            theirs = self._update(entry, step.change)
        elif step.is_sent:
            self._delete(entry)
            theirs = None
        self._settle(entry, theirs)
        return step

    def _now(self, entry: ObjectState) -> ObjectState | None:
        """Return the entry as it is, `None` if something else has become of the object.

        What it stands below may have been published meanwhile, under another id.
        """
        self._index.refresh()
        now = self._index.get(self._index.kinds[entry.kind], entry.identifier)
        return now if now is not None and now.state == entry.state else None

    def _settle(self, entry: ObjectState, theirs: Any) -> None:
        """Note that the remote has it, or was right: only later changes are different here."""
        kind, identifier = self._index.kinds[entry.kind], entry.identifier
        scope = Scope(entry.scope)
        if self._overlay.mark_synced(kind, scope, identifier, entry.revision, theirs):
            forget_deletion(self._overlay.key_values, kind, identifier)
            self._baseline.forget(kind, identifier)
        self._intents.forget(kind, identifier)

    def _settle_unchanged(self) -> None:
        for entry in self._differences.entries(State.CHANGED):
            if self._differences.change(entry) is None:
                self._settle(entry, None)

    def _update(self, entry: ObjectState, change: Change) -> Any:
        """Change the object there; return what it is then."""
        kind, mine = self._index.kinds[entry.kind], self._differences.mine(entry)
        wanted = {each.name for each in change.fields}
        values = {field: getattr(mine, field) for field in changeable(kind) if field in wanted}
        values |= self._differences.write_only(entry)
        changes = kind.update.model_validate(values)
        told = mine.model_dump_json()
        intent = Intent(entry.kind, entry.scope, told, made=entry.identifier)
        self._intents.begin(entry.identifier, intent)
        return self._remote.store(kind, Scope(entry.scope)).update(entry.identifier, changes)

    def _delete(self, entry: ObjectState) -> None:
        """Delete the object there."""
        kind = self._index.kinds[entry.kind]
        # It takes the remote several requests, and one after the first sees a changed object.
        self._intents.begin(entry.identifier, Intent(entry.kind, entry.scope))
        with suppress(NotFoundError):  # a push that was interrupted did it, or somebody else
            self._remote.store(kind, Scope(entry.scope)).delete(entry.identifier)
