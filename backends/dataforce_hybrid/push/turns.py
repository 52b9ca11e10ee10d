"""Keeps apart what must not be made at the same time when objects are published in parallel."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from dataforce.transfer import cancellation
from dataforce_hybrid.push.differences import is_same

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Scope


class Turn:
    """The place of an object in the order in which objects are made.

    Lists show this order, so a turn begins when all turns before it have ended.

    Args:
        before: The turn before; `None` for the first.

    Attributes:
        before: The same until this turn begins.
        has_ended: Whether the next turn may begin.
    """

    def __init__(self, before: Turn | None = None) -> None:
        self.before = before
        self.has_ended = threading.Event()

    def __enter__(self) -> None:
        before = self.before
        while before is not None:
            before.has_ended.wait()
            before = before.before
        self.before = None  # all turns before that one have ended as well
        cancellation.check()

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self) -> None:
        """Let the next turn begin; of one that never began, when those before have ended."""
        self.has_ended.set()


class UnderWay:
    """The records that are being made: no two of them could be taken for each other."""

    def __init__(self) -> None:
        self._all: list[_Record] = []
        self._changed = threading.Condition()
        self._has_failed = False

    @contextmanager
    def adding(self, kind: AnyKind, scope: Scope, records: Sequence[Any]) -> Iterator[bool]:
        """Wait until nothing that is under way is like these; they are, while the block runs.

        Args:
            kind: The kind of the records.
            scope: Their parents.
            records: Any of them may be what is made in the block.

        Yields:
            Whether to go on: not after a block has failed, for nobody knows what it has made.
        """
        added = [(kind, scope, record) for record in records]

        def is_free() -> bool:
            return self._has_failed or not any(
                _are_alike(one, other) for one in added for other in self._all
            )

        with self._changed:
            self._changed.wait_for(is_free)
            self._all += added
            is_wanted = not self._has_failed
        try:
            yield is_wanted
        except BaseException:
            self._has_failed = True
            raise
        finally:
            with self._changed:
                for each in added:
                    self._all.remove(each)
                self._changed.notify_all()


_Record: TypeAlias = "tuple[AnyKind, Scope, Any]"


def _are_alike(one: _Record, other: _Record) -> bool:
    """Return whether the results of two records could be taken for each other."""
    (kind, scope, record), (other_kind, other_scope, other_record) = one, other
    is_elsewhere = kind is not other_kind or scope != other_scope
    return not is_elsewhere and (
        is_same(kind, record, other_record) or is_same(kind, other_record, record)
    )
