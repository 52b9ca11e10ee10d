"""Publishes what was made, changed and deleted here, and goes on where that was interrupted.

As soon as an object is there, it is replaced here by the remote's, in one transaction: what is left
here at any moment is what is left to be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dataforce import _cancellation
from dataforce.errors import NotFoundError, PushConflictError
from dataforce.overlay import Action, Change, Diff, PushReport, Resolution
from dataforce.seam import Scope
from dataforce.seam.workspace import State
from dataforce_hybrid.content import DELETING
from dataforce_hybrid.creating import Creation
from dataforce_hybrid.differences import Differences, changeable
from dataforce_hybrid.intents import Intent, Intents
from dataforce_hybrid.reviewing import Review

if TYPE_CHECKING:
    from dataforce.seam import Advance, Backend
    from dataforce.seam.workspace import Entry
    from dataforce_hybrid.layer import Layer
    from dataforce_hybrid.ordering import Step

_NAMED = 20
"""How many conflicts a message tells of."""


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
        self._creation = Creation(layer, remote, self._intents, advance)
        self._differences = Differences(layer, root)

    def run(self, resolution: Resolution, *, dry_run: bool) -> PushReport:
        """Publish everything, or nothing if something stands in the way."""
        steps = Review(
            self._layer, self._differences, self._remote, self._intents, resolution
        ).steps()
        self._refuse_conflicts(steps)
        wanted = [step for step in steps if step.is_sent]
        dropped = [step for step in steps if step.is_dropped]
        done = [step.change for step in wanted]
        if not dry_run:
            done = [self._carried_out(step) for step in wanted]
            for step in dropped:
                self._settle(step.entry)
            self._settle_unchanged()
            self._intents.forget()
        return PushReport(
            changes=Diff(done),
            dropped=Diff(step.change for step in dropped),
            left_out=Diff(step.change for step in steps if step.is_left_out),
            is_dry_run=dry_run,
        )

    def _refuse_conflicts(self, steps: Sequence[Step]) -> None:
        found = [step.conflict for step in steps if step.conflict is not None]
        if not found:
            return
        lines = "\n".join(f"- {conflict}" for conflict in found[:_NAMED])
        more = f"\n- and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise PushConflictError(
            f"Nothing was pushed: the platform changed meanwhile, too.\n{lines}{more}\n"
            f"Push with on_conflict='theirs' or 'mine' where that helps, or drop a change with "
            f"client.overlay.reset(id).",
            found,
        )

    def _carried_out(self, step: Step) -> Change:
        _cancellation.check()
        self._layer.index.refresh()
        # What it stands below may have been published meanwhile, under another id.
        entry = self._layer.index.get(step.entry.identifier)
        if entry is None or entry.state != step.entry.state:
            return step.change  # another process was faster
        if step.change.action == Action.CREATED:
            mine = self._differences.mine(entry)
            return replace(step.change, new_id=self._creation.run(entry, mine))
        if step.change.action == Action.CHANGED:
            self._update(entry, step.change)
        else:
            self._delete(entry)
        self._settle(entry)
        return step.change

    def _settle(self, entry: Entry) -> None:
        """The remote has it, or was right: nothing is different here any more."""
        workspace, kind = self._layer.workspace, self._layer.kinds[entry.kind]
        workspace.release(kind, Scope(entry.scope), entry.identifier)
        workspace.notes.erase(DELETING, entry.identifier)

    def _settle_unchanged(self) -> None:
        for entry in self._differences.entries(State.CHANGED):
            if self._differences.change(entry) is None:
                self._settle(entry)

    # -- changed and deleted

    def _update(self, entry: Entry, change: Change) -> None:
        kind, mine = self._layer.kinds[entry.kind], self._differences.mine(entry)
        wanted = {each.name for each in change.fields}
        values = {field: getattr(mine, field) for field in changeable(kind) if field in wanted}
        values |= self._differences.unshown(entry)
        changes = kind.changes.model_validate(values)
        self._remote.store(kind).update(Scope(entry.scope), entry.identifier, changes)

    def _delete(self, entry: Entry) -> None:
        kind = self._layer.kinds[entry.kind]
        # It takes the remote several requests, and one after the first sees a changed object.
        self._intents.begin(entry.identifier, Intent())
        with suppress(NotFoundError):  # a push that was interrupted did it, or somebody else
            self._remote.store(kind).delete(Scope(entry.scope), entry.identifier)
