"""Many small models on a platform that answers after 20 ms: published, and deleted.

Once with as many at a time as usual, once with one at a time; the two take turns.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks import wire
from benchmarks.children import serving
from benchmarks.distant import DELAY
from benchmarks.options import Options
from benchmarks.report import Table, number, ratio
from benchmarks.timing import seconds_of
from dataforce import Client
from dataforce.testing.packages import build_package

_PUBLISHED = 72
_DELETED = 300
_WIDTHS = {"push": "dataforce_hybrid.push.push", "delete": "dataforce_remote.registry.stores"}
"""Modules that hold the number of models published, and deleted, at a time."""

_NOTE = (
    "Seconds, best of {rounds} rounds in which both take turns; the ratio says how many times as "
    "fast several at a time are. The platform is `dataforce serve` on the same machine, which "
    "begins with each request after {delay:.0f} ms."
)


def measure(options: Options) -> list[Table]:
    """Measure a push of many models, and a deletion of a collection."""
    models = {"push": min(_PUBLISHED, options.each), "delete": min(_DELETED, 2 * options.each)}
    usual = {call: import_module(module)._AT_ONCE for call, module in _WIDTHS.items()}  # noqa: SLF001
    best: dict[tuple[str, int], float] = {}
    for turn in range(options.rounds):
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr)
        folder = options.folder / f"many_models-{turn}"
        folder.mkdir()
        with serving("benchmarks.distant", folder) as (port,):
            for call, measure_one in (("push", _push), ("delete", _delete)):
                for width in (1, usual[call]):
                    import_module(_WIDTHS[call])._AT_ONCE = width  # type: ignore[attr-defined]  # noqa: SLF001
                    seconds = measure_one(port, folder, models[call])
                    best[call, width] = min(seconds, best.get((call, width), seconds))
    rows = [
        [
            f"{call} {models[call]} models",
            number(best[call, 1]),
            number(best[call, width]),
            ratio(best[call, 1], best[call, width]),
        ]
        for call, width in usual.items()
    ]
    columns = [
        "call",
        "one at a time",
        *{f"{width} at a time" for width in usual.values()},
        "ratio",
    ]
    note = _NOTE.format(rounds=options.rounds, delay=1000 * DELAY)
    return [Table("Many models of a platform that answers late", columns, rows, note)]


def _push(port: int, folder: Path, models: int) -> float:
    with _client(port, "hybrid", folder) as client:
        _fill(client, folder, models)
        return seconds_of(client.overlay.push)


def _delete(port: int, folder: Path, models: int) -> float:
    with Client(database_url=f"sqlite:///{folder / 'registry.db'}") as behind:
        identifier = _fill(behind, folder, models)
    with _client(port, "remote") as client:
        delete: Callable[[], object] = lambda: client.collections.delete(identifier)  # noqa: E731
        return seconds_of(delete)


def _fill(client: Client, folder: Path, models: int) -> str:
    """A new collection of so many models; its id."""
    client.collection = client.collections.create("", f"{models} models", "model").id
    for place in range(models):
        package = build_package(folder / "model.fnnx", content=str(place).encode())
        client.model_artifacts.upload(package, f"model {place}")
    return client.collection


def _client(port: int, backend: str, folder: Path | None = None) -> Client:
    return Client(
        f"http://127.0.0.1:{port}",
        wire.API_KEY,
        backend_type=backend,
        database_url=None if folder is None else f"sqlite:///{folder / 'overlay.db'}",
        api_version=wire.API_VERSION,
    )


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["many_models", *sys.argv[1:]])
