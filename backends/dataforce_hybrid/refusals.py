"""What the merged view refuses, in the words of the other backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from dataforce.seam.backend import AnyKind


def not_found(kind: AnyKind, identifier: str) -> NotFoundError:
    """The error for an object that the merged view does not show."""
    return NotFoundError(
        f"{kind.name.capitalize()} not found: {identifier}. It does not exist, or not below the "
        f"parent that was given."
    )


def clash(kind: AnyKind) -> ConflictError:
    """The error for an object that would be like another."""
    return ConflictError(
        f"There is another {kind.name} with that {' and '.join(kind.unique)} already. Nothing was "
        f"changed."
    )


def in_use(kind: AnyKind, identifier: str, user: AnyKind, by: str) -> ConflictError:
    """The error for an object that cannot be deleted."""
    return ConflictError(
        f"The {kind.name} {identifier} is in use by the {user.name} {by} and was not deleted. "
        f"Change or delete that first."
    )
