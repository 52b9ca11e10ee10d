"""`dataforce config`: the settings, each with its origin, and the file that holds them."""

from __future__ import annotations

from operator import attrgetter

import click

from dataforce.cli.invocation import command, group, output_option, settings_options


def show(context: click.Context) -> None:
    """Print every setting, its value and where that came from. Secrets are masked."""
    from dataforce.cli.output import print_rows
    from dataforce.config import Settings
    from dataforce.config.declaration import declared_settings

    settings = context.obj.settings()
    names = declared_settings(Settings)
    if context.obj.format == "text":
        for name in names:
            click.echo(f"{name} = {attrgetter(name)(settings)} ({settings.origin(name)})")
        return
    rows = (
        {
            "name": name,
            "value": plain(attrgetter(name)(settings)),
            "origin": str(settings.origin(name)),
        }
        for name in names
    )
    print_rows(rows, context.obj.format, ("name", "value", "origin"))


def plain(value: object) -> object:
    """Return a value as JSON has it; a secret shows itself masked."""
    return value if value is None or type(value) in (str, bool, int, float) else str(value)


COMMAND = group(
    "config",
    "Look at the settings and change them.",
    [
        command(
            "show",
            show,
            [*settings_options(), output_option(("text", "table", "json", "jsonl", "yaml", "csv"))],
        )
    ],
)
