"""Errors that only an overlay raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce.backend.error_messages import LONGEST
from dataforce.errors import PushConflictError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataforce.overlay import Conflict


def push_conflict(what: str, conflicts: Sequence[Conflict]) -> PushConflictError:
    """Return the error for a push that meets conflicts.

    Its message names as many as there is room for.

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
    room = LONGEST - len("\n".join((begin, rest.format(len(conflicts)), end))) - 1
    lines: list[str] = []
    for line in (f"- {conflict}" for conflict in conflicts):
        if lines and len(line) > room:
            lines.append(rest.format(len(conflicts) - len(lines)))
            break
        lines.append(line if len(line) <= room else f"{line[: room - 1]}…")
        room -= len(line) + 1
    return PushConflictError("\n".join((begin, *lines, end)), conflicts)
