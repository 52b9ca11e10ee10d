"""The tables that only an overlay has."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    insert,
    inspect,
    select,
)

from dataforce.errors import ConfigurationError
from dataforce_local.database import Database
from dataforce_local.records.columns import String
from dataforce_local.records.schema import (
    OVERLAY_KEY,
    create_tables,
    family_key,
    lock_creation,
    prepare,
    recognize,
)
from dataforce_local.records.tables import Tables, registry

own = MetaData()

entries = Table(
    "dataforce_entries",
    own,
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    # The ids of all parents from the root down, each with a slash behind it.
    Column("scope", String, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("base", String),
    Column("is_lossless", Boolean, nullable=False),
    Column("write_only", String),
    Column("replaced_by", String),
    Column("revision", BigInteger, nullable=False, index=True),
)

revisions = Table(
    "dataforce_revisions",
    own,
    Column("id", Integer, primary_key=True),
    Column("latest", BigInteger, nullable=False),
)
"""One row. Whoever writes locks it first, so that later revisions are committed later."""

key_values = Table(
    "dataforce_key_values",
    own,
    Column("namespace", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

cached = Table(
    "dataforce_cached_files",
    own,
    Column("digest", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
    # Counts up with every use; moments may be equal.
    Column("used", BigInteger, nullable=False, index=True),
    Column("is_pinned", Boolean, nullable=False),
)

_LOCK = select(revisions.c.latest).with_for_update()


def open_overlay_schema(database: Database, tables: Tables) -> None:
    """Make the tables of a new overlay, or see that those of an old one can be used.

    Raises:
        StoreVersionError: A newer version of dataforce wrote it.
        StoreCorruptedError: It is damaged.
        ConfigurationError: It is a registry.
    """
    values = prepare(database, tables)
    if values and OVERLAY_KEY not in values:
        raise ConfigurationError(
            f"{database.shown} holds a registry, and an overlay needs a place of its own. Set "
            f"database_url to another one, or leave it out for the usual place."
        )
    if family_key(tables) not in values:
        with database.writing() as connection:
            create_overlay_tables(connection, tables)
    recognize(database, values)
    # SQLite lets one write at a time anyhow.
    database.begin_with(_LOCK)


def create_overlay_tables(connection: Connection, tables: Tables) -> None:
    """Make the tables, unless another process was faster."""
    lock_creation(connection)
    is_new = not inspect(connection).has_table(entries.name)
    create_tables(connection, tables)
    if is_new:
        own.create_all(connection, checkfirst=False)
        connection.execute(insert(revisions), {"id": 1, "latest": 0})
        connection.execute(insert(registry), {"key": OVERLAY_KEY, "value": "1"})
