"""A complete backend in memory, made from declarations alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from dataforce.backend.error_messages import duplicate, in_use, not_found
from dataforce.backend.identity import identifier_of
from dataforce.backend.new_identifier import new_identifier
from dataforce.backend.paging import page_of
from dataforce.backend.query import Page, Query, Scope
from dataforce.errors import (
    BadRequestError,
    FileDownloadError,
    FileUploadError,
    NotOfferedError,
)

if TYPE_CHECKING:
    from dataforce.backend.interface import Advance, Content
    from dataforce.backend.kind import AnyKind, Family, Kind
    from dataforce.backend.source import Source

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
S = TypeVar("S")

_CHUNK = 1024 * 1024


@dataclass
class _Row:
    """A record without its totals, where it stands, and its files by name."""

    scope: Scope
    record: Any
    files: dict[str, bytes]


class MemoryBackend:
    """The kinds of a family, kept in memory by the rules that they declare.

    A test double for those who use a client, and what other backends are compared with. It begins
    with the starter objects of the family. The services of a family are beyond it.

    Args:
        family: The kinds.

    Example:
        >>> from dataforce import Client
        >>> from dataforce.models import REGISTRY
        >>> with Client(backend=MemoryBackend(REGISTRY)) as client:
        ...     [orbit.name for orbit in client.orbits.list()]
        ['Default Orbit']
    """

    mode: str = "memory"

    def __init__(self, family: Family) -> None:
        self.family = family
        self._tables = _Tables(family)
        self._tables.add_starters()

    def __repr__(self) -> str:
        return f"<MemoryBackend of the {self.family.name}>"

    def store(self, kind: Kind[M, C, U], scope: Scope) -> MemoryStore[M, C, U]:
        """Return the records of that kind below that scope."""
        return MemoryStore(self._tables, kind, scope)

    def files(self, kind: Kind[M, C, U], scope: Scope) -> MemoryFiles[M, C]:
        """Return the files of those records."""
        return MemoryFiles(self._tables, kind, scope)

    def service(self, protocol: type[S]) -> S:
        """Refuse: services are not declared.

        Raises:
            NotOfferedError: Always.
        """
        raise NotOfferedError(
            f"The backend in memory has no {protocol.__name__}. Use the local backend for them, "
            f"such as Client(database_url=':memory:')."
        )

    def close(self) -> None:
        """Keep all as it is: the backend may be used by another client."""


class _Tables:
    """The rows of all kinds of a family, and the rules for them; one thread at a time."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.lock = threading.RLock()
        self.rows: dict[AnyKind, dict[str, _Row]] = {kind: {} for kind in family.kinds}
        self.uploads: dict[tuple[AnyKind, str], str] = {}

    def page(self, kind: AnyKind, scope: Scope, query: Query) -> Page[Any]:
        """Return one page."""
        with self.lock:
            self._require_parents(kind, scope)
            rows = [row for row in self.rows[kind].values() if row.scope == scope]
            records = [self._shown(kind, row) for row in rows]
        return page_of(kind, records, query)

    def get(self, kind: AnyKind, scope: Scope, identifier: str) -> Any:
        """Return one record."""
        with self.lock:
            return self._shown(kind, self._row(kind, scope, identifier))

    def create(
        self, kind: AnyKind, scope: Scope, values: BaseModel, files: Mapping[str, bytes] | None
    ) -> Any:
        """Make a record, with its files if they are given."""
        with self.lock:
            self._require_parents(kind, scope)
            fields = self._fields(kind, scope, values)
            for each in kind.files.values():
                if each.status is not None:
                    fields[each.status] = each.pending if files is None else each.ready
            self._require_references(kind, scope, values)
            record = kind.record.model_validate(fields)
            identifier: str = fields[kind.identity_field]
            if identifier in self.rows[kind]:
                raise duplicate(kind, None)
            self._require_unique(kind, scope, record)
            row = _Row(scope, record, dict(files or {}))
            self.rows[kind][identifier] = row
            return self._shown(kind, row)

    def update(self, kind: AnyKind, scope: Scope, identifier: str, changes: BaseModel) -> Any:
        """Change a record."""
        with self.lock:
            row = self._row(kind, scope, identifier)
            kind.check_transition(row.record, changes)
            self._require_files(kind, row, changes)
            changed = {name: getattr(changes, name) for name in changes.model_fields_set}
            known = {name: changed[name] for name in changed if name in kind.record.model_fields}
            if changed:
                self._require_references(kind, scope, changes)
                if "updated_at" in kind.record.model_fields:
                    known["updated_at"] = datetime.now(UTC)
                record = kind.record.model_validate(dict(row.record) | known)
                self._require_unique(kind, scope, record)
                row.record = record
            return self._shown(kind, row)

    def delete(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Remove a record and all below it."""
        with self.lock:
            self._require_parents(kind, scope)
            row = self.rows[kind].get(identifier)
            if row is None or row.scope != scope:
                if kind.forgiving_delete:
                    return
                raise not_found(kind, identifier, scope)
            removed = self._below(kind, scope, identifier)
            self._refuse_in_use(removed)
            for lower, each_id in removed:
                del self.rows[lower][each_id]

    def _refuse_in_use(self, removed: Sequence[tuple[AnyKind, str]]) -> None:
        """Refuse to remove what is pointed at by something that stays."""
        for user, rows in self.rows.items():
            for by, row in rows.items():
                for _, reference, identifier in user.references_of(row.record):
                    targets = [(kind, identifier) for kind in reference.kinds]
                    target = next((each for each in targets if each in removed), None)
                    if reference.forbids_deletion and target and (user, by) not in removed:
                        raise in_use(*target, user, by)

    def _row(self, kind: AnyKind, scope: Scope, identifier: str) -> _Row:
        self._require_parents(kind, scope)
        row = self.rows[kind].get(identifier)
        if row is None or row.scope != scope:
            raise not_found(kind, identifier, scope)
        return row

    def _fields(self, kind: AnyKind, scope: Scope, values: BaseModel) -> dict[str, Any]:
        fields = {**kind.constants}
        if kind.generate is not None:
            fields |= kind.generate(scope, values)
        for name, value in values:
            if name in kind.record.model_fields:
                fields[name] = value
        if kind.identity.made_by == "backend":
            fields[kind.identity_field] = new_identifier()
        if kind.parent_field is not None:
            fields[kind.parent_field] = scope.parent
        if "created_at" in kind.record.model_fields:
            fields["created_at"] = datetime.now(UTC)
        return fields

    def _shown(self, kind: AnyKind, row: _Row) -> Any:
        if not kind.totals:
            return row.record
        inside = row.scope.child(getattr(row.record, kind.identity_field)).ids
        totals = {
            name: sum(
                each.scope.ids[: len(inside)] == inside
                for each in self.rows[self._family.kind(route)].values()
            )
            for name, route in kind.totals.items()
        }
        return row.record.model_copy(update=totals)

    def _below(self, kind: AnyKind, scope: Scope, identifier: str) -> list[tuple[AnyKind, str]]:
        inside = scope.child(identifier).ids
        removed = [(kind, identifier)]
        for lower in self._family.kinds:
            if kind in lower.ancestors:
                removed += [
                    (lower, each_id)
                    for each_id, row in self.rows[lower].items()
                    if row.scope.ids[: len(inside)] == inside
                ]
        return removed

    def _require_parents(self, kind: AnyKind, scope: Scope) -> None:
        for depth, parent in enumerate(kind.ancestors):
            row = self.rows[parent].get(scope.ids[depth])
            if row is None or row.scope.ids != scope.ids[:depth]:
                raise not_found(parent, scope.ids[depth], scope)

    def _require_references(self, kind: AnyKind, scope: Scope, values: BaseModel) -> None:
        for _, reference, identifier in kind.references_of(values):
            for other in reference.kinds:
                row = self.rows[other].get(identifier)
                if row is not None and _is_within(row.scope, scope):
                    break
            else:
                raise not_found(reference.kinds[0], identifier, scope)

    def _require_unique(self, kind: AnyKind, scope: Scope, record: BaseModel) -> None:
        if not kind.unique:
            return
        values = [getattr(record, name) for name in kind.unique]
        identifier = getattr(record, kind.identity_field)
        for other_id, row in self.rows[kind].items():
            same = [getattr(row.record, name) for name in kind.unique] == values
            if row.scope == scope and same and other_id != identifier:
                raise duplicate(kind, self._shown(kind, row))

    def _require_files(self, kind: AnyKind, row: _Row, changes: BaseModel) -> None:
        for name, fields in kind.files.items():
            status = fields.status
            if status is None or status not in changes.model_fields_set or name in row.files:
                continue
            if getattr(changes, status) == fields.ready:
                raise BadRequestError(
                    f"The file of {kind.name} {getattr(row.record, kind.identity_field)} was not "
                    f"stored, so its {status} cannot be {fields.ready}. Upload it."
                )

    def add_starters(self) -> None:
        """Make the objects that a new registry begins with."""
        made: dict[AnyKind, tuple[Scope, str]] = {}
        for kind in self._family.kinds:
            if kind.starter is None:
                continue
            above, parent = made[kind.parent] if kind.parent else (Scope(), "")
            scope = above.child(parent) if kind.parent else above
            given = {
                name: made[value][1] if value in made else value
                for name, value in kind.starter.items()
            }
            record = self.create(kind, scope, kind.create.model_validate(given), None)
            made[kind] = scope, getattr(record, kind.identity_field)


def _is_within(one: Scope, other: Scope) -> bool:
    """Return whether two scopes have the same parents, as far down as both go."""
    return all(mine == theirs for mine, theirs in zip(one.ids, other.ids, strict=False))


class MemoryStore(Generic[M, C, U]):
    """The records of one kind below one scope; see `Store`."""

    def __init__(self, tables: _Tables, kind: Kind[M, C, U], scope: Scope) -> None:
        self._tables = tables
        self._kind = kind
        self._scope = scope

    def page(self, query: Query) -> Page[M]:
        """Return one page."""
        return self._tables.page(self._kind, self._scope, query)

    def get(self, identifier: str) -> M:
        """Return the record with that id."""
        record: M = self._tables.get(self._kind, self._scope, identifier)
        return record

    def create(self, values: C) -> M:
        """Make a record."""
        record: M = self._tables.create(self._kind, self._scope, values, None)
        return record

    def create_many(self, values: Sequence[C]) -> list[M]:
        """Make several records, all or none."""
        with self._tables.lock:
            table = self._tables.rows[self._kind]
            before = dict(table)
            try:
                return [self.create(each) for each in values]
            except BaseException:
                table.clear()
                table.update(before)
                raise

    def update(self, identifier: str, changes: U) -> M:
        """Give the fields that are set in `changes` their new values."""
        record: M = self._tables.update(self._kind, self._scope, identifier, changes)
        return record

    def delete(self, identifier: str) -> None:
        """Remove the record, all below it, and their files."""
        self._tables.delete(self._kind, self._scope, identifier)


class MemoryFiles(Generic[M, C]):
    """The files of the records of one kind below one scope; see `FileStore`."""

    def __init__(self, tables: _Tables, kind: Kind[M, C, Any], scope: Scope) -> None:
        self._tables = tables
        self._kind = kind
        self._scope = scope

    def upload(
        self,
        values: C,
        sources: Mapping[str, Source],
        advance: Advance,
        *,
        key: str | None = None,
    ) -> M:
        """Store a record with its files, both or neither."""
        earlier = None if key is None else self._tables.uploads.get((self._kind, key))
        if earlier is not None:
            return self._tables.get(self._kind, self._scope, earlier)  # type: ignore[no-any-return]
        files: dict[str, bytes] = {}
        for name, source in sources.items():
            with source.open() as file:
                content = file.read()
            digest = sha256(content).hexdigest()
            wanted = self._kind.files[name].digest_of(values)
            if digest != wanted:
                raise FileUploadError(
                    f"{source.name} has the SHA-256 {digest}, not {wanted}. Try again."
                )
            source.check()
            advance(len(content))
            files[name] = content
        record: M = self._tables.create(self._kind, self._scope, values, files)
        if key is not None:
            self._tables.uploads[self._kind, key] = identifier_of(record)
        return record

    def open(self, record: M, name: str) -> Content:
        """Return the bytes of a file of a record."""
        return _MemoryContent(self._tables, self._kind, record, name)


class _MemoryContent:
    """The bytes of one file."""

    streams = 1

    def __init__(self, tables: _Tables, kind: AnyKind, record: Any, name: str) -> None:
        self._tables = tables
        self._kind = kind
        self._identifier: str = getattr(record, kind.identity_field)
        self._name = name

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `offset` on, `length` or all."""
        row = self._tables.rows[self._kind].get(self._identifier)
        if row is None or self._name not in row.files:
            raise FileDownloadError(
                f"The {self._name} of {self._kind.name} {self._identifier} is not stored. Upload "
                f"it again if you have it."
            )
        content = row.files[self._name]
        end = len(content) if length is None else min(offset + length, len(content))
        for start in range(offset, end, _CHUNK):
            yield content[start : min(start + _CHUNK, end)]
