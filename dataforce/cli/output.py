"""Records and reports on the standard output: table, JSON, JSON lines, YAML or CSV."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from itertools import compress
from typing import TYPE_CHECKING, Any

import click
from pydantic_core import to_jsonable_python

from dataforce.backend.paths import values_at
from dataforce.cli.table import cut, table
from dataforce.errors import ConfigurationError
from dataforce.models._base import without_credentials

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import AnyKind


def print_records(
    kind: AnyKind, records: Iterable[BaseModel], form: str, chosen: Sequence[str] = ()
) -> None:
    """Print a list of records.

    Args:
        kind: Their kind.
        records: They are taken one by one where the form allows it.
        form: One of the formats of `--output`.
        chosen: The paths of the values to show; what the kind declares if not given.
    """
    if form == "table":
        names = chosen or columns(kind)
        rows = [[_cell(_first(each, name)) for name in names] for each in records]
        if not rows:
            click.echo(f"No {kind.name}s.", err=True)
        elif chosen or _terminal_width() is None:
            _print_table([list(names), *rows])
        else:
            _print_table(_without_empty([list(names), *rows]))
    elif chosen:
        print_rows((_chosen(each, chosen) for each in records), form, chosen)
    else:
        print_rows(map(plain, records), form, tuple(kind.record.model_fields))


def _chosen(record: BaseModel, paths: Sequence[str]) -> dict[str, Any]:
    found = {path: next(iter(values_at(record, path)), None) for path in paths}
    return plain(to_jsonable_python(found))


def print_object(found: BaseModel | Mapping[str, Any], form: str) -> None:
    """Print one record, or the values of a report.

    Args:
        found: The record, or name to value.
        form: One of the formats of `--output`.
    """
    values = plain(found)
    if form == "table":
        _print_table([[name, _cell(value)] for name, value in values.items()])
    elif form == "json":
        click.echo(json.dumps(values, indent=2, ensure_ascii=False))
    elif form == "yaml":
        _print_yaml(values)
    else:
        print_rows([values], form, tuple(values))


def print_rows(
    rows: Iterable[Mapping[str, Any]], form: str, names: Sequence[str], *, kept: int = 1
) -> None:
    """Print a list of values by name.

    Args:
        rows: Each holds the same names, and may hold more.
        form: One of the formats of `--output`.
        names: The names, in their order.
        kept: How many of the first columns of a table are cut last.
    """
    if form == "jsonl":
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    elif form == "json":
        click.echo(json.dumps([*rows], indent=2, ensure_ascii=False))
    elif form == "yaml":
        _print_yaml([*rows])
    elif form == "table":
        cells = [[_cell(row[name]) for name in names] for row in rows]
        _print_table([list(names), *cells], kept=kept)
    else:
        _print_csv([*rows], names)


def print_report(report: Any, form: str) -> None:
    """Print what an overlay or a copy tells; as a table it is what the report prints as.

    Args:
        report: One of the classes of `dataforce.overlay`.
        form: One of the formats of `--output`.
    """
    if form == "table":
        width = _terminal_width()
        click.echo("\n".join(cut(line, width) for line in str(report).splitlines()))
    else:
        print_object(report_values(report), form)


def report_values(report: Any) -> Any:
    """Return a report as JSON has it."""
    if is_dataclass(report):
        return {each.name: report_values(getattr(report, each.name)) for each in fields(report)}
    if isinstance(report, Mapping):
        return {name: report_values(value) for name, value in report.items()}
    if isinstance(report, Sequence) and not isinstance(report, str):
        return [report_values(each) for each in report]
    return report.isoformat() if isinstance(report, datetime) else getattr(report, "value", report)


def columns(kind: AnyKind) -> tuple[str, ...]:
    """Return the fields of a table of records: identity, names, and what they are sorted by."""
    found = dict.fromkeys(
        [
            kind.identity_field,
            *kind.names,
            *kind.unique,
            *(name for name in kind.sorts if "*" not in name and name != kind.default_sort),
            *kind.totals,
            kind.default_sort,
        ]
    )
    return tuple(found)


def plain(found: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON has them, without credentials."""
    values = found if isinstance(found, Mapping) else found.model_dump(mode="json")
    return {name: _masked(value) for name, value in values.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple):
        return [_masked(each) for each in value]
    return without_credentials(value)


def _first(record: BaseModel, path: str) -> Any:
    """Return what a table shows of a field, such as a moment to the minute, in local time."""
    value = next(iter(values_at(record, path)), None)
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    return without_credentials(getattr(value, "value", value))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _without_empty(rows: list[list[str]]) -> list[list[str]]:
    """Return a table without the columns that hold nothing but their heading."""
    used = [any(cells) for cells in zip(*rows[1:], strict=True)]
    return [list(compress(row, used)) for row in rows]


def _print_table(rows: list[list[str]], *, kept: int = 1) -> None:
    if rows:
        click.echo(table(rows, _terminal_width(), kept=kept))


def _terminal_width() -> int | None:
    """Return the width that lines are cut to, `None` if the output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _print_csv(rows: list[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Print rows with a heading; fields that a newer platform adds come last."""
    all_names = dict.fromkeys([*names, *(name for row in rows for name in row)])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(all_names)
    writer.writerows([_field(row.get(name)) for name in all_names] for row in rows)


def _field(value: Any) -> Any:
    """Return a value as CSV has it: JSON for what is neither text nor a number."""
    if value is None or type(value) in (str, int, float):
        return value
    return json.dumps(value, ensure_ascii=False)


def _print_yaml(values: object) -> None:
    try:
        import yaml
    except ImportError as error:
        raise ConfigurationError(
            'Nothing is printed as YAML without PyYAML: run `pip install "dataforce[yaml]"`, or '
            "choose --output json."
        ) from error
    click.echo(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), nl=False)
