"""Many writers: processes that write models into one store at the same time."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Queue

from benchmarks.options import Options
from benchmarks.peers.dataforce_client import DataforceRegistry
from benchmarks.peers.mlflow_registry import MlflowModels
from benchmarks.peers.raw_sqlite import RawSQLite
from benchmarks.peers.registry import Opener, Registry
from benchmarks.report import Table, number, ratio

_OPENERS: tuple[Opener, ...] = (DataforceRegistry, RawSQLite, MlflowModels)
_PATIENCE = 600.0
"""After so many seconds a race is given up."""

_NOTE = (
    "{processes} processes write {each} models each, every model in a transaction of its own, from "
    "the moment when all have opened the store until all have written. MLflow's processes make "
    "registered models. An error is what the caller of a write gets; lost is a write that "
    "succeeded and is not there afterwards. 99 of 100 writes took no longer than p99."
)


@dataclass(frozen=True)
class _Outcome:
    name: str
    rate: float
    errors: Counter[str]
    lost: int
    slowest: float
    """The 99th percentile of a write, in seconds."""


def measure(options: Options) -> list[Table]:
    """Measure many writers."""
    outcomes = []
    for place, opener in enumerate(_OPENERS):
        folder = options.folder / f"processes-{place}"
        folder.mkdir()
        try:
            registry = _open(opener, folder)
        except ImportError as error:
            print(f"{opener} takes no part: {error}", file=sys.stderr)
            continue
        outcomes.append(_race(opener, registry, folder, options))
        registry.close()
    return [_table(outcomes, options)]


def _open(opener: Opener, folder: Path) -> Registry:
    return opener(folder, lambda _: folder)  # nothing is uploaded


def _race(opener: Opener, registry: Registry, folder: Path, options: Options) -> _Outcome:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(options.processes + 1, timeout=_PATIENCE)
    with context.Manager() as manager:
        errors: Queue[str] = manager.Queue()
        times: Queue[list[float]] = manager.Queue()
        workers = []
        for first in range(0, options.processes * options.each, options.each):
            numbers = range(first, first + options.each)
            arguments = (opener, folder, numbers, barrier, errors, times)
            workers.append(context.Process(target=_write, args=arguments))
            workers[-1].start()
        barrier.wait()
        began = time.perf_counter()
        barrier.wait()
        elapsed = time.perf_counter() - began
        for worker in workers:
            worker.join()
        failed = Counter(errors.get() for _ in range(errors.qsize()))
        waited = sorted(each for _ in workers for each in times.get())
    written = options.processes * options.each - failed.total()
    (list_all, *_) = registry.ways()["list"].values()
    return _Outcome(
        registry.name, written / elapsed, failed, written - list_all(0), _slowest(waited)
    )


def _write(
    opener: Opener,
    folder: Path,
    numbers: range,
    barrier: Barrier,
    errors: Queue[str],
    times: Queue[list[float]],
) -> None:
    registry, waited = _open(opener, folder), []
    barrier.wait()
    for one in numbers:
        began = time.perf_counter()
        try:
            registry.create(one)
        except Exception as error:  # counted, whatever it is
            errors.put(type(error).__name__)
        waited.append(time.perf_counter() - began)
    barrier.wait()
    times.put(waited)
    registry.close()


def _slowest(waited: list[float]) -> float:
    return waited[len(waited) * 99 // 100]


def _table(outcomes: list[_Outcome], options: Options) -> Table:
    rows = [
        [
            outcome.name,
            number(outcome.rate),
            ratio(outcomes[0].rate, outcome.rate),
            ", ".join(f"{count} {kind}" for kind, count in outcome.errors.items()) or "0",
            str(outcome.lost),
            f"{outcome.slowest * 1000:.0f} ms",
        ]
        for outcome in outcomes
    ]
    columns = ["store", "models/s", "ours to theirs", "errors", "lost", "p99"]
    note = _NOTE.format(processes=options.processes, each=options.each)
    return Table("Many writers", columns, rows, note)


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["processes", *sys.argv[1:]])
