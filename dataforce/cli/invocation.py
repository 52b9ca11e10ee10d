"""One run of a command: the options that commands share, and the client that they make."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dataforce import Client
    from dataforce.backend import Backend
    from dataforce.config import Settings

FORMATS = ("table", "json", "jsonl", "yaml", "csv")
DESTINATION = ("client_name", "config_file")


@dataclass
class Invocation:
    """The options that commands share.

    Args:
        backend: An open backend, in place of the one that the settings name.
        given: Name of an option to its value.
    """

    backend: Backend | None = None
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def is_debugged(self) -> bool:
        """Return whether errors show their traceback."""
        return bool(self.given.get("debug"))

    @property
    def format(self) -> str:
        """One of `FORMATS`."""
        return str(self.given.get("output", FORMATS[0]))

    def open_client(self) -> Client:
        """Make the client that the options and the settings describe."""
        from dataforce import Client
        from dataforce.config import Settings

        settings = {name: self.given.get(name) for name in Settings.model_fields}
        return Client(
            **settings,
            client_name=self.given.get("client_name"),
            configuration_file=self.given.get("config_file"),
            backend=self.backend,
        )

    def settings(self, **values: object) -> Settings:
        """Load the settings that the options choose, with some values in place of others."""
        from dataforce.config import load_settings

        return load_settings(
            values,
            client_name=self.given.get("client_name"),
            configuration_file=self.given.get("config_file"),
        )

    def confirm(self, question: str) -> None:
        """Ask before something is destroyed.

        Raises:
            UsageError: There is nobody to ask.
            Exit: The answer was no.
        """
        if self.given.get("yes"):
            return
        if not sys.stdin.isatty():
            raise click.UsageError(
                f"{question} The standard input is no terminal to ask at: give --yes."
            )
        if not click.confirm(question, err=True):
            raise click.exceptions.Exit(2)


def shared_option(*names: str, **attributes: Any) -> click.Option:
    """Return an option whose value goes to the invocation, not to the command."""

    def remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value not in (None, False):
            context.obj.given[parameter.name] = value

    return click.Option(names, expose_value=False, callback=remember, **attributes)


def debug_option() -> click.Option:
    """Return the option that every command has."""
    return shared_option(
        "--debug", is_flag=True, is_eager=True, help="Show where in the code an error comes from."
    )


def settings_options() -> list[click.Parameter]:
    """Return the options of every command that reads settings."""
    return [
        shared_option("--client-name", help="The client of the config file whose settings count."),
        shared_option("--config-file", help="A TOML or YAML file; else the usual one."),
    ]


def client_options() -> list[click.Parameter]:
    """Return the options of every command that makes a client."""
    return [
        *settings_options(),
        shared_option(
            "--backend-type", help="local, remote, hybrid, or another that is installed."
        ),
    ]


def output_option(formats: Sequence[str] = FORMATS) -> click.Option:
    """Return the option for the form of what is printed."""
    return shared_option(
        "--output",
        "-o",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="The form of what is printed.",
    )


def yes_option() -> click.Option:
    """Return the option of every command that destroys something."""
    return shared_option("--yes", "-y", is_flag=True, help="Do not ask.")


def command(
    name: str,
    run: Callable[..., None],
    parameters: Sequence[click.Parameter] = (),
    *,
    text: str | None = None,
) -> click.Command:
    """Make a command.

    Args:
        name: What users type.
        run: Is called with the context, and the parameters by name.
        parameters: Those of its own and those it shares; `--debug` is added.
        text: What it does; the docstring of `run` if not given.
    """
    return click.Command(
        name,
        callback=click.pass_context(run),
        params=[*parameters, debug_option()],
        help=cleandoc(text or run.__doc__ or "").replace("`", ""),
    )


def group(name: str, text: str, commands: Sequence[click.Command]) -> click.Group:
    """Make a group of commands.

    Args:
        name: What users type.
        text: What they are for.
        commands: In the order in which help shows them.
    """
    made = _Group(name, help=text)
    for each in commands:
        made.add_command(each)
    return made


class _Group(click.Group):
    """A group whose help keeps the order of its commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)
