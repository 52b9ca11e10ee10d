"""Makes on the remote what was made here, unless an interrupted push did.

The platform has no way to say the same twice without doing it twice. So before an object is made
there, it is noted how it will be and what was there that is like it; whoever goes on after an
interruption looks whether something has come since then that is so, and takes it for the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataforce import _cancellation
from dataforce._relay import hand_over, temporary_file, writing
from dataforce.errors import ChecksumMismatchError
from dataforce.seam import Query, Scope, identifier_of
from dataforce.seam.workspace import State
from dataforce_hybrid.differences import Differences, changeable, changed_fields, name_of
from dataforce_hybrid.intents import Intent, Intents
from dataforce_hybrid.merging import all_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from dataforce.seam import Advance, Backend
    from dataforce.seam.backend import AnyKind
    from dataforce.seam.workspace import Entry
    from dataforce_hybrid.layer import Layer


@dataclass(frozen=True)
class Creation:
    """Makes objects on the remote, each once.

    Args:
        layer: Both sides.
        differences: What became of each object.
        remote: Where they go.
        intents: What is under way.
        advance: Is told how many bytes have been brought there.
    """

    layer: Layer
    differences: Differences
    remote: Backend
    intents: Intents
    advance: Advance
    _called: dict[tuple[str, Scope, str], list[Any]] = field(default_factory=dict)

    def run(self, entry: Entry, mine: Any) -> str:
        """Make an object there and let it take the place of the one here; its id there."""
        kind, scope = self.layer.kinds[entry.kind], Scope(entry.scope)
        intent = self.intents.find(entry.identifier)
        theirs = None if intent is None else self._resumed(kind, scope, entry, mine, intent)
        if theirs is None:
            theirs = self._begun(kind, scope, entry, mine)
        self.layer.workspace.publish(kind, scope, entry.identifier, entry.revision, theirs)
        self.intents.forget(entry.identifier)
        return identifier_of(theirs)

    def _begun(self, kind: AnyKind, scope: Scope, entry: Entry, mine: Any) -> Any:
        # Asked for once a name: many versions of a model may be published under one.
        key = kind.route, scope, name_of(kind, mine)
        if key not in self._called:
            self._called[key] = [*self._named(kind, scope, mine)]
        known = [identifier_of(each) for each in self._called[key] if _is_same(kind, each, mine)]
        self.intents.begin(entry.identifier, Intent(mine.model_dump_json(), tuple(known)))
        theirs = self._made(kind, scope, entry, mine, known)
        self._called[key].append(theirs)
        return theirs

    def _resumed(self, kind: AnyKind, scope: Scope, entry: Entry, mine: Any, intent: Intent) -> Any:
        """What an interrupted push made, or what it left to be made; `None` to begin anew."""
        sought = kind.record.model_validate_json(intent.record or "")
        found = [
            each
            for each in self._named(kind, scope, sought)
            if _is_same(kind, each, sought)
            and identifier_of(each) not in intent.known
            # The user took it for another, and deleted it.
            and self.layer.index.state(identifier_of(each)) != State.DELETED
        ]
        theirs = next((each for each in found if _is_complete(kind, each)), None)
        changes = {each.name for each in changed_fields(kind, sought, mine)} - _status(kind)
        if theirs is None and not changes:
            # An upload goes on with the record that it began.
            theirs = self._made(kind, scope, entry, mine, intent.known)
        elif theirs is not None:
            theirs = self._updated(kind, scope, entry, mine, theirs, changes)
        for each in found:
            is_result = theirs is not None and identifier_of(each) == identifier_of(theirs)
            if not is_result and not _is_complete(kind, each):
                self.remote.store(kind).delete(scope, identifier_of(each))
        return theirs

    def _updated(
        self, kind: AnyKind, scope: Scope, entry: Entry, mine: Any, theirs: Any, fields: set[str]
    ) -> Any:
        """What was made, with what was changed here since then; keys may have been, too."""
        values = {field: getattr(mine, field) for field in fields} | self.differences.unshown(entry)
        if not values:
            return theirs
        changes = kind.changes.model_validate(values)
        return self.remote.store(kind).update(scope, identifier_of(theirs), changes)

    def _named(self, kind: AnyKind, scope: Scope, wanted: Any) -> Iterator[Any]:
        """What is there under the same name."""
        return all_of(self.remote.store(kind), scope, Query(name=name_of(kind, wanted)))

    def _made(
        self, kind: AnyKind, scope: Scope, entry: Entry, mine: Any, known: Sequence[str]
    ) -> Any:
        theirs = self._sent(kind, scope, entry, mine)
        if identifier_of(theirs) in known:
            # An upload of an equal one, killed when all was done but its note, was taken for this.
            theirs = self._sent(kind, scope, entry, mine)
        return theirs

    def _sent(self, kind: AnyKind, scope: Scope, entry: Entry, mine: Any) -> Any:
        shown = [field for field in kind.values.model_fields if field in kind.record.model_fields]
        given = {field: getattr(mine, field) for field in shown} | self.differences.unshown(entry)
        values = kind.values.model_validate(given)
        if kind.file is None:
            return self.remote.store(kind).create(scope, values)
        return self._uploaded(kind, scope, values, mine)

    def _uploaded(self, kind: AnyKind, scope: Scope, values: BaseModel, mine: Any) -> Any:
        assert kind.file is not None
        theirs = self.remote.content(kind)
        with temporary_file() as path:
            self._fetch(kind, scope, mine, path)
            with theirs.receive(scope, path, self.advance) as incoming:
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
        content = self.layer.workspace.content(kind).open(scope, mine)
        with writing(path, getattr(mine, kind.file.size)) as file:
            for chunk in content.read():
                _cancellation.check()
                file.write(chunk)


def _status(kind: AnyKind) -> set[str]:
    """The field that tells how far a file has come, which is no part of what an object says."""
    return set() if kind.file is None else {kind.file.status}


def _is_complete(kind: AnyKind, record: BaseModel) -> bool:
    return kind.file is None or kind.file.is_there(record)


def _is_same(kind: AnyKind, theirs: Any, mine: Any) -> bool:
    """Whether two records tell of the same, as far as a platform leaves values alone."""
    if kind.file is None:
        fields = kind.values.model_fields.keys() & kind.record.model_fields.keys()
    else:  # its digest stands for all that is read from the file
        fields = {*kind.names, *changeable(kind), kind.file.digest, kind.file.size} - _status(kind)
    return all(
        # What was not given the platform may have chosen.
        getattr(mine, field) is None or getattr(theirs, field) == getattr(mine, field)
        for field in fields
    )
