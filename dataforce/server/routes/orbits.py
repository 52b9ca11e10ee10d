"""The endpoints of orbits."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from dataforce import models
from dataforce.config import APIVersion
from dataforce.errors import BadRequestError, NotFoundError
from dataforce.models import BUCKET_SECRET, COLLECTION, ORBIT, OrbitCreate
from dataforce.server.error_handlers import PlatformCrashError, convert
from dataforce.server.registry import Registry
from dataforce.server.request_bodies import OrbitCreateIn, OrbitUpdate
from dataforce.server.responses import (
    Orbit,
    OrbitDetails,
    TaggedOrbitDetails,
    array_of,
    nothing,
    respond,
    respond_all,
    shaped,
)
from dataforce.server.roles import CALLER, Access, OrbitRole, OrganizationRole


def routes(registry: Registry, api_version: APIVersion) -> APIRouter:
    """The endpoints of orbits."""
    router = APIRouter(prefix="/organizations/{organization_id}/orbits")
    tagged = api_version == APIVersion.JANUARY_2026
    details = TaggedOrbitDetails if tagged else OrbitDetails

    def one(orbit: models.Orbit, organization_id: UUID) -> Response:
        if not tagged:
            return respond(details, orbit)
        return respond(details, orbit, collections_tags=tags_in(registry, organization_id, orbit))

    @router.get("", response_model=list[Orbit])
    def list_orbits(organization_id: UUID) -> Response:
        orbits, caller = registry.records(ORBIT, "list", organization_id).all(), CALLER.get()
        if caller.role != OrganizationRole.MEMBER:
            return respond_all(Orbit, orbits)
        mine = [orbit for orbit in orbits if orbit.id in caller.orbits]
        return array_of(shaped(Orbit, orbit, **as_listed(orbit, caller)) for orbit in mine)

    @router.post("", response_model=details)
    def create_orbit(organization_id: UUID, body: OrbitCreateIn) -> Response:
        orbits = registry.records(ORBIT, "create", organization_id)
        values = convert(
            OrbitCreate, {"name": body.name, "bucket_secret_id": str(body.bucket_secret_id)}
        )
        refuse_members(body)
        created = orbits.create(values, missing="Bucket secret not found")
        CALLER.get().orbits[created.id] = OrbitRole.ADMIN
        return one(created, organization_id)

    @router.get("/{orbit_id}", response_model=details)
    def get_orbit(organization_id: UUID, orbit_id: UUID) -> Response:
        orbits = registry.records(ORBIT, "read", organization_id, orbit_id)
        return one(orbits.get(orbit_id), organization_id)

    @router.patch("/{orbit_id}", response_model=Orbit)
    def update_orbit(organization_id: UUID, orbit_id: UUID, body: OrbitUpdate) -> Response:
        return respond(Orbit, changed(registry, organization_id, orbit_id, body))

    @router.delete("/{orbit_id}", status_code=204)
    def delete_orbit(organization_id: UUID, orbit_id: UUID) -> Response:
        registry.records(ORBIT, "delete", organization_id, orbit_id).delete(orbit_id)
        return nothing()

    return router


def tags_in(registry: Registry, organization_id: UUID, orbit: models.Orbit) -> list[str]:
    """All tags of an orbit's collections."""
    collections = registry.all_records(COLLECTION, organization_id, UUID(orbit.id)).all()
    return sorted({tag for collection in collections for tag in collection.tags or ()})


def as_listed(orbit: models.Orbit, caller: Access) -> dict[str, object]:
    """Return the fields that only the list of a plain member shows differently."""
    return {
        "role": caller.orbits[orbit.id].value,
        "total_satellites": None,
        "total_model_artifacts": None,
    }


def refuse_members(body: OrbitCreateIn) -> None:
    """Refuse to invite anybody: nobody else belongs to an organization here."""
    users = [member.user_id for member in body.members or ()]
    if len(set(users)) < len(users):
        raise BadRequestError("Orbit members should contain only unique values.")
    if users:
        raise BadRequestError(f"Users {set(users)} are not in the organization.")


def changed(
    registry: Registry, organization_id: UUID, orbit_id: UUID, body: OrbitUpdate
) -> models.Orbit:
    """The orbit after a change."""
    orbits = registry.records(ORBIT, "update", organization_id, orbit_id)
    orbits.get(orbit_id)
    given = body.model_dump(mode="json", exclude_unset=True, exclude={"id"})
    if None in given.values():
        raise PlatformCrashError
    if body.bucket_secret_id is not None:
        try:
            # An admin of the orbit may choose a secret, though not look at it.
            registry.all_records(BUCKET_SECRET, organization_id).get(body.bucket_secret_id)
        except NotFoundError:
            raise PlatformCrashError from None
    return orbits.update(orbit_id, convert(ORBIT.update, given))
