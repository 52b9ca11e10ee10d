"""The tables of a registry, and what the local backend adds to each kind of asset."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    func,
    select,
)

from dataforce.backend.interface import AnyKind
from dataforce.models import BUCKET_SECRET, COLLECTION, KINDS, MODEL_ARTIFACT, ORBIT, ORGANIZATION
from dataforce.models._deferred import JSONText

SCHEMA_VERSION = 1
"""Goes up with every change of the tables below."""

metadata = MetaData()

# Sorted by code point on every database, whatever the language of its server.
String = Text().with_variant(Text(collation="C"), "postgresql")


# Times are text in the platform's form: it sorts, and every database keeps the microseconds.
Time = String


class JSON(TypeDecorator[Any]):
    """JSON as text, which stays text until somebody looks at the field of the record."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        """Turn a value, which may be a model, into text."""
        return None if value is None else to_json(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> JSONText | None:
        """Vouch for text that was valid when it was stored."""
        return None if value is None else JSONText(value)


def _table(kind: AnyKind, *parts: Column[Any] | UniqueConstraint | Index) -> Table:
    columns: list[Any] = [Column("id", String, primary_key=True)]
    if kind.parent and kind.parent_field:
        above = ForeignKey(f"dataforce_{_name(kind.parent)}.id", ondelete="CASCADE")
        columns.append(Column(kind.parent_field, String, above, nullable=False))
    columns += [*parts, Column("created_at", Time, nullable=False), Column("updated_at", Time)]
    table = Table(f"dataforce_{_name(kind)}", metadata, *columns)
    if kind.parent_field:
        parent = table.c[kind.parent_field]
        Index(f"{table.name}_by_parent", parent, table.c.id)
        for name in kind.names:
            by_name = f"{table.name}_by_{name}"
            Index(by_name, parent, table.c[name], table.c.id).ddl_if(dialect="sqlite")
            # A sorted index of PostgreSQL refuses names of more than 2,704 bytes. Said in SQL, as
            # Index(postgresql_using="hash") loads all of that dialect, on SQLite too.
            statement = f"CREATE INDEX {by_name}_hash ON {table.name} USING hash ({name})"
            hashed = DDL(statement)  # type: ignore[no-untyped-call]  # not annotated there
            event.listen(table, "after_create", hashed.execute_if(dialect="postgresql"))
    return table


def _name(kind: AnyKind) -> str:
    return kind.route.replace("-", "_")


def _text(name: str) -> Column[Any]:
    return Column(name, String, nullable=False)


registry = Table(
    "dataforce_registry",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

released = Table(
    "dataforce_released_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content", String, nullable=False),
    Column("due", Time, nullable=False),
)
"""Files that may have lost their last record; a crash between the two is made good from here."""

organizations = _table(ORGANIZATION, _text("name"), Column("logo", String))

bucket_secrets = _table(
    BUCKET_SECRET,
    # The credentials are not kept: nothing here could use them, and what is not there cannot leak.
    _text("endpoint"),
    _text("bucket_name"),
    Column("secure", Boolean),
    Column("region", String),
    Column("cert_check", Boolean),
    UniqueConstraint("organization_id", "endpoint", "bucket_name"),
)

orbits = _table(
    ORBIT,
    _text("name"),
    Column("bucket_secret_id", String, ForeignKey(bucket_secrets.c.id), nullable=False, index=True),
)

collections = _table(
    COLLECTION,
    _text("description"),
    _text("name"),
    _text("collection_type"),
    Column("tags", JSON),
)

model_artifacts = _table(
    MODEL_ARTIFACT,
    _text("file_name"),
    _text("model_name"),
    Column("description", String),
    Column("metrics", JSON, nullable=False),
    Column("manifest", JSON, nullable=False),
    _text("file_hash"),
    Column("file_index", JSON, nullable=False),
    _text("bucket_location"),
    Column("size", BigInteger, nullable=False),
    _text("unique_identifier"),
    Column("tags", JSON),
    _text("status"),
    Column("created_by_user", String),
    # Where its bytes are, below the folder of model files; equal files are one.
    Column("content", String, nullable=False, index=True),
)

TABLES: Mapping[AnyKind, Table] = {
    ORGANIZATION: organizations,
    BUCKET_SECRET: bucket_secrets,
    ORBIT: orbits,
    COLLECTION: collections,
    MODEL_ARTIFACT: model_artifacts,
}

CONSTANTS: Mapping[AnyKind, Mapping[str, object]] = {
    ORGANIZATION: {"role": "owner"},
    ORBIT: {"total_members": 1, "total_satellites": 0},
}
"""What the platform tells of an asset and is always the same here, where there is one user."""


def total(kind: AnyKind, route: str) -> Any:
    """How many objects of the kind at `route` stand below one row of `kind`."""
    counted = next(candidate for candidate in KINDS if candidate.route == route)
    return below(kind, counted, TABLES[kind].c.id).with_only_columns(func.count()).scalar_subquery()


def below(kind: AnyKind, lower: AnyKind, identifier: Any) -> Select[Any]:
    """The rows of `lower` that stand below the object of `kind` with that id, or are it."""
    chain = (*lower.ancestors, lower)
    path = chain[chain.index(kind) + 1 :]
    rows = select(TABLES[lower]).correlate(TABLES[kind])
    for upper, child in reversed([*pairwise(path)]):
        parent, table = TABLES[upper], TABLES[child]
        rows = rows.join_from(table, parent, link(child) == parent.c.id)
    return rows.where((link(path[0]) if path else TABLES[kind].c.id) == identifier)


def link(kind: AnyKind) -> Column[Any]:
    """The column that holds the id of the parent; at the root, an object's own id."""
    return TABLES[kind].c[kind.parent_field or "id"]
