"""The commands of a kind of asset, made from its declaration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from dataforce.api._clear import CLEAR
from dataforce.api._records import LARGEST_PAGE, ORDERS, Records
from dataforce.cli.fields import create_parameters, filter_option, given_values, update_parameters
from dataforce.cli.invocation import (
    client_options,
    command,
    group,
    output_option,
    shared_option,
    yes_option,
)
from dataforce.cli.output import print_object, print_records
from dataforce.config import Settings

if TYPE_CHECKING:
    from dataforce.api._client import Client
    from dataforce.backend import AnyKind, Family


class SortField(click.ParamType[str]):
    """A field that lists of a kind may be sorted by."""

    name = "field"

    def __init__(self, kind: AnyKind) -> None:
        self._kind = kind

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return all of them."""
        return f"[{'|'.join(self._kind.sorts)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse other fields."""
        if not self._kind.can_sort_by(value):
            raise click.BadParameter(f"{value!r} is not one of {', '.join(self._kind.sorts)}.")
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Return those that begin so."""
        from click.shell_completion import CompletionItem

        found = [each.removesuffix("*") for each in self._kind.sorts]
        return [CompletionItem(each) for each in found if each.startswith(incomplete)]


class Column(click.ParamType[str]):
    """A field of the records of a kind, or a value within one, such as `metrics.accuracy`."""

    name = "field"

    def __init__(self, kind: AnyKind) -> None:
        self._fields = tuple(kind.record.model_fields)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what no record has."""
        if str(value).partition(".")[0] not in self._fields:
            raise click.BadParameter(f"{value!r} is not one of {', '.join(self._fields)}.")
        return str(value)


class KindCommands:
    """The commands of a kind.

    Args:
        family: The family of the kind.
        kind: The kind.
    """

    def __init__(self, family: Family, kind: AnyKind) -> None:
        self._family = family
        self._kind = kind

    @property
    def plural(self) -> str:
        """Return the plural of the name."""
        return f"{self._kind.name}s"

    def all(self) -> Iterator[click.Command]:
        """Yield the commands that the kind allows."""
        kind = self._kind
        here = [*parent_options(kind), *client_options()]
        one = click.Argument(["wanted"], metavar=metavar(kind))
        yield command(
            "list",
            self.list,
            [*list_options(kind), *here, output_option()],
            text=f"List {self.plural}.",
        )
        yield command(
            "get",
            self.get,
            [one, *here, output_option()],
            text=f"Show one {kind.name}, by id or name.",
        )
        # A record with files comes to be with them.
        if "create" in kind.allows and not kind.files:
            parameters = [*create_parameters(kind), *here, output_option()]
            yield command("create", self.create, parameters, text=f"Make a new {kind.name}.")
        if "update" in kind.allows:
            text = f"Change one {kind.name}; what is not given stays as it is."
            parameters = [one, *update_parameters(kind), *here, output_option()]
            yield command("update", self.update, parameters, text=text)
        if "delete" in kind.allows:
            text = f"Delete one {kind.name} and all below it. This cannot be undone."
            yield command("delete", self.delete, [one, yes_option(), *here], text=text)

    def list(
        self,
        context: click.Context,
        sort_by: str,
        order: str,
        limit: int | None,
        column: tuple[str, ...],
        **filters: Any,
    ) -> None:
        """Print the records that the filters leave."""
        asked = {"sort_by": sort_by, "order": order, **given_values(filters)}
        page_size = LARGEST_PAGE if limit is None else min(limit, LARGEST_PAGE)
        with self._records(context) as (records, parent):
            found = islice(records.iterate(parent, page_size, asked), limit)
            print_records(self._kind, found, context.obj.format, column)

    def get(self, context: click.Context, wanted: str) -> None:
        """Print one record."""
        with self._records(context) as (records, parent):
            print_object(records.read(wanted, parent)[1], context.obj.format)

    def create(self, context: click.Context, **values: Any) -> None:
        """Make a record and print it."""
        with self._records(context) as (records, parent):
            print_object(records.create(given_values(values), parent), context.obj.format)

    def update(
        self, context: click.Context, wanted: str, clear: tuple[str, ...], **values: Any
    ) -> None:
        """Change a record and print it."""
        changes = given_values(values)
        if twice := [name for name in clear if name in changes]:
            raise click.UsageError(f"{', '.join(twice)}: either give a value or --clear it.")
        if not changes and not clear:
            raise click.UsageError("Nothing to change: give an option.")
        with self._records(context) as (records, parent):
            changed = records.update(wanted, changes | dict.fromkeys(clear, CLEAR), parent)
            print_object(changed, context.obj.format)

    def delete(self, context: click.Context, wanted: str) -> None:
        """Delete a record, once that is confirmed."""
        with self._records(context) as (records, parent):
            _, identifier = records.locate(wanted, parent)
            called = wanted if wanted == identifier else f"{wanted!r} ({identifier})"
            context.obj.confirm(f"Delete {self._kind.name} {called} and all below it?")
            records.delete(identifier, parent)

    @contextmanager
    def _records(
        self, context: click.Context
    ) -> Iterator[tuple[Records[Any, Any, Any], str | None]]:
        """Yield the records of the kind, and the parent to look under, if one was given."""
        with context.obj.open_client() as client:
            yield records_of(client, self._family, self._kind), context.obj.given.get("parent")


