"""What somebody would write by hand with SQLAlchemy Core.

The same durability as ours and the same row as `raw_sqlite`; statements are built once, a
connection is taken from the pool for every call, as SQLAlchemy recommends. Rows come out as
SQLAlchemy's own, their JSON is text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)

from benchmarks.peers.registry import EVERYTHING, MODEL_NAME, Ways
from benchmarks.peers.rows import COLLECTION, COLUMNS, identifier_of, keep_file, new_row
from benchmarks.sample import iris

_METADATA = MetaData()
_MODELS = Table(
    "models",
    _METADATA,
    *(
        Column(name, Integer if name == "size" else String, primary_key=name == "id")
        for name in COLUMNS
    ),
)
_COLUMNS = [_MODELS.c[name] for name in COLUMNS]
_OWN = _MODELS.c.collection_id == bindparam("collection")
Index("by_id", _MODELS.c.collection_id, _MODELS.c.id)
Index("by_model_name", _MODELS.c.collection_id, _MODELS.c.model_name, _MODELS.c.id)
Index("by_file_name", _MODELS.c.collection_id, _MODELS.c.file_name, _MODELS.c.id)

_INSERT = insert(_MODELS)
_BY_ID = select(*_COLUMNS).where(_MODELS.c.id == bindparam("identifier"))
_BY_NAME = select(*_COLUMNS).where(_OWN, _MODELS.c.model_name == bindparam("name")).limit(10)
_PAGE = (
    select(*_COLUMNS)
    .where(_OWN, _MODELS.c.id > bindparam("last"))
    .order_by(_MODELS.c.id)
    .limit(bindparam("page_size"))
)
_UPDATE = update(_MODELS).where(_MODELS.c.id == bindparam("identifier"))


class SQLAlchemyCore:
    """An engine with a pool.

    Args:
        folder: Where the database goes.
        package: Where the package of a number is.
    """

    name = "SQLAlchemy Core"
    largest = EVERYTHING

    def __init__(self, folder: Path, package: Callable[[int], Path]) -> None:
        self._folder = folder
        self._engine = create_engine(f"sqlite:///{folder / 'core.db'}")
        event.listen(self._engine, "connect", _configure)
        _METADATA.create_all(self._engine)
        self._package = package
        self._iris = iris()

    def fill(self, first: int, last: int) -> None:
        """Insert rows in one transaction."""
        with self._engine.begin() as connection:
            rows = [new_row(self._iris, number) for number in range(first, last)]
            if rows:
                connection.execute(_INSERT, rows)

    def ways(self) -> Mapping[str, Ways]:
        """One way for everything."""
        return {
            "create": {"insert": self.create},
            "upload": {"file_digest, copyfile, fsync, insert": self._upload},
            "get by id": {
                "select": lambda number: self._select(_BY_ID, identifier=identifier_of(number))
            },
            "get by name": {
                "select": lambda number: self._select(
                    _BY_NAME, collection=COLLECTION, name=MODEL_NAME.format(number)
                )
            },
            "list": {"select, pages of 1,000": lambda _: self._list(1000)},
            "iterate": {"select, pages of 100": lambda _: self._list(100)},
            "update": {"update and select": self._update},
        }

    def close(self) -> None:
        """Close the pool."""
        self._engine.dispose()

    def create(self, number: int) -> int:
        """Make the model of that number."""
        self._insert(new_row(self._iris, number))
        return 1

    def _upload(self, number: int) -> int:
        keep_file(self._package(number), self._folder)
        self._insert(new_row(self._iris, number, "uploaded"))
        return 1

    def _insert(self, row: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(_INSERT, row)

    def _select(self, statement: Select[Any], **values: object) -> int:
        with self._engine.connect() as connection:
            return len(connection.execute(statement, values).all())

    def _list(self, page_size: int) -> int:
        rows: list[Row[Any]] = []
        last: dict[str, Any] = {"collection": COLLECTION, "last": "", "page_size": page_size}
        while page := self._page(last):
            rows += page
            last["last"] = page[-1].id
        return len(rows)

    def _page(self, values: dict[str, Any]) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(_PAGE, values))

    def _update(self, number: int) -> int:
        key = {"identifier": identifier_of(number)}
        with self._engine.begin() as connection:
            connection.execute(_UPDATE, {**key, "description": f"Changed {number}"})
            return len(connection.execute(_BY_ID, key).all())


def _configure(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
