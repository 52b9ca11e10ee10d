"""The tables that only a workspace has."""

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
    text,
)

from dataforce.errors import ConfigurationError
from dataforce.models import KINDS
from dataforce_local.database import Database
from dataforce_local.records.schema import (
    VERSION_KEY,
    create_schema,
    holds_table,
    open_schema,
    require_known,
)
from dataforce_local.records.tables import TABLES, String, registry

WORKSPACE_VERSION = 1
"""Goes up with every change of the tables below."""

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
    Column("is_whole", Boolean, nullable=False),
    Column("unshown", String),
    Column("successor", String),
    Column("revision", BigInteger, nullable=False, index=True),
)

revisions = Table(
    "dataforce_revisions",
    own,
    Column("id", Integer, primary_key=True),
    Column("latest", BigInteger, nullable=False),
)
"""One row. Whoever writes locks it first, so that later revisions are committed later."""

notes = Table(
    "dataforce_notes",
    own,
    Column("space", String, primary_key=True),
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


def open_overlay_schema(database: Database) -> None:
    """Make the tables of a new workspace, or see that those of an old one can be used.

    Raises:
        StoreVersionError: A newer version of dataforce wrote it.
        StoreCorruptedError: It is damaged.
        ConfigurationError: It is a registry.
    """
    exists = holds_table(database, entries.name)
    if not exists and holds_table(database, registry.name):
        raise ConfigurationError(
            f"{database.shown} holds a registry, and an overlay needs a place of its own. Set "
            f"database_url to another one, or leave it out for the usual place."
        )
    if not exists:
        database.use_write_ahead_log()
        with database.writing() as connection:
            create_overlay_schema(connection)
    open_schema(database, is_workspace=True)
    with database.reading() as connection:
        values = {row.key: row.value for row in connection.execute(select(registry))}
    require_known(database, values, VERSION_KEY, WORKSPACE_VERSION)
    # SQLite lets one write at a time anyhow.
    database.begin_with(_LOCK)


def create_overlay_schema(connection: Connection) -> None:
    """Make the tables, unless another process was faster."""
    create_schema(connection, is_empty=True)
    if inspect(connection).has_table(entries.name):
        return
    own.create_all(connection, checkfirst=False)
    connection.execute(insert(revisions), {"id": 1, "latest": 0})
    version = {"key": VERSION_KEY, "value": str(WORKSPACE_VERSION)}
    connection.execute(insert(registry), version)
    for kind in KINDS:
        # The ids of copies do not sort by age.
        name = TABLES[kind].name
        columns = ", ".join(filter(None, (kind.parent_field, "created_at", "id")))
        connection.execute(text(f"CREATE INDEX {name}_by_age ON {name} ({columns})"))
