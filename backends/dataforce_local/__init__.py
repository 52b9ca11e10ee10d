"""The local backend: a registry on this machine.

```text
location    where the records and the files are, from the settings
database    connections and transactions, and what goes wrong with them
tables      the tables, and how a kind of asset lies in them
constraints which constraint of a table a statement broke
records     the store of any kind: pages, single records, changes, cascades
content     model files, kept by their SHA-256 under an fsspec URL
backend     the three put together
```

A workspace is such a registry with more beside the records, for overlays:

```text
workspace_schema    the tables that only a workspace has
entries             what became of each object, by revision
relations           what stands below a record or refers to it
notes               text by space and key
cache               files by their SHA-256, as many as there is room for
workspace           all put together
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce_local.backend import LocalBackend, open_backend

if TYPE_CHECKING:
    from pathlib import Path

    from dataforce.config import Settings
    from dataforce_local.workspace import LocalWorkspace

__all__ = ["LocalBackend", "open_backend", "open_workspace"]


def open_workspace(settings: Settings, path: Path | None = None) -> LocalWorkspace:
    """Open the workspace that the settings name; a new one is empty.

    Args:
        settings: `database_url`, `storage_url`, `retry_timeout` and `cache_size` count.
        path: Of an SQLite database, in place of `database_url`.

    Returns:
        The workspace.

    Example:
        >>> from dataforce.config import load_settings
        >>> open_workspace(load_settings({"database_url": ":memory:"})).revision()
        0
    """
    # Clients without an overlay need not load it.
    from dataforce_local.workspace import LocalWorkspace

    return LocalWorkspace(settings, path)
