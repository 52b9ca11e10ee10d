"""The command: `python -m benchmarks [subject ...] [options]`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from benchmarks.options import Options
from benchmarks.report import Table, introduction, replace_report

SUBJECTS = (
    "imports",
    "registry",
    "transfers",
    "processes",
    "http",
    "remote_transfers",
    "hybrid",
    "many_models",
)

QUICK = Options(sizes=(200,), rounds=2, seconds=0.05, gigabytes=0.05, processes=2, each=20)
"""Enough to see that everything runs; its figures mean nothing."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for and print one report."""
    parser = _parser()
    given = parser.parse_args(arguments)
    unknown = set(given.subjects) - set(SUBJECTS)
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}; choose from {SUBJECTS}")
    with tempfile.TemporaryDirectory(prefix="dataforce-benchmark-", dir=given.folder) as folder:
        options = replace(_options(given), folder=Path(folder))
        _forget_settings(options.folder)
        tables = [
            table
            for subject in SUBJECTS
            if subject in (given.subjects or SUBJECTS)
            for table in _measure(subject, options)
        ]
    report = "\n\n".join([introduction(arguments), *(table.markdown() for table in tables)])
    print(report)
    if given.write is not None:
        replace_report(given.write, report)


def _measure(subject: str, options: Options) -> list[Table]:
    print(f"measuring {subject} …", file=sys.stderr)
    measure: Callable[[Options], list[Table]] = import_module(f"benchmarks.{subject}").measure
    return measure(options)


def _options(given: argparse.Namespace) -> Options:
    options = QUICK if given.quick else Options()
    chosen = {
        name: value
        for name in ("sizes", "rounds", "seconds", "gigabytes", "processes", "each")
        if (value := getattr(given, name)) is not None
    }
    return replace(options, **chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; all if none")
    parser.add_argument("--sizes", type=_sizes, help="how many models the registry holds")
    parser.add_argument("--rounds", type=int, help="the best of so many passes counts")
    parser.add_argument("--seconds", type=float, help="how long one pass over one call takes")
    parser.add_argument("--gigabytes", type=float, help="size of the model file, in GiB")
    parser.add_argument("--processes", type=int, help="how many write at once")
    parser.add_argument("--each", type=int, help="how many models each of them writes")
    parser.add_argument("--quick", action="store_true", help="only see that everything runs")
    parser.add_argument("--folder", type=Path, help="where the stores and files go meanwhile")
    parser.add_argument("--write", type=Path, help="Markdown file whose marked part to replace")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


def _forget_settings(folder: Path) -> None:
    """No setting of the user's, from the environment or a file, counts here."""
    for name in [name for name in os.environ if name.startswith("DFS_")]:
        del os.environ[name]
    os.environ["XDG_CONFIG_HOME"] = str(folder)


if __name__ == "__main__":
    main()
