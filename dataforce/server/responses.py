"""What the endpoints answer, by the names that the platform's documentation gives it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field
from starlette.responses import Response

from dataforce.models import CollectionType, ModelArtifactStatus
from dataforce.server.request_bodies import Manifest

A = TypeVar("A", bound=BaseModel)


class OrganizationSwitcher(BaseModel):
    """An organization and what the caller may do in it."""

    id: str
    name: str
    logo: str | None = None
    created_at: datetime
    updated_at: datetime | None = None
    role: str | None = None
    permissions: dict[str, Any] | None = None


class BucketSecretOut(BaseModel):
    """A bucket, 2025-12."""

    id: str
    endpoint: str
    bucket_name: str
    secure: bool | None = None
    region: str | None = None
    cert_check: bool | None = None
    organization_id: str
    created_at: datetime
    updated_at: datetime | None = None


class S3BucketSecretOut(BucketSecretOut):
    """A bucket of S3, 2026-01."""

    type: Literal["s3"] = "s3"
    region: str  # never null from this version on


class AzureBucketSecretOut(BaseModel):
    """A container of Azure, 2026-01; its endpoint is a connection string."""

    id: str
    type: Literal["azure"] = "azure"
    endpoint: str
    bucket_name: str
    organization_id: str
    created_at: datetime
    updated_at: datetime | None = None


TypedSecretOut = Annotated[S3BucketSecretOut | AzureBucketSecretOut, Field(discriminator="type")]


class BucketSecretUrls(BaseModel):
    """URLs that show whether a bucket can be used."""

    presigned_url: str
    download_url: str
    delete_url: str


class Orbit(BaseModel):
    """An orbit in a list."""

    id: str
    name: str
    organization_id: str
    bucket_secret_id: str
    total_members: int | None = None
    total_collections: int | None = None
    total_satellites: int | None = None
    total_model_artifacts: int | None = None
    role: str | None = None
    created_at: datetime
    updated_at: datetime | None = None
    permissions: dict[str, Any] | None = None


class OrbitMember(BaseModel):
    """A member of an orbit."""

    id: str
    orbit_id: str
    role: str
    user: dict[str, Any]
    created_at: datetime
    updated_at: datetime | None = None


class OrbitDetails(Orbit):
    """One orbit, 2025-12."""

    members: list[OrbitMember] | None = None


class TaggedOrbitDetails(OrbitDetails):
    """One orbit, 2026-01."""

    collections_tags: list[str] = []


class Collection(BaseModel):
    """A collection."""

    id: str
    orbit_id: str
    description: str
    name: str
    collection_type: CollectionType | str
    tags: list[str] | None = None
    total_models: int
    created_at: datetime
    updated_at: datetime | None = None


class CollectionDetails(Collection):
    """One collection, 2026-01."""

    models_tags: list[str] = []
    models_metrics: list[str] = []


class CollectionsList(BaseModel):
    """A page of collections, 2026-01."""

    items: list[Collection]
    cursor: str | None


class ModelArtifact(BaseModel):
    """A model artifact."""

    id: str
    collection_id: str
    file_name: str
    model_name: str | None = None
    description: str | None = None
    metrics: dict[str, Any]
    manifest: Manifest
    file_hash: str
    file_index: dict[str, tuple[int, int]]
    bucket_location: str
    size: int
    unique_identifier: str
    tags: list[str] | None = None
    status: ModelArtifactStatus | str
    created_by_user: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class ModelArtifactsList(BaseModel):
    """A page of model artifacts, 2026-01."""

    items: list[ModelArtifact]
    cursor: str | None


class PartDetails(BaseModel):
    """One stretch of a file and where to PUT it."""

    part_number: int
    url: str
    start_byte: int
    end_byte: int
    part_size: int


class UploadDetails(BaseModel):
    """Where the bytes of a model go, 2025-12."""

    upload_id: str | None = None
    parts: list[PartDetails]
    complete_url: str | None = None


class CreateModelArtifactResponse(BaseModel):
    """A new model artifact, 2025-12."""

    model: ModelArtifact
    url: UploadDetails


class S3UploadDetails(BaseModel):
    """Where the bytes of a model go, 2026-01."""

    type: str = "s3"
    url: str
    multipart: bool = False
    bucket_location: str
    bucket_secret_id: str


class CreatedModelArtifact(BaseModel):
    """A new model artifact, 2026-01."""

    model: ModelArtifact
    upload_details: S3UploadDetails


class S3MultiPartUploadDetails(BaseModel):
    """Where the parts of a model go, 2026-01."""

    type: str = "s3"
    upload_id: str
    parts: list[PartDetails]
    complete_url: str


class SignedURL(BaseModel):
    """A URL that grants access to whoever holds it."""

    url: str


def answer(model: type[BaseModel], record: object, **more: object) -> Response:
    """Answer one object.

    Args:
        model: The answer's form.
        record: What holds its fields; others are left out.
        more: Fields that the record does not hold, or not as the answer does.
    """
    return json_of(shaped(model, record, **more))


def answer_all(model: type[BaseModel], records: Iterable[object]) -> Response:
    """Answer an array of objects."""
    return array_of(shaped(model, record) for record in records)


def answer_page(model: type[BaseModel], records: Iterable[object], cursor: str | None) -> Response:
    """Answer one page of objects; `cursor` tells where the next begins."""
    items = [shaped(model, record) for record in records]
    page = array_of(items).body
    end = "null" if cursor is None else f'"{cursor}"'  # url-safe, so there is nothing to escape
    content = b'{"items":%b,"cursor":%b}' % (bytes(page), end.encode())
    return Response(content, media_type="application/json")


def json_of(model: BaseModel, status: int = 200) -> Response:
    """Answer what is in its form already."""
    return Response(model.model_dump_json(), status, media_type="application/json")


def array_of(models: Iterable[BaseModel]) -> Response:
    """Answer an array of what is in its form already."""
    content = ",".join(model.model_dump_json() for model in models)
    return Response(f"[{content}]", media_type="application/json")


def shaped(model: type[A], record: object, **more: object) -> A:
    """An object in the form of an answer."""
    fields = {name: getattr(record, name, more.get(name)) for name in model.model_fields}
    return model.model_validate(fields | more, from_attributes=True)


def nothing() -> Response:
    """Answer that something is gone."""
    return Response(status_code=204)
