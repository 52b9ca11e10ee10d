"""The endpoints of model artifacts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from dataforce import models
from dataforce.config import APIVersion
from dataforce.errors import BadRequestError
from dataforce.models import (
    MODEL_ARTIFACT,
    ModelArtifactCreate,
    ModelArtifactStatus,
    ModelArtifactUpdate,
)
from dataforce.server.error_handlers import PlatformCrashError, convert
from dataforce.server.listing import Limit, Wanted, models_page
from dataforce.server.objects import ObjectStore, StoredObject
from dataforce.server.registry import Records, Registry
from dataforce.server.request_bodies import ModelArtifactUpdateIn, SortOrder
from dataforce.server.responses import (
    ModelArtifact,
    ModelArtifactsList,
    SignedURL,
    json_of,
    nothing,
    respond,
    respond_all,
    respond_page,
)
from dataforce.server.routes import uploads
from dataforce.server.uploads import UploadLimits

PREFIX = (
    "/organizations/{organization_id}/orbits/{orbit_id}/collections/{collection_id}/model_artifacts"
)

COLUMNS = tuple(name for name in MODEL_ARTIFACT.sorts if not name.endswith("*"))

Models = Records[models.ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]


def routes(
    registry: Registry, objects: ObjectStore, limits: UploadLimits, api_version: APIVersion
) -> APIRouter:
    """The endpoints of model artifacts, those of their uploads included."""
    router = APIRouter()
    if api_version == APIVersion.JANUARY_2026:
        add_reading(router, registry)
        uploads.add_separate(router, PREFIX, registry, objects, limits)
    else:
        uploads.add_prepared(router, PREFIX, registry, objects, limits)

        @router.get(PREFIX, response_model=list[ModelArtifact])
        def list_models(organization_id: UUID, orbit_id: UUID, collection_id: UUID) -> Response:
            found = registry.records(
                MODEL_ARTIFACT, "list", organization_id, orbit_id, collection_id
            )
            return respond_all(ModelArtifact, found.all())

    add_updating(router, registry, objects)
    add_deleting(router, registry, objects)
    add_signing(router, registry, objects)
    return router


def add_reading(router: APIRouter, registry: Registry) -> None:
    """Add the ways to read models that 2026-01 has."""

    @router.get(PREFIX, response_model=ModelArtifactsList)
    def list_models(
        organization_id: UUID,
        orbit_id: UUID,
        collection_id: UUID,
        cursor: str | None = None,
        limit: Limit = 50,
        sort_by: str = "created_at",
        order: SortOrder = SortOrder.DESC,
    ) -> Response:
        found = registry.records(MODEL_ARTIFACT, "list", organization_id, orbit_id, collection_id)
        wanted = Wanted(cursor, limit, sort_by, order.value)
        page = models_page(found, wanted, COLUMNS)
        return respond_page(ModelArtifact, page.items, page.cursor)

    @router.get(f"{PREFIX}/{{model_artifact_id}}", response_model=ModelArtifact)
    def get_model(
        organization_id: UUID, orbit_id: UUID, collection_id: UUID, model_artifact_id: UUID
    ) -> Response:
        found = registry.records(MODEL_ARTIFACT, "read", organization_id, orbit_id, collection_id)
        return respond(ModelArtifact, found.get(model_artifact_id))


def add_updating(router: APIRouter, registry: Registry, objects: ObjectStore) -> None:
    """Add what changes records."""

    @router.patch(f"{PREFIX}/{{model_artifact_id}}", response_model=ModelArtifact)
    def update_model(
        organization_id: UUID,
        orbit_id: UUID,
        collection_id: UUID,
        model_artifact_id: UUID,
        body: ModelArtifactUpdateIn,
        request: Request,
    ) -> Response:
        found = registry.records(MODEL_ARTIFACT, "update", organization_id, orbit_id, collection_id)
        before = found.get(model_artifact_id, missing="Model Artifact model not found")
        given = body.model_dump(exclude_unset=True)
        check_changes(before, given)
        if given.get("status") == ModelArtifactStatus.UPLOADED:
            objects.require(stored(found, before, request))
        after = found.update(model_artifact_id, convert(ModelArtifactUpdate, given))
        if after.status == ModelArtifactStatus.UPLOAD_FAILED:
            objects.forget(stored(found, after, request))
        return respond(ModelArtifact, after)


def add_deleting(router: APIRouter, registry: Registry, objects: ObjectStore) -> None:
    """Add what deletes records."""

    def remove(found: Models, identifier: UUID, request: Request, is_forced: bool) -> Response:
        with registry.lock:  # of two who delete, one finds nothing
            record = found.get(identifier)
            if record.status != ModelArtifactStatus.PENDING_DELETION and not is_forced:
                raise BadRequestError(f"Unable to confirm deletion with status '{record.status}'")
            objects.forget(stored(found, record, request))
            found.delete(identifier)
        return nothing()

    @router.delete(f"{PREFIX}/{{model_artifact_id}}", status_code=204)
    def delete_model(
        organization_id: UUID,
        orbit_id: UUID,
        collection_id: UUID,
        model_artifact_id: UUID,
        request: Request,
    ) -> Response:
        found = registry.records(MODEL_ARTIFACT, "delete", organization_id, orbit_id, collection_id)
        return remove(found, model_artifact_id, request, is_forced=False)

    @router.delete(f"{PREFIX}/{{model_artifact_id}}/force", status_code=204)
    def force_delete_model(
        organization_id: UUID,
        orbit_id: UUID,
        collection_id: UUID,
        model_artifact_id: UUID,
        request: Request,
    ) -> Response:
        found = registry.records(MODEL_ARTIFACT, "delete", organization_id, orbit_id, collection_id)
        return remove(found, model_artifact_id, request, is_forced=True)


def add_signing(router: APIRouter, registry: Registry, objects: ObjectStore) -> None:
    """Add what hands out URLs of files."""

    @router.get(f"{PREFIX}/{{model_artifact_id}}/download-url", response_model=SignedURL)
    def download_url(
        organization_id: UUID,
        orbit_id: UUID,
        collection_id: UUID,
        model_artifact_id: UUID,
        request: Request,
    ) -> Response:
        found = registry.records(MODEL_ARTIFACT, "read", organization_id, orbit_id, collection_id)
        target = stored(found, found.get(model_artifact_id), request)
        return json_of(SignedURL(url=objects.url("GET", target)))

    @router.get(f"{PREFIX}/{{model_artifact_id}}/delete-url", response_model=SignedURL)
    def delete_url(
        organization_id: UUID,
        orbit_id: UUID,
        collection_id: UUID,
        model_artifact_id: UUID,
        request: Request,
    ) -> Response:
        found = registry.records(MODEL_ARTIFACT, "delete", organization_id, orbit_id, collection_id)
        record = found.get(model_artifact_id)
        with found.worded():
            # For what it does to the record: where it leads is the backend's own affair.
            registry.urls.delete_url(found.scope, record.id)
        return json_of(SignedURL(url=objects.url("DELETE", stored(found, record, request))))


def stored(found: Models, record: models.ModelArtifact, request: Request) -> StoredObject:
    """The file of a record."""
    return StoredObject(record.bucket_location, str(request.base_url), found.scope, record.id)


def check_changes(before: models.ModelArtifact, given: dict[str, Any]) -> None:
    """Refuse what the platform crashes on, and a status that cannot follow the present one."""
    if None in [given.get(name, "") for name in ("file_name", "model_name", "status")]:
        raise PlatformCrashError
    after, rules = given.get("status"), MODEL_ARTIFACT.transitions
    if rules and after is not None and after not in rules.allowed.get(before.status, ()):
        raise BadRequestError(f"Invalid status transition from {before.status} to {after}")
