"""Commands of model artifacts alone: upload, download and show."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from dataforce.api._destinations import destination, target_for
from dataforce.cli.invocation import client_options, command, output_option, yes_option
from dataforce.cli.kinds import metavar, parent_options, records_of
from dataforce.cli.output import plain, print_object, print_rows
from dataforce.models import MODEL_ARTIFACT, REGISTRY

if TYPE_CHECKING:
    from dataforce.models import ModelArtifact

MEMBERS = "members"
PARTS = ("manifest", "metrics", MEMBERS)


def upload(
    context: click.Context,
    file: str,
    model_name: str,
    description: str | None,
    tags: tuple[str, ...],
) -> None:
    """Store a model file under a name.

    The file is a model package: .fnnx, .pyfnx, .dfs or .luml. A bar is shown on a terminal.
    """
    with context.obj.open_client() as client:
        made = client.model_artifacts.upload(file, model_name, description, list(tags) or None)
        print_object(made, context.obj.format)


def download(context: click.Context, model: str, file: str | None) -> None:
    """Fetch a model file and check that its bytes are those that were stored.

    FILE is a file to write, a folder, or - for the standard output; the current folder if not
    given. A file that is there is replaced once you confirm that. The path that was written is
    printed.
    """
    with context.obj.open_client() as client:
        found = records_of(client, REGISTRY, MODEL_ARTIFACT).read(model)[1]
        if file == "-":
            client.model_artifacts.download(found, sys.stdout.buffer)
            return
        target = target_for(found, destination(file or os.curdir))
        if target.exists():
            context.obj.confirm(f"Replace {target}?")
        click.echo(client.model_artifacts.download(found, target))


def show(context: click.Context, model: str, part: str | None) -> None:
    """Show what the package of a model tells: manifest, metrics and members.

    Members are the files in the package. `--part` chooses one of the three.
    """
    form = context.obj.format
    with context.obj.open_client() as client:
        parts = parts_of(records_of(client, REGISTRY, MODEL_ARTIFACT).read(model)[1])
    if part is not None:
        show_part(part, parts[part], form)
    elif form == "table":
        for name, values in parts.items():
            click.echo(f"{name}:")
            show_part(name, values, form)
    else:
        print_object(parts, form)


def show_part(name: str, values: Any, form: str) -> None:
    """Print one part of a model."""
    if name == MEMBERS:
        print_rows(values, form, ("name", "offset", "size"))
    else:
        print_object(values, form)


def parts_of(model: ModelArtifact) -> dict[str, Any]:
    """Return the parts of a model by name."""
    values = plain(model)
    members = [
        {"name": name, "offset": offset, "size": size}
        for name, (offset, size) in values["file_index"].items()
    ]
    return {"manifest": values["manifest"], "metrics": values["metrics"], MEMBERS: members}


_HERE = (*parent_options(MODEL_ARTIFACT), *client_options())
_MODEL = click.Argument(["model"], metavar=metavar(MODEL_ARTIFACT))

COMMANDS = (
    command(
        "upload",
        upload,
        [
            click.Argument(["file"], type=click.Path()),
            click.Argument(["model_name"]),
            click.Option(["--description"], help="Free text."),
            click.Option(["--tag", "--tags", "tags"], multiple=True, help="May be repeated."),
            *_HERE,
            output_option(),
        ],
    ),
    command(
        "download",
        download,
        [
            _MODEL,
            click.Argument(["file"], required=False, type=click.Path()),
            yes_option(),
            *_HERE,
        ],
    ),
    command(
        "show",
        show,
        [
            _MODEL,
            click.Option(["--part"], type=click.Choice(PARTS), help="Show only this."),
            *_HERE,
            output_option(),
        ],
    ),
)
