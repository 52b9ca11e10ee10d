"""Write-ahead log of a push: what it set out to do, for the next one to go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from dataforce.overlay.kept import reading_kept
from dataforce_hybrid.records.change_index import object_key

if TYPE_CHECKING:
    from dataforce.backend import AnyKind
    from dataforce.overlay.store import KeyValues


@dataclass(frozen=True)
class Intent:
    """Intent of a push with one object.

    Args:
        kind: Route of its kind.
        scope: Ids of its parents, from the root down.
        record: JSON of the record to be made, or to be changed to; `None` of one to be deleted.
        known: The ids of those on the remote that are like it and were not made of it.
        made: The id of what was made of it, once that is known.
    """

    kind: str
    scope: tuple[str, ...]
    record: str | None = field(default=None, repr=False)
    known: tuple[str, ...] = ()
    made: str | None = None


@dataclass(frozen=True)
class Intents:
    """The objects that a push began to publish and that may be on the remote by now.

    Args:
        key_values: Keeps them.
        root: Id of the root whose changes are published; empty if the overlay has one push for all.
    """

    key_values: KeyValues
    root: str

    def begin(self, identifier: str, intent: Intent) -> None:
        """Note what is about to be done with the object that has that id here."""
        key = f"{intent.kind}/{identifier}"
        self.key_values.write(self.namespace, {key: json.dumps(asdict(intent))})

    def find(self, kind: AnyKind, identifier: str) -> Intent | None:
        """Return what was noted of an object; `None` if nothing was begun."""
        text = self.key_values.get(self.namespace, object_key(kind, identifier))
        return None if text is None else _intent(text)

    def all(self) -> list[tuple[str, Intent]]:
        """Return the objects under way, each with the id here."""
        found = self.key_values.read(self.namespace)
        return [(key.partition("/")[2], _intent(text)) for key, text in found.items()]

    def forget(self, kind: AnyKind, identifier: str) -> None:
        """Forget an object: nothing is under way for it any more."""
        self.key_values.erase(self.namespace, object_key(kind, identifier))

    @property
    def namespace(self) -> str:
        """Namespace of the values, which also names the lock of a push."""
        return f"push/{self.root}"


def _intent(text: str) -> Intent:
    with reading_kept("what a push set out to do"):
        told = json.loads(text)
        return Intent(**told | {"scope": tuple(told["scope"]), "known": tuple(told["known"])})
