"""The floor: what somebody would write by hand with the standard library's sqlite3.

The same durability as ours (WAL, synchronous=NORMAL, each write its own transaction), one table
with the same row, the same indexes for id and name. Rows come out as tuples whose JSON is text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers.registry import EVERYTHING, MODEL_NAME, Ways
from benchmarks.peers.rows import COLLECTION, COLUMNS, identifier_of, keep_file, new_row
from benchmarks.sample import iris

_INDEXES = {
    "by_id": "collection_id, id",
    "by_model_name": "collection_id, model_name, id",
    "by_file_name": "collection_id, file_name, id",
}
_NAMES = ", ".join(COLUMNS)
_INSERT = f"INSERT INTO models ({_NAMES}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"
_BY_ID = f"SELECT {_NAMES} FROM models WHERE id = ?"
_BY_NAME = f"SELECT {_NAMES} FROM models WHERE collection_id = ? AND model_name = ? LIMIT 10"
_PAGE = f"SELECT {_NAMES} FROM models WHERE collection_id = ? AND id > ? ORDER BY id LIMIT ?"
_UPDATE = "UPDATE models SET description = ?, updated_at = datetime('now') WHERE id = ?"


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, its table made if need be."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    columns = ", ".join("id TEXT PRIMARY KEY" if name == "id" else name for name in COLUMNS)
    connection.execute(f"CREATE TABLE IF NOT EXISTS models ({columns})")
    for name, indexed in _INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON models ({indexed})")
    return connection


def insert(connection: sqlite3.Connection, row: dict[str, Any]) -> None:
    """Insert a row in a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_INSERT, row)
    connection.execute("COMMIT")


class RawSQLite:
    """One connection, statements by hand.

    Args:
        folder: Where the database goes.
        package: Where the package of a number is.
    """

    name = "raw sqlite3"
    largest = EVERYTHING

    def __init__(self, folder: Path, package: Callable[[int], Path]) -> None:
        self._folder = folder
        self._connection = connect(folder / "raw.db")
        self._package = package
        self._iris = iris()

    def fill(self, first: int, last: int) -> None:
        """Insert rows in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        rows = (new_row(self._iris, number) for number in range(first, last))
        self._connection.executemany(_INSERT, rows)
        self._connection.execute("COMMIT")

    def ways(self) -> Mapping[str, Ways]:
        """One way for everything."""
        return {
            "create": {"INSERT": self.create},
            "upload": {"file_digest, copyfile, fsync, INSERT": self._upload},
            "get by id": {"SELECT": lambda number: self._select(_BY_ID, identifier_of(number))},
            "get by name": {
                "SELECT": lambda number: self._select(
                    _BY_NAME, COLLECTION, MODEL_NAME.format(number)
                )
            },
            "list": {"SELECT, pages of 1,000": lambda _: self._list(1000)},
            "iterate": {"SELECT, pages of 100": lambda _: self._list(100)},
            "update": {"UPDATE and SELECT": self._update},
        }

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def create(self, number: int) -> int:
        """Make the model of that number."""
        insert(self._connection, new_row(self._iris, number))
        return 1

    def _upload(self, number: int) -> int:
        keep_file(self._package(number), self._folder)
        insert(self._connection, new_row(self._iris, number, "uploaded"))
        return 1

    def _select(self, statement: str, *values: str) -> int:
        return len(self._connection.execute(statement, values).fetchall())

    def _list(self, page_size: int) -> int:
        rows: list[tuple[Any, ...]] = []
        last = ""
        while page := self._connection.execute(_PAGE, (COLLECTION, last, page_size)).fetchall():
            rows += page
            last = page[-1][0]
        return len(rows)

    def _update(self, number: int) -> int:
        identifier = identifier_of(number)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(_UPDATE, (f"Changed {number}", identifier))
        handled = self._select(_BY_ID, identifier)
        self._connection.execute("COMMIT")
        return handled
