"""Orbits: the workspaces of an organization."""

from __future__ import annotations

from typing import Any, Literal, get_args

from dataforce.backend.filters import Filter
from dataforce.backend.kind import Kind, Reference
from dataforce.models._base import (
    AssetRecord,
    CreateModel,
    Detail,
    Identifier,
    Name,
    Record,
    RecordID,
    Timestamp,
    UpdateModel,
)
from dataforce.models.registry.bucket_secret import BUCKET_SECRET
from dataforce.models.registry.organization import ORGANIZATION


class OrbitUser(Record):
    """The person behind a membership."""

    id: str
    email: str
    full_name: str | None = None
    disabled: bool | None = None
    photo: str | None = None
    has_api_key: bool | None = None


class OrbitMember(Record):
    """A person's membership of an orbit; `role` is `admin` or `member`."""

    id: str
    orbit_id: str
    role: str
    user: OrbitUser
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class Orbit(AssetRecord):
    """A workspace that holds collections.

    Attributes:
        id: UUID.
        name: Not unique.
        organization_id: UUID of the organization it belongs to.
        bucket_secret_id: UUID of the bucket secret that its files go to.
        total_members: How many people belong to it.
        total_collections: How many collections it holds.
        total_satellites: How many satellites it has.
        total_model_artifacts: How many model artifacts its collections hold.
        role: The caller's role in it, where the platform says so.
        permissions: Resource to the actions that the caller may take.
        members: The people who belong to it, where the platform says so.
        collections_tags: The distinct tags of its collections, where the platform says so.
        created_at: When it was made.
        updated_at: When it was last changed, `None` before the first change.
    """

    _shown = ("id", "name")

    id: RecordID
    name: str
    organization_id: str
    bucket_secret_id: str
    total_members: int | None = None
    total_collections: int | None = None
    total_satellites: Detail[int | None] = None
    total_model_artifacts: Detail[int | None] = None
    role: Detail[str | None] = None
    permissions: Detail[dict[str, Any] | None] = None
    members: Detail[list[OrbitMember] | None] = None
    collections_tags: Detail[list[str] | None] = None
    created_at: Timestamp
    updated_at: Timestamp | None = None


class OrbitCreate(CreateModel):
    """The create model of an orbit."""

    name: Name
    bucket_secret_id: Identifier


class OrbitUpdate(UpdateModel):
    """The update model of an orbit."""

    name: Name = ""
    bucket_secret_id: Identifier = ""


OrbitSort = Literal["created_at", "name"]
"""The fields that a list of orbits may be sorted by."""

ORBIT = Kind(
    name="orbit",
    route="orbits",
    record=Orbit,
    create=OrbitCreate,
    update=OrbitUpdate,
    parent=ORGANIZATION,
    sorts=get_args(OrbitSort),
    filters={
        "name": Filter("name"),
        "name_contains": Filter("name", "contains"),
        "created_after": Filter("created_at", ">", "datetime"),
        "created_before": Filter("created_at", "<", "datetime"),
    },
    references={"bucket_secret_id": Reference((BUCKET_SECRET,))},
    totals={"total_collections": "collections", "total_model_artifacts": "model_artifacts"},
    starter={"name": "Default Orbit", "bucket_secret_id": BUCKET_SECRET},
    constants={"total_members": 1, "total_satellites": 0},
    forgiving_delete=True,
)
