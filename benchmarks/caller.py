"""The program that the benchmark of calls measures: one client, one call, over and over.

`python -m benchmarks.caller <client> <call> <base URL> <tasks> <seconds>` prints calls per second
and the microseconds of processor time that a call costs this process, all its threads included.
With 0 tasks the client is a synchronous one.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.peers.http_clients import AT_ONCE, ONE_BY_ONE, AsyncCall

_WARM_UP = 0.15
"""For so many seconds, at least, calls are made that do not count."""


class _Meter:
    """Counts the calls of a stretch of time, and what they cost."""

    def __init__(self) -> None:
        self.calls = 0
        self.until = 0.0
        self.figures: dict[str, float] = {}

    @contextmanager
    def running(self, seconds: float) -> Iterator[None]:
        """Measure what is done in the block, which counts its calls until the time is over."""
        gc.collect()
        self.calls, began, worked = 0, time.perf_counter(), time.process_time()
        self.until = began + seconds
        yield
        elapsed = time.perf_counter() - began
        self.figures = {
            "rate": self.calls / elapsed,
            "microseconds": (time.process_time() - worked) / self.calls * 1e6,
        }


def _one_by_one(client: str, call: str, base_url: str, seconds: float) -> dict[str, float]:
    meter = _Meter()
    with ONE_BY_ONE[client](base_url, call) as read:
        for stretch in (_WARM_UP, seconds):
            with meter.running(stretch):
                while time.perf_counter() < meter.until:
                    read()
                    meter.calls += 1
    return meter.figures


async def _at_once(
    client: str, call: str, base_url: str, tasks: int, seconds: float
) -> dict[str, float]:
    meter = _Meter()
    async with AT_ONCE[client](base_url, call) as read:
        for stretch in (_WARM_UP, seconds):
            with meter.running(stretch):
                await asyncio.gather(*(_task(read, meter) for _ in range(tasks)))
    return meter.figures


async def _task(read: AsyncCall, meter: _Meter) -> None:
    while time.perf_counter() < meter.until:
        await read()
        meter.calls += 1


def main() -> None:
    """Measure what the command says and print the figures."""
    client, call, base_url, tasks, seconds = sys.argv[1:]
    if int(tasks):
        figures = asyncio.run(_at_once(client, call, base_url, int(tasks), float(seconds)))
    else:
        figures = _one_by_one(client, call, base_url, float(seconds))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
