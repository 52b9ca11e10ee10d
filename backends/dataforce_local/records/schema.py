"""The schema of a registry: made, recognized, migrated."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Connection, insert, inspect, select, text

from dataforce.backend import Scope
from dataforce.backend.identity import identifier_of
from dataforce.backend.new_identifier import new_identifier
from dataforce.errors import ConfigurationError, StoreVersionError
from dataforce_local.records.rows import Rows
from dataforce_local.records.tables import SCHEMA_VERSION, Tables, registry, shared

if TYPE_CHECKING:
    from dataforce.backend import AnyKind
    from dataforce.config import Settings
    from dataforce_local.database import Database

OVERLAY_KEY = "overlay"
"""Key that only a database with an overlay has."""
_SELECT_ID = f"SELECT value FROM {registry.name} WHERE key = 'id'"  # noqa: S608  of our own names
_CREATION_LOCKS = {"postgresql": text("SELECT pg_advisory_xact_lock(7206015)")}
"""How only one process at a time creates the tables. SQLite's transaction does it unasked."""


def open_schema(database: Database, tables: Tables, settings: Settings) -> None:
    """Make the tables of a family, or see that those which are there can be used.

    Args:
        database: Where they are.
        tables: The tables.
        settings: Names of the first objects at the root; an id is no name.

    Raises:
        StoreVersionError: A newer version of dataforce wrote it.
        StoreCorruptedError: It is damaged, or holds the tables of something else.
        ConfigurationError: It holds an overlay.
    """
    values = prepare(database, tables)
    if OVERLAY_KEY in values:
        raise ConfigurationError(
            f"{database.shown} holds an overlay, not a registry. Set backend_type to hybrid to "
            f"work with it, or database_url to another place."
        )
    if family_key(tables) not in values:
        with database.writing() as connection:
            if create_tables(connection, tables):
                add_starters(connection, database, tables, settings)
    recognize(database, values)


def prepare(database: Database, tables: Tables) -> dict[str, str]:
    """Return what a registry tells of itself, by key; nothing if it is new.

    One that is older is migrated before.
    """
    if not holds_registry(database, tables):
        return {}
    values = read_values(database)
    if _version(database, values) < SCHEMA_VERSION:
        from dataforce_local.migrations import migrate  # most stores need none

        migrate(database)
        values = read_values(database)
    return values


def recognize(database: Database, values: dict[str, str]) -> None:
    """Let the database notice when another one takes its place.

    Args:
        database: The database.
        values: What it told of itself before; nothing if it was made since then.
    """
    database.recognize_by(_SELECT_ID, (values or read_values(database))["id"])


def read_values(database: Database) -> dict[str, str]:
    """Return what a registry tells of itself, by key."""
    with database.reading() as connection:
        return {row.key: row.value for row in connection.execute(select(registry))}


def family_key(tables: Tables) -> str:
    """Return what a registry has a value for once it has the tables of a family."""
    return f"family {tables.family.name}"


def holds_registry(database: Database, tables: Tables | None = None) -> bool:
    """Return whether there is a registry; a new file must hold no tables at all.

    A schema of a server may hold those of others, such as an extension's, but none of our names.

    Raises:
        StoreCorruptedError: There is none, but the tables of something else are.
    """
    with database.reading() as connection:
        found = sorted(inspect(connection).get_table_names())
        is_shared = connection.dialect.name != "sqlite"
    own = {*shared.tables, *(tables.metadata.tables if tables else ())}
    foreign = [table for table in found if not is_shared or table in own]
    if foreign and registry.name not in found:
        shown = ", ".join(foreign[:3]) + ", ..." * (len(foreign) > 3)
        raise database.damaged(f"it holds other tables ({shown})")
    return registry.name in found


def lock_creation(connection: Connection) -> None:
    """Keep other processes from making or changing tables until the transaction ends."""
    connection.execute(_CREATION_LOCKS.get(connection.dialect.name, text("SELECT 1")))


def create_tables(connection: Connection, tables: Tables) -> bool:
    """Make the tables of a family, and those that all families share, unless they are there.

    Args:
        connection: In a writing transaction.
        tables: The tables.

    Returns:
        Whether they were made; another process may have been faster.
    """
    lock_creation(connection)
    if not inspect(connection).has_table(registry.name):
        shared.create_all(connection, checkfirst=False)
        first = {"schema_version": str(SCHEMA_VERSION), "id": new_identifier()}
        rows = [{"key": key, "value": value} for key, value in first.items()]
        connection.execute(insert(registry), rows)
    key = family_key(tables)
    if connection.execute(select(registry).where(registry.c.key == key)).first() is not None:
        return False
    tables.metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(registry), {"key": key, "value": str(SCHEMA_VERSION)})
    return True


def add_starters(
    connection: Connection, database: Database, tables: Tables, settings: Settings
) -> None:
    """Make what a first script needs, as the kinds declare it."""
    made: dict[AnyKind, tuple[Scope, str]] = {}
    for kind in tables.family.kinds:
        if kind.starter is None:
            continue
        scope = Scope()
        if kind.parent is not None:
            above, parent = made[kind.parent]
            scope = above.child(parent)
        given = {
            name: made[value][1] if value in made else value for name, value in kind.starter.items()
        }
        chosen = getattr(settings, kind.name.replace(" ", "_"), None)
        if kind.parent is None and chosen is not None and not _is_id(chosen):
            with suppress(ValidationError):
                given = dict(kind.create.model_validate(given | {kind.names[0]: chosen}))
        record = Rows(kind, tables, database).insert(
            connection, scope, kind.create.model_validate(given)
        )
        made[kind] = scope, identifier_of(record)


def _version(database: Database, values: dict[str, str]) -> int:
    """Return the version of the tables; `StoreVersionError` for one that is not known yet."""
    try:
        version, _ = int(values["schema_version"]), values["id"]
    except (KeyError, ValueError) as error:
        raise database.damaged(f"{registry.name} lacks its values ({error})") from error
    if version > SCHEMA_VERSION:
        raise StoreVersionError(
            f"The registry {database.shown} was written by a newer version of dataforce (schema "
            f"{version}; this one knows {SCHEMA_VERSION}). Upgrade: pip install -U dataforce."
        )
    return version


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
