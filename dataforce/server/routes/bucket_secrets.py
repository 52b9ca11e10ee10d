"""The endpoints of bucket secrets.

The versions differ in their bodies only; each has the endpoints once more, for the bodies' sake.
"""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from dataforce.config import APIVersion
from dataforce.errors import BadRequestError, ConflictError
from dataforce.models import (
    BUCKET_SECRET,
    BucketSecret,
    BucketSecretCreate,
)
from dataforce.server.error_handlers import convert
from dataforce.server.objects import ObjectStore, StoredObject
from dataforce.server.probe_objects import PROBES
from dataforce.server.registry import Records, Registry
from dataforce.server.request_bodies import (
    BucketSecretCreateIn,
    BucketSecretUpdate,
    TypedSecret,
    TypedSecretUpdate,
)
from dataforce.server.responses import (
    AzureBucketSecretOut,
    BucketSecretOut,
    BucketSecretUrls,
    S3BucketSecretOut,
    TypedSecretOut,
    array_of,
    json_of,
    nothing,
    shaped,
)
from dataforce.server.roles import Action

DUPLICATE = "Bucket secret with the given bucket name and endpoint already exists."
SECRETS = "/organizations/{organization_id}/bucket-secrets"
SECRET = SECRETS + "/{secret_id}"
IN_USE = "Cannot delete bucket secret that is currently used by orbits"


class Endpoints:
    """The endpoints of both versions.

    Args:
        registry: Where the secrets are.
        objects: Where the URLs of a bucket lead.
        is_typed: Whether secrets have a type, as they do from 2026-01 on.
    """

    def __init__(self, registry: Registry, objects: ObjectStore, is_typed: bool) -> None:
        self.registry = registry
        self.objects = objects
        self.is_typed = is_typed

    def secrets(self, action: Action, organization_id: UUID) -> Records[Any, Any, Any]:
        """The secrets of an organization, for a caller who may do that with them."""
        return self.registry.records(BUCKET_SECRET, action, organization_id)

    def shaped(self, secret: BucketSecret) -> BaseModel:
        """Return a secret in the form of this version."""
        form: type[BaseModel] = BucketSecretOut
        if not self.is_typed:
            return shaped(form, secret)
        kind = type_of(secret.endpoint)
        form = AzureBucketSecretOut if kind == "azure" else S3BucketSecretOut
        return shaped(form, secret, type=kind, region=secret.region or "")

    def create(self, organization_id: UUID, body: BaseModel) -> Response:
        """Keep a new secret."""
        found = self.secrets("create", organization_id)
        values = convert(BucketSecretCreate, body.model_dump(exclude={"type"}))
        created = found.create(values, conflict=DUPLICATE)
        return json_of(self.shaped(created))

    def update(self, organization_id: UUID, secret_id: UUID, body: BaseModel) -> Response:
        """Change what was sent; the id in the body is ignored."""
        given = body.model_dump(exclude_unset=True, exclude={"type", "id"})
        found = self.secrets("update", organization_id)
        found.get(secret_id)
        if None in (given.get("endpoint", ""), given.get("bucket_name", "")):
            raise ConflictError(DUPLICATE)  # so the platform explains a column that is not null
        changes = convert(BUCKET_SECRET.update, given)
        return json_of(self.shaped(found.update(secret_id, changes, conflict=DUPLICATE)))

    def check_stored(self, body: Any) -> None:
        """Refuse a secret that is not there; the id in the body counts, not that of the path."""
        stored = type_of(self.registry.secret(body.id).endpoint)
        if self.is_typed and stored != body.type:
            raise BadRequestError("Bucket type cannot be changed")

    def urls(self, request: Request) -> Response:
        """Return URLs of a probe object, in a place of its own."""
        probe = StoredObject(f"{PROBES}/{secrets.token_hex(8)}/test_file", str(request.base_url))
        return json_of(
            BucketSecretUrls(
                presigned_url=self.objects.url("PUT", probe),
                download_url=self.objects.url("GET", probe),
                delete_url=self.objects.url("DELETE", probe),
            )
        )


def type_of(endpoint: str) -> str:
    """The type of a secret: Azure's endpoints are connection strings, and nobody else's are."""
    return "azure" if "AccountName=" in endpoint else "s3"


def routes(registry: Registry, objects: ObjectStore, api_version: APIVersion) -> APIRouter:
    """The endpoints of bucket secrets."""
    is_typed = api_version == APIVersion.JANUARY_2026
    endpoints = Endpoints(registry, objects, is_typed)
    router = APIRouter()
    add_common(router, endpoints, TypedSecretOut if is_typed else BucketSecretOut)
    (add_typed if is_typed else add_untyped)(router, endpoints)
    return router


def add_common(router: APIRouter, endpoints: Endpoints, form: Any) -> None:
    """Add the endpoints without a body."""

    @router.get(SECRETS, response_model=list[form])
    def list_secrets(organization_id: UUID) -> Response:
        return array_of(map(endpoints.shaped, endpoints.secrets("list", organization_id).all()))

    @router.get(SECRET, response_model=form)
    def get_secret(organization_id: UUID, secret_id: UUID) -> Response:
        return json_of(endpoints.shaped(endpoints.secrets("read", organization_id).get(secret_id)))

    @router.delete(SECRET, status_code=204)
    def delete_secret(organization_id: UUID, secret_id: UUID) -> Response:
        endpoints.secrets("delete", organization_id).delete(secret_id, conflict=IN_USE)
        return nothing()


def add_untyped(router: APIRouter, endpoints: Endpoints) -> None:
    """Add the endpoints whose body is that of 2025-12."""

    @router.post(SECRETS, response_model=BucketSecretOut)
    def create_secret(organization_id: UUID, body: BucketSecretCreateIn) -> Response:
        return endpoints.create(organization_id, body)

    @router.patch(SECRET, response_model=BucketSecretOut)
    def update_secret(organization_id: UUID, secret_id: UUID, body: BucketSecretUpdate) -> Response:
        return endpoints.update(organization_id, secret_id, body)

    @router.post(f"{SECRET}/urls", response_model=BucketSecretUrls)
    def stored_urls(
        organization_id: UUID, secret_id: UUID, body: BucketSecretUpdate, request: Request
    ) -> Response:
        endpoints.check_stored(body)
        return endpoints.urls(request)

    @router.post("/bucket-secrets/urls", response_model=BucketSecretUrls)
    def urls(body: BucketSecretCreateIn, request: Request) -> Response:
        return endpoints.urls(request)


def add_typed(router: APIRouter, endpoints: Endpoints) -> None:
    """Add the endpoints whose body is that of 2026-01."""

    @router.post(SECRETS, response_model=TypedSecretOut)
    def create_secret(organization_id: UUID, body: TypedSecret) -> Response:
        return endpoints.create(organization_id, body)

    @router.patch(SECRET, response_model=TypedSecretOut)
    def update_secret(organization_id: UUID, secret_id: UUID, body: TypedSecretUpdate) -> Response:
        return endpoints.update(organization_id, secret_id, body)

    @router.post(f"{SECRET}/urls", response_model=BucketSecretUrls)
    def stored_urls(
        organization_id: UUID, secret_id: UUID, body: TypedSecretUpdate, request: Request
    ) -> Response:
        endpoints.check_stored(body)
        return endpoints.urls(request)

    @router.post("/bucket-secrets/urls", response_model=BucketSecretUrls)
    def urls(body: TypedSecret, request: Request) -> Response:
        return endpoints.urls(request)
