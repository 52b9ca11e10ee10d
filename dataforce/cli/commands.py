"""The names of all commands. Each is loaded when it is first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import click

from dataforce._version import __version__
from dataforce.cli.invocation import debug_option


class Entry(NamedTuple):
    """A command, or a group of commands.

    Args:
        help: What it is for, a sentence.
        place: Module and name of a command, or of a family whose kinds get commands.
        route: The route of the one kind of the family that is meant; all if not given.
        more: Module and name of further commands of that kind.
    """

    help: str
    place: str
    route: str = ""
    more: str = ""


_REGISTRY = "dataforce.models:REGISTRY"

COMMANDS = {
    "organizations": Entry("Organizations: who owns orbits.", _REGISTRY, "organizations"),
    "orbits": Entry("Orbits: workspaces that hold collections.", _REGISTRY, "orbits"),
    "collections": Entry("Collections: named sets of models.", _REGISTRY, "collections"),
    "bucket-secrets": Entry("Buckets that orbits keep files in.", _REGISTRY, "bucket-secrets"),
    "models": Entry(
        "Models: upload, find and download model files.",
        _REGISTRY,
        "model_artifacts",
        "dataforce.cli.models:COMMANDS",
    ),
    "copy": Entry("Copy to another registry.", "dataforce.cli.copying:COMMAND"),
    "overlay": Entry(
        "Look at the overlay of a hybrid client, pull and push.", "dataforce.cli.overlay:COMMAND"
    ),
    "login": Entry("Store the key for a platform.", "dataforce.cli.login:LOGIN"),
    "logout": Entry("Forget the key for a platform.", "dataforce.cli.login:LOGOUT"),
    "whoami": Entry("Show where you work, and as whom.", "dataforce.cli.login:WHOAMI"),
    "config": Entry("Look at the settings and change them.", "dataforce.cli.config:COMMAND"),
    "serve": Entry("Put a registry behind the platform's HTTP API.", "dataforce.cli.serve:COMMAND"),
    "completion": Entry("Let your shell complete commands.", "dataforce.cli.completion:COMMAND"),
}
"""A kind that a family declares has its commands from there; another family is one line here."""


class Root(click.Group):
    """The command `dataforce`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; it is loaded now."""
        return load(cmd_name, COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what all commands are for, without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Return the commands that begin so, without loading one, and the options."""
        from click.shell_completion import CompletionItem

        found = {name: each.help for name, each in COMMANDS.items() if name.startswith(incomplete)}
        items = [CompletionItem(name, help=text) for name, text in found.items()]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]


def load(name: str, entry: Entry) -> click.Command:
    """Load a command, or make the commands of a kind."""
    found = load_object(entry.place)
    if isinstance(found, click.Command):
        return found
    from dataforce.cli.kinds import family_group, kind_group

    if not entry.route:
        return family_group(name, entry.help, found)
    more = load_object(entry.more) if entry.more else ()
    return kind_group(name, entry.help, found, found.kind(entry.route), more)


def load_object(place: str) -> Any:
    """Load an object by its module and its name."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def show_version(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """Print the version and end, if the option was given."""
    if is_asked:
        click.echo(f"dataforce {__version__}")
        context.exit()


COMMAND = Root(
    "dataforce",
    help="Registries of machine-learning models, here and on the platform.",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=show_version,
            help="Show the version and exit.",
        ),
        debug_option(),
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
