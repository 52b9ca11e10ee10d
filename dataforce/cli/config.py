"""`dataforce config`: the settings, each with its origin, and the file that holds them."""

from __future__ import annotations

import os
from operator import attrgetter

import click

from dataforce.cli.invocation import (
    FORMATS,
    command,
    group,
    output_option,
    settings_options,
)


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


def list_clients(context: click.Context) -> None:
    """List the clients of the configuration file."""
    from dataforce.cli.output import print_rows
    from dataforce.config.declaration import declared_settings
    from dataforce.config.files import find_file, read_file
    from dataforce.config.settings import Settings

    path, asked_by = find_file(context.obj.given.get("config_file"), os.environ)
    rows = []
    if path is not None:
        file = read_file(path, asked_by, declared_settings(Settings))
        rows = [
            {"name": name, "default": name == file.default_client, "settings": [*values]}
            for name, values in file.clients.items()
        ]
    print_rows(rows, context.obj.format, ("name", "default", "settings"))


def use(context: click.Context, name: str) -> None:
    """Make a client the default one of the configuration file."""
    from dataforce.config.editing import path_to_change, use_client

    use_client(path_to_change(context.obj.given.get("config_file")), name)


def set_setting(context: click.Context, name: str, value: str | None) -> None:
    """Store a setting in the configuration file.

    Without VALUE it is read from the standard input; a terminal is asked without showing it. A
    secret is never given as an argument.
    """
    from dataforce.cli.values import read_secret
    from dataforce.config.declaration import declared_settings
    from dataforce.config.editing import path_to_change, set_values
    from dataforce.config.loading import refuse_unknown_settings
    from dataforce.config.settings import Settings, holds_secret

    declared = declared_settings(Settings)
    refuse_unknown_settings([name], declared)
    if value is None:
        value = read_secret(name)
    elif holds_secret(declared[name], value):
        raise click.UsageError(
            f"A secret is no argument, as other users of the machine see those. Leave the value "
            f"out: {name} is then read from the standard input."
        )
    given = context.obj.given
    set_values(path_to_change(given.get("config_file")), given.get("client_name"), {name: value})


def unset(context: click.Context, name: str) -> None:
    """Remove a setting from the configuration file."""
    from dataforce.config.editing import path_to_change, remove_values

    given = context.obj.given
    path = path_to_change(given.get("config_file"))
    if not remove_values(path, given.get("client_name"), (name,)):
        click.echo(f"{name} was not set in {path}.", err=True)


def show_path(context: click.Context) -> None:
    """Print where the configuration file is, or would be made."""
    from dataforce.config.editing import path_to_change

    click.echo(path_to_change(context.obj.given.get("config_file")))


_NAME = click.Argument(["name"])
_CLIENT, _FILE = settings_options()

COMMAND = group(
    "config",
    "Look at the settings and change them.",
    [
        command("show", show, [_CLIENT, _FILE, output_option(("text", *FORMATS))]),
        command("list", list_clients, [_FILE, output_option()]),
        command("use", use, [_NAME, _FILE]),
        command(
            "set",
            set_setting,
            [_NAME, click.Argument(["value"], required=False), _CLIENT, _FILE],
        ),
        command("unset", unset, [_NAME, _CLIENT, _FILE]),
        command("path", show_path, [_FILE]),
    ],
)
