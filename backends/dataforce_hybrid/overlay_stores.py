"""The workspaces of each root, opened when they are first needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dataforce.backend import find_overlay_store
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from dataforce.overlay.store import OverlayStore
    from dataforce_hybrid.paths import Location

_REMOTE = "remote"
"""The space of notes that tells what an overlay lies over."""
_KEEPER = "local"
"""The backend whose workspaces overlays are kept in."""


class Workspaces:
    """Where the overlays are kept.

    Args:
        location: Their place.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._open: dict[str, OverlayStore] = {}
        self._opening = threading.Lock()
        self._is_closed = False

    def key(self, root: str) -> str:
        """What tells workspaces apart: several roots may share one."""
        return "" if self._location.is_given else root

    def at(self, root: str) -> OverlayStore:
        """That of a root; it is made if it is not there yet."""
        key = self.key(root)
        with self._opening:
            if key not in self._open:
                self._open[key] = self._opened(root)
            return self._open[key]

    def all(self) -> list[OverlayStore]:
        """Those that are there."""
        roots = [""] if self._location.is_given else self._location.roots()
        return [self.at(root) for root in roots]

    def close(self) -> None:
        """Close those that were opened."""
        with self._opening:
            opened, self._open, self._is_closed = list(self._open.values()), {}, True
        for workspace in opened:
            workspace.close()

    def _opened(self, root: str) -> OverlayStore:
        if self._is_closed:
            raise ConfigurationError("This client is closed. Make a new one to go on.")
        workspace = find_overlay_store(_KEEPER)(*self._location.place(root))
        base_url = self._location.settings.base_url
        known = workspace.notes.get(_REMOTE, "base_url")
        if known is None:
            workspace.notes.write(_REMOTE, {"base_url": base_url})
        elif known != base_url:
            workspace.close()
            raise ConfigurationError(
                f"The overlay lies over {known}, not over base_url {base_url} "
                f"({self._location.settings.origin('base_url')}). Set one of base_url and "
                f"database_url to the other's counterpart."
            )
        return workspace
