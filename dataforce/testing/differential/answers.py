"""What is compared of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dataforce import CLEAR, DataForceError
from dataforce.testing.differential.dictionaries import Values

FIELDS = {
    "BucketSecret": ("id", "endpoint", "bucket_name", "secure", "region"),
    "Orbit": ("id", "name", "bucket_secret_id", "total_collections", "total_model_artifacts"),
    "Collection": (
        *("id", "orbit_id", "name", "description", "collection_type", "tags", "total_models"),
    ),
    "ModelArtifact": (
        *("id", "collection_id", "file_name", "model_name", "description", "tags"),
        *("status", "size", "metrics"),
    ),
}
"""What is compared of a record; the rest the backend makes up."""


def given(**arguments: Any) -> Values:
    """What the arguments of an update change."""
    chosen = {name: value for name, value in arguments.items() if value is not None}
    return {name: None if value is CLEAR else value for name, value in chosen.items()}


def shown(answer: Any) -> Any:
    """What is compared of an answer."""
    if isinstance(answer, list):
        return [shown(item) for item in answer]
    if type(answer).__name__ in FIELDS:
        return {name: getattr(answer, name) for name in FIELDS[type(answer).__name__]}
    return answer


def outcome(call: Callable[[], Any]) -> Any:
    """The answer, or the class of the error."""
    try:
        return shown(call())
    except DataForceError as error:
        return type(error)


def by_id(records: Iterable[Any], *fields: str) -> dict[str, Values]:
    """Records as rows of a table."""
    return {record.id: {name: getattr(record, name) for name in fields} for record in records}
