"""The command line: `dataforce serve`, `dataforce config show`.

Each command is a module with `add_parser`, and loads what it needs when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from dataforce import DataForceError, __version__
from dataforce.cli import config, serve

__all__ = ["main"]

ENDED_BY_SIGPIPE = 128 + 13


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name.

    Args:
        arguments: What stands behind `dataforce` on the command line; that of this process if
            not given.

    Returns:
        The exit code: 0; 1 if the command failed and said why on the standard error; 141 if nobody
        read to the end, as of a command that SIGPIPE ended.

    Raises:
        SystemExit: The arguments name no command, or ask for help or the version.

    Example:
        >>> main(["config", "show", "--client-name", ""])  # doctest: +ELLIPSIS
        base_url = https://api.dataforce.studio (default)
        ...
        0
    """
    try:
        try:
            return run(arguments)
        finally:
            print(end="", flush=True)  # else it would be the interpreter that finds nobody reading
    except BrokenPipeError:
        # What is left to be printed goes nowhere, and nobody is told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ENDED_BY_SIGPIPE


def run(arguments: Sequence[str] | None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(
        prog="dataforce", description="Registries of machine-learning models."
    )
    parser.add_argument("--version", action="version", version=f"dataforce {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    serve.add_parser(commands)
    config.add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except DataForceError as error:
        print("dataforce:", "; ".join(str(error).splitlines()), file=sys.stderr)
        return 1
    return 0
