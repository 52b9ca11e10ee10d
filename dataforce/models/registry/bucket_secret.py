"""Bucket secrets: where an orbit keeps its files, and the credentials for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, SecretStr

from dataforce.backend.filters import Filter
from dataforce.backend.kind import Kind
from dataforce.models._base import (
    AssetRecord,
    CreateModel,
    Name,
    RecordID,
    Text,
    Timestamp,
    UpdateModel,
    refuse_blank,
    refuse_unstorable,
    without_credentials,
)
from dataforce.models.registry.organization import ORGANIZATION


class BucketSecret(AssetRecord):
    """A bucket that orbits may use. Its credentials are never returned.

    Attributes:
        id: UUID.
        type: `s3` or `azure` on platforms that know both.
        endpoint: Host and port without scheme; a connection string for Azure.
        bucket_name: Name of the bucket or container.
        secure: Whether it is reached over HTTPS; `None` means yes.
        region: Region of the bucket.
        cert_check: Whether its certificate is checked; `None` means yes.
        organization_id: UUID of the organization it belongs to.
        created_at: When it was made.
        updated_at: When it was last changed, `None` before the first change.
    """

    _shown = ("id", "bucket_name", "endpoint", "type")

    id: RecordID
    type: str | None = None
    endpoint: str
    bucket_name: str
    secure: bool | None = None
    region: str | None = None
    cert_check: bool | None = None
    organization_id: str
    created_at: Timestamp
    updated_at: Timestamp | None = None

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        # An Azure endpoint is a connection string that carries an account key or a signature.
        for name, value in super().__repr_args__():
            yield name, without_credentials(value)


def _without_scheme(endpoint: str) -> str:
    return endpoint.removeprefix("https://").removeprefix("http://")


def _refuse_unstorable(secret: SecretStr) -> SecretStr:
    refuse_unstorable(secret.get_secret_value())
    return secret


Endpoint = Annotated[Text, AfterValidator(_without_scheme), AfterValidator(refuse_blank)]
Credential = Annotated[SecretStr, AfterValidator(_refuse_unstorable)]


class BucketSecretCreate(CreateModel):
    """The create model of a bucket secret."""

    endpoint: Endpoint
    bucket_name: Name
    access_key: Credential | None = None
    secret_key: Credential | None = None
    session_token: Credential | None = None
    secure: bool | None = None
    region: Text | None = None
    cert_check: bool | None = None


class BucketSecretUpdate(UpdateModel):
    """The update model of a bucket secret."""

    endpoint: Endpoint = ""
    bucket_name: Name = ""
    access_key: Credential | None = None
    secret_key: Credential | None = None
    session_token: Credential | None = None
    secure: bool | None = None
    region: Text | None = None
    cert_check: bool | None = None


BucketSecretSort = Literal["created_at", "bucket_name"]
"""The fields that a list of bucket secrets may be sorted by."""

BUCKET_SECRET = Kind(
    name="bucket secret",
    route="bucket-secrets",
    record=BucketSecret,
    create=BucketSecretCreate,
    update=BucketSecretUpdate,
    parent=ORGANIZATION,
    names=("bucket_name",),
    sorts=get_args(BucketSecretSort),
    filters={
        "name": Filter("bucket_name"),
        "name_contains": Filter("bucket_name", "contains"),
        "created_after": Filter("created_at", ">", "datetime"),
        "created_before": Filter("created_at", "<", "datetime"),
    },
    starter={"endpoint": "localhost", "bucket_name": "local"},
    unique=("endpoint", "bucket_name"),
    forgiving_delete=True,
)
