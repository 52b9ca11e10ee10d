"""The hybrid backend: reads one backend, writes an overlay, and never changes what it reads.

```text
backend          opens the overlay of a root and puts its parts together
overlay_stores   the stores of overlays, at the places that `paths` names
records/view     a list or a record, merged from both sides (merging), with states (change_index)
                 and totals of both
records/store    writes: declared rules (constraints), copies of what is needed (copy_on_write)
files            files of both sides, and the cache
overlay          all that `client.overlay` asks for
pull             records and files fetched for offline work
push             differences, plan, order, preconditions, and each step exactly once
```

It knows neither HTTP nor SQL. It is given two backends and a family, and all that differs between
kinds is declared; the signed URLs of the registry alone are about one kind.
"""

from dataforce_hybrid.backend import HybridBackend, open_backend

__all__ = ["HybridBackend", "open_backend"]
