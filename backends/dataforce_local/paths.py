"""Paths of a registry: its database and its folder of model files."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from dataforce.errors import ConfigurationError, StoreCorruptedError, StorePermissionError
from dataforce.models._base import brief

if TYPE_CHECKING:
    from dataforce.config import Settings

_MEMORY = (None, "", ":memory:")
_SUFFIXES = (".db", ".sqlite", ".sqlite3")
OWNER = "registry-id"
"""Name of the file beside the model files with the id of their registry."""


@dataclass(frozen=True)
class Location:
    """The place of one registry.

    Args:
        database: SQLAlchemy URL of the records.
        storage: fsspec URL, or absolute path, of the model files.
        is_passing: Whether both are in memory and nobody else can know of them.
    """

    database: URL
    storage: str
    is_passing: bool = False

    def prepare(self) -> None:
        """Make the folder and the file of an SQLite database, for their owner's eyes only.

        Raises:
            StoreCorruptedError: The database is empty, or missing though its files are there.
            StorePermissionError: The file cannot be made.
        """
        if self.database.get_backend_name() != "sqlite" or _in_memory(self.database):
            return
        path = Path(self.database.database or "")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._require_no_remains(path)
            _create(path)
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise StorePermissionError(
                f"The registry {path} cannot be written: {reason}. Make its folder "
                f"writable, or set database_url to another place."
            ) from error

    def _require_no_remains(self, path: Path) -> None:
        """Refuse to begin anew where a registry lost its database."""
        remains = [path.with_name(f"{path.name}-wal")]
        if self.storage == _storage_beside(self.database):
            remains.append(Path(self.storage) / OWNER)
        # Looked at first: who makes a registry at this moment fills the database before them.
        remains = [each for each in remains if _size(each)]
        size = _size(path)
        if remains and not size:
            raise StoreCorruptedError(
                f"The registry {path} is missing or empty, but {remains[0]} is left of it. Restore "
                f"it from a copy. To begin anew, move what is left away first."
            )
        if size == 0:
            raise StoreCorruptedError(
                f"The registry {path} is empty, which a new one never is: it was cut. Restore it "
                f"from a copy. To begin anew, delete the file first."
            )


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file or folder from any other that takes its place; `None` if missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _size(path: Path) -> int | None:
    """Return the size of a file in bytes, `None` if it cannot be found."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _create(path: Path) -> None:
    """Make a database without tables for its owner's eyes only, unless one is there.

    It has one page, so that a file that was cut to nothing is no new one, and a write-ahead log,
    so that readers go on while somebody writes.
    """
    if path.exists():
        # It is not opened to look at it: closing it again would take away the locks that SQLite
        # holds on it for other clients in this process, and others could damage it.
        return
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(aside)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        # Under its name it is never open but by SQLite, whoever else makes it at the same time.
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()


def find_location(settings: Settings, path: Path | None = None) -> Location:
    """The place that the settings name, or the usual one: the user's data folder.

    Args:
        settings: `database_url` and `storage_url` count. Without the second, files are kept beside
            an SQLite database, or in memory if the database is.
        path: Of an SQLite database, in place of `database_url`.

    Raises:
        ConfigurationError: A URL cannot be used, leads to a folder that does not exist, or names a
            server without a `storage_url`.
    """
    database = _database(settings) if path is None else _sqlite(path)
    if settings.storage_url is None:
        return Location(database, _storage_beside(database), is_passing=_in_memory(database))
    storage = settings.storage_url.get_secret_value()
    if "://" not in storage:
        folder = _absolute(storage, settings, "storage_url")
        if path is None:  # who gives one has put folders of its own below what a user gave
            _require_folder(folder.parent, settings, "storage_url")
        storage = str(folder)
    return Location(database, storage)


def _database(settings: Settings) -> URL:
    if settings.database_url is None:
        from platformdirs import user_data_path

        return _sqlite(user_data_path("dataforce", appauthor=False) / "registry.db")
    try:
        given = settings.database_url.get_secret_value()
        url = make_url("sqlite://" if given == ":memory:" else given)
    except (ArgumentError, ValueError):
        # The parser's message would repeat the URL, which may hold a password.
        url = None
    if url is None:
        raise ConfigurationError(
            f"database_url ({settings.origin('database_url')}) is not an SQLAlchemy URL such as "
            f"sqlite:////home/me/registry.db or postgresql://user@host/database."
        )
    if url.drivername == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        return url
    if not _is_plain(url):
        raise ConfigurationError(
            f"database_url ({settings.origin('database_url')}) asks of SQLite what is not done "
            f"here. Accepted are :memory:, sqlite:////home/me/registry.db and, below the present "
            f"folder, sqlite:///registry.db; no driver, user, password, host, option or file: URI."
        )
    if _in_memory(url):
        return url
    path = _absolute(url.database or "", settings, "database_url")
    _require_folder(path.parent, settings, "database_url")
    return _sqlite(path)


def _is_plain(url: URL) -> bool:
    """Return whether an SQLite URL is no more than a path: nothing asked for may be ignored."""
    # With two slashes what follows is a host, and the registry would be in memory unasked.
    bare = URL.create(url.drivername, database=url.database)
    is_uri = (url.database or "").startswith("file:")
    return url == bare and url.drivername in ("sqlite", "sqlite+pysqlite") and not is_uri


def _absolute(path: str, settings: Settings, setting: str) -> Path:
    """The path wherever the program goes."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise ConfigurationError(
            f"{setting} ({settings.origin(setting)}) begins with the home folder of a user whom "
            f"this machine does not know. Write the path in full."
        ) from error


def _require_folder(folder: Path, settings: Settings, setting: str) -> None:
    """Refuse a folder that is missing: to make it would hide a typing error."""
    if not os.path.lexists(folder):
        raise ConfigurationError(
            f"{setting} ({settings.origin(setting)}) leads to the folder "
            f"{brief(str(folder), 200)}, which does not exist. Make it first, or correct the path."
        )


def _sqlite(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


def _in_memory(database: URL) -> bool:
    return database.get_backend_name() == "sqlite" and database.database in _MEMORY


def _storage_beside(database: URL) -> str:
    if _in_memory(database):
        return f"memory://dataforce-{uuid.uuid4().hex}"
    if database.get_backend_name() == "sqlite":
        path = Path(database.database or "")
        # Other endings, as in models.v1 and models.v2, are part of the name.
        name = path.stem if path.suffix in _SUFFIXES else path.name
        return str(path.with_name(f"{name}.files"))
    raise ConfigurationError(
        "A registry in a database server also needs storage_url: the folder or the bucket, "
        "reached from every machine that uses it, where the model files go."
    )
