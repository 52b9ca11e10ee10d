"""`dataforce overlay`: what a hybrid client has changed, and how it is published."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import click

from dataforce.api._records import ORDERS
from dataforce.cli.invocation import (
    client_options,
    command,
    group,
    output_option,
    shared_option,
    yes_option,
)
from dataforce.cli.output import print_report, print_rows, report_values
from dataforce.models import MODEL_ARTIFACT
from dataforce.overlay import Change, Resolution


def status(context: click.Context) -> None:
    """Show how much there is in the overlay."""
    with context.obj.open_client() as client:
        print_report(client.overlay.status(), context.obj.format)


def diff(context: click.Context) -> None:
    """List the differences between the overlay and the platform."""
    form = context.obj.format
    with context.obj.open_client() as client:
        found = client.overlay.diff()
    if form == "table":
        print_report(found, form)
    else:
        names = [each.name for each in fields(Change)]
        print_rows([report_values(each) for each in found], form, names)


def reset(context: click.Context, wanted: str | None) -> None:
    """Drop changes that were not pushed: those of one object, by id or name, or all.

    This cannot be undone.
    """
    with context.obj.open_client() as client:
        of_what = "all changes" if wanted is None else f"the changes of {wanted!r}"
        context.obj.confirm(f"Drop {of_what} that were not pushed?")
        client.overlay.reset(wanted)


def pull(context: click.Context, **wanted: Any) -> None:
    """Bring records of the platform here, for reading them offline.

    Without options that is the default collection, or else the default orbit. A bar is shown on a
    terminal if it takes long.
    """
    with context.obj.open_client() as client:
        print_report(client.overlay.pull(**wanted), context.obj.format)


def push(context: click.Context, dry_run: bool, on_conflict: str) -> None:
    """Publish the changes of the overlay on the platform.

    Where the platform changed the same meanwhile, nothing is published, unless --on-conflict takes
    the side of the platform (theirs) or of the overlay (mine).
    """
    with context.obj.open_client() as client:
        report = client.overlay.push(dry_run=dry_run, on_conflict=Resolution(on_conflict))
        print_report(report, context.obj.format)


_HERE = (
    shared_option("--organization", help="The organization: id or name; else the default one."),
    *client_options(),
)
_SORTS = [each for each in MODEL_ARTIFACT.sorts if "*" not in each]

_PULL = [
    click.Option(["--orbit"], help="A whole orbit: id or name."),
    click.Option(["--collection"], help="A whole collection: id or name."),
    click.Option(["--name"], help="Only the models of this model name or file name."),
    click.Option(["--sort-by"], type=click.Choice(_SORTS), default="created_at", show_default=True),
    click.Option(["--order"], type=click.Choice(ORDERS), default="asc", show_default=True),
    click.Option(["--limit"], type=click.IntRange(1), help="Only the first so many models."),
    click.Option(["--content"], is_flag=True, help="Bring the model files too."),
]
_PUSH = [
    click.Option(["--dry-run"], is_flag=True, help="Show only what would be done."),
    click.Option(
        ["--on-conflict"],
        type=click.Choice([each.value for each in Resolution]),
        default=Resolution.STOP.value,
        show_default=True,
        help="Whose side to take.",
    ),
]

COMMAND = group(
    "overlay",
    "What a hybrid client has changed, and how it is published.",
    [
        command("status", status, [*_HERE, output_option()]),
        command("diff", diff, [*_HERE, output_option()]),
        command(
            "reset",
            reset,
            [click.Argument(["wanted"], metavar="[OBJECT]", required=False), yes_option(), *_HERE],
        ),
        command("pull", pull, [*_PULL, *_HERE, output_option()]),
        command("push", push, [*_PUSH, *_HERE, output_option()]),
    ],
)
