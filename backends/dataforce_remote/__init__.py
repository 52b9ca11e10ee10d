"""The remote backend: the platform's HTTP API, and the bucket that its model files are in.

```text
http        connections with deadlines, single requests, retries, the errors that a status code
            stands for, what a client may send, and calls of the API; `api` is its front
registry    the stores of records of the registry family
files       uploads and downloads: upload targets, parts, checkpoints, ranges
assets      kinds that are not the registry's, by the routes that a server of ours makes from them
records     the requests about records that all stores have in common; rewording their errors
backend     all of it, as the backend interface has it
```
"""

from dataforce_remote.backend import RemoteBackend, open_backend

__all__ = ["RemoteBackend", "open_backend"]
