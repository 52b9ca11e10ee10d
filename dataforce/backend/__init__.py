"""The backend interface: what a backend offers to the client, and how one is found.

Everything above it speaks the user's language (names, defaults, hints) and knows neither
HTTP nor SQL. Everything below it speaks ids and knows no defaults. A third party adds a backend by
implementing `Backend` and naming a factory under the entry-point group `dataforce.backends`;
`dataforce.testing` then proves that it behaves like the others.
"""

from dataforce.backend.discovery import (
    available_backends,
    check_settings,
    find_backend,
    find_overlay_store,
    with_check,
)
from dataforce.backend.interface import (
    Advance,
    Backend,
    BackendFactory,
    Content,
    ContentStore,
    Incoming,
    ReadableBackend,
    ReadableContent,
    ReadableStore,
    Store,
)
from dataforce.backend.kind import FileFields, Kind, identifier_of
from dataforce.backend.query import Order, Page, Query, Scope
from dataforce.backend.read_only import ReadOnlyBackend

__all__ = [
    "Advance",
    "Backend",
    "BackendFactory",
    "Content",
    "ContentStore",
    "FileFields",
    "Incoming",
    "Kind",
    "Order",
    "Page",
    "Query",
    "ReadOnlyBackend",
    "ReadableBackend",
    "ReadableContent",
    "ReadableStore",
    "Scope",
    "Store",
    "available_backends",
    "check_settings",
    "find_backend",
    "find_overlay_store",
    "identifier_of",
    "with_check",
]
