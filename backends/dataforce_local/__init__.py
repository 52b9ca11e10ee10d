"""The local backend: a registry on this machine.

```text
location    where the records and the files are, from the settings
database    connections and transactions, and what goes wrong with them
tables      the tables, and how a kind of asset lies in them
records     the store of any kind: pages, single records, changes, cascades
content     model files, kept by their SHA-256 under an fsspec URL
backend     the three put together
```
"""

from dataforce_local.backend import LocalBackend, open_backend

__all__ = ["LocalBackend", "open_backend"]
