"""The tables of a family, made from the records of its kinds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    UniqueConstraint,
    event,
    func,
    select,
)

from dataforce.backend import AnyKind, Family
from dataforce_local.records.columns import String, Time, is_optional, scalar_of, type_of

SCHEMA_VERSION = 2
"""Goes up with every change of the tables below, and with it comes a migration."""

_REGISTRY = "registry"
"""The family whose tables have no prefix: it was here before the others."""

_NOT_STORED: Mapping[str, frozenset[str]] = {
    "organizations": frozenset({"permissions"}),
    "bucket-secrets": frozenset({"type"}),
    "orbits": frozenset({"role", "permissions", "members", "collections_tags"}),
}
"""Fields that only platforms fill, by the route of their kind."""

shared = MetaData()
"""The tables that all families of one database share."""

registry = Table(
    "dataforce_registry",
    shared,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

released = Table(
    "dataforce_released_files",
    shared,
    Column("id", Integer, primary_key=True),
    Column("content", String, nullable=False),
    Column("due", Time, nullable=False),
)
"""Blobs that may have lost their last record; a crash between the two is made good from here."""

files = Table(
    "dataforce_files",
    shared,
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("name", String, primary_key=True),
    # Path of the bytes, below the folder of files; equal files are one.
    Column("blob", String, nullable=False, index=True),
    Column("upload", String, index=True),
)
"""The files of records of every kind; `upload` is the key of the upload that brought them."""

links = Table(
    "dataforce_links",
    shared,
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("target_kind", String, primary_key=True),
    Column("target_id", String, primary_key=True),
    Index("dataforce_links_by_target", "target_kind", "target_id"),
)
"""The references that are no foreign keys: plural ones, nested ones, and those to several kinds."""


class Tables:
    """The tables of a family.

    Args:
        family: The kinds.
        holds_copies: Whether records may be copies of others, whose ids do not tell their age.
    """

    def __init__(self, family: Family, *, holds_copies: bool = False) -> None:
        self.family = family
        self.holds_copies = holds_copies
        self.metadata = MetaData()
        self._tables: dict[AnyKind, Table] = {}
        for kind in family.kinds:
            self._tables[kind] = self._make(kind)

    def __getitem__(self, kind: AnyKind) -> Table:
        return self._tables[kind]

    def key(self, kind: AnyKind) -> str:
        """Return what stands for a kind in the tables that families share."""
        is_plain = self.family.name == _REGISTRY
        return kind.route if is_plain else f"{self.family.name}/{kind.route}"

    def identity(self, kind: AnyKind) -> Column[Any]:
        """Return the column with the identifier of a record."""
        return self[kind].c[kind.identity_field]

    def parent(self, kind: AnyKind) -> Column[Any]:
        """Return the column with the id of the parent; at the root, that of the record itself."""
        return self[kind].c[kind.parent_field or kind.identity_field]

    def tells_age(self, kind: AnyKind) -> bool:
        """Return whether the ids of a kind sort by the time they were made."""
        made_here = kind.identity.made_by == "backend" and kind.identity.form == "uuid"
        return made_here and not self.holds_copies

    def foreign_keys(self, kind: AnyKind) -> dict[str, AnyKind]:
        """Return the references of a kind that are foreign keys: field to what it points at."""
        return {
            path: reference.kinds[0]
            for path, reference in kind.references.items()
            if len(reference.kinds) == 1
            and reference.forbids_deletion
            and path in kind.record.model_fields
            and scalar_of(kind.record.model_fields[path].annotation) is str
        }

    def is_linked(self, kind: AnyKind) -> bool:
        """Return whether records of a kind have references in the table of links."""
        return len(kind.references) > len(self.foreign_keys(kind))

    def below(self, kind: AnyKind, lower: AnyKind, identifier: Any) -> Select[Any]:
        """Return the rows of `lower` below the object of `kind` with that id, or that object."""
        chain = (*lower.ancestors, lower)
        path = chain[chain.index(kind) + 1 :]
        rows = select(self[lower]).correlate(self[kind])
        for upper, child in reversed([*pairwise(path)]):
            is_child = self.parent(child) == self.identity(upper)
            rows = rows.join_from(self[child], self[upper], is_child)
        return rows.where((self.parent(path[0]) if path else self.identity(kind)) == identifier)

    def at_or_below(self, kind: AnyKind) -> list[AnyKind]:
        """Return a kind and those whose objects stand below its objects, at any depth."""
        return [each for each in self.family.kinds if kind in (each, *each.ancestors)]

    def total(self, kind: AnyKind, route: str) -> Any:
        """Return the number of objects of the kind at `route` below one row of `kind`."""
        rows = self.below(kind, self.family.kind(route), self.identity(kind))
        return rows.with_only_columns(func.count()).scalar_subquery()

    def _name(self, kind: AnyKind) -> str:
        return "dataforce_" + self.key(kind).replace("-", "_").replace("/", "_")

    def _make(self, kind: AnyKind) -> Table:
        left_out = {*kind.totals, *kind.constants, *_NOT_STORED.get(kind.route, ())}
        names = [name for name in kind.record.model_fields if name not in left_out]
        table = Table(
            self._name(kind), self.metadata, *(self._column(kind, each) for each in names)
        )
        if kind.unique:
            together = (kind.parent_field, *kind.unique) if kind.parent_field else kind.unique
            table.append_constraint(UniqueConstraint(*together))
        above = [] if kind.parent_field is None else [table.c[kind.parent_field]]
        identity = table.c[kind.identity_field]
        if above:
            Index(f"{table.name}_by_parent", *above, identity)
        if not self.tells_age(kind) and kind.default_sort in table.c:
            Index(f"{table.name}_by_age", *above, table.c[kind.default_sort], identity)
        for name in kind.names:
            if name != kind.identity_field and name in table.c:
                _add_index_of_names(table, name, [*above, table.c[name], identity])
        return table

    def _column(self, kind: AnyKind, name: str) -> Column[Any]:
        annotation = kind.record.model_fields[name].annotation
        type_ = type_of(annotation, is_deferred=name in getattr(kind.record, "_deferred", ()))
        if name == kind.identity_field:
            return Column(name, type_, primary_key=True)
        target, rule = self.foreign_keys(kind).get(name), None
        if name == kind.parent_field:
            target, rule = kind.parent, "CASCADE"
        keys = []
        if target is not None:
            above = f"{self._name(target)}.{target.identity_field}"
            keys.append(ForeignKey(above, ondelete=rule))
        # The parent is indexed together with the id.
        is_indexed = target is not None and rule is None
        return Column(name, type_, *keys, nullable=is_optional(annotation), index=is_indexed)


@cache
def tables_of(family: Family, *, holds_copies: bool = False) -> Tables:
    """Return the tables of a family, which are made once."""
    return Tables(family, holds_copies=holds_copies)


def _add_index_of_names(table: Table, name: str, columns: list[Column[Any]]) -> None:
    by_name = f"{table.name}_by_{name}"
    Index(by_name, *columns).ddl_if(dialect="sqlite")
    # A sorted index of PostgreSQL refuses names of more than 2,704 bytes. Said in SQL, as
    # Index(postgresql_using="hash") loads all of that dialect, on SQLite too.
    statement = f'CREATE INDEX {by_name}_hash ON {table.name} USING hash ("{name}")'
    hashed = DDL(statement)  # type: ignore[no-untyped-call]  # not annotated there
    event.listen(table, "after_create", hashed.execute_if(dialect="postgresql"))
