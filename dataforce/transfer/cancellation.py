"""Cancellation of work in a thread, when nobody waits for it any more.

A thread cannot be stopped from outside, so long work asks, at every chunk it moves, whether it
should go on, and leaves word of how to break what it waits for. Outside of an asynchronous client
nobody cancels, and asking costs nearly nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import TypeAlias

Callback: TypeAlias = Callable[[], object]


class Cancelled(BaseException):
    """The task that waited for this work was cancelled; passes every `except Exception`."""


class Signal:
    """Tells the threads that listen to it to stop; once set, it stays set."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: dict[object, Callback] = {}

    def set(self) -> None:
        """Stop the work: wake what sleeps, break what waits."""
        self._event.set()
        with self._lock:
            for callback in self._callbacks.values():
                with suppress(Exception):  # the others must be called too
                    callback()

    def check(self) -> None:
        """Raise `Cancelled` if the signal is set."""
        if self._event.is_set():
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Sleep for so long, or until the signal is set."""
        if self._event.wait(seconds):
            raise Cancelled

    @contextmanager
    def interrupting(self, callback: Callback) -> Iterator[None]:
        """See the function of that name."""
        key = object()
        with self._lock:
            self.check()
            self._callbacks[key] = callback
        try:
            yield
        except Exception:
            self.check()  # what fails after the callback has broken it failed for that reason
            raise
        finally:
            with self._lock:
                del self._callbacks[key]
        self.check()


_signal: ContextVar[Signal | None] = ContextVar("dataforce_cancellation", default=None)
_UNINTERRUPTED = nullcontext()


def listen_to(signal: Signal) -> None:
    """Let the work in the current context stop once `signal` is set."""
    _signal.set(signal)


@contextmanager
def shielded() -> Iterator[None]:
    """Let the block come to its end whether anybody still waits for it or not."""
    token = _signal.set(None)
    try:
        yield
    finally:
        _signal.reset(token)


def check() -> None:
    """Raise `Cancelled` if the task that waits for this work was cancelled."""
    signal = _signal.get()
    if signal is not None:
        signal.check()


def sleep(seconds: float) -> None:
    """Sleep for so long; raise `Cancelled` at once when the waiting task is cancelled."""
    signal = _signal.get()
    if signal is None:
        time.sleep(seconds)
    else:
        signal.sleep(seconds)


def interrupting(callback: Callback) -> AbstractContextManager[None]:
    """While the block runs, a cancellation of the waiting task calls `callback` at once.

    It is called in the thread that cancels, so it must not wait; what it raises is ignored. It is
    never called after the block has ended. A block that was cancelled raises `Cancelled`, also in
    place of the error that the callback has caused in it. Put it around the waiting and not around
    a `yield`: a generator may go on in another call, which somebody else waits for.

    Args:
        callback: Breaks what the block waits for, such as by shutting a socket down.
    """
    signal = _signal.get()
    return _UNINTERRUPTED if signal is None else signal.interrupting(callback)
