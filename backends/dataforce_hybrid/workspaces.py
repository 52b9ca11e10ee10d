"""The workspaces of each root, opened when they are first needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dataforce.seam import find_workspace

if TYPE_CHECKING:
    from dataforce.seam.workspace import Workspace
    from dataforce_hybrid.location import Location

_KEEPER = "local"
"""The backend whose workspaces overlays are kept in."""


class Workspaces:
    """Where the overlays are kept.

    Args:
        location: Their place.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._open: dict[str, Workspace] = {}
        self._opening = threading.Lock()

    def key(self, root: str) -> str:
        """What tells workspaces apart: several roots may share one."""
        return "" if self._location.is_given else root

    def at(self, root: str) -> Workspace:
        """That of a root; it is made if it is not there yet."""
        key = self.key(root)
        with self._opening:
            if key not in self._open:
                self._open[key] = find_workspace(_KEEPER)(self._location.workspace(root))
            return self._open[key]

    def all(self) -> list[Workspace]:
        """Those that are there."""
        roots = [""] if self._location.is_given else self._location.roots()
        return [self.at(root) for root in roots]

    def close(self) -> None:
        """Close those that were opened."""
        with self._opening:
            opened, self._open = list(self._open.values()), {}
        for workspace in opened:
            workspace.close()
