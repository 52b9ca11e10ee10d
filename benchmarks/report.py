"""Tables in Markdown, and their place in the documentation."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

BEGIN = "<!-- benchmark:begin -->"
END = "<!-- benchmark:end -->"

_PACKAGES = (
    "SQLAlchemy",
    "pydantic",
    "fsspec",
    "mlflow-skinny",
    "huggingface_hub",
    "requests",
    "httpx",
    "aiohttp",
)


@dataclass(frozen=True)
class Table:
    """One table of the report.

    Args:
        title: Its heading.
        columns: What stands above each column.
        rows: The cells, ready to print.
        note: What to know when reading it.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """The table with its heading and its note; all columns but the first to the right."""
        rule = ["---", *["---:"] * (len(self.columns) - 1)]
        lines = [_line(cells) for cells in (self.columns, rule, *self.rows)]
        return "\n\n".join(
            part for part in (f"### {self.title}", "\n".join(lines), self.note) if part
        )


def introduction(arguments: Sequence[str] | None) -> str:
    """What was run, when and on what."""
    words = sys.argv[1:] if arguments is None else arguments
    command = " ".join(["python -m benchmarks", *words])
    today = datetime.now(UTC).date().isoformat()
    machine = f"{os.cpu_count()} shared cores ({platform.machine()}, {platform.system()})"
    versions = ", ".join(found for name in _PACKAGES if (found := _version(name)))
    return (
        f"`{command}` on {today}: {machine}, Python {platform.python_version()}, {versions}; "
        f"load at the end {os.getloadavg()[0]:.1f}."
    )


def replace_report(path: Path, report: str) -> None:
    """Put the report between the markers of a Markdown file.

    Raises:
        ValueError: The file does not hold both markers.
    """
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} does not hold {BEGIN} and {END}.")
    path.write_text(f"{before}{BEGIN}\n\n{report}\n\n{END}{after}")


def number(value: float) -> str:
    """A quantity with as many digits as it is good for."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(ours: float, theirs: float | None) -> str:
    """How many times theirs ours is; a dash where nobody measured theirs."""
    if theirs is None:
        return "-"
    times = ours / theirs
    return f"**{times:,.0f}x**" if times >= 10 else f"**{times:.2g}x**"


def goal(ours: float | None, theirs: float | None, target: str | None) -> str:
    """How many times theirs ours is, and what it was meant to be, if anything: `≥ 2x`."""
    reached = "-" if ours is None else ratio(ours, theirs)
    return reached if target is None else f"{reached} (target {target})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"
