"""Keeps Python's cyclic garbage collector from walking records while they are being made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Pause:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self.resume = False


_pause = _Pause()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic collector; pauses that overlap in several threads end with the last.

    Records hold no cycles, yet every few hundred new objects make the collector walk those that
    came before. docs/performance.md has the figures. The pause is the whole process's, so a
    backend pauses it while it parses a page, and never while it waits for one. A program that
    runs without the collector goes on without it.
    """
    with _pause.lock:
        if not _pause.holders:
            _pause.resume = gc.isenabled()
            gc.disable()
        _pause.holders += 1
    try:
        yield
    finally:
        with _pause.lock:
            _pause.holders -= 1
            if not _pause.holders and _pause.resume:
                gc.enable()
