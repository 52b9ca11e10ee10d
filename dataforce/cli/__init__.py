"""The command line.

```text
commands     the names of all commands, and where each is loaded from
invocation   what one run of a command was given: the options that commands share
kinds        the commands of a kind of asset, made from its declaration
fields       options made from create and update models, and from filters
values       types of values of options: moments, secrets, JSON
output       records and reports as a table, JSON, JSON lines, YAML or CSV
table        tables, cut to the width of a terminal
models       what only model artifacts have: upload, download, show
```

The other modules hold one command each, or one group of them. A module is loaded when its command
runs, and a command loads what it needs. So `dataforce --help` loads no kind of asset.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataforce import DataForceError

if TYPE_CHECKING:
    from dataforce.backend import Backend
    from dataforce.cli.invocation import Invocation

__all__ = ["main"]

FAILED = 1
REFUSED = 2
INTERRUPTED = 128 + 2
ENDED_BY_SIGPIPE = 128 + 13


def main(arguments: Sequence[str] | None = None, *, backend: Backend | None = None) -> int:
    """Run the command that the arguments name.

    Args:
        arguments: What stands behind `dataforce` on the command line; that of this process if
            not given.
        backend: An open backend, in place of the one that the settings name.

    Returns:
        The exit code: 0; 1 if the command failed and said why on the standard error; 2 if the
        arguments are wrong or a confirmation was refused; 130 after Ctrl-C; 141 if nobody read to
        the end, as of a command that SIGPIPE ended.

    Example:
        >>> main(["config", "show", "--client-name", ""])  # doctest: +ELLIPSIS
        base_url = https://api.dataforce.studio (default)
        ...
        0
    """
    from dataforce.cli.invocation import Invocation

    try:
        try:
            return run(sys.argv[1:] if arguments is None else arguments, Invocation(backend))
        finally:
            print(end="", flush=True)  # else it would be the interpreter that finds nobody reading
    except BrokenPipeError:
        # What is left to be printed goes nowhere, and nobody is told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ENDED_BY_SIGPIPE


def run(arguments: Sequence[str], invocation: Invocation) -> int:
    """Run the command; the exit code."""
    import click

    from dataforce.cli.commands import COMMAND
    from dataforce.cli.completion import complete
    from dataforce.cli.messages import show_error, shown_warnings

    if complete(COMMAND):
        return 0
    try:
        with (
            shown_warnings(),
            COMMAND.make_context("dataforce", [*arguments], obj=invocation) as context,
        ):
            COMMAND.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as abort:  # at a prompt
        return REFUSED if isinstance(abort.__context__, EOFError) else INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except DataForceError as error:
        show_error(error, with_traceback=invocation.is_debugged)
        return FAILED
    return 0
