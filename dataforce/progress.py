"""Tells how far a call is that takes a backend many steps.

A backend that has something to tell calls `report`; whoever wants to know puts `listening` around
the call. So no call of a backend needs a parameter for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

Listener: TypeAlias = Callable[[int, int], object]
"""Is called with the number of steps that are done and the number of all steps."""

_listener: ContextVar[Listener | None] = ContextVar("dataforce_progress", default=None)


def report(done: int, total: int) -> None:
    """Tell whoever listens, in the thread that was called, how far the call is.

    Args:
        done: The number of steps that are done.
        total: The number of all steps.
    """
    listener = _listener.get()
    if listener is not None:
        listener(done, total)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call the listener with all that is reported within the block.

    Args:
        listener: Is called in the thread of the block.

    Example:
        >>> with listening(lambda done, total: print(f"{done} of {total}")):
        ...     report(1, 2)
        1 of 2
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
