"""Writes the reference of the command line into docs/cli.md, from the commands themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from dataforce.cli.commands import COMMAND

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
BEGINNING = "<!-- The rest is made by tools/generate_cli_reference.py. -->\n"
WIDTH = 100


def main() -> int:
    """Write the page, or with `--check` say whether it is what the commands make of it."""
    page = PAGE.read_text("utf-8")
    written = page.partition(BEGINNING)[0] + BEGINNING + reference()
    if "--check" in sys.argv[1:]:
        if page != written:
            print(f"{PAGE.name} is not what the commands say: run {Path(__file__).name}.")
        return int(page != written)
    PAGE.write_text(written, "utf-8")
    return 0


def reference() -> str:
    """Return a section for each command, with what `--help` says."""
    context = click.Context(COMMAND, info_name="dataforce", **COMMAND.context_settings)
    return "".join(sections(COMMAND, context, ""))


def sections(command: click.Command, context: click.Context, path: str) -> Iterator[str]:
    """Yield the sections of a command and of those below it."""
    if not isinstance(command, click.Group):
        context.terminal_width = WIDTH
        yield f"\n### `{path}`\n\n```text\n{context.get_help()}\n```\n"
        return
    if path:
        yield f"\n## `{path}`\n\n{command.help}\n"
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        inner = click.Context(below, context, name, **below.context_settings)
        is_alone = not path and not isinstance(below, click.Group)
        if is_alone:
            yield f"\n## `{name}`\n"
        yield from sections(below, inner, f"{path} {name}".strip())


if __name__ == "__main__":
    sys.exit(main())
