"""Hybrid clients with few and many changes, beside the plain remote client.

All of them read the same collection of the same platform. They take turns, several rounds of them,
and the best round of each counts. Once more they read it from a stub that repeats what the platform
answered, so that nothing but the clients takes time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from benchmarks import wire
from benchmarks.children import serving
from benchmarks.options import Options
from benchmarks.peers.registry import DESCRIPTION, TAGS
from benchmarks.report import Table, goal, number
from benchmarks.sample import iris
from benchmarks.timing import Call, rate_of, rate_within
from dataforce import Client
from dataforce.backend import find_overlay_store
from dataforce.config import load_settings
from dataforce.models import REGISTRY

_LARGEST = 10_000
_SOME = 100
_PLAIN = "remote"
_SERVER, _STUB = "server", "stub"
_CALLS = ("get by id", "list", "iterate")
_TARGET = "≥ 0.91x"
"""At most 1.1 times the time of the plain remote client."""

_NOTE = (
    "Calls per second; models per second for *list* (all in one list) and *iterate* (pages of "
    "100). Best of {rounds} rounds in which all take turns; the ratios are hybrid to remote, and "
    "the target is at most 1.1 times the time. Half of the changes are models that were changed, a "
    "quarter models that were made and a quarter models that were deleted, so a list has "
    "{models:,} models with every number of changes; *get* is of models that nothing was changed "
    "of. The server is `dataforce serve`; the stub repeats its answers at once."
)
_CHANGES_NOTE = (
    "Calls per second of one client, once; each is a transaction of its own in the overlay. A call "
    "that changes or deletes reads the model first, one that makes a model reads its collection, "
    "whose tags and metrics the server gathers from all models."
)


@dataclass
class _Overlay:
    """What a client changed.

    Args:
        changes: How many changes there are.
        url: The database they are in.
        place: What was read when they were made.
        rates: How many changes of each sort were made in a second.
    """

    changes: int
    url: str
    place: str
    rates: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What its column is called."""
        return f"hybrid, {self.changes:,} changes"


_Figures = dict[tuple[str, str, str], float]


def measure(options: Options) -> list[Table]:
    """Measure reading through overlays, and making changes in them."""
    models = min(_LARGEST, max(options.sizes))
    folder = options.folder / "hybrid"
    folder.mkdir()
    with (
        serving("benchmarks.served", folder, models) as (server,),
        serving("benchmarks.replay", server) as (stub,),
    ):
        ports = {_SERVER: server, _STUB: stub}
        with _client(stub) as client:
            ids = [model.id for model in client.model_artifacts.list()]
            for identifier in ids:  # from now on the stub can answer
                client.model_artifacts.get(identifier)
        some = min(_SOME, models // 2)
        tried = _overlay(folder, some, _SERVER)
        overlays = [_overlay(folder, changes, _STUB) for changes in (0, some, models)]
        for overlay in (tried, *overlays):
            with _client(ports[overlay.place], overlay) as client:
                overlay.rates = _change(client, ids, overlay.changes)
        # The models at the end are those that no overlay changes.
        untouched = ids[models - models // 4 :]
        figures: _Figures = {}
        for place, port in ports.items():
            _measure_reads(place, port, overlays, untouched, options, figures)
    return [_table(figures, overlays, options, models), _changes_table([tried, *overlays])]


def _overlay(folder: Path, changes: int, place: str) -> _Overlay:
    return _Overlay(changes, f"sqlite:///{folder / f'overlay-{place}-{changes}.db'}", place)


def _move(overlay: _Overlay, port: int) -> None:
    """Let an overlay lie over the same models at another address."""
    settings = load_settings({"database_url": overlay.url}, environment={}, client_name="")
    with closing(find_overlay_store("local")(settings, REGISTRY, None)) as store:
        store.key_values.write("remote", {"base_url": f"http://127.0.0.1:{port}"})


def _client(port: int, overlay: _Overlay | None = None) -> Client:
    return Client(
        f"http://127.0.0.1:{port}",
        wire.API_KEY,
        backend_type=_PLAIN if overlay is None else "hybrid",
        database_url=None if overlay is None else overlay.url,
        api_version=wire.API_VERSION,
    )


def _change(client: Client, ids: list[str], changes: int) -> dict[str, float]:
    """Make so many changes; how many of each sort were made in a second."""
    models, package = client.model_artifacts, iris()

    def update(place: int) -> int:
        models.update(ids[place], description=f"Changed {place}")
        return 1

    def create(place: int) -> int:
        models.create(
            package.file_name,
            package.metrics,
            package.manifest,
            package.file_hash,
            package.file_index,
            package.size,
            f"made-{place}",
            DESCRIPTION,
            TAGS,
        )
        return 1

    def delete(place: int) -> int:
        models.delete(ids[place])
        return 1

    half, quarter = changes // 2, changes // 4
    work: dict[str, tuple[Call, range]] = {
        "update": (update, range(half)),
        "create": (create, range(quarter)),
        "delete": (delete, range(half, half + quarter)),
    }
    return {call: rate_of(action, places) for call, (action, places) in work.items() if places}


def _measure_reads(
    place: str,
    port: int,
    overlays: Iterable[_Overlay],
    ids: list[str],
    options: Options,
    figures: _Figures,
) -> None:
    with ExitStack() as stack:
        clients = {_PLAIN: stack.enter_context(_client(port))}
        for each in overlays:
            _move(each, port)
        clients |= {each.name: stack.enter_context(_client(port, each)) for each in overlays}
        for turn in range(options.rounds):
            print(f"{place}: round {turn + 1} of {options.rounds}", file=sys.stderr)
            for call in _CALLS:
                for name, client in clients.items():
                    rate = rate_within(_reading(client, call, ids), _places(), options.seconds)
                    key = place, call, name
                    figures[key] = max(rate, figures.get(key, 0.0))


def _places() -> Iterator[int]:
    return cycle(range(_LARGEST))


def _reading(client: Client, call: str, ids: list[str]) -> Call:
    models = client.model_artifacts

    def get(place: int) -> int:
        assert models.get(ids[place % len(ids)]) is not None
        return 1

    ways: dict[str, Callable[[int], int]] = {
        "get by id": get,
        "list": lambda _: len(models.list()),
        "iterate": lambda _: sum(1 for _ in models.iterate(page_size=100)),
    }
    return ways[call]


def _table(figures: _Figures, overlays: list[_Overlay], options: Options, models: int) -> Table:
    rows = []
    for place in (_SERVER, _STUB):
        for call in _CALLS:
            plain = figures[place, call, _PLAIN]
            cells = [f"{call}, {place}", number(plain)]
            for overlay in overlays:
                rate = figures[place, call, overlay.name]
                target = None if overlay.changes else _TARGET
                cells += [number(rate), goal(rate, plain, target)]
            rows.append(cells)
    columns = ["call", _PLAIN]
    for overlay in overlays:
        columns += [overlay.name, "ratio"]
    note = _NOTE.format(rounds=options.rounds, models=models)
    return Table(f"Hybrid: {models:,} models of a platform", columns, rows, note)


def _changes_table(overlays: Iterable[_Overlay]) -> Table:
    rows = [
        [f"{call}, {overlay.place}", f"{overlay.changes:,}", number(rate)]
        for overlay in overlays
        for call, rate in overlay.rates.items()
    ]
    columns = ["call", "changes in all", "per second"]
    return Table("Hybrid: making changes", columns, rows, _CHANGES_NOTE)


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["hybrid", *sys.argv[1:]])
