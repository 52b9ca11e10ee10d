"""Migrations of older stores to the tables of today, one module for each version."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import select, update

from dataforce_local.records.schema import lock_creation
from dataforce_local.records.tables import SCHEMA_VERSION, registry

if TYPE_CHECKING:
    from dataforce_local.database import Database


def migrate(database: Database) -> None:
    """Bring a store to the tables of today, in one transaction: all of it, or nothing.

    Of several processes that find it older one migrates it, and the others wait.

    Args:
        database: Where it is.
    """
    is_version = registry.c.key == "schema_version"
    with database.writing() as connection:
        lock_creation(connection)
        version = int(connection.execute(select(registry.c.value).where(is_version)).scalar_one())
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            for later in range(version + 1, SCHEMA_VERSION + 1):
                import_module(f"{__name__}.version_{later}").upgrade(connection)
        newest = {"value": str(SCHEMA_VERSION)}
        connection.execute(update(registry).where(is_version), newest)
