"""What a push set out to do, for the one that goes on where it was interrupted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from dataforce.seam.workspace import Notes


@dataclass(frozen=True)
class Intents:
    """The objects that a push began to publish and that may be on the remote by now.

    Args:
        notes: Where they are kept.
        root: Id of the root whose changes are published.
    """

    notes: Notes
    root: str

    def begin(self, identifier: str, known: Collection[str] = ()) -> None:
        """Note that an object is about to be made or deleted.

        Args:
            identifier: Its id here.
            known: The ids of those on the remote that are like it and were not made of it.
        """
        self.notes.write(self._space, {identifier: json.dumps([*known])})

    def known(self, identifier: str) -> list[str] | None:
        """What was noted of an object; `None` if nothing was begun."""
        text = self.notes.get(self._space, identifier)
        if text is None:
            return None
        known: list[str] = json.loads(text)
        return known

    def forget(self, identifier: str | None = None) -> None:
        """Nothing is under way for that object any more, or for none."""
        self.notes.erase(self._space, identifier)

    @property
    def _space(self) -> str:
        return f"push/{self.root}"
