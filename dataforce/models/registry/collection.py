"""Collections: named sets of model artifacts in an orbit."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

from dataforce.backend.filters import Filter
from dataforce.backend.kind import Kind
from dataforce.models._base import (
    AssetRecord,
    CreateModel,
    Name,
    OpenEnum,
    RecordID,
    Text,
    Timestamp,
    UpdateModel,
)
from dataforce.models._deferred import Deferred, DeferringModel
from dataforce.models.registry.orbit import ORBIT


class CollectionType(StrEnum):
    """The intended content of a collection; the platform does not check it."""

    MODEL = "model"
    DATASET = "dataset"


class Collection(AssetRecord, DeferringModel):
    """A named set of model artifacts.

    Attributes:
        id: UUID.
        orbit_id: UUID of the orbit it belongs to.
        description: Free text, may be empty.
        name: Not unique.
        collection_type: `model` or `dataset`, or another that a newer platform adds, as its text.
        tags: In the order they were given.
        total_models: How many model artifacts it holds.
        created_at: When it was made.
        updated_at: When it was last changed, `None` before the first change.
    """

    _shown = ("id", "name", "collection_type", "total_models")

    id: RecordID
    orbit_id: str
    description: str
    name: str
    collection_type: OpenEnum[CollectionType]
    tags: Deferred[list[str] | None] = None
    total_models: int = 0
    created_at: Timestamp
    updated_at: Timestamp | None = None


class CollectionCreate(CreateModel):
    """The create model of a collection."""

    description: Text
    name: Name
    collection_type: CollectionType
    tags: list[Text] | None = None


def _cleared_is_empty(description: object) -> object:
    # The platform has no collection without a description, only one with an empty one.
    return "" if description is None else description


class CollectionUpdate(UpdateModel):
    """The update model of a collection; clearing the description empties it."""

    description: Annotated[Text, BeforeValidator(_cleared_is_empty)] = ""
    name: Name = ""
    tags: list[Text] | None = None


CollectionSort = Literal["created_at", "name", "collection_type", "description"]
"""The fields that a list of collections may be sorted by."""

COLLECTION = Kind(
    name="collection",
    route="collections",
    record=Collection,
    create=CollectionCreate,
    update=CollectionUpdate,
    parent=ORBIT,
    sorts=get_args(CollectionSort),
    filters={
        "name": Filter("name"),
        "name_contains": Filter("name", "contains"),
        "tag": Filter("tags[]"),
        "created_after": Filter("created_at", ">", "datetime"),
        "created_before": Filter("created_at", "<", "datetime"),
    },
    totals={"total_models": "model_artifacts"},
)
