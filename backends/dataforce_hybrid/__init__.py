"""The hybrid backend: reads one backend, writes an overlay, and never changes what it reads.

```text
location     where the overlay of a remote is kept, from the settings
index        what became of which object, in memory
layer        one overlay and what it lies over
records      the store of any kind, both sides merged
merging      pages of two ordered sides
counts       how many objects stand below one, in the merged view
content      files: of the remote, kept by their SHA-256; of the overlay, its own
snapshot     what was pulled, in place of the remote, when there is no network
pulling      brings records and files here
differences  what changed, field by field
evidence     what stood below an object when it was deleted here
claims       what only one object may have, on the remote
reviewing    what a push would do, and what stands in its way
ordering     what has to be published before what
intents      what an interrupted push set out to do
creating     makes on the remote what was made here, each once
pushing      publishes the changes, and goes on where a push was interrupted
overlay      all that `client.overlay` asks for
backend      the parts put together
```

It knows neither HTTP nor SQL, and no particular kind of asset: it is given two backends, and all
that differs between kinds is declared.
"""

from dataforce_hybrid.backend import HybridBackend, open_backend

__all__ = ["HybridBackend", "open_backend"]
