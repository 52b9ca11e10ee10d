"""What Python's cyclic garbage collector costs a long list, and what pausing it saves."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from unittest.mock import patch

from benchmarks.report import Table, number, ratio
from benchmarks.timing import rate_of
from dataforce import Client

_PAUSED = "`list()`: collector paused while a page is parsed"
_RUNNING = "`list()`: collector left alone"
_OFF = "`list()`, collector off in the whole program"
_NOTE = (
    "Models per second, the list of before gone each time, best of {rounds} rounds in which all "
    "take turns; the ratios are to the collector left alone."
)


def measure_collector(client: Client, rounds: int) -> Table:
    """List everything in the default collection with and without the collector."""
    models = client.model_artifacts
    size = len(models.list())
    ways: Mapping[str, Callable[[int], int]] = {
        _PAUSED: lambda _: len(models.list()),
        _RUNNING: lambda _: _without_pauses(lambda: len(models.list())),
        _OFF: lambda _: _without_collector(lambda: len(models.list())),
    }
    best = dict.fromkeys(ways, 0.0)
    for _ in range(rounds):
        for name, way in ways.items():
            best[name] = max(best[name], rate_of(way, [0]))
    rows = [[name, number(rate), ratio(rate, best[_RUNNING])] for name, rate in best.items()]
    title = f"The garbage collector and a list of {size:,} models"
    return Table(title, ["way", "models/s", "ratio"], rows, _NOTE.format(rounds=rounds))


def _without_pauses(work: Callable[[], int]) -> int:
    with patch("dataforce_local.records.store.collector_paused", nullcontext):
        return work()


def _without_collector(work: Callable[[], int]) -> int:
    gc.disable()
    try:
        return work()
    finally:
        gc.enable()
