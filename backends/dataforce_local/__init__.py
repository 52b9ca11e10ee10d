"""The local backend: a registry on this machine.

```text
paths       where the records and the files are, from the settings
database    connections and transactions, and errors of both
database_file   the file of an SQLite database, and whether it is still the same
locks       one process or thread at a time
records     tables and schema, and the store of any kind: pages, changes, cascades
files       blobs by their SHA-256 under an fsspec URL
overlay     an overlay store: such a registry, with the changes that it holds over a remote one
backend     records and files put together
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce_local.backend import LocalBackend, open_backend

if TYPE_CHECKING:
    from pathlib import Path

    from dataforce.config import Settings
    from dataforce_local.overlay.store import LocalWorkspace

__all__ = ["LocalBackend", "open_backend", "open_overlay_store"]


def open_overlay_store(settings: Settings, path: Path | None = None) -> LocalWorkspace:
    """Open the workspace that the settings name; a new one is empty.

    Args:
        settings: `database_url`, `storage_url`, `retry_timeout` and `cache_size` count.
        path: Of an SQLite database, in place of `database_url`.

    Returns:
        The workspace.

    Example:
        >>> from dataforce.config import load_settings
        >>> open_overlay_store(load_settings({"database_url": ":memory:"})).revision()
        0
    """
    # Clients without an overlay need not load it.
    from dataforce_local.overlay.store import LocalWorkspace

    return LocalWorkspace(settings, path)
