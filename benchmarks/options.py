"""What a run of the benchmarks is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How much is measured.

    Args:
        sizes: How many models the registry holds, in rising order.
        rounds: Every contender has so many turns; its best counts.
        seconds: How long a turn of a call that only reads takes.
        gigabytes: Size of the model file, in GiB; a quarter of it where a bucket takes it in one.
        processes: How many write into one store at once.
        each: How many models each of them writes.
        folder: Where the stores and files go; removed afterwards.
    """

    sizes: tuple[int, ...] = (1_000, 10_000, 100_000)
    rounds: int = 5
    seconds: float = 0.3
    gigabytes: float = 1.0
    processes: int = 8
    each: int = 200
    folder: Path = Path()
