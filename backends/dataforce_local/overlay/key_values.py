"""Text that is kept beside the records of a workspace."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, insert, select

from dataforce_local.database import Database
from dataforce_local.overlay.schema import notes

_LAST = "\U0010ffff"
"""The last code point there is, which no text holds."""


class LocalNotes:
    """Text by space and key.

    Args:
        database: Where the table is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, space: str) -> Mapping[str, str]:
        """All of a space, by key."""
        with self._database.reading() as connection:
            return {row.key: row.value for row in connection.execute(_READ, {"in_space": space})}

    def get(self, space: str, key: str) -> str | None:
        """One of them."""
        with self._database.reading() as connection:
            value: str | None = connection.execute(
                _GET, {"in_space": space, "under_key": key}
            ).scalar()
        return value

    def write(self, space: str, values: Mapping[str, str]) -> None:
        """Add or replace."""
        if not values:
            return
        keys = [{"in_space": space, "under_key": key} for key in values]
        rows = [{"space": space, "key": key, "value": value} for key, value in values.items()]
        with self._database.writing() as connection:
            connection.execute(_ERASE, keys)
            connection.execute(insert(notes), rows)

    def erase(self, space: str, key: str | None = None) -> None:
        """Remove one, or the whole space."""
        statement = _ERASE_ALL if key is None else _ERASE
        with self._database.writing() as connection:
            connection.execute(statement, {"in_space": space, "under_key": key})

    def spaces(self, prefix: str) -> list[str]:
        """The names of the spaces that begin so and hold something, sorted."""
        # As a range, which an index serves; SQLite's LIKE takes no notice of case.
        wanted = (notes.c.space >= prefix, notes.c.space <= f"{prefix}{_LAST}")
        statement = select(notes.c.space).where(*wanted).distinct().order_by(notes.c.space)
        with self._database.reading() as connection:
            return list(connection.execute(statement).scalars())


_IS_IN = notes.c.space == bindparam("in_space")
_READ = select(notes.c.key, notes.c.value).where(_IS_IN).order_by(notes.c.key)
_GET = select(notes.c.value).where(_IS_IN, notes.c.key == bindparam("under_key"))
_ERASE_ALL = delete(notes).where(_IS_IN)
_ERASE = _ERASE_ALL.where(notes.c.key == bindparam("under_key"))
