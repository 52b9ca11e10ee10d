"""Paths to values within a record: `status`, `opener.checksum`, `inputs[].asset_key`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")


def values_at(record: object, path: str) -> list[Any]:
    """Return the values at a path; none where something on the way is absent.

    Args:
        record: A model, or a dictionary.
        path: Names of fields with dots between them. `[]` after a name stands for each element of
            a list. Within a dictionary all that is left of the path is one key.

    Returns:
        The values, absent ones left out.

    Example:
        >>> values_at({"metrics": {"top.5": 0.9}}, "metrics")
        [{'top.5': 0.9}]
        >>> from dataforce.models import Manifest
        >>> values_at(Manifest.model_construct(name="iris"), "name")
        ['iris']
    """
    values: list[Any] = [record]
    while path and values:
        if all(isinstance(each, Mapping) for each in values):
            found = [each[path] for each in values if path in each]
            return [each for each in found if each is not None]
        step, _, path = path.partition(".")
        name = step.removesuffix("[]")
        found = [getattr(each, name, None) for each in values if not isinstance(each, Mapping)]
        values = [each for each in found if each is not None]
        if step.endswith("[]"):
            values = [element for each in values for element in each if element is not None]
    return values


def with_values_at(record: M, path: str, convert: Callable[[Any], Any]) -> M:
    """Return a model with other values at a path.

    Args:
        record: The model; it stays as it is.
        path: See `values_at`; it leads into no dictionary.
        convert: Gives the new value for a present one.

    Returns:
        The same model if no value is another.

    Example:
        >>> from dataforce.models import CollectionUpdate
        >>> with_values_at(CollectionUpdate(tags=["a", "b"]), "tags[]", str.upper).tags
        ['A', 'B']
    """
    changed: M = _converted(record, path, convert)
    return changed


def _converted(value: Any, path: str, convert: Callable[[Any], Any]) -> Any:
    if value is None:
        return None
    if not path:
        return convert(value)
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    before = getattr(value, name)
    if name == step or before is None:
        after = _converted(before, rest, convert)
    else:
        after = type(before)(_converted(each, rest, convert) for each in before)
    return value if after == before else value.model_copy(update={name: after})
