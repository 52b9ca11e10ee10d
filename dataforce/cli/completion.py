"""`dataforce completion`: the script that lets a shell complete our commands."""

from __future__ import annotations

import os
import sys

import click

from dataforce.cli.invocation import command

VARIABLE = "_DATAFORCE_COMPLETE"
"""In it the script of a shell asks for completions."""
SHELLS = ("bash", "zsh", "fish")


def complete(root: click.Command) -> bool:
    """Answer the shell if it asks for completions; return whether it did."""
    instruction = os.environ.get(VARIABLE)
    if not instruction:
        return False
    from click.shell_completion import shell_complete

    shell_complete(root, {}, "dataforce", VARIABLE, instruction)
    return True


def show(context: click.Context, shell: str) -> None:
    """Print the script that completes commands in a shell.

    Put `eval "$(dataforce completion bash)"` into ~/.bashrc, or the same for zsh into ~/.zshrc. For
    fish: `dataforce completion fish > ~/.config/fish/completions/dataforce.fish`.
    """
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    made = found(context.find_root().command, {}, "dataforce", VARIABLE)
    # Not made.source(): that of bash runs bash to see its version.
    sys.stdout.write(ShellComplete.source(made))


COMMAND = command("completion", show, [click.Argument(["shell"], type=click.Choice(SHELLS))])
