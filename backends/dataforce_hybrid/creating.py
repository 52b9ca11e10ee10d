"""Makes on the remote what was made here, unless an interrupted push did.

The platform has no way to say the same twice without doing it twice. So before an object is made
there, it is noted how it will be and what was there that is like it; whoever goes on after an
interruption looks whether something has come since then that is so, and takes it for the result.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dataforce import _cancellation
from dataforce._relay import hand_over, temporary_file, writing
from dataforce.errors import ChecksumMismatchError, NotFoundError
from dataforce.seam import Query, Scope, identifier_of
from dataforce.seam.workspace import State
from dataforce_hybrid.differences import (
    Differences,
    changed_fields,
    file_status,
    is_same,
    name_of,
)
from dataforce_hybrid.index import DIFFERENT
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
        known = [identifier_of(each) for each in self._called[key] if is_same(kind, each, mine)]
        intent = Intent(entry.kind, entry.scope, mine.model_dump_json(), tuple(known))
        self.intents.begin(entry.identifier, intent)
        theirs = self._made(kind, scope, entry, mine, known)
        self._called[key].append(theirs)
        return theirs

    def _resumed(self, kind: AnyKind, scope: Scope, entry: Entry, mine: Any, intent: Intent) -> Any:
        """What an interrupted push made, or what it left to be made; `None` to begin anew."""
        found = self._results(kind, scope, intent)
        theirs = next((each for each in found if _is_complete(kind, each)), None)
        if theirs is not None:
            # From here on it is known, whatever becomes of it.
            made = replace(intent, made=identifier_of(theirs))
            self.intents.begin(entry.identifier, made)
            theirs = self._updated(kind, scope, entry, mine, theirs)
        elif is_same(kind, kind.record.model_validate_json(intent.record or ""), mine):
            # An upload goes on with the record that it began.
            theirs = self._made(kind, scope, entry, mine, intent.known)
        self._remove_begun(kind, scope, found, theirs)
        return theirs

    def _results(self, kind: AnyKind, scope: Scope, intent: Intent) -> list[Any]:
        """What is there that an interrupted push may have made."""
        if intent.made is not None:
            with suppress(NotFoundError):
                return [self.remote.store(kind).get(scope, intent.made)]
        sought = kind.record.model_validate_json(intent.record or "")
        return [
            each
            for each in self._named(kind, scope, sought)
            if is_same(kind, each, sought)
            and identifier_of(each) not in intent.known
            # The user took it for another, and deleted it.
            and self.layer.index.state(identifier_of(each)) != State.DELETED
        ]

    def _remove_begun(self, kind: AnyKind, scope: Scope, found: Sequence[Any], theirs: Any) -> None:
        """Remove what was begun there and nobody can complete."""
        for each in found:
            is_result = theirs is not None and identifier_of(each) == identifier_of(theirs)
            if not is_result and not _is_complete(kind, each):
                with suppress(NotFoundError):
                    self.remote.store(kind).delete(scope, identifier_of(each))

    def clean_up(self) -> None:
        """Remove what interrupted pushes began of objects that are not here any more."""
        self.layer.index.refresh()
        for identifier, intent in self.intents.all().items():
            if self.layer.index.state(identifier) in DIFFERENT:
                continue  # left out this time, and what was begun of it is known by this alone
            kind = self.layer.kinds[intent.kind]
            is_creation = intent.record is not None and intent.made != identifier
            if is_creation and kind.file is not None:
                scope = self.layer.index.resolved(Scope(intent.scope))
                with suppress(NotFoundError):  # what it stood below is gone, too
                    found = self._results(kind, scope, intent)
                    self._remove_begun(kind, scope, found, None)
            self.intents.forget(identifier)

    def _updated(self, kind: AnyKind, scope: Scope, entry: Entry, mine: Any, theirs: Any) -> Any:
        """What was made, with what was changed here since then; keys may have been, too."""
        fields = {each.name for each in changed_fields(kind, theirs, mine)} - file_status(kind)
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


def _is_complete(kind: AnyKind, record: BaseModel) -> bool:
    return kind.file is None or kind.file.is_there(record)
