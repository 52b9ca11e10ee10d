"""The backend interface: what a backend offers to the client, and how one is found.

Everything above it speaks the user's language (names, defaults, hints) and knows neither HTTP nor
SQL. Everything below it speaks ids and knows no defaults. A third party adds a backend by
implementing `Backend`, hands one to `Client(backend=...)`, or names a factory under the entry-point
group `dataforce.backends`; `dataforce.testing` then proves that it behaves like the others.

`kind` declares assets, `query` and `filters` say what a list holds, `interface` holds the
protocols, `source` what goes into a file store. For those who implement: `paging`, `references`,
`error_messages` and `memory`, a complete backend that is made from declarations alone. What moves
bytes is in `dataforce.transfer`.
"""

from typing import TYPE_CHECKING

from dataforce.backend.discovery import (
    available_backends,
    check_settings,
    find_backend,
    find_overlay_store,
    with_check,
)
from dataforce.backend.filters import Condition, Filter
from dataforce.backend.identity import Identity, identifier_of
from dataforce.backend.interface import (
    Advance,
    Backend,
    BackendFactory,
    Content,
    FileStore,
    ReadableBackend,
    ReadableFiles,
    ReadableStore,
    Store,
)
from dataforce.backend.kind import AnyKind, Family, FileFields, Kind, Reference, Transitions
from dataforce.backend.query import Order, Page, Query, Scope
from dataforce.backend.read_only import ReadOnlyBackend, reads
from dataforce.backend.source import BytesSource, FileSource, Source

if TYPE_CHECKING:
    from dataforce.backend.memory import MemoryBackend

__all__ = [
    "Advance",
    "AnyKind",
    "Backend",
    "BackendFactory",
    "BytesSource",
    "Condition",
    "Content",
    "Family",
    "FileFields",
    "FileSource",
    "FileStore",
    "Filter",
    "Identity",
    "Kind",
    "MemoryBackend",
    "Order",
    "Page",
    "Query",
    "ReadOnlyBackend",
    "ReadableBackend",
    "ReadableFiles",
    "ReadableStore",
    "Reference",
    "Scope",
    "Source",
    "Store",
    "Transitions",
    "available_backends",
    "check_settings",
    "find_backend",
    "find_overlay_store",
    "identifier_of",
    "reads",
    "with_check",
]


def __getattr__(name: str) -> object:
    if name != "MemoryBackend":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dataforce.backend.memory import MemoryBackend

    return MemoryBackend
