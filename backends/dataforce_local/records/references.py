"""References of records: foreign keys, and rows in the table of links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json
from sqlalchemy import Column, Connection, and_, delete, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from dataforce.backend.error_messages import in_use, not_found
from dataforce.errors import ConflictError
from dataforce_local.records.columns import JSON
from dataforce_local.records.tables import Tables, links

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import AnyKind, Scope


class References:
    """The references of a family's records, in transactions that the caller began.

    Args:
        tables: Tables of the family.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def require(
        self, connection: Connection, kind: AnyKind, scope: Scope, values: BaseModel
    ) -> None:
        """Raise `NotFoundError` for the first reference of the values that leads nowhere."""
        for _, reference, identifier in kind.references_of(values):
            if not any(
                self.is_there(connection, each, scope, identifier) for each in reference.kinds
            ):
                raise not_found(reference.kinds[0], identifier, scope)

    def is_there(
        self, connection: Connection, kind: AnyKind, scope: Scope, identifier: str
    ) -> bool:
        """Return whether there is such an object that shares its parents with the scope."""
        tables = self._tables
        common = min(len(scope.ids), len(kind.ancestors))
        rows = (
            tables.below(kind.ancestors[common - 1], kind, scope.ids[common - 1])
            if common
            else select(tables[kind])
        )
        statement = rows.where(tables.identity(kind) == identifier)
        return connection.execute(statement.with_only_columns(literal(1))).first() is not None

    def link(
        self,
        connection: Connection,
        kind: AnyKind,
        scope: Scope,
        identifier: str,
        values: BaseModel,
    ) -> None:
        """Write the links of a record, or of those of its fields that are set in an update."""
        if not self._tables.is_linked(kind):
            return
        rows = self._links_of(connection, kind, scope, identifier, values)
        given = values.model_fields_set
        for path in kind.references:
            if path.partition(".")[0].removesuffix("[]") in given:
                connection.execute(delete(links).where(*self._own(kind, identifier, path)))
        if rows:
            connection.execute(insert(links), rows)

    def _links_of(
        self,
        connection: Connection,
        kind: AnyKind,
        scope: Scope,
        identifier: str,
        values: BaseModel,
    ) -> list[dict[str, str]]:
        """Return the rows of the links that a record has."""
        keys = self._tables.foreign_keys(kind)
        found: dict[tuple[str, str, str], None] = {}
        for path, reference, target in kind.references_of(values):
            if path in keys:
                continue
            several = reference.kinds[1:] and [
                each for each in reference.kinds if self.is_there(connection, each, scope, target)
            ]
            pointed_at = (several or reference.kinds)[0]
            found[path, self._tables.key(pointed_at), target] = None
        own = {"kind": self._tables.key(kind), "id": identifier}
        return [
            own | {"path": path, "target_kind": target_kind, "target_id": target}
            for path, target_kind, target in found
        ]

    def require_unused(self, connection: Connection, kind: AnyKind, identifier: str) -> None:
        """Raise `ConflictError` if a link from what stays forbids to delete a record.

        That holds for links to it, and for those to what stands below it.
        """
        tables = self._tables
        for target in tables.at_or_below(kind):
            ids = tables.below(kind, target, identifier)
            ids = ids.with_only_columns(tables.identity(target))
            for user, path, reference in tables.family.pointing_at(target):
                if not reference.forbids_deletion or path in tables.foreign_keys(user):
                    continue
                pointing = self._pointing(user, path, target, ids)
                for by, pointed_at in connection.execute(pointing):
                    if not self._goes_with(connection, user, by, kind, identifier):
                        raise in_use(target, pointed_at, user, by)

    def user_by_key(
        self, connection: Connection, kind: AnyKind, identifier: str
    ) -> tuple[AnyKind, str | None]:
        """Return the kind and the id of a row whose foreign key points at that one."""
        user, by = kind, None
        for user, column in self._keys_to(kind):
            statement = select(self._tables.identity(user)).where(column == identifier)
            if (by := connection.execute(statement).scalar()) is not None:
                break
        return user, by

    def is_referred_to(self, connection: Connection, kind: AnyKind, identifier: str) -> bool:
        """Return whether records point at that one."""
        keys = [column for _, column in self._keys_to(kind)]
        return self._is_in(connection, keys, identifier) or self._is_linked(
            connection, kind, identifier
        )

    def is_needed(self, connection: Connection, kind: AnyKind, identifier: str) -> bool:
        """Return whether records stand below that one or point at it."""
        return self._is_in(connection, self._children(kind), identifier) or self.is_referred_to(
            connection, kind, identifier
        )

    def repoint(self, connection: Connection, kind: AnyKind, identifier: str, target: str) -> None:
        """Let what stands below a record, or points at it, do so with another one."""
        keys = [column for _, column in self._keys_to(kind)]
        for column in self._children(kind) + keys:
            statement = update(column.table).where(column == identifier)
            try:
                connection.execute(statement.values({column.name: target}))
            except IntegrityError:
                raise ConflictError(
                    f"What stands below the {kind.name} {identifier} cannot stand below {target}: "
                    f"something like it does already. Nothing was changed; rename or delete one."
                ) from None
        for user, path, _ in self._tables.family.pointing_at(kind):
            if path not in self._tables.foreign_keys(user):
                pointing = self._pointing(user, path, kind, [identifier])
                for by in connection.execute(pointing).scalars().all():
                    self._repoint_link(connection, user, by, path, kind, identifier, target)

    def _repoint_link(
        self,
        connection: Connection,
        user: AnyKind,
        by: str,
        path: str,
        kind: AnyKind,
        identifier: str,
        target: str,
    ) -> None:
        table, identity = self._tables[user], self._tables.identity(user)
        column = table.c[path.partition(".")[0].removesuffix("[]")]
        stored = connection.execute(select(column).where(identity == by)).scalar_one()
        is_text = isinstance(column.type, JSON) and isinstance(stored, str)
        value = from_json(stored) if is_text else stored
        step, _, rest = path.partition(".")
        is_list = step.endswith("[]")
        changed = _replaced(value, "[]." * is_list + rest, identifier, target)
        connection.execute(update(table).where(identity == by).values({column.name: changed}))
        own = self._own(user, by, path)
        to = {"target_kind": self._tables.key(kind), "target_id": target}
        is_it = links.c.target_kind == to["target_kind"]
        connection.execute(
            delete(links).where(*own, is_it, links.c.target_id.in_((identifier, target)))
        )
        row = {"kind": self._tables.key(user), "id": by, "path": path} | to
        connection.execute(insert(links), row)

    def _goes_with(
        self, connection: Connection, user: AnyKind, by: str, kind: AnyKind, identifier: str
    ) -> bool:
        """Return whether a record is, or stands below, that object."""
        tables = self._tables
        if user not in tables.at_or_below(kind):
            return False
        rows = tables.below(kind, user, identifier).where(tables.identity(user) == by)
        return connection.execute(rows.with_only_columns(literal(1))).first() is not None

    def _pointing(self, user: AnyKind, path: str, kind: AnyKind, ids: Any) -> Any:
        """Return a statement for the records that point at some, and what they point at."""
        return select(links.c.id, links.c.target_id).where(
            links.c.kind == self._tables.key(user),
            links.c.path == path,
            links.c.target_kind == self._tables.key(kind),
            links.c.target_id.in_(ids),
        )

    def _own(self, kind: AnyKind, identifier: str, path: str) -> Iterator[Any]:
        wanted = {"kind": self._tables.key(kind), "id": identifier, "path": path}
        return (links.c[name] == value for name, value in wanted.items())

    def _is_linked(self, connection: Connection, kind: AnyKind, identifier: str) -> bool:
        target = and_(
            links.c.target_kind == self._tables.key(kind), links.c.target_id == identifier
        )
        users = self._tables.family.pointing_at(kind)
        if all(path in self._tables.foreign_keys(user) for user, path, _ in users):
            return False
        return connection.execute(select(literal(1)).where(target).limit(1)).first() is not None

    def _is_in(self, connection: Connection, columns: list[Column[Any]], identifier: str) -> bool:
        statements = (select(literal(1)).where(each == identifier).limit(1) for each in columns)
        return any(connection.execute(statement).first() for statement in statements)

    def _children(self, kind: AnyKind) -> list[Column[Any]]:
        return [self._tables.parent(child) for child in self._tables.family.children(kind)]

    def _keys_to(self, kind: AnyKind) -> list[tuple[AnyKind, Column[Any]]]:
        return [
            (user, self._tables[user].c[field])
            for user in self._tables.family.kinds
            for field, target in self._tables.foreign_keys(user).items()
            if target is kind
        ]


def _replaced(value: Any, path: str, old: str, new: str) -> Any:
    """Return a value of JSON with an identifier at a path replaced."""
    if value is None:
        return None
    if path.startswith("[]"):
        rest = path.removeprefix("[]").removeprefix(".")
        return [_replaced(each, rest, old, new) for each in value]
    if not path:
        return new if value == old else value
    name, _, rest = path.partition(".")
    field = name.removesuffix("[]")
    inner = "[]." * name.endswith("[]") + rest
    return value | {field: _replaced(value[field], inner, old, new)}
