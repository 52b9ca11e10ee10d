"""Makes on the remote what was made here, unless an interrupted push did.

The platform has no way to say the same twice without doing it twice. So before an object is made
there, it is noted how it will be and what was there that is like it; whoever goes on after an
interruption looks whether something has come since then that is so, and takes it for the result.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dataforce.backend import Scope, identifier_of
from dataforce.errors import ChecksumMismatchError, NotFoundError
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import State
from dataforce.transfer import cancellation
from dataforce.transfer.spool import hand_over, temporary_file, writing
from dataforce_hybrid.push.differences import (
    Differences,
    changed_fields,
    file_status,
    is_same,
)
from dataforce_hybrid.push.namesakes import Namesakes
from dataforce_hybrid.push.turns import Turn, UnderWay
from dataforce_hybrid.push.write_ahead_log import Intent, Intents
from dataforce_hybrid.records.change_index import DIFFERENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from dataforce.backend import Advance, Backend
    from dataforce.backend.interface import AnyKind
    from dataforce.overlay.store import Entry
    from dataforce_hybrid.layer import Layer


@dataclass(frozen=True)
class _Work:
    """An object that is to be made.

    Args:
        kind: Its kind.
        scope: Its parents.
        entry: What became of it here.
        mine: The record here.
        turn: Its place among others that are made at the same time.
        intent: The intent of an interrupted push; `None` if none was noted.
    """

    kind: AnyKind
    scope: Scope
    entry: Entry
    mine: Any
    turn: Turn
    intent: Intent | None


class Creation:
    """Makes objects on the remote, each once.

    Args:
        layer: Both sides.
        differences: What became of each object.
        remote: Where they go.
        intents: What is under way.
        advance: Is told how many bytes have been brought there.
    """

    def __init__(
        self,
        layer: Layer,
        differences: Differences,
        remote: Backend,
        intents: Intents,
        advance: Advance,
    ) -> None:
        self._layer = layer
        self._differences = differences
        self._remote = remote
        self._intents = intents
        self._advance = advance
        self._namesakes = Namesakes(remote)
        self._under_way = UnderWay()

    def run(self, entry: Entry, mine: Any, turn: Turn) -> str | None:
        """Make an object there and let it take the place of the one here.

        Args:
            entry: What became of the object here.
            mine: The record here.
            turn: Its place among others that are made at the same time; ends when its record is
                there, though its bytes may be to come.

        Returns:
            The id there; `None` if nothing was made, as another one has failed meanwhile.
        """
        kind, scope = self._layer.kinds[entry.kind], Scope(entry.scope)
        intent = self._intents.find(kind, entry.identifier)
        work = _Work(kind, scope, entry, mine, turn, intent)
        results = [mine]
        if intent is None:
            self._namesakes.of(kind, scope, mine)  # takes a request: before the turn
        else:
            results.append(_noted(kind, intent))
        # One that is equal must be known before this one is begun.
        with turn, self._under_way.adding(kind, scope, results) as is_wanted:
            return self._published(work) if is_wanted else None

    def _published(self, work: _Work) -> str:
        kind, scope, entry = work.kind, work.scope, work.entry
        theirs = None if work.intent is None else self._resumed(work, work.intent)
        if theirs is None:
            theirs = self._begun(work)
        self._namesakes.add(kind, scope, theirs)
        self._layer.workspace.publish(kind, scope, entry.identifier, entry.revision, theirs)
        self._intents.forget(kind, entry.identifier)
        return identifier_of(theirs)

    def _begun(self, work: _Work) -> Any:
        kind, mine, entry = work.kind, work.mine, work.entry
        found = self._namesakes.of(kind, work.scope, mine)
        known = [identifier_of(each) for each in found if is_same(kind, each, mine)]
        intent = Intent(entry.kind, entry.scope, mine.model_dump_json(), tuple(known))
        self._intents.begin(entry.identifier, intent)
        return self._made(work, known)

    def _resumed(self, work: _Work, intent: Intent) -> Any:
        """What an interrupted push made, or what it left to be made; `None` to begin anew."""
        kind, scope = work.kind, work.scope
        found = self._results(kind, scope, intent)
        theirs = next((each for each in found if _is_complete(kind, each)), None)
        if theirs is not None:
            # From here on it is known, whatever becomes of it.
            made = replace(intent, made=identifier_of(theirs))
            self._intents.begin(work.entry.identifier, made)
            theirs = self._updated(work, theirs)
        elif is_same(kind, _noted(kind, intent), work.mine):
            # An upload goes on with the record that it began.
            theirs = self._made(work, intent.known)
        self._remove_begun(kind, scope, found, theirs)
        return theirs

    def _results(self, kind: AnyKind, scope: Scope, intent: Intent) -> list[Any]:
        """What is there that an interrupted push may have made."""
        if intent.made is not None:
            with suppress(NotFoundError):
                return [self._remote.store(kind).get(scope, intent.made)]
        sought = _noted(kind, intent)
        taken = {*intent.known, *self._layer.index.replacements(kind)}
        return [
            each
            for each in self._namesakes.now(kind, scope, sought)
            if is_same(kind, each, sought)
            and identifier_of(each) not in taken
            # The user took it for another, and deleted it.
            and self._layer.index.state(kind, identifier_of(each)) != State.DELETED
        ]

    def _remove_begun(self, kind: AnyKind, scope: Scope, found: Sequence[Any], theirs: Any) -> None:
        """Remove what was begun there and nobody can complete."""
        for each in found:
            is_result = theirs is not None and identifier_of(each) == identifier_of(theirs)
            if not is_result and not _is_complete(kind, each):
                with suppress(NotFoundError):
                    self._remote.store(kind).delete(scope, identifier_of(each))

    def clean_up(self) -> None:
        """Remove what interrupted pushes began of objects that are not here any more."""
        self._layer.index.refresh()
        for identifier, intent in self._intents.all():
            kind = self._layer.kinds[intent.kind]
            if self._layer.index.state(kind, identifier) in DIFFERENT:
                continue  # left out this time, and what was begun of it is known by this alone
            is_creation = intent.record is not None and intent.made != identifier
            if is_creation and kind.file is not None:
                scope = self._layer.index.resolved(kind, Scope(intent.scope))
                with suppress(NotFoundError):  # what it stood below is gone, too
                    found = self._results(kind, scope, intent)
                    self._remove_begun(kind, scope, found, None)
            self._intents.forget(kind, identifier)

    def _updated(self, work: _Work, theirs: Any) -> Any:
        """What was made, with what was changed here since then; keys may have been, too."""
        kind, mine = work.kind, work.mine
        fields = {each.name for each in changed_fields(kind, theirs, mine)} - file_status(kind)
        values = {field: getattr(mine, field) for field in fields}
        values |= self._differences.unshown(work.entry)
        if not values:
            return theirs
        changes = kind.update.model_validate(values)
        return self._remote.store(kind).update(work.scope, identifier_of(theirs), changes)

    def _made(self, work: _Work, known: Sequence[str]) -> Any:
        theirs = self._sent(work)
        if identifier_of(theirs) in known:
            # An upload of an equal one, killed when all was done but its note, was taken for this.
            theirs = self._sent(work)
        return theirs

    def _sent(self, work: _Work) -> Any:
        kind, mine = work.kind, work.mine
        shown = [field for field in kind.create.model_fields if field in kind.record.model_fields]
        given = {field: getattr(mine, field) for field in shown}
        given |= self._differences.unshown(work.entry)
        values = kind.create.model_validate(given)
        if kind.file is None:
            return self._remote.store(kind).create(work.scope, values)
        return self._uploaded(work, values)

    def _uploaded(self, work: _Work, values: BaseModel) -> Any:
        kind, scope, mine = work.kind, work.scope, work.mine
        assert kind.file is not None
        theirs = self._remote.content(kind)

        def advance(count: int) -> None:
            # The record is there when bytes go to it; but an upload that goes on may begin anew,
            # with another record.
            if work.intent is None:
                work.turn.end()
            self._advance(count)

        with temporary_file() as path:
            self._fetch(kind, scope, mine, path)
            with theirs.receive(scope, path, advance) as incoming:
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
                cancellation.check()
                file.write(chunk)


def _noted(kind: AnyKind, intent: Intent) -> Any:
    """The record that a push set out to make."""
    return kept_record(kind, intent.record or "")


def _is_complete(kind: AnyKind, record: BaseModel) -> bool:
    return kind.file is None or kind.file.is_ready(record)
