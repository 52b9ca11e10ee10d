"""The hybrid backend: reads one backend, writes an overlay, and never changes what it reads.

```text
paths            where the overlay of a remote is kept, from the settings
overlay_stores   opens it
layer            one overlay and the backend under it
records          the store of any kind: both sides merged, writes to the overlay alone
files            files of both sides, and the cache
pull             records and files fetched for offline work
push             differences, plan, order, preconditions, and each step exactly once
overlay          all that `client.overlay` asks for
dispatch         each call to the overlay of its root
backend          the parts put together
```

It knows neither HTTP nor SQL, and no particular kind of asset: it is given two backends, and all
that differs between kinds is declared.
"""

from dataforce_hybrid.backend import HybridBackend, open_backend

__all__ = ["HybridBackend", "open_backend"]
