"""`dataforce config show`: every setting, its value and where that came from."""

from __future__ import annotations

import argparse
from operator import attrgetter
from typing import Any

OPTIONS = argparse.ArgumentParser(add_help=False)
OPTIONS.add_argument("--client-name", help="the client whose settings count")
OPTIONS.add_argument("--config-file", help="a TOML or YAML file; else the usual one")
"""What every command takes that reads settings."""


def add_parser(commands: Any) -> None:
    """Declare the command."""
    group = commands.add_parser("config", help="look at the settings")
    actions = group.add_subparsers(title="commands", required=True, metavar="COMMAND")
    parser = actions.add_parser(
        "show",
        parents=[OPTIONS],
        help="print every setting, its value and where that came from",
    )
    parser.set_defaults(run=show)


def show(options: argparse.Namespace) -> None:
    """Print the settings; secrets are masked."""
    from dataforce.config import Settings, load_settings
    from dataforce.config.declaration import declared_settings

    settings = load_settings(
        {}, client_name=options.client_name, configuration_file=options.config_file
    )
    for name in declared_settings(Settings):
        print(f"{name} = {attrgetter(name)(settings)} ({settings.origin(name)})")
