"""Connections and transactions, and what goes wrong with them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from dataforce.errors import (
    ConfigurationError,
    DataForceError,
    StoreCorruptedError,
    StoreError,
    StoreFullError,
    StorePermissionError,
)

_CONNECTIONS = 64
"""As many threads as an asynchronous client has may each hold one."""


class Database:
    """The records' database: hands out connections for reading and for writing.

    On SQLite a writing transaction takes the write lock when it begins. With the deferred lock that
    SQLite's driver prefers, two processes that read and then write both fail with "database is
    locked", however long they are ready to wait.

    Args:
        url: SQLAlchemy URL.
        patience: For how long a transaction waits for the write lock, in seconds.
    """

    def __init__(self, url: URL, patience: float) -> None:
        self.url = url
        self._is_sqlite = url.get_backend_name() == "sqlite"
        self._in_memory = self._is_sqlite and url.database in (None, "", ":memory:")
        self._patience = patience
        self._engine = self._create_engine(patience)
        self._own()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for statements that change nothing."""
        self._notice_fork()
        with self._translated(), self._reading, self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends well; nobody else writes meanwhile."""
        self._notice_fork()
        with (
            self._translated(),
            self._writing,
            self._engine.connect() as connection,
            connection.begin(),
        ):
            if self._is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def use_write_ahead_log(self) -> None:
        """Let readers of an SQLite file go on while somebody writes; the file remembers it."""
        if not self._is_sqlite:
            return
        deadline = time.monotonic() + self._patience
        while True:
            try:
                with self._engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                    return
            except OperationalError as error:
                # Several processes that find a new file at once get here together, and SQLite
                # does not wait for its lock in this one case.
                if time.monotonic() > deadline:
                    raise self._explained(error) from error
                time.sleep(0.001 * (1 + os.getpid() % 10))  # apart from the others

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @property
    def shown(self) -> str:
        """The URL as it may be shown to anybody."""
        if self._is_sqlite and not self._in_memory:
            return str(self.url.database)
        return self.url.render_as_string(hide_password=True)

    def _create_engine(self, patience: float) -> Engine:
        options: dict[str, Any] = {"hide_parameters": True}
        if self._is_sqlite:
            options["connect_args"] = {"check_same_thread": False, "timeout": patience}
        if self._in_memory:
            options["poolclass"] = StaticPool
        else:
            options |= {"poolclass": QueuePool, "pool_size": _CONNECTIONS, "pool_timeout": patience}
        try:
            engine = create_engine(self.url, **options)
        except (ImportError, NoSuchModuleError) as error:
            raise ConfigurationError(
                f"The driver for a {self.url.get_backend_name()} database is not installed. For "
                f'PostgreSQL: pip install "dataforce[postgresql]".'
            ) from error
        if self._is_sqlite:
            event.listen(engine, "connect", _configure_sqlite)
        return engine

    def _own(self) -> None:
        self._process = os.getpid()
        # Threads queue here in turn; at SQLite's own lock they would sleep and poll.
        self._writing: Any = threading.RLock() if self._is_sqlite else nullcontext()
        # A database in memory has one connection, which all threads share.
        self._reading: Any = self._writing if self._in_memory else nullcontext()

    def _notice_fork(self) -> None:
        # Connections that a child process inherits are its parent's: it must leave them alone.
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._own()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._explained(error) from error

    def _explained(self, error: DBAPIError) -> DataForceError:
        code = getattr(error.orig, "sqlite_errorname", "")
        if code.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE")):
            return StoreFullError(
                f"The registry {self.shown} could not be written: the disk is full. Nothing was "
                f"changed; make space and try again."
            )
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
            return StorePermissionError(
                f"The registry {self.shown} may not be written. Make the file and its folder "
                f"writable, or set database_url to another place."
            )
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreError(
                f"The registry {self.shown} was busy for all of retry_timeout: another program "
                f"holds its write lock. Find it, or try again later."
            )
        if code.startswith("SQLITE") or isinstance(error, ProgrammingError):
            return StoreCorruptedError(
                f"The registry {self.shown} is damaged or is not a registry: {error.orig}. "
                f"Restore it from a copy, or set database_url to another place."
            )
        return StoreError(
            f"The registry's database {self.shown} did not do its part: {error.orig}. Is the "
            f"server running, and is database_url right?"
        )


def _configure_sqlite(connection: Any, entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we begin transactions ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    # Rows carry manifests: the usual 1,000 pages would be copied back every few hundred rows.
    cursor.execute("PRAGMA wal_autocheckpoint = 4000")
    cursor.close()
