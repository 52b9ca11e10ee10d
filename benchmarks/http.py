"""Calls over HTTP: one collection and all collections, beside clients that only fetch JSON.

A stub in a process of its own answers as the platform does. Every contender runs in a fresh
process; they take turns, several rounds of them, and the best round of each counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.children import measured, serving
from benchmarks.options import Options
from benchmarks.peers.http_clients import AT_ONCE, ONE_BY_ONE, OURS, PATHS
from benchmarks.report import Table, goal, number
from benchmarks.stub import DELAY

_TASKS = (1, 16, 64)
_PEERS = tuple(peer for peer in AT_ONCE if peer != OURS)
_AT_ONCE, _LATER = "at once", f"after {DELAY * 1000:.0f} ms"
_TARGETS = {
    ("get", "", 0, "requests.Session"): "≥ 2x",
    ("get", "", 0, "httpx.Client"): "≥ 1.4x",
    ("get", _AT_ONCE, 64, "httpx.AsyncClient"): "≥ 4x",
    ("get", _LATER, 64, "aiohttp"): "≥ 0.75x",
}

_NOTE = (
    "*get* is one collection, *list* is a page of 20. Calls per second of one caller and the "
    "processor time of its process per call, best of {rounds} turns; the ratio is our calls per "
    "second to theirs. The others fetch and parse JSON; ours also validates it and makes models."
)
_NOTE_AT_ONCE = (
    "Calls per second of so many tasks in one event loop, each of which calls again when it has "
    "its answer; in brackets the processor time of the process per call, in microseconds; best of "
    "{rounds} turns. The platform answers at once or after {delay:.0f} ms, which allows each task "
    "{limit:.0f} calls per second. The ratios are ours to theirs."
)


@dataclass(frozen=True)
class _Case:
    """What is measured of one client.

    Args:
        call: `get` or `list`.
        answer: When the platform answers; empty for a synchronous client.
        tasks: How many call at once; 0 for a synchronous client.
        client: Its name.
    """

    call: str
    answer: str
    tasks: int
    client: str


@dataclass
class _Best:
    rate: float = 0.0
    microseconds: float = float("inf")


_Figures = dict[_Case, _Best]


def measure(options: Options) -> list[Table]:
    """Measure synchronous and asynchronous calls."""
    one_by_one = [_Case(call, "", 0, client) for call in PATHS for client in ONE_BY_ONE]
    at_once = [
        _Case(call, answer, tasks, client)
        for call in PATHS
        for answer in (_AT_ONCE, _LATER)
        for tasks in _TASKS
        for client in AT_ONCE
    ]
    with serving("benchmarks.stub") as (instant, later):
        ports = {"": instant, _AT_ONCE: instant, _LATER: later}
        figures = _best_of([*one_by_one, *at_once], ports, options)
    return [_table(one_by_one, figures, options), _table_at_once(figures, options)]


def _best_of(cases: Iterable[_Case], ports: dict[str, int], options: Options) -> _Figures:
    """The best turn of each case; a client that fails once takes part no more."""
    figures = {case: _Best() for case in cases}
    for turn in range(options.rounds):
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr)
        for case, best in list(figures.items()):
            base_url = f"http://127.0.0.1:{ports[case.answer]}"
            arguments = (case.client, case.call, base_url, case.tasks, options.seconds)
            found = measured("benchmarks.caller", *arguments)
            if found is None:
                del figures[case]
                continue
            best.rate = max(best.rate, found["rate"])
            best.microseconds = min(best.microseconds, found["microseconds"])
    return figures


def _rate(figures: _Figures, case: _Case) -> float | None:
    return figures[case].rate if case in figures else None


def _table(cases: Iterable[_Case], figures: _Figures, options: Options) -> Table:
    rows = []
    for case in cases:
        if case in figures:
            best, ours = figures[case], _rate(figures, _Case(case.call, "", 0, OURS))
            target = _TARGETS.get((case.call, "", 0, case.client))
            cells = [number(best.rate), number(best.microseconds), goal(ours, best.rate, target)]
            rows.append([case.call, case.client, *cells])
    columns = ["call", "client", "calls/s", "µs of processor time", f"{OURS} to it"]
    return Table("HTTP, one caller", columns, rows, _NOTE.format(rounds=options.rounds))


def _table_at_once(figures: _Figures, options: Options) -> Table:
    rows = [
        _row_at_once(call, answer, tasks, figures)
        for call in PATHS
        for answer in (_AT_ONCE, _LATER)
        for tasks in _TASKS
    ]
    columns = ["call", "answer", "tasks", OURS]
    for peer in _PEERS:
        columns += [peer, "ratio"]
    note = _NOTE_AT_ONCE.format(rounds=options.rounds, delay=DELAY * 1000, limit=1 / DELAY)
    return Table("HTTP, many tasks in one event loop", columns, rows, note)


def _row_at_once(call: str, answer: str, tasks: int, figures: _Figures) -> list[str]:
    ours = _Case(call, answer, tasks, OURS)
    cells = [call, answer, str(tasks), _cell(figures, ours)]
    for peer in _PEERS:
        theirs = _Case(call, answer, tasks, peer)
        target = _TARGETS.get((call, answer, tasks, peer))
        ratio = goal(_rate(figures, ours), _rate(figures, theirs), target)
        cells += [_cell(figures, theirs), ratio]
    return cells


def _cell(figures: _Figures, case: _Case) -> str:
    if case not in figures:
        return "-"
    return f"{number(figures[case].rate)} ({number(figures[case].microseconds)})"


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["http", *sys.argv[1:]])
