"""`dataforce login`, `logout` and `whoami`: the key for a platform."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dataforce.cli.invocation import (
    client_options,
    command,
    output_option,
    settings_options,
    shared_option,
)

if TYPE_CHECKING:
    from dataforce.config import Settings


def login(context: click.Context, base_url: str | None) -> None:
    """Store the key for a platform in the configuration file.

    The key is read from the standard input; a terminal is asked without showing it. It is stored
    once the platform has taken it, in a file that only you can read. Clients and commands then work
    on that platform.
    """
    from dataforce import Client
    from dataforce.cli.values import read_secret
    from dataforce.config import BackendType
    from dataforce.config.editing import path_to_change, set_values

    given = context.obj.given
    path = path_to_change(given.get("config_file"))
    sources = known_sources(path, given.get("client_name"))
    settings = loaded(base_url, sources)
    key = read_secret(f"Key for {settings.base_url}")
    if not key:
        raise click.UsageError("No key was given. Nothing was stored.")
    with Client(
        settings.base_url,
        key,
        backend_type="remote",
        client_name=sources[0],
        configuration_file=sources[1],
    ) as client:
        found = [each.name for each in client.organizations.list()]
    wanted = given.get("backend_type") or settings.backend_type
    backend = BackendType.REMOTE if wanted == BackendType.LOCAL else wanted
    values = {"base_url": settings.base_url, "api_key": key, "backend_type": str(backend)}
    name = set_values(path, given.get("client_name"), values)
    click.echo(
        f"Logged in to {settings.base_url}: the key is stored for client {name!r} in {path}. "
        f"Organizations: {', '.join(found) or 'none'}.",
        err=True,
    )


def known_sources(path: Path, client_name: str | None) -> tuple[str, str]:
    """Return the client and the file whose settings hold before a login; empty if there are none.

    Args:
        path: The configuration file, which need not exist.
        client_name: The client that the user named; it need not exist either.
    """
    from dataforce.config.declaration import declared_settings
    from dataforce.config.files import read_file
    from dataforce.config.origin import CODE
    from dataforce.config.settings import Settings

    if not path.exists():
        return "", ""
    file = read_file(path, CODE, declared_settings(Settings))
    name = client_name or file.default_client or ""
    return (name, os.fspath(path)) if name in file.clients else ("", "")


def loaded(base_url: str | None, sources: tuple[str, str]) -> Settings:
    """Load the settings that hold before a login."""
    from dataforce.config import load_settings

    client_name, file = sources
    return load_settings({"base_url": base_url}, client_name=client_name, configuration_file=file)


def logout(context: click.Context) -> None:
    """Remove the key for a platform from the configuration file."""
    from dataforce.config.editing import path_to_change, remove_values

    given = context.obj.given
    path = path_to_change(given.get("config_file"))
    if not remove_values(path, given.get("client_name"), ("api_key",)):
        click.echo(f"No key was stored in {path}.", err=True)


def whoami(context: click.Context) -> None:
    """Show the backend that commands work on, and the organizations that you belong to."""
    from dataforce.cli.output import print_object

    with context.obj.open_client() as client:
        settings = client.settings
        has_key = settings.api_key is not None
        found = {
            "backend_type": str(settings.backend_type),
            "base_url": settings.base_url if has_key else None,
            "api_key": str(settings.origin("api_key")) if has_key else None,
            "organizations": [
                f"{each.name} ({each.role})" if each.role else each.name
                for each in client.organizations.list()
            ],
        }
    print_object(found, context.obj.format)


LOGIN = command(
    "login",
    login,
    [
        click.Option(["--base-url"], help="URL of the platform; else that of the settings."),
        shared_option(
            "--backend-type",
            type=click.Choice(["remote", "hybrid"]),
            help="How clients work on the platform.",
        ),
        *settings_options(),
    ],
)
LOGOUT = command("logout", logout, settings_options())
WHOAMI = command("whoami", whoami, [*client_options(), output_option()])
