"""`dataforce copy`: a collection or a model, from one client to another."""

from __future__ import annotations

import click

from dataforce.cli.invocation import client_options, command, output_option, shared_option


def run(
    context: click.Context,
    wanted: str,
    target: str,
    target_organization: str | None,
    target_orbit: str | None,
    target_collection: str | None,
) -> None:
    """Copy a collection with its models, or one model, to another client.

    OBJECT is the id or name of a collection in the default orbit, or else of a model in the default
    collection. TARGET is a client of the configuration file. What is there already is skipped, so a
    copy that was interrupted goes on when it is made again.
    """
    from dataforce import Client, copy
    from dataforce.cli.output import print_report

    there = Client(
        client_name=target,
        configuration_file=context.obj.given.get("config_file"),
        organization=target_organization,
        orbit=target_orbit,
        collection=target_collection,
    )
    with there, context.obj.open_client() as here:
        print_report(copy(wanted, source=here, target=there), context.obj.format)


_LEVELS = ("organization", "orbit", "collection")

COMMAND = command(
    "copy",
    run,
    [
        click.Argument(["wanted"], metavar="OBJECT"),
        click.Argument(["target"]),
        *(
            shared_option(f"--{each}", help=f"The {each} to copy from: id or name.")
            for each in _LEVELS
        ),
        *(
            click.Option([f"--target-{each}"], help=f"The {each} to copy to: id or name.")
            for each in _LEVELS
        ),
        *client_options(),
        output_option(),
    ],
)
