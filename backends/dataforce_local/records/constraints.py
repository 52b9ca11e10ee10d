"""Constraints of a table that a statement broke, on any database."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.exc import IntegrityError


class Constraint(Enum):
    """The rules that a constraint can hold a row to."""

    UNIQUE = auto()
    """That no other row has the same values."""
    REFERENCE = auto()
    """That the row which it refers to exists, and stays."""
    OTHER = auto()
    """Anything else: what we write never breaks it."""


_BY_CODE = {
    "SQLITE_CONSTRAINT_UNIQUE": Constraint.UNIQUE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Constraint.UNIQUE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": Constraint.REFERENCE,
    # Of the SQL standard, as PostgreSQL has them.
    "23505": Constraint.UNIQUE,
    "23503": Constraint.REFERENCE,
}


def broken_by(error: IntegrityError) -> Constraint:
    """Return the constraint that the statement broke."""
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return _BY_CODE.get(str(code), Constraint.OTHER)


def told_by(error: IntegrityError) -> str:
    """Return what the database says of it, without the values of the row: they may be secret."""
    diagnosis = getattr(error.orig, "diag", None)
    return str(getattr(diagnosis, "message_primary", None) or error.orig)
