"""Paths to values within a record: `status`, `opener.checksum`, `inputs[].asset_key`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
