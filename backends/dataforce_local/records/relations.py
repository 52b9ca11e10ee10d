"""Which rows stand below a row or refer to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, literal, select, update
from sqlalchemy.exc import IntegrityError

from dataforce.backend.interface import AnyKind
from dataforce.errors import ConflictError
from dataforce.models import KINDS
from dataforce_local.records.tables import TABLES, link


def is_referred_to(connection: Connection, kind: AnyKind, identifier: str) -> bool:
    """Whether rows of other kinds refer to that one, so that it cannot be deleted."""
    return _is_in(connection, _references(kind), identifier)


def referring(connection: Connection, kind: AnyKind, identifier: str) -> tuple[AnyKind, str]:
    """Return the kind and the id of a row that refers to that one; there is one at least."""
    users = [user for user in KINDS for target in user.references.values() if target is kind]
    found = (
        (user, connection.execute(select(column.table.c.id).where(column == identifier)).scalar())
        for user, column in zip(users, _references(kind), strict=True)
    )
    return next((user, by) for user, by in found if by is not None)


def is_needed(connection: Connection, kind: AnyKind, identifier: str) -> bool:
    """Whether rows stand below that one or refer to it."""
    return _is_in(connection, _children(kind) + _references(kind), identifier)


def repoint(connection: Connection, kind: AnyKind, identifier: str, target: str) -> None:
    """Let what stands below a row, or refers to it, do so with another one."""
    for column in _children(kind) + _references(kind):
        statement = update(column.table).where(column == identifier)
        try:
            connection.execute(statement.values({column.name: target}))
        except IntegrityError:
            raise ConflictError(
                f"What stands below the {kind.name} {identifier} cannot stand below {target}: "
                f"something like it does already. Nothing was changed; rename or delete one."
            ) from None


def _is_in(connection: Connection, columns: list[Column[Any]], identifier: str) -> bool:
    statements = (select(literal(1)).where(column == identifier).limit(1) for column in columns)
    return any(connection.execute(statement).first() for statement in statements)


def _children(kind: AnyKind) -> list[Column[Any]]:
    return [link(child) for child in KINDS if child.parent is kind]


def _references(kind: AnyKind) -> list[Column[Any]]:
    return [
        TABLES[other].c[field]
        for other in KINDS
        for field, target in other.references.items()
        if target is kind
    ]
