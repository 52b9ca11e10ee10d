"""Organizations: who owns orbits and bucket secrets."""

from __future__ import annotations

from typing import Any, Literal, get_args

from dataforce.backend.filters import Filter
from dataforce.backend.kind import Kind
from dataforce.models._base import AssetRecord, CreateModel, Name, RecordID, Timestamp, UpdateModel


class Organization(AssetRecord):
    """An organization that the caller belongs to.

    Attributes:
        id: UUID.
        name: Not unique.
        logo: URL of a picture.
        role: The caller's role: `owner`, `admin` or `member`.
        permissions: Resource to the actions that the caller may take.
        created_at: When it was made.
        updated_at: When it was last changed, `None` before the first change.
    """

    _shown = ("id", "name", "role")

    id: RecordID
    name: str
    logo: str | None = None
    role: str | None = None
    permissions: dict[str, Any] | None = None
    created_at: Timestamp
    updated_at: Timestamp | None = None


class OrganizationCreate(CreateModel):
    """The create model of an organization. On the platform only a person may make one."""

    name: Name


class OrganizationUpdate(UpdateModel):
    """The update model of an organization."""

    name: Name = ""


OrganizationSort = Literal["created_at", "name"]
"""The fields that a list of organizations may be sorted by."""

ORGANIZATION = Kind(
    name="organization",
    route="organizations",
    record=Organization,
    create=OrganizationCreate,
    update=OrganizationUpdate,
    sorts=get_args(OrganizationSort),
    filters={
        "name": Filter("name"),
        "name_contains": Filter("name", "contains"),
        "created_after": Filter("created_at", ">", "datetime"),
        "created_before": Filter("created_at", "<", "datetime"),
    },
    allows=frozenset(),  # to whoever has an API key: people make them, in a browser
    starter={"name": "My Organization"},
    constants={"role": "owner"},
)
