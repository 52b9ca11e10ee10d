"""Connections and transactions, and what goes wrong with them."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool, StaticPool

from dataforce.backend.views import view_of
from dataforce.errors import (
    ConfigurationError,
    DataForceError,
    StoreCorruptedError,
    StoreError,
    StoreFullError,
    StorePermissionError,
)
from dataforce.transfer import cancellation
from dataforce_local.database_file import DatabaseFile, Log

_CONNECTIONS = 64
"""As many threads as an asynchronous client has may each hold one."""

_SLICE = 0.05
"""So many seconds at a time are waited for a lock; then a cancelled task gives up."""

_LONGEST_PATIENCE = 2_000_000
"""SQLite counts milliseconds in 31 bits, and what does not fit would be no patience at all."""


class Database:
    """The records' database: hands out connections for reading and for writing.

    On SQLite a writing transaction takes the write lock when it begins. With the deferred lock that
    SQLite's driver prefers, two processes that read and then write both fail with "database is
    locked", however long they are ready to wait.

    Args:
        url: SQLAlchemy URL.
        patience: For how long a transaction waits for the write lock, in seconds.
    """

    _watcher: PoolProxiedConnection | None

    def __init__(self, url: URL, patience: float) -> None:
        self.url = url
        self._is_sqlite = url.get_backend_name() == "sqlite"
        self._in_memory = self._is_sqlite and url.database in (None, "", ":memory:")
        self._patience = min(patience, _LONGEST_PATIENCE)
        self._closed = False
        self._first: Executable | None = None
        is_file = self._is_sqlite and not self._in_memory
        self._file = DatabaseFile(Path(str(url.database))) if is_file else None
        self._engine = self._create_engine()
        self._own()

    def with_patience(self, patience: float) -> Database:
        """Return the same connections with another time to wait for the write lock, in seconds."""
        return view_of(self, _patience=min(patience, _LONGEST_PATIENCE))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for statements that change nothing."""
        self._notice_fork()
        with self._translated(), self._connected(self._reading) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends well; nobody else writes meanwhile."""
        self._notice_fork()
        deadline = time.monotonic() + self._patience
        with (
            self._translated(),
            self._connected(self._writing) as connection,
            connection.begin(),
        ):
            if self._is_sqlite:
                self._take_write_lock(connection, deadline)
            log = self._file.require() if self._file else Log()
            if self._first is not None:
                connection.execute(self._first)
            yield connection
        if self._file:  # what is acknowledged must be found by others
            self._file.require_written(log)

    def number(self, statement: str) -> int:
        """The one number that a statement selects, at a fraction of what it costs otherwise."""
        self._notice_fork()
        if self._file:
            with suppress(self._engine.dialect.loaded_dbapi.Error), self._watching:
                self._go_on()
                # A connection of its own: to take one from the pool costs more than to ask.
                self._watcher = self._watcher or self._engine.raw_connection()
                driver: Any = self._watcher.driver_connection
                [[number]] = driver.execute(statement).fetchall()
                return int(number)
        with self.reading() as connection:  # where errors are explained, too
            return int(connection.exec_driver_sql(statement).scalar_one())

    def begin_with(self, statement: Executable) -> None:
        """Run this statement at the beginning of every writing transaction from now on."""
        self._first = statement

    def recognize_by(self, statement: str, mark: str) -> None:
        """Take what this statement selects, `mark`, for what tells the database from any other."""
        if self._file and not self._file.recognize(statement, mark):
            # So that the file itself has it; where it cannot be written, nothing is written at all.
            with suppress(DBAPIError), self._connected(self._reading) as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close every connection; who is in a call ends it, and who waits for a lock gives up."""
        self._notice_fork()
        self._closed = True
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
        with self._writing or nullcontext():
            self._engine.pool.dispose()

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database, `None` of any other."""
        return self._file.path if self._file else None

    @property
    def shown(self) -> str:
        """The URL as it may be shown to anybody."""
        if self._file:
            return str(self._file.path)
        # What a driver takes as an option may be a password too.
        return self.url.set(query={}).render_as_string(hide_password=True)

    def damaged(self, why: object) -> StoreCorruptedError:
        """The error for a registry that cannot be what dataforce left."""
        return StoreCorruptedError(
            f"The registry {self.shown} is damaged or is not a registry: {why}. Restore it from a "
            f"copy, or set database_url to another place."
        )

    def refused(self, what: str, why: str) -> StoreError:
        """The error for a change that breaks a constraint which is none of ours."""
        return StoreError(
            f"The registry {self.shown} refused to change {what}: {why}. Nothing was changed. "
            f"Somebody may have changed its tables; restore it from a copy."
        )

    def _create_engine(self) -> Engine:
        options: dict[str, Any] = {"hide_parameters": True}
        if self._is_sqlite:
            options["creator"] = self._connect
        if self._in_memory:
            options["poolclass"] = StaticPool
        else:
            options |= {"poolclass": QueuePool, "pool_size": _CONNECTIONS}
            options["pool_timeout"] = self._patience
        try:
            engine = create_engine(self.url, **options)
        except (ImportError, NoSuchModuleError) as error:
            extra = 'pip install "dataforce[postgresql]"'
            remedy = extra if self.url.drivername == "postgresql+psycopg" else "install it"
            raise ConfigurationError(
                f"The driver for a {self.url.get_backend_name()} database cannot be loaded "
                f"({error}): {remedy}, or set database_url to another place."
            ) from error
        if self._file:
            event.listen(engine, "close", self._file.forget_log)
        return engine

    def _connect(self) -> sqlite3.Connection:
        # A file that is missing is not made: it was there when this client began.
        place = f"{self._file.path.as_uri()}?mode=rw" if self._file else ":memory:"
        connection = sqlite3.connect(
            place, timeout=self._patience, check_same_thread=False, uri=True
        )
        try:
            _configure(connection)
            if self._file:
                self._file.require()
        except BaseException:  # nobody else knows of it yet
            connection.close()
            raise
        return connection

    def _own(self) -> None:
        self._process = os.getpid()
        self._watching = threading.Lock()
        self._watcher = None
        if self._file:
            self._file.forget_log()
        # Threads queue here in turn; at SQLite's own lock they would sleep and poll.
        self._writing = threading.RLock() if self._is_sqlite else None
        # A database in memory has one connection, which all threads share.
        self._reading = self._writing if self._in_memory else None

    def _notice_fork(self) -> None:
        # Connections that a child process inherits are its parent's: it must leave them alone.
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._own()

    def _go_on(self) -> None:
        """Raise if whoever waits here is not to wait any longer."""
        cancellation.check()
        if self._closed:
            raise ConfigurationError("This client is closed. Make a new one to go on.")

    @contextmanager
    def _connected(self, lock: Any) -> Iterator[Connection]:
        with self._locked(lock):
            try:
                with self._engine.connect() as connection:
                    yield connection
            finally:
                # Closed meanwhile, when this connection could not be. (One in memory could.)
                if self._closed and not self._in_memory:
                    self._engine.pool.dispose()

    @contextmanager
    def _locked(self, lock: Any) -> Iterator[None]:
        while lock is not None and not lock.acquire(timeout=_SLICE):
            self._go_on()
        try:
            self._go_on()
            yield
        finally:
            if lock is not None:
                lock.release()

    def _take_write_lock(self, connection: Connection, deadline: float) -> None:
        # Short waits for this lock only: whatever else is busy is so for a moment.
        _set_busy_timeout(connection, _SLICE)
        try:
            while not self._free(connection, "BEGIN IMMEDIATE", deadline):
                pass
            self._go_on()
        finally:
            _set_busy_timeout(connection, self._patience)

    def _free(self, connection: Connection, statement: str, deadline: float) -> bool:
        """Return whether the statement got its lock; to be retried until the deadline."""
        self._go_on()
        try:
            connection.exec_driver_sql(statement)
        except OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
            return False
        return True

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._explained(error) from error
        except PoolTimeoutError as error:
            raise StoreError(
                f"All connections to the registry {self.shown} were in use for all of "
                f"retry_timeout. Use fewer threads at a time, or set a longer retry_timeout."
            ) from error

    def _explained(self, error: DBAPIError) -> DataForceError:
        return self._explained_sqlite(error) if self._is_sqlite else self._explained_server(error)

    def _explained_sqlite(self, error: DBAPIError) -> DataForceError:
        if self._file:
            self._file.require()  # else that is what went wrong
        code = _code(error)
        if code.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE")):
            # A transaction writes each page once at most, until it is copied into the database.
            room = 1 + (self._file.path.stat().st_size // 1_000_000 if self._file else 0)
            return StoreFullError(
                f"The registry {self.shown} could not be written: the disk is full. Nothing was "
                f"changed. Make space and try again; {room} MB are enough to delete anything."
            )
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
            return StorePermissionError(
                f"The registry {self.shown} may not be written. Make the file and its folder "
                f"writable, or set database_url to another place."
            )
        if _is_busy(error):
            return StoreError(
                f"The registry {self.shown} was busy for all of retry_timeout: another program "
                f"holds its write lock. Find it, or try again later."
            )
        return self.damaged(error.orig)

    def _explained_server(self, error: DBAPIError) -> DataForceError:
        answer = str(error.orig).strip()
        if isinstance(error, ProgrammingError):
            return StoreError(
                f"The registry {self.shown} cannot be used. Its database answered: {answer}. "
                f"Check database_url, and that the tables are those of a registry."
            )
        return StoreError(
            f"The registry's database {self.shown} did not do its part: {answer}. Is the "
            f"server running, and is database_url right?"
        )


def _code(error: DBAPIError) -> str:
    # The driver's own errors, such as for text that is not UTF-8, have none.
    return getattr(error.orig, "sqlite_errorname", "")


def _is_busy(error: DBAPIError) -> bool:
    return _code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _set_busy_timeout(connection: Connection, seconds: float) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout = {int(1000 * seconds)}")


def _configure(connection: sqlite3.Connection) -> None:
    connection.isolation_level = None  # we begin transactions ourselves
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    # Rows carry manifests: the usual 1,000 pages would be copied back every few hundred rows.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
