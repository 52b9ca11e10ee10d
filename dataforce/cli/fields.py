"""Options made from declarations: the fields of create and update models, and filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click
from pydantic import SecretStr

from dataforce.api._validation_messages import bare
from dataforce.cli.values import JSONValue, Moment, SecretText

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import AnyKind
    from dataforce.backend.filters import Filter

_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)
_MEANINGS = {"=": "is this", "contains": "contains this", ">": "is after this", "<": "is before it"}
_PLAIN: dict[Any, click.ParamType[Any]] = {str: click.STRING, int: click.INT, float: click.FLOAT}


def create_parameters(kind: AnyKind) -> list[click.Parameter]:
    """Return what `create` takes: the name as an argument, and options."""
    name = name_field(kind)
    parameters: list[click.Parameter] = [] if name is None else [click.Argument([name])]
    return parameters + [
        field_option(kind, each, field.annotation, is_required=field.is_required())
        for each, field in kind.create.model_fields.items()
        if each != name
    ]


def update_parameters(kind: AnyKind) -> list[click.Parameter]:
    """Return the options of `update`: the fields, and which of them to empty."""
    fields = kind.update.model_fields
    clear = click.Option(
        ["--clear"], type=click.Choice(list(fields)), multiple=True, help="A field to empty."
    )
    options = [field_option(kind, name, each.annotation) for name, each in fields.items()]
    return [*options, clear]


def name_field(kind: AnyKind) -> str | None:
    """Return the field of the create model that an object is called by, if one must be given."""
    fields = kind.create.model_fields
    return next(
        (each for each in kind.names if each in fields and fields[each].is_required()), None
    )


def field_option(
    kind: AnyKind, name: str, annotation: Any, *, is_required: bool = False
) -> click.Option:
    """Return the option for a field of a create or update model."""
    taken = bare(annotation)
    word = name.replace("_", "-")
    attributes: dict[str, Any] = {
        "required": is_required,
        "help": documented(kind.record).get(name),
    }
    if taken is bool:
        attributes |= {} if is_required else {"default": None}  # neither of the two
        return click.Option([f"--{word}/--no-{word}", name], **attributes)
    if taken is SecretStr:
        text = "A file that holds it; - for the standard input."
        attributes |= {"type": SecretText(), "help": text}
        return click.Option([f"--{word}-file", name], **attributes)
    if get_origin(taken) is list and bare(get_args(taken)[0]) is str:
        names = dict.fromkeys((f"--{word.removesuffix('s')}", f"--{word}", name))
        return click.Option([*names], multiple=True, **attributes)
    return click.Option([f"--{word}", name], type=type_of(taken), **attributes)


def type_of(taken: Any) -> click.ParamType[Any]:
    """Return the type of the values of an option."""
    if taken in _PLAIN:
        return _PLAIN[taken]
    if get_origin(taken) is Literal:
        return click.Choice([str(getattr(each, "value", each)) for each in get_args(taken)])
    if isinstance(taken, type) and issubclass(taken, Enum):
        return click.Choice([str(each.value) for each in taken])
    return JSONValue()


def given_values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the options that were given."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in parameters.items()
        if value is not None and value != ()
    }


def filter_option(name: str, declared: Filter) -> click.Option:
    """Return the option for a filter of a list."""
    word = f"--{name.replace('_', '-')}"
    if declared.takes == "comparison":
        text = f"Only where a number of {declared.path} compares so, such as accuracy>0.9."
        return click.Option([word, name], multiple=True, metavar="COMPARISON", help=text)
    text = f"Only where {declared.path.removesuffix('[]')} {_MEANINGS[declared.operator]}."
    if declared.takes == "datetime":
        return click.Option([word, name], type=Moment(), help=text)
    return click.Option([word, name], multiple=True, help=f"{text} One of several fits.")


def documented(record: type[BaseModel]) -> dict[str, str]:
    """Return what the docstring of a record says of its fields."""
    found = _ATTRIBUTE.findall(record.__doc__ or "")
    return {name: " ".join(text.replace("`", "").split()) for name, text in found}
