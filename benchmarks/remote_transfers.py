"""Large files to and from a platform, beside what `http.client` alone makes of the same work.

The platform and its bucket are a stub in a process of its own, on this machine, that keeps nothing
of what is put there. Every contender runs in a fresh process; they take turns, several rounds of
them, and the best round of each counts.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import measured, serving
from benchmarks.options import Options
from benchmarks.peers.http_clients import OURS
from benchmarks.peers.transfer_clients import DIRECTIONS
from benchmarks.report import Table, goal, number
from benchmarks.sample import write_large

_MEBIBYTE = 1024**2
_GIBIBYTE = 1024**3
_SINGLE = 0.25
"""How large a file is that goes up at once, of the one that goes up in parts."""
_COPIES = 2

_TARGETS = {
    ("upload", "http.client"): "≥ 0.8x",
    ("download", "http.client"): "≥ 0.6x",
    ("download", "httpx, no SHA-256"): "≥ 1x",
    ("upload in parts", "http.client, 4 threads"): "≥ 0.8x",
}
_MEMORY_TARGET = 40

_NOTE = (
    "Best of {rounds} rounds of two transfers each; MB are 10^6 bytes. Files are packages of "
    "{sizes} bytes, nearly all of them random, in the page cache. All uploads compute the SHA-256 "
    "before they begin to send, as the platform wants it; all downloads check it but those of "
    "httpx, which streams into a file as the platform's own client does. *memory* is the "
    "peak of the process over what it held when the client was ready, the highest of all rounds; "
    "the target of ours is at most {memory} MB. Ours comes back from a download when the bytes are "
    "on the disk."
)


@dataclass
class _Best:
    seconds: float = float("inf")
    memory: float = 0.0


_Figures = dict[tuple[str, str], _Best]


def measure(options: Options) -> list[Table]:
    """Measure an upload, a download and an upload in parts."""
    large = int(options.gigabytes * _GIBIBYTE)
    free = shutil.disk_usage(options.folder).free
    if free < _COPIES * large:
        print(
            f"remote transfers take no part: {options.folder} has {free:,} bytes free, and "
            f"{_COPIES * large:,} are needed; try --gigabytes or --folder",
            file=sys.stderr,
        )
        return []
    folder = options.folder / "remote_transfers"
    folder.mkdir()
    try:
        return [_measure(folder, large, options.rounds)]
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, large: int, rounds: int) -> Table:
    single, parts = folder / "single.fnnx", folder / "parts.fnnx"
    # The package has other members too; all in all it is no larger than it is meant to be.
    write_large(single, int(large * _SINGLE) - _MEBIBYTE)
    write_large(parts, large - _MEBIBYTE)
    multipart_above = large // 2
    with (
        serving("benchmarks.bucket", single, multipart_above) as (single_port,),
        serving("benchmarks.bucket", parts, multipart_above) as (parts_port,),
    ):
        places = {
            "upload": (single, single_port),
            "download": (single, single_port),
            "upload in parts": (parts, parts_port),
        }
        figures = _best_of(places, folder / "copy", rounds)
    sizes = {direction: source.stat().st_size for direction, (source, _) in places.items()}
    return _table(sizes, figures, rounds)


def _best_of(places: dict[str, tuple[Path, int]], target: Path, rounds: int) -> _Figures:
    """The best of each client; one that fails once takes part no more."""
    cases = [(direction, client) for direction in places for client in DIRECTIONS[direction]]
    figures = {case: _Best() for case in cases}
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
        for case, best in list(figures.items()):
            direction, client = case
            source, port = places[direction]
            os.sync()
            arguments = (direction, client, f"http://127.0.0.1:{port}", source, target)
            found = measured("benchmarks.mover", *arguments)
            target.unlink(missing_ok=True)
            if found is None:
                del figures[case]
                continue
            best.seconds = min(best.seconds, found["seconds"])
            best.memory = max(best.memory, found["bytes"])
    return figures


def _table(sizes: dict[str, int], figures: _Figures, rounds: int) -> Table:
    rows = []
    for (direction, client), best in figures.items():
        size, ours = sizes[direction], figures.get((direction, OURS))
        speed = size / best.seconds / 1e6
        our_speed = size / ours.seconds / 1e6 if ours else None
        target = _TARGETS.get((direction, client))
        memory = number(best.memory / 1e6) + (
            f" (target ≤ {_MEMORY_TARGET})" if client == OURS else ""
        )
        label = f"{direction}, {size / _MEBIBYTE:,.0f} MiB"
        rows.append([label, client, number(speed), goal(our_speed, speed, target), memory])
    columns = ["one large file", "client", "MB/s", f"{OURS} to it", "memory, MB"]
    told = " and ".join(f"{size:,}" for size in sorted(set(sizes.values())))
    note = _NOTE.format(rounds=rounds, sizes=told, memory=_MEMORY_TARGET)
    return Table("Transfers to and from a platform", columns, rows, note)


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["remote_transfers", *sys.argv[1:]])
