"""The local backend: the kinds of a family on this machine.

```text
paths       where the records and the files are, from the settings
database    connections and transactions, and errors of both
database_file   the file of an SQLite database, and whether it is still the same
locks       one process or thread at a time
records     tables made from declarations, rows in transactions, pages and conditions in SQL
files       named files of records: blobs by their SHA-256 under an fsspec URL; signed URLs
overlay     an overlay store: such a store, with the changes that it holds over a remote one
migrations  what brings an older store to the tables of today
backend     records and files put together
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce_local.backend import LocalBackend, open_backend

if TYPE_CHECKING:
    from pathlib import Path

    from dataforce.backend import Family
    from dataforce.config import Settings
    from dataforce_local.overlay.store import LocalOverlayStore

__all__ = ["LocalBackend", "open_backend", "open_overlay_store"]


def open_overlay_store(
    settings: Settings, family: Family, path: Path | None = None
) -> LocalOverlayStore:
    """Open the overlay that the settings name; a new one is empty.

    Args:
        settings: `database_url`, `storage_url`, `retry_timeout` and `cache_size` count.
        family: The kinds.
        path: Of an SQLite database, in place of `database_url`.

    Returns:
        The overlay store.

    Example:
        >>> from dataforce.config import load_settings
        >>> from dataforce.models import REGISTRY
        >>> open_overlay_store(load_settings({"database_url": ":memory:"}), REGISTRY).revision()
        0
    """
    # Clients without an overlay need not load it.
    from dataforce_local.overlay.store import LocalOverlayStore

    return LocalOverlayStore(settings, family, path)
