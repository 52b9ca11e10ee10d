"""Publishes what was made, changed and deleted here, and goes on where that was interrupted.

The platform has no way to say the same twice without doing it twice. So before an object is made
there, it is noted what was there of its name; whoever goes on after an interruption looks whether
something has come since then that is the same, and takes it for the result. As soon as an object is
there, it is replaced here by the remote's, in one transaction: what is left here at any moment is
what is left to be done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataforce import _cancellation
from dataforce._relay import hand_over, temporary_file, writing
from dataforce.errors import ChecksumMismatchError, NotFoundError, PushConflictError
from dataforce.overlay import Action, Change, Diff, PushReport, Resolution
from dataforce.seam import Query, Scope, identifier_of
from dataforce.seam.workspace import State
from dataforce_hybrid.content import DELETING
from dataforce_hybrid.differences import Differences, changeable, name_of
from dataforce_hybrid.intents import Intents
from dataforce_hybrid.merging import all_of
from dataforce_hybrid.reviewing import Review

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from dataforce.seam import Advance, Backend
    from dataforce.seam.backend import AnyKind
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
        self._advance = advance
        self._intents = Intents(layer.workspace.notes, root)
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
            return replace(step.change, new_id=self._create(entry))
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
        self._intents.begin(entry.identifier)
        with suppress(NotFoundError):  # a push that was interrupted did it, or somebody else
            self._remote.store(kind).delete(Scope(entry.scope), entry.identifier)

    # -- created

    def _create(self, entry: Entry) -> str:
        """Make the object there, unless an interrupted push did; its id there."""
        kind, scope = self._layer.kinds[entry.kind], Scope(entry.scope)
        mine = self._differences.mine(entry)
        same = [each for each in self._called_like(kind, scope, mine) if _is_same(kind, each, mine)]
        known = self._intents.known(entry.identifier)
        if known is None:
            known = [identifier_of(each) for each in same]
            self._intents.begin(entry.identifier, known)
        candidates = [each for each in same if self._may_be_the_result(each, known)]
        theirs = self._found(kind, candidates) or self._made(kind, scope, entry, mine)
        if identifier_of(theirs) in known:
            # An upload of an equal one, killed when all was done but its note, was taken for this.
            theirs = self._made(kind, scope, entry, mine)
        self._remove_begun(kind, scope, candidates, identifier_of(theirs))
        self._layer.workspace.publish(kind, scope, entry.identifier, theirs)
        self._intents.forget(entry.identifier)
        return identifier_of(theirs)

    def _may_be_the_result(self, theirs: Any, known: Sequence[str]) -> bool:
        """Whether an interrupted push made it, and the user did not delete that since then."""
        identifier = identifier_of(theirs)
        return identifier not in known and self._layer.index.state(identifier) != State.DELETED

    def _called_like(self, kind: AnyKind, scope: Scope, mine: Any) -> Iterator[Any]:
        return all_of(self._remote.store(kind), scope, Query(name=name_of(kind, mine)))

    def _found(self, kind: AnyKind, candidates: Sequence[Any]) -> Any:
        """What an interrupted push made, complete with its file."""
        complete = (each for each in candidates if kind.file is None or kind.file.is_there(each))
        return next(complete, None)

    def _remove_begun(
        self, kind: AnyKind, scope: Scope, candidates: Sequence[Any], result: str
    ) -> None:
        """Remove what an interrupted push began and nobody can complete."""
        for each in candidates:
            is_begun = kind.file is not None and not kind.file.is_there(each)
            if is_begun and identifier_of(each) != result:
                self._remote.store(kind).delete(scope, identifier_of(each))

    def _made(self, kind: AnyKind, scope: Scope, entry: Entry, mine: Any) -> Any:
        shown = [field for field in kind.values.model_fields if field in kind.record.model_fields]
        given = {field: getattr(mine, field) for field in shown} | self._differences.unshown(entry)
        values = kind.values.model_validate(given)
        if kind.file is None:
            return self._remote.store(kind).create(scope, values)
        if not kind.file.is_there(mine):
            return self._remote.content(kind).create(scope, values).model
        return self._uploaded(kind, scope, values, mine)

    def _uploaded(self, kind: AnyKind, scope: Scope, values: BaseModel, mine: Any) -> Any:
        assert kind.file is not None
        theirs = self._remote.content(kind)
        with temporary_file() as path:
            self._fetch(kind, scope, mine, path)
            with theirs.receive(scope, path, self._advance) as incoming:
                size, digest = hand_over(path, incoming)
                expected = getattr(mine, kind.file.size), getattr(mine, kind.file.digest).lower()
                if (size, digest) != expected:
                    raise ChecksumMismatchError(
                        f"The bytes of {kind.name} {identifier_of(mine)} in the overlay are not "
                        f"those that were stored: expected {expected[0]} bytes with SHA-256 "
                        f"{expected[1]}, got {size} with {digest}. It was not pushed; upload the "
                        f"file again."
                    )
                return theirs.upload(scope, values, incoming)

    def _fetch(self, kind: AnyKind, scope: Scope, mine: Any, path: Path) -> None:
        assert kind.file is not None
        content = self._layer.workspace.content(kind).open(scope, mine)
        with writing(path, getattr(mine, kind.file.size)) as file:
            for chunk in content.read():
                _cancellation.check()
                file.write(chunk)


def _is_same(kind: AnyKind, theirs: Any, mine: Any) -> bool:
    """Whether two records tell of the same, as far as a platform leaves values alone."""
    fields = set(kind.unique)
    if not fields:
        fields = {*kind.names, *changeable(kind)}
        if kind.file is not None:
            fields = (fields | {kind.file.digest, kind.file.size}) - {kind.file.status}
    return all(getattr(theirs, field) == getattr(mine, field) for field in fields)