def records_of(client: Client, family: Family, kind: AnyKind) -> Records[Any, Any, Any]:
    """Return the records of a kind, as the resources of a client have them."""
    return Records(client._session, kind, family)  # noqa: SLF001  commands are resources of a sort


def list_options(kind: AnyKind) -> list[click.Parameter]:
    """Return the options of a list: its filters and its order."""
    return [
        *(filter_option(name, each) for name, each in kind.filters.items()),
        click.Option(
            ["--sort-by"], type=SortField(kind), default=kind.default_sort, show_default=True
        ),
        click.Option(["--order"], type=click.Choice(ORDERS), default="asc", show_default=True),
        click.Option(["--limit"], type=click.IntRange(min=1), help="The highest number to show."),
        click.Option(
            ["--column"],
            type=Column(kind),
            multiple=True,
            help="Show only this, such as metrics.accuracy. May be repeated."
            if any("*" in each for each in kind.sorts)
            else "Show only this. May be repeated.",
        ),
    ]


def parent_options(kind: AnyKind) -> list[click.Parameter]:
    """Return the options for what the objects of a kind stand under."""
    defaults = [each for each in kind.ancestors if each.name in Settings.model_fields]
    options: list[click.Parameter] = [
        shared_option(f"--{each.name}", help=f"Its {each.name}: id or name; else the default one.")
        for each in defaults
    ]
    if kind.parent is not None and kind.parent not in defaults:
        word = kind.parent.name.replace(" ", "-")
        text = f"Its {kind.parent.name}: id or name."
        options.append(shared_option(f"--{word}", "parent", help=text))
    return options


def metavar(kind: AnyKind) -> str:
    """Return the word that stands for an object of a kind in help."""
    return kind.name.replace(" ", "_").upper()


def kind_group(
    name: str, text: str, family: Family, kind: AnyKind, more: Sequence[click.Command] = ()
) -> click.Group:
    """Return the commands of one kind.

    Args:
        name: What users type.
        text: What they are for.
        family: The family of the kind.
        kind: The kind.
        more: Commands that only this kind has.
    """
    return group(name, text, [*KindCommands(family, kind).all(), *more])


def family_group(name: str, text: str, family: Family) -> click.Group:
    """Return the commands of all kinds of a family, a group for each kind."""
    groups = [
        kind_group(
            kind.route.replace("_", "-"),
            (kind.record.__doc__ or "").partition("\n")[0],
            family,
            kind,
        )
        for kind in family.kinds
    ]
    return group(name, text, groups)
