"""Bodies of requests, by the names that the platform's documentation gives them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from dataforce.models import CollectionType
from dataforce.models.registry.model_artifact import MAXIMUM_SIZE
from dataforce.server.roles import OrbitRole

FileName = Annotated[str, Field(pattern=r"""^[^:"*`~#%;'^]+\.[^\s:"*`~#%;'^]+$""")]


def _refuse_large(size: int) -> int:
    if size > MAXIMUM_SIZE:
        raise ValueError("Model cant be bigger than 5TB")
    if size < -MAXIMUM_SIZE:  # the platform takes negative sizes, its database not all of them
        raise ValueError("A size is not that far below zero")
    return size


def _refuse_not_ascii(text: str) -> str:
    if not text.isascii():
        raise ValueError("An upload id is ASCII text")
    return text


Size = Annotated[int, AfterValidator(_refuse_large)]
"""The size of a file in bytes; no bucket takes more than 5 TiB."""


UploadId = Annotated[str, AfterValidator(_refuse_not_ascii)]
"""The id that a bucket gave an upload in parts; it becomes part of URLs."""


class BucketSecretCreateIn(BaseModel):
    """A bucket and its credentials, 2025-12."""

    endpoint: str
    bucket_name: str
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    secure: bool | None = None
    region: str | None = None
    cert_check: bool | None = None


class BucketSecretUpdate(BaseModel):
    """Changes of a bucket, 2025-12; the platform asks for an id and ignores it."""

    id: UUID
    endpoint: str | None = None
    bucket_name: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    secure: bool | None = None
    region: str | None = None
    cert_check: bool | None = None


class S3BucketSecretCreateIn(BucketSecretCreateIn):
    """A bucket of S3 and its credentials, 2026-01."""

    type: Literal["s3"] = "s3"
    region: str  # required from this version on


class S3BucketSecretUpdate(BucketSecretUpdate):
    """Changes of a bucket of S3, 2026-01."""

    type: Literal["s3"] = "s3"


class AzureBucketSecretCreateIn(BaseModel):
    """A container of Azure, 2026-01; its endpoint is a connection string."""

    type: Literal["azure"] = "azure"
    endpoint: str
    bucket_name: str


class AzureBucketSecretUpdate(BaseModel):
    """Changes of a container of Azure, 2026-01."""

    type: Literal["azure"] = "azure"
    id: UUID
    endpoint: str | None = None
    bucket_name: str | None = None


# By `type`, which both must carry: a default is no tag.
TypedSecret = Annotated[
    S3BucketSecretCreateIn | AzureBucketSecretCreateIn, Field(discriminator="type")
]
TypedSecretUpdate = Annotated[
    S3BucketSecretUpdate | AzureBucketSecretUpdate, Field(discriminator="type")
]


class BucketMultipartUpload(BaseModel):
    """An upload in parts that has begun, 2026-01."""

    bucket_id: UUID
    bucket_location: str
    size: Size
    upload_id: UploadId | None = None


class OrbitMemberCreateSimple(BaseModel):
    """Somebody who becomes a member of an orbit."""

    user_id: UUID
    role: OrbitRole


class OrbitCreateIn(BaseModel):
    """A new orbit."""

    name: str
    bucket_secret_id: UUID
    members: list[OrbitMemberCreateSimple] | None = None
    notify: bool = False


class OrbitUpdate(BaseModel):
    """Changes of an orbit."""

    id: UUID | None = None
    name: str | None = None
    bucket_secret_id: UUID | None = None


class CollectionCreateIn(BaseModel):
    """A new collection."""

    description: str
    name: str
    collection_type: CollectionType
    tags: list[str] | None = None


class CollectionUpdateIn(BaseModel):
    """A changed collection; the platform writes all three, absent ones as null."""

    description: str | None = None
    name: str | None = None
    tags: list[str] | None = None


class JSON(BaseModel):
    """An input or output that is one JSON document."""

    name: str
    content_type: Literal["JSON"]
    dtype: str
    tags: list[str] | None = None


class NDJSON(BaseModel):
    """An input or output that is an array."""

    name: str
    content_type: Literal["NDJSON"]
    dtype: Annotated[str, Field(pattern=r"^(Array\[.+\]|NDContainer\[.+\])$")]
    tags: list[str] | None = None
    shape: list[str | int]


class Var(BaseModel):
    """An attribute or environment variable that a model reads."""

    name: str
    description: str
    tags: list[str] | None = None


Item = Annotated[JSON | NDJSON, Field(discriminator="content_type")]


class Manifest(BaseModel):
    """The manifest of a package; fields that the platform does not know are dropped."""

    variant: str
    name: str | None = None
    version: str | None = None
    description: str | None = None
    producer_name: str
    producer_version: str
    producer_tags: list[str]
    inputs: list[Item]
    outputs: list[Item]
    dynamic_attributes: list[Var]
    env_vars: list[Var]


class ModelArtifactIn(BaseModel):
    """A new model artifact."""

    file_name: FileName
    model_name: str | None = None
    description: str | None = None
    metrics: dict[str, Any]
    manifest: Manifest
    file_hash: str
    file_index: dict[str, tuple[int, int]]
    size: Size
    tags: list[str] | None = None


class ModelArtifactUpdateIn(BaseModel):
    """Changes of a model artifact."""

    file_name: FileName | None = None
    model_name: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    status: Literal["uploaded", "upload_failed", "deletion_failed"] | None = None


class SortOrder(StrEnum):
    """The order of a list."""

    ASC = "asc"
    DESC = "desc"


class CollectionSortBy(StrEnum):
    """The fields that collections may be sorted by."""

    CREATED_AT = "created_at"
    NAME = "name"
    COLLECTION_TYPE = "collection_type"
    DESCRIPTION = "description"
    TOTAL_MODELS = "total_models"
