"""Publishes what was made, changed and deleted here, and goes on where that was interrupted.

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
from dataforce_hybrid.files.store import DELETING
from dataforce_hybrid.push.conflicts import push_conflict
from dataforce_hybrid.push.creator import Creation
from dataforce_hybrid.push.differences import Differences, changeable
from dataforce_hybrid.push.order import in_batches
from dataforce_hybrid.push.planner import Review
from dataforce_hybrid.push.turns import Turn
from dataforce_hybrid.push.write_ahead_log import Intent, Intents
from dataforce_hybrid.records.change_index import note_key

if TYPE_CHECKING:
    from dataforce.backend import Advance, Backend
    from dataforce.overlay.store import Entry
    from dataforce_hybrid.layer import Layer
    from dataforce_hybrid.push.order import Step


_AT_ONCE = 8
"""Highest number of objects that are published at a time."""


class Push:
    """One push.

    Args:
        layer: Both sides.
        root: Id of the root whose changes are published.
        remote: Where they go.
        advance: Is told how many bytes have been brought there.
    """

    def __init__(self, layer: Layer, root: str, remote: Backend, advance: Advance) -> None:
        self._layer = layer
        self._remote = remote
        self._intents = Intents(layer.workspace.notes, root)
        self._differences = Differences(layer, root)
        self._creation = Creation(layer, self._differences, remote, self._intents, advance)

    def run(self, resolution: Resolution, *, dry_run: bool) -> PushReport:
        """Publish everything, or nothing if something stands in the way.

        Should something come in the way while it is published, or the platform refuse, what was
        published until then stays so, and the next push goes on with the rest.
        """
        review, steps = self._layer.index.undisturbed(lambda: self._reviewed(resolution))
        self._refuse_conflicts(steps, "Nothing was pushed")
        if not dry_run:
            batches = in_batches(steps, self._layer.kinds)
            found = [each for batch in batches for each in self._all_carried_out(batch, review)]
            steps = [step for step in found if step is not None]
            self._settle_unchanged()
            self._creation.clean_up()
        return PushReport(
            changes=Diff(step.change for step in steps if step.is_sent),
            dropped=Diff(step.change for step in steps if step.is_dropped),
            left_out=Diff(step.change for step in steps if step.is_left_out),
            is_dry_run=dry_run,
        )

    def _reviewed(self, resolution: Resolution) -> tuple[Review, list[Step]]:
        review = Review(self._layer, self._differences, self._remote, self._intents, resolution)
        return review, review.steps()

    def _refuse_conflicts(self, steps: Sequence[Step], what: str) -> None:
        found = [step.conflict for step in steps if step.conflict is not None]
        if found:
            raise push_conflict(what, found)

    def _all_carried_out(self, steps: Sequence[Step], review: Review) -> list[Step | None]:
        """Yield the outcome of each step; the steps are carried out at the same time."""
        work = [*enumerate(steps)]
        turns = [*accumulate(work, lambda before, _: Turn(before), initial=Turn())]

        def carry_out(work: tuple[int, Step]) -> tuple[int, Step | None]:
            number, step = work
            try:
                return number, self._carried_out(step, review, turns[number])
            finally:
                turns[number].end()

        done = dict(run_parallel(carry_out, work, threads=_AT_ONCE, finish=True))
        return [done[number] for number, _ in work]

    def _carried_out(self, step: Step, review: Review, turn: Turn) -> Step | None:
        """What was done in the end; nothing if somebody else did it, or took it back."""
        cancellation.check()
        entry = self._now(step.entry)
        if step.is_left_out or entry is None:
            return step if step.is_left_out else None
        if step.is_dropped:
            self._settle(step.entry, review.theirs(entry))
            return step
        try:
            if step.change.action == Action.CREATED:
                new_id = self._creation.run(entry, self._differences.mine(entry), turn)
                if new_id is None:
                    return None
                return replace(step, change=replace(step.change, new_id=new_id))
            now = self._carried_on(entry, review)
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

    def _carried_on(self, entry: Entry, review: Review) -> Step | None:
        # Much may have been published since the review, and that takes its time.
        step = review.again(entry)
        current = self._now(entry)
        is_as_it_was = current is not None and current.revision == entry.revision
        if step is None or step.is_left_out or not is_as_it_was:
            return None
        self._refuse_conflicts([step], "The push was stopped half way")
        theirs = review.theirs(entry)
        if step.is_sent and step.change.action == Action.CHANGED:
            theirs = self._update(entry, step.change)
        elif step.is_sent:
            self._delete(entry)
            theirs = None
        self._settle(entry, theirs)
        return step

    def _now(self, entry: Entry) -> Entry | None:
        """The entry as it is, `None` if something else has become of the object.

        What it stands below may have been published meanwhile, under another id.
        """
        self._layer.index.refresh()
        now = self._layer.index.get(self._layer.kinds[entry.kind], entry.identifier)
        return now if now is not None and now.state == entry.state else None

    def _settle(self, entry: Entry, theirs: Any) -> None:
        """The remote has it, or was right: nothing is different here, but for later changes."""
        workspace, kind = self._layer.workspace, self._layer.kinds[entry.kind]
        scope, identifier = Scope(entry.scope), entry.identifier
        if workspace.settle(kind, scope, identifier, entry.revision, theirs):
            workspace.notes.erase(DELETING, note_key(kind, identifier))
            self._layer.evidence.forget(kind, identifier)
        self._intents.forget(kind, identifier)

    def _settle_unchanged(self) -> None:
        for entry in self._differences.entries(State.CHANGED):
            if self._differences.change(entry) is None:
                self._settle(entry, None)

    def _update(self, entry: Entry, change: Change) -> Any:
        """Change the object there; what it is then."""
        kind, mine = self._layer.kinds[entry.kind], self._differences.mine(entry)
        wanted = {each.name for each in change.fields}
        values = {field: getattr(mine, field) for field in changeable(kind) if field in wanted}
        values |= self._differences.unshown(entry)
        changes = kind.update.model_validate(values)
        told = mine.model_dump_json()
        intent = Intent(entry.kind, entry.scope, told, made=entry.identifier)
        self._intents.begin(entry.identifier, intent)
        return self._remote.store(kind).update(Scope(entry.scope), entry.identifier, changes)

    def _delete(self, entry: Entry) -> None:
        """Delete the object there."""
        kind = self._layer.kinds[entry.kind]
        # It takes the remote several requests, and one after the first sees a changed object.
        self._intents.begin(entry.identifier, Intent(entry.kind, entry.scope))
        with suppress(NotFoundError):  # a push that was interrupted did it, or somebody else
            self._remote.store(kind).delete(Scope(entry.scope), entry.identifier)
