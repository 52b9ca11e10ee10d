"""How a registry comes to be, and whether this version can use it."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Connection, insert, inspect, select, text

from dataforce.backend.new_identifier import new_identifier
from dataforce.errors import ConfigurationError, StoreVersionError
from dataforce.models import OrganizationCreate
from dataforce_local.database import Database
from dataforce_local.records.clock import now
from dataforce_local.records.tables import (
    SCHEMA_VERSION,
    bucket_secrets,
    metadata,
    orbits,
    organizations,
    registry,
)

VERSION_KEY = "workspace_version"
"""What only the registry of a workspace tells of itself."""
_SELECT_ID = f"SELECT value FROM {registry.name} WHERE key = 'id'"  # noqa: S608  of our own names
_CREATION_LOCKS = {"postgresql": text("SELECT pg_advisory_xact_lock(7206015)")}
"""How only one process at a time creates the tables. SQLite's transaction does it unasked."""


def open_schema(
    database: Database, *, organization: str | None = None, is_workspace: bool = False
) -> None:
    """Make the tables of a new registry, or see that those of an old one can be used.

    Args:
        database: Where they are.
        organization: Name of the first organization of a new registry; an id is no name.
        is_workspace: Whether the registry of a workspace may be opened.

    Raises:
        StoreVersionError: A newer version of dataforce wrote it.
        StoreCorruptedError: It is damaged, or holds the tables of something else.
        ConfigurationError: It holds an overlay.
    """
    if not holds_table(database, registry.name):
        database.use_write_ahead_log()
        with database.writing() as connection:
            create_schema(connection, organization=organization)
    with database.reading() as connection:
        values = {row.key: row.value for row in connection.execute(select(registry))}
    require_known(database, values, "schema_version", SCHEMA_VERSION)
    database.recognize_by(_SELECT_ID, values["id"])
    if VERSION_KEY in values and not is_workspace:
        raise ConfigurationError(
            f"{database.shown} holds an overlay, not a registry. Set backend_type to hybrid to "
            f"work with it, or database_url to another place."
        )


def holds_table(database: Database, name: str) -> bool:
    """Return whether that table is there; a new file must hold no tables at all.

    A schema of a server may hold those of others, such as an extension's, but none of our names.

    Raises:
        StoreCorruptedError: It is not there, but those of something else are.
    """
    with database.reading() as connection:
        tables = sorted(inspect(connection).get_table_names())
        is_shared = connection.dialect.name != "sqlite"
    foreign = [table for table in tables if not is_shared or table in metadata.tables]
    if foreign and not {name, registry.name} & {*tables}:
        shown = ", ".join(foreign[:3]) + ", ..." * (len(foreign) > 3)
        raise database.damaged(f"it holds other tables ({shown})")
    return name in tables


def require_known(database: Database, values: dict[str, str], name: str, known: int) -> None:
    """Refuse tables of a later version than the one known here; `values` are the registry's."""
    try:
        version, _ = int(values[name]), values["id"]
    except (KeyError, ValueError) as error:
        raise database.damaged(f"{registry.name} lacks its values ({error})") from error
    if version > known:
        raise StoreVersionError(
            f"The registry {database.shown} was written by a newer version of dataforce (schema "
            f"{version}; this one knows {known}). Upgrade: pip install -U dataforce."
        )


def create_schema(
    connection: Connection, *, organization: str | None = None, is_empty: bool = False
) -> None:
    """Make the tables and what a first script needs, unless another process was faster.

    Args:
        connection: In a writing transaction.
        organization: Name of the first organization.
        is_empty: Whether to leave out what a first script needs.
    """
    connection.execute(_CREATION_LOCKS.get(connection.dialect.name, text("SELECT 1")))
    if inspect(connection).has_table(registry.name):
        return
    metadata.create_all(connection, checkfirst=False)
    connection.execute(
        insert(registry),
        [
            {"key": "schema_version", "value": str(SCHEMA_VERSION)},
            {"key": "id", "value": new_identifier()},
        ],
    )
    if not is_empty:
        _add_what_a_script_needs(connection, organization)


def _add_what_a_script_needs(connection: Connection, name: str | None) -> None:
    organization, secret = new_identifier(), new_identifier()
    born = {"created_at": now()}
    connection.execute(
        insert(organizations), {"id": organization, "name": _name_or_usual(name), **born}
    )
    connection.execute(
        insert(bucket_secrets),
        {
            "id": secret,
            "organization_id": organization,
            "endpoint": "localhost",
            "bucket_name": "local",
            **born,
        },
    )
    connection.execute(
        insert(orbits),
        {
            "id": new_identifier(),
            "organization_id": organization,
            "bucket_secret_id": secret,
            "name": "Default Orbit",
            **born,
        },
    )


def _name_or_usual(name: str | None) -> str:
    try:
        UUID(name or "")
    except ValueError:
        with suppress(ValidationError):
            return OrganizationCreate(name=name).name
    return "My Organization"
