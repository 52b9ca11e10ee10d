"""Sentences about values that a create or update model refuses: what each field takes.

No sentence repeats a value: it may be a secret key.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue, SecretStr

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_QUOTE = "'"
_NAMED = 4
"""Number of fields that a message names."""
_PLAIN: dict[Any, tuple[str, str]] = {
    str: ("text", "strings"),
    SecretStr: ("text", "strings"),
    int: ("a whole number", "whole numbers"),
    bool: ("True or False", "True or False"),
    JsonValue: ("a JSON value", "JSON values"),
}
"""Type to how one and how several of its values are called."""


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Return one clause for each field that was refused.

    Args:
        error: What the model raised.
        model: The model.

    Returns:
        Such as `tags takes a list of strings; name must not be empty`.
    """
    faults = error.errors(include_url=False, include_input=False)
    clauses = list(dict.fromkeys(_clause(fault, model) for fault in faults))
    more = len(clauses) - _NAMED
    return "; ".join(clauses[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _clause(fault: ErrorDetails, model: type[BaseModel]) -> str:
    path, annotation = _place(fault["loc"], model)
    match fault["type"], fault.get("ctx", {}):
        case "missing", _ if path.endswith(str(fault["loc"][-1])):
            return f"{path} is missing"
        case "union_tag_not_found", {"discriminator": name}:
            return f"{path}.{name.strip(_QUOTE)} is missing"
        case "union_tag_invalid", {"discriminator": name, "expected_tags": tags}:
            return f"{path}.{name.strip(_QUOTE)} takes one of {tags}"
        case "value_error", {"error": reason}:
            return f"{path} {reason}"
        case "string_pattern_mismatch", {"pattern": pattern}:
            return f"{path} takes text that matches {pattern}"
        case "less_than_equal", {"le": limit}:
            return f"{path} takes at most {limit}"
        case "greater_than_equal", {"ge": limit}:
            return f"{path} takes at least {limit}"
    if annotation is None:
        return f"{path} takes {fault['msg'].removeprefix('Input should be ')}"
    return f"{path} takes {_takes(annotation)[0]}"


def _place(location: tuple[int | str, ...], model: type[BaseModel]) -> tuple[str, Any]:
    """The field that a location leads to, and its type; `None` if it is within a list of models.

    What follows a field of another type is left out: it may be a key that the user gave.
    """
    name, *rest = location
    annotation = bare(model.model_fields[str(name)].annotation)
    models = [part for part in _classes(annotation) if issubclass(part, BaseModel)]
    if not rest or not models:
        return str(name), annotation
    if annotation in models:
        path, annotation = _place(tuple(rest), annotation)
        return f"{name}.{path}", annotation
    known = {field for each in models for field in each.model_fields}
    within = (
        f"[{part}]" if isinstance(part, int) else f".{part}" if part in known else ""
        for part in rest
    )
    return f"{name}{''.join(within)}", None


def bare(annotation: Any) -> Any:
    """A type without `None` and without what is noted of it."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    options = [each for each in get_args(annotation) if each is not type(None)]
    return bare(options[0]) if _is_union(annotation) and len(options) == 1 else annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) is Union or isinstance(annotation, type(int | str))


def _classes(annotation: Any) -> list[type]:
    """The classes that a type is made of."""
    annotation = bare(annotation)
    inner = [part for each in get_args(annotation) for part in _classes(each)]
    return [*inner, annotation] if isinstance(annotation, type) else inner


def _takes(annotation: Any) -> tuple[str, str]:
    """Return the words for one value of a type, and for several."""
    annotation = bare(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        many = _takes(arguments[0])[1]
        return f"a list of {many}", f"lists of {many}"
    if origin is tuple:
        many = _takes(arguments[0])[1]
        return f"a pair of {many}", f"pairs of {many}"
    if origin is dict:
        many = _takes(arguments[1])[1]
        return f"a dictionary of {many}", f"dictionaries of {many}"
    if origin is Literal:
        return _one_of(arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _one_of(tuple(annotation))
    return "a dictionary", "dictionaries"


def _one_of(words: tuple[Any, ...]) -> tuple[str, str]:
    *most, last = [repr(getattr(word, "value", word)) for word in words]
    choice = f"{', '.join(most)} or {last}"
    return choice, choice
