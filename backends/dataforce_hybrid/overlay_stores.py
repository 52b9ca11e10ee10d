"""Stores of the overlays of each root, opened when they are first needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dataforce.backend import find_overlay_store
from dataforce.errors import ConfigurationError
from dataforce_hybrid.records.change_index import has_overlaid_roots

if TYPE_CHECKING:
    from dataforce.backend import Family
    from dataforce.overlay.store import OverlayStore
    from dataforce_hybrid.paths import Location

_REMOTE = "remote"
"""The namespace of key-values that tell what an overlay lies over."""
_KEEPER = "local"
"""The backend that overlays are kept in."""


class OverlayStores:
    """The places where the overlays of a family are kept.

    Several roots share one place if a database is given for all, or if objects stand below no root
    that is only read: what points at them, or they at, must be in the same place.

    Args:
        location: Tells where the places are.
        family: The kinds.
    """

    def __init__(self, location: Location, family: Family) -> None:
        self._location = location
        self._family = family
        self._is_shared = location.is_given or has_overlaid_roots(family)
        self._open: dict[str, OverlayStore] = {}
        self._opening = threading.Lock()
        self._is_closed = False

    def key(self, root: str) -> str:
        """Return what tells places apart: several roots may share one."""
        return "" if self._is_shared else root

    def at(self, root: str) -> OverlayStore:
        """Return the store of a root; it is made if it is not there yet."""
        key = self.key(root)
        with self._opening:
            if key not in self._open:
                self._open[key] = self._opened(key)
            return self._open[key]

    def all(self) -> list[OverlayStore]:
        """Return the stores that are there."""
        roots = [""] if self._is_shared else self._location.roots()
        return [self.at(root) for root in roots]

    def close(self) -> None:
        """Close those that were opened."""
        with self._opening:
            opened, self._open, self._is_closed = list(self._open.values()), {}, True
        for store in opened:
            store.close()

    def _opened(self, root: str) -> OverlayStore:
        if self._is_closed:
            raise ConfigurationError("This client is closed. Make a new one to go on.")
        names = (root,) if root else ("families", self._family.name)
        settings, path = self._location.place(*names)
        store = find_overlay_store(_KEEPER)(settings, self._family, path)
        base_url = self._location.settings.base_url
        known = store.key_values.get(_REMOTE, "base_url")
        if known is None:
            store.key_values.write(_REMOTE, {"base_url": base_url})
        elif known != base_url:
            store.close()
            raise ConfigurationError(
                f"The overlay lies over {known}, not over base_url {base_url} "
                f"({self._location.settings.origin('base_url')}). Set one of base_url and "
                f"database_url to the other's counterpart."
            )
        return store
