"""What the merged view refuses, in the words of the other backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce.errors import ConflictError, NotFoundError, PushConflictError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataforce.overlay import Conflict
    from dataforce.seam.backend import AnyKind

_LONGEST = 500
"""How many characters a message has at most."""


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


def push_conflict(what: str, conflicts: Sequence[Conflict]) -> PushConflictError:
    """The error for a push that meets conflicts; its message names as many as there is room for.

    Args:
        what: What was not pushed.
        conflicts: All of them, one at least.
    """
    begin = f"{what}: the platform changed meanwhile, too."
    end = (
        "Push with on_conflict='theirs' or 'mine' where that helps, or drop a change with "
        "client.overlay.reset(id)."
    )
    rest = "- and {} more, see the error's conflicts"
    room = _LONGEST - len("\n".join((begin, rest.format(len(conflicts)), end))) - 1
    lines: list[str] = []
    for line in (f"- {conflict}" for conflict in conflicts):
        if lines and len(line) > room:
            lines.append(rest.format(len(conflicts) - len(lines)))
            break
        lines.append(line if len(line) <= room else f"{line[: room - 1]}…")
        room -= len(line) + 1
    return PushConflictError("\n".join((begin, *lines, end)), conflicts)
