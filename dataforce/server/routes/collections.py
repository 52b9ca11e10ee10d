"""The endpoints of collections."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from dataforce.config import APIVersion
from dataforce.errors import ConflictError
from dataforce.models import COLLECTION, MODEL_ARTIFACT, CollectionCreate, CollectionUpdate
from dataforce.server.error_handlers import PlatformCrashError, convert
from dataforce.server.listing import Limit, Wanted, collections_page
from dataforce.server.registry import Registry
from dataforce.server.request_bodies import (
    CollectionCreateIn,
    CollectionSortBy,
    CollectionUpdateIn,
    SortOrder,
)
from dataforce.server.responses import (
    Collection,
    CollectionDetails,
    CollectionsList,
    nothing,
    respond,
    respond_all,
    respond_page,
)


def routes(registry: Registry, api_version: APIVersion) -> APIRouter:
    """The endpoints of collections."""
    router = APIRouter(prefix="/organizations/{organization_id}/orbits/{orbit_id}/collections")
    if api_version == APIVersion.JANUARY_2026:
        add_reading(router, registry)
    else:
        add_listing(router, registry)

    @router.post("", response_model=Collection)
    def create_collection(
        organization_id: UUID, orbit_id: UUID, body: CollectionCreateIn
    ) -> Response:
        collections = registry.records(COLLECTION, "create", organization_id, orbit_id)
        values = convert(CollectionCreate, body.model_dump())
        return respond(Collection, collections.create(values))

    @router.patch("/{collection_id}", response_model=Collection)
    def update_collection(
        organization_id: UUID, orbit_id: UUID, collection_id: UUID, body: CollectionUpdateIn
    ) -> Response:
        collections = registry.records(COLLECTION, "update", organization_id, orbit_id)
        collections.get(collection_id)
        if body.name is None or body.description is None:
            raise PlatformCrashError
        # All three are written, whether they were given or not: without tags the old ones go.
        changes = convert(CollectionUpdate, body.model_dump())
        return respond(Collection, collections.update(collection_id, changes))

    @router.delete("/{collection_id}", status_code=204)
    def delete_collection(organization_id: UUID, orbit_id: UUID, collection_id: UUID) -> Response:
        collections = registry.records(COLLECTION, "delete", organization_id, orbit_id)
        with registry.lock:  # no model may come between the look and the deletion
            if collections.get(collection_id).total_models:
                raise ConflictError("Collection has models and cant be deleted")
            collections.delete(collection_id)
        return nothing()

    return router


def add_listing(router: APIRouter, registry: Registry) -> None:
    """Add the one way to read collections that 2025-12 has."""

    @router.get("", response_model=list[Collection])
    def list_collections(organization_id: UUID, orbit_id: UUID) -> Response:
        collections = registry.records(COLLECTION, "list", organization_id, orbit_id)
        return respond_all(Collection, collections.all())


def add_reading(router: APIRouter, registry: Registry) -> None:
    """Add the ways to read collections that 2026-01 has."""

    @router.get("", response_model=CollectionsList)
    def list_collections(
        organization_id: UUID,
        orbit_id: UUID,
        cursor: str | None = None,
        limit: Limit = 50,
        sort_by: CollectionSortBy = CollectionSortBy.CREATED_AT,
        order: SortOrder = SortOrder.DESC,
        search: str | None = None,
    ) -> Response:
        collections = registry.records(COLLECTION, "list", organization_id, orbit_id)
        wanted = Wanted(cursor, limit, sort_by.value, order.value, search)
        page = collections_page(collections, wanted)
        return respond_page(Collection, page.items, page.cursor)

    @router.get("/{collection_id}", response_model=CollectionDetails)
    def get_collection(organization_id: UUID, orbit_id: UUID, collection_id: UUID) -> Response:
        collection = registry.records(COLLECTION, "read", organization_id, orbit_id).get(
            collection_id
        )
        models = registry.records(
            MODEL_ARTIFACT, "list", organization_id, orbit_id, collection_id
        ).all()
        tags = {tag for model in models for tag in model.tags or ()}
        metrics = {key for model in models for key in model.metrics}
        return respond(
            CollectionDetails, collection, models_tags=sorted(tags), models_metrics=sorted(metrics)
        )
