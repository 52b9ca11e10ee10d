"""Text that is kept beside the records of an overlay."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, insert, select

from dataforce_local.database import Database
from dataforce_local.overlay.schema import key_values

_LAST = "\U0010ffff"
"""The last code point there is, which no text holds."""


class LocalKeyValues:
    """Text by namespace and key.

    Args:
        database: Where the table is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, namespace: str) -> Mapping[str, str]:
        """Return all values of a namespace, by key."""
        with self._database.reading() as connection:
            return {row.key: row.value for row in connection.execute(_READ, {"within": namespace})}

    def get(self, namespace: str, key: str) -> str | None:
        """Return one value, `None` if there is none."""
        with self._database.reading() as connection:
            value: str | None = connection.execute(
                _GET, {"within": namespace, "under_key": key}
            ).scalar()
        return value

    def write(self, namespace: str, values: Mapping[str, str]) -> None:
        """Add or replace values."""
        if not values:
            return
        keys = [{"within": namespace, "under_key": key} for key in values]
        rows = [
            {"namespace": namespace, "key": key, "value": value} for key, value in values.items()
        ]
        with self._database.writing() as connection:
            connection.execute(_ERASE, keys)
            connection.execute(insert(key_values), rows)

    def erase(self, namespace: str, key: str | None = None) -> None:
        """Remove one value, or the whole namespace."""
        statement = _ERASE_ALL if key is None else _ERASE
        with self._database.writing() as connection:
            connection.execute(statement, {"within": namespace, "under_key": key})

    def namespaces(self, prefix: str) -> list[str]:
        """Return the namespaces that begin so and are not empty, sorted."""
        # As a range, which an index serves; SQLite's LIKE takes no notice of case.
        wanted = (key_values.c.namespace >= prefix, key_values.c.namespace <= f"{prefix}{_LAST}")
        statement = (
            select(key_values.c.namespace)
            .where(*wanted)
            .distinct()
            .order_by(key_values.c.namespace)
        )
        with self._database.reading() as connection:
            return list(connection.execute(statement).scalars())


_IS_IN = key_values.c.namespace == bindparam("within")
_READ = select(key_values.c.key, key_values.c.value).where(_IS_IN).order_by(key_values.c.key)
_GET = select(key_values.c.value).where(_IS_IN, key_values.c.key == bindparam("under_key"))
_ERASE_ALL = delete(key_values).where(_IS_IN)
_ERASE = _ERASE_ALL.where(key_values.c.key == bindparam("under_key"))
