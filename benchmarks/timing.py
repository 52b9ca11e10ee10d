"""Clocks that make the best of a noisy machine: contenders take turns, each one's best counts."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator

Call = Callable[[int], int]
"""Does the work for the record of that number and tells how many records it handled."""

_SHORT = 0.001
"""Calls shorter than this, in seconds, are clocked eight at a time."""


def rate_of(call: Call, numbers: Iterable[int]) -> float:
    """Records per second of one call for each of the numbers."""
    gc.collect()
    began = time.perf_counter()
    handled = sum(map(call, numbers))
    return handled / (time.perf_counter() - began)


def rate_within(call: Call, numbers: Iterator[int], seconds: float) -> float:
    """Records per second of calls for the numbers, as many as fit into that time; at least one."""
    gc.collect()
    at_a_time = 8 if seconds_of(lambda: call(next(numbers))) < _SHORT else 1
    handled, elapsed, began = 0, 0.0, time.perf_counter()
    while elapsed < seconds:
        for _ in range(at_a_time):
            handled += call(next(numbers))
        elapsed = time.perf_counter() - began
    return handled / elapsed


def seconds_of(work: Callable[[], object]) -> float:
    """How long the work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
