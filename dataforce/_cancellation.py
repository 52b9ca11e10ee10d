"""How work in a thread learns that nobody waits for it any more.

A thread cannot be stopped from outside, so long work asks, at every chunk it moves, whether it
should go on. Outside of an asynchronous client nobody cancels, and asking costs nearly nothing.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar

_signal: ContextVar[threading.Event | None] = ContextVar("dataforce_cancellation", default=None)


class Cancelled(BaseException):
    """The task that waited for this work was cancelled; passes every `except Exception`."""


def listen_to(signal: threading.Event) -> None:
    """Let `check` in the current context raise once `signal` is set."""
    _signal.set(signal)


def check() -> None:
    """Raise `Cancelled` if the task that waits for this work was cancelled."""
    signal = _signal.get()
    if signal is not None and signal.is_set():
        raise Cancelled
