"""Large model files: upload and download beside a plain copy and a plain SHA-256 of the same file.

All files stay in the page cache, so reading costs no disk; what is written goes to the disk when
it is synchronized. An upload hashes the file, copies it and synchronizes the copy; so does a
download.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.options import Options
from benchmarks.report import Table, number, ratio
from benchmarks.sample import write_large
from benchmarks.timing import seconds_of
from dataforce import Client

_GIBIBYTE = 1024**3
_COPIES = 4
"""The file itself, what is stored, what is downloaded, and room to spare."""

_NOTE = (
    "Best of {rounds} rounds in which all take turns; MB are 10^6 bytes. The file is a package of "
    "{size:,} bytes, nearly all of them random. The slower of copy and SHA-256 bounds a program "
    "that does both at once and leaves the writing to the system (target of an upload: 0.6x). Ours "
    "comes back when the bytes are on the disk, as copy with fsync does: the second bound."
)


def measure(options: Options) -> list[Table]:
    """Measure a large file on its way in and out."""
    size = int(options.gigabytes * _GIBIBYTE)
    free = shutil.disk_usage(options.folder).free
    if free < _COPIES * size:
        print(
            f"transfers take no part: {options.folder} has {free:,} bytes free, and "
            f"{_COPIES * size:,} are needed; try --gigabytes or --folder",
            file=sys.stderr,
        )
        return []
    folder = options.folder / "transfers"
    folder.mkdir()
    try:
        return [_measure(folder, size, options.rounds)]
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, size: int, rounds: int) -> Table:
    source, target, store = folder / "large.fnnx", folder / "copy", folder / "store"
    write_large(source, size)
    work: Mapping[str, Callable[[], object]] = {
        "copy": lambda: shutil.copyfile(source, target),
        "copy, fsync": lambda: _copy_to_disk(source, target),
        "SHA-256": lambda: _hash(source),
    }
    best = dict.fromkeys((*work, "upload", "download"), float("inf"))
    for _ in range(rounds):
        for name, action in work.items():
            os.sync()
            best[name] = min(best[name], seconds_of(action))
            target.unlink(missing_ok=True)
        uploaded, downloaded = _transfer(source, target, store)
        best["upload"] = min(best["upload"], uploaded)
        best["download"] = min(best["download"], downloaded)
    return _table(source.stat().st_size, rounds, best)


def _transfer(source: Path, target: Path, store: Path) -> tuple[float, float]:
    """Seconds of an upload into a new store, and of a download from it."""
    with Client(database_url=f"sqlite:///{store / 'registry.db'}") as client:
        client.collections.create("", "Benchmark", "model")
        os.sync()
        uploaded = seconds_of(lambda: client.model_artifacts.upload(source, "large"))
        (model,) = client.model_artifacts.list()
        os.sync()
        downloaded = seconds_of(lambda: client.model_artifacts.download(model.id, target))
    target.unlink()
    shutil.rmtree(store)
    return uploaded, downloaded


def _copy_to_disk(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _table(size: int, rounds: int, best: Mapping[str, float]) -> Table:
    speed = {name: size / seconds / 1e6 for name, seconds in best.items()}
    bound = min(speed["copy"], speed["SHA-256"])
    on_disk = min(speed["copy, fsync"], speed["SHA-256"])
    rows = [
        [name, number(speed[name]), ratio(speed[name], bound), ratio(speed[name], on_disk)]
        for name in ("upload", "download", *(name for name in best if name not in _OURS))
    ]
    columns = [
        "one large file",
        "MB/s",
        "to the slower of copy and SHA-256",
        "to the slower of copy with fsync and SHA-256",
    ]
    title = f"Transfers: a model of {size / _GIBIBYTE:.2g} GiB"
    return Table(title, columns, rows, _NOTE.format(rounds=rounds, size=size))


_OURS = ("upload", "download")


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["transfers", *sys.argv[1:]])
