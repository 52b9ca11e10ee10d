"""Functions that several modules of the suite share."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from dataforce import DataForceError, ModelArtifact, ModelArtifactStatus
from dataforce.backend import identifier_of

UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"
"""An id that nothing has."""

HOSTILE_NAMES = [
    "O'Brien's \"best\"",
    "100 %",
    "under_score",
    "back\\slash",
    "'; DROP TABLE collections; --",
    "Грибы 🍄 naïve",
    " spaces around ",
    "two\nlines",
    "null",
    UNKNOWN,
    "x" * 3000,
]
"""Names that are stored and found like any other."""


def spellings(identifier: str) -> list[str]:
    """The ways to write one id."""
    value = uuid.UUID(identifier)
    return [str(value), str(value).upper(), value.hex, value.urn, f"{{{value}}}"]


def not_failed(models: Iterable[ModelArtifact]) -> list[ModelArtifact]:
    """Without those whose upload failed: a platform may keep their records, to tell of them."""
    return [model for model in models if model.status is not ModelArtifactStatus.UPLOAD_FAILED]


def ids(records: Iterable[Any]) -> list[str]:
    """The ids of records, in their order."""
    return [identifier_of(record) for record in records]


def content_of(folder: Path) -> dict[str, bytes]:
    """The files below a folder with what is in them."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def refuse_all(
    error: type[DataForceError] | tuple[type[DataForceError], ...], *calls: Callable[[], object]
) -> list[str]:
    """See every call refused with an error of that class, or of one of those classes.

    Returns:
        What the errors say.
    """
    messages = []
    for call in calls:
        with pytest.raises(error) as caught:
            call()
        messages.append(str(caught.value))
    return messages
