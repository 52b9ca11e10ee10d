"""The registry: create, upload, get, list and update models, beside MLflow, sqlite3 and SQLAlchemy.

At every size all contenders hold the same number of models. They take turns at every call, several
rounds of them, so that a busy machine slows all alike; the best round of each counts. Writing
brings the stores up to the size, then reading and updating are measured at exactly that size.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks.collector import measure_collector
from benchmarks.options import Options
from benchmarks.peers.dataforce_client import DataforceRegistry
from benchmarks.peers.mlflow_registry import MlflowModels, MlflowVersions
from benchmarks.peers.raw_sqlite import RawSQLite
from benchmarks.peers.registry import Opener, Registry
from benchmarks.peers.sqlalchemy_core import SQLAlchemyCore
from benchmarks.report import Table, number, ratio
from benchmarks.sample import variation, write_variations
from benchmarks.timing import rate_of, rate_within

_OURS = "dataforce"
_FLOORS = ("raw sqlite3", "SQLAlchemy Core")
_MLFLOW = ("MLflow models", "MLflow versions")
_OPENERS: tuple[Opener, ...] = (
    DataforceRegistry,
    RawSQLite,
    SQLAlchemyCore,
    MlflowModels,
    MlflowVersions,
)
_WRITES = ("create", "upload")
_READS = ("get by id", "get by name", "list", "iterate", "update")
_LARGEST_BATCH = 200

_NOTE = (
    "Calls per second; models per second for *list* (the whole collection in one list) and "
    "*iterate* (pages of 100). The ratios are ours to theirs: above 1x we are faster. MLflow is "
    "measured up to 1,000 models and its best way counts, see the next table. Every model is the "
    "iris package: 839 bytes of manifest, 2 metrics, 12 members in the file index; *upload* stores "
    "files of 51,200 bytes, no two alike."
)
_WAYS_NOTE = "MLflow keeps neither manifest nor metrics; a version is what holds a model's file."


@dataclass
class Figures:
    """The best rate of each contender's ways, at one size."""

    size: int
    best: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def note(self, call: str, contender: str, way: str, rate: float) -> None:
        """Keep a rate if it is the best of that contender so far."""
        key = call, contender, way
        self.best[key] = max(rate, self.best.get(key, 0.0))

    def ways(self, call: str, *contenders: str) -> dict[str, float]:
        """The best rate of each way that these contenders have to do it."""
        return {
            way: rate
            for (done, contender, way), rate in self.best.items()
            if done == call and contender in contenders
        }

    def rate(self, call: str, *contenders: str) -> float | None:
        """The best rate of these contenders, if any of them was there."""
        return max(self.ways(call, *contenders).values(), default=None)


def measure(options: Options) -> list[Table]:
    """Measure the registry at every size."""
    packages = options.folder / "packages"
    packages.mkdir()
    contenders = _open(options.folder / "registries", lambda number: variation(packages, number))
    figures = []
    filled = 0
    for size in options.sizes:
        batch = min(_LARGEST_BATCH, (size - filled) // (2 * options.rounds))
        taking_part = [contender for contender in contenders if contender.largest >= size]
        figures.append(Figures(size))
        start = size - 2 * options.rounds * batch
        for contender in taking_part:
            contender.fill(filled, start)
        _measure_writes(taking_part, figures[-1], options.rounds, start, batch, packages)
        _measure_reads(taking_part, figures[-1], options)
        filled = size
    tables = [_main_table(figures), _ways_table(figures)]
    for contender in contenders:
        if isinstance(contender, DataforceRegistry):
            tables.append(measure_collector(contender.client, options.rounds))
        contender.close()
    return tables


def _open(folder: Path, package: Callable[[int], Path]) -> list[Registry]:
    folder.mkdir()
    contenders = []
    for opener in _OPENERS:
        try:
            contenders.append(opener(folder, package))
        except ImportError as error:
            print(f"{opener} takes no part: {error}", file=sys.stderr)
    return contenders


def _measure_writes(
    contenders: Iterable[Registry],
    figures: Figures,
    rounds: int,
    start: int,
    batch: int,
    packages: Path,
) -> None:
    for call in _WRITES * rounds:
        numbers = range(start, start + batch)
        if call == "upload":
            write_variations(packages, numbers)
        for contender in contenders:
            ways = contender.ways()
            if call not in ways:  # the store still has to grow
                contender.fill(numbers.start, numbers.stop)
                continue
            for way, action in ways[call].items():
                figures.note(call, contender.name, way, rate_of(action, numbers))
        start += batch


def _measure_reads(contenders: Iterable[Registry], figures: Figures, options: Options) -> None:
    for turn in range(options.rounds):
        for call in _READS:
            for contender in contenders:
                for way, action in contender.ways()[call].items():
                    numbers = _any_of(figures.size, turn)
                    rate = rate_within(action, numbers, options.seconds)
                    figures.note(call, contender.name, way, rate)


def _any_of(size: int, seed: int) -> Iterator[int]:
    """Numbers of models at random, without end; the same for all who take the same turn."""
    random = Random(seed)
    while True:
        yield random.randrange(size)


def _main_table(figures: Iterable[Figures]) -> Table:
    rows = [
        _row(call, at)
        for call in (*_WRITES, *_READS)
        for at in figures
        if at.rate(call, _OURS) is not None
    ]
    columns = ["call", "models", _OURS]
    for peer in (*_FLOORS, "MLflow"):
        columns += [peer, "ratio"]
    return Table("Registry: ours to theirs", columns, rows, _NOTE)


def _row(call: str, at: Figures) -> list[str]:
    ours = at.rate(call, _OURS) or 0.0
    cells = [call, f"{at.size:,}", number(ours)]
    for theirs in (*(at.rate(call, floor) for floor in _FLOORS), at.rate(call, *_MLFLOW)):
        cells += ["-" if theirs is None else number(theirs), ratio(ours, theirs)]
    return cells


def _ways_table(figures: Iterable[Figures]) -> Table:
    rows = [
        [call, f"{at.size:,}", way, number(rate), ratio(at.rate(call, _OURS) or 0.0, rate)]
        for call in (*_WRITES, *_READS)
        for at in figures
        for way, rate in at.ways(call, *_MLFLOW).items()
    ]
    columns = ["call", "models", "MLflow's way", "per second", "ours to it"]
    return Table("MLflow's ways, one by one", columns, rows, _WAYS_NOTE)


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["registry", *sys.argv[1:]])
