"""What a push set out to do, for the one that goes on where it was interrupted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataforce.seam.workspace import Notes


@dataclass(frozen=True)
class Intent:
    """What a push began with one object.

    Args:
        record: JSON of the record to be made; `None` of one to be deleted.
        known: The ids of those on the remote that are like it and were not made of it.
    """

    record: str | None = None
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Intents:
    """The objects that a push began to publish and that may be on the remote by now.

    Args:
        notes: Where they are kept.
        root: Id of the root whose changes are published.
    """

    notes: Notes
    root: str

    def begin(self, identifier: str, intent: Intent) -> None:
        """Note what is about to be done with the object that has that id here."""
        self.notes.write(self._space, {identifier: json.dumps(asdict(intent))})

    def find(self, identifier: str) -> Intent | None:
        """What was noted of an object; `None` if nothing was begun."""
        text = self.notes.get(self._space, identifier)
        if text is None:
            return None
        told = json.loads(text)
        return Intent(told["record"], tuple(told["known"]))

    def forget(self, identifier: str | None = None) -> None:
        """Nothing is under way for that object any more, or for none."""
        self.notes.erase(self._space, identifier)

    @property
    def _space(self) -> str:
        return f"push/{self.root}"
