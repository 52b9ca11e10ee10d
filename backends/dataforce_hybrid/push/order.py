"""An order in which changes can be published."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from dataforce.overlay import Action, Change, Conflict

if TYPE_CHECKING:
    from dataforce.backend import AnyKind
    from dataforce.overlay.store import Key, ObjectState


@dataclass(frozen=True)
class Step:
    """Step of a push: one thing to be published, or to be given up.

    Args:
        entry: What became of the object.
        change: The same, as a user sees it; with the fields that are to be sent.
        conflict: What stands in the way.
        is_dropped: Whether the remote's side was taken, so that nothing is sent.
        is_left_out: Whether it cannot be published and stays here.
    """

    entry: ObjectState
    change: Change
    conflict: Conflict | None = None
    is_dropped: bool = False
    is_left_out: bool = False

    @property
    def is_sent(self) -> bool:
        """Return whether anything is to be published."""
        return self.conflict is None and not self.is_dropped and not self.is_left_out

    def lets_go(self, fields: Collection[str]) -> bool:
        """Return whether the remote's object has other values in those fields then, or is gone."""
        is_changed = any(each.name in fields for each in self.change.fields)
        return self.is_sent and (self.change.action == Action.DELETED or is_changed)


_LARGE = 64 * 1024 * 1024
"""In bytes. A larger file is brought alone: it comes in parts, and a copy of it is made first."""


def in_batches(steps: Iterable[Step], kinds: Mapping[str, AnyKind]) -> Iterator[list[Step]]:
    """Yield the steps in the same order, those together that do not depend on each other.

    Args:
        steps: In the order in which they can be carried out.
        kinds: Every kind, by its route.

    Yields:
        Steps that may be carried out at the same time, when those before them have been.
    """
    needed = {each.parent for each in kinds.values()}
    references = [each for kind in kinds.values() for each in kind.references.values()]
    needed |= {target for each in references for target in each.kinds}

    def batch(step: Step) -> object:
        kind, change = kinds[step.entry.kind], step.change
        is_large = change.action == Action.CREATED and (change.size or 0) > _LARGE
        if kind in needed or kind.unique or is_large:
            return step.entry.key
        return kind.route, change.action

    for _, batched in groupby(steps, batch):
        yield [*batched]


def in_order(
    steps: Mapping[Key, Step], needs: Callable[[Step], Iterable[Key]]
) -> tuple[list[Step], list[Step]]:
    """Sort the steps so that each comes after those that it needs.

    Args:
        steps: By the kind and id of their object.
        needs: Kinds and ids of the objects whose steps must come before one.

    Returns:
        The steps in order, and those of them that need one which needs them.
    """
    done: dict[Key, Step] = {}
    tangled: list[Step] = []
    for step in steps.values():
        # A stack of our own: no chain of needs is too long for it.
        begun: dict[Key, Iterator[Key]] = {}
        waiting = [step.entry.key]
        while waiting:
            key = waiting[-1]
            left = begun.setdefault(key, iter([*needs(steps[key])]))
            following = next((each for each in left if each in steps and each not in done), None)
            if following is None:
                done.setdefault(key, steps[waiting.pop()])
            elif following in begun:
                tangled.append(steps[key])
            else:
                waiting.append(following)
    return [*done.values()], tangled
