"""Work that only one process does at a time, and that ends when the process does."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from sqlalchemy import text

from dataforce.errors import ConflictError
from dataforce_local.database import Database

try:
    import fcntl
except ImportError:  # pragma: no cover
    # Windows. There only the threads of one process keep out of each other's way.
    fcntl = None  # type: ignore[assignment]


class ExclusiveLocks:
    """Keeps others from doing the same at the same time.

    Args:
        database: The overlay that is worked on; the lock goes with it wherever it is used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def exclusive(self, purpose: str) -> Iterator[None]:
        """A block that nobody else enters for that purpose; `ConflictError` if one has."""
        with self._lock:
            if purpose in self._held:
                raise self._refusal(purpose)
            self._held.add(purpose)
        try:
            with self._among_processes(purpose):
                yield
        finally:
            self._held.discard(purpose)

    @contextmanager
    def _among_processes(self, purpose: str) -> Iterator[None]:
        """The same among processes."""
        digest = hashlib.sha256(purpose.encode()).digest()
        if self._database.url.get_backend_name() == "postgresql":
            key = {"key": int.from_bytes(digest[:8], signed=True)}
            with self._database.reading() as connection:
                # No transaction is left open meanwhile.
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                if not connection.execute(_TAKE, key).scalar():
                    raise self._refusal(purpose)
                try:
                    yield
                finally:
                    connection.execute(_LEAVE, key)
            return
        path = self._database.file
        if path is None or fcntl is None:  # pragma: no cover  # of Windows; memory has no others
            yield
            return
        with path.with_name(f"{path.name}.{digest.hex()[:12]}.lock").open("ab") as file:
            self._take(file, purpose)
            try:
                yield
            finally:
                # Not left to closing: a forked child may hold the file open.
                fcntl.flock(file, fcntl.LOCK_UN)

    def _take(self, file: IO[bytes], purpose: str) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._refusal(purpose) from None

    def _refusal(self, purpose: str) -> ConflictError:
        return ConflictError(
            f"Another {purpose.partition('/')[0]} of the overlay in {self._database.shown} is "
            f"under way. Try again when it has ended."
        )


# Such locks are the whole database's, and each of its schemas may hold an overlay.
_KEY = "hashtextextended(CAST(current_schema() AS text), :key)"
_TAKE = text(f"SELECT pg_try_advisory_lock({_KEY})")
_LEAVE = text(f"SELECT pg_advisory_unlock({_KEY})")
