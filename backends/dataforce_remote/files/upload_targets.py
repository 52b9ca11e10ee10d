"""A new model artifact, and where the platform says that its bytes go."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import BaseModel

from dataforce.backend import Query
from dataforce.config import APIVersion
from dataforce.errors import APIResponseValidationError, BadRequestError, DataForceError
from dataforce.models import (
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactStatus,
    UploadDetails,
    UploadPart,
)
from dataforce_remote.files.multipart import Plan, initiate
from dataforce_remote.http.transport_errors import extend
from dataforce_remote.records import checked_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataforce_remote.files.model_artifacts import ModelArtifactStore


class Target(BaseModel):
    """An upload target, in the form of newer platforms.

    Attributes:
        type: `s3` or `azure`.
        url: Where to put the whole, or to begin an upload in parts.
        multipart: Whether it goes in parts.
        bucket_location: Name of the object.
        bucket_secret_id: Id of the bucket.
    """

    type: str
    url: str | None = None
    multipart: bool
    bucket_location: str
    bucket_secret_id: str


class Registered(BaseModel):
    """The response to a new model artifact; an older platform gives `url`, a newer the other.

    Attributes:
        model: The record.
        url: All the URLs.
        upload_details: What leads to them.
    """

    model: ModelArtifact
    url: UploadDetails | None = None
    upload_details: Target | None = None


def register(store: ModelArtifactStore, values: ModelArtifactCreate) -> Registered:
    """Make the record; its status is `pending_upload`."""
    body = values.model_dump_json().encode()
    try:
        response = store.call("POST", body=body, uncancellable=True)
    except BadRequestError as error:
        # The platform makes the record before the URL, and keeps it when it can make no URL.
        if (left := _left_behind(store, values)) is not None:
            extend(
                error,
                f"A new model artifact {left} waits for bytes that cannot come: delete it.",
            )
        raise
    registered = response.parse(Registered.model_validate_json)
    # Before anything is kept of the upload: a checkpoint without an id could never be resumed.
    checked_id(store.kind, registered.model.id)
    newer = registered.upload_details is not None
    store.version.learn(APIVersion.JANUARY_2026 if newer else APIVersion.DECEMBER_2025)
    return registered


def _left_behind(store: ModelArtifactStore, values: ModelArtifactCreate) -> str | None:
    """Return the id of the newest pending record of these values, if there is one."""
    told = ("file_name", "model_name", "description", "tags", "file_hash", "size")
    with suppress(DataForceError):  # what was refused counts, not what cannot be looked up
        for record in store.page(Query(sort_by="created_at", order="desc")).items:
            is_pending = record.status == ModelArtifactStatus.PENDING_UPLOAD
            if is_pending and all(getattr(record, name) == getattr(values, name) for name in told):
                return record.id
    return None


def plan_for(
    store: ModelArtifactStore, registered: Registered, begun: Callable[[str], object]
) -> Plan:
    """Return where the bytes go, after beginning the upload in parts if that is left to the client.

    Args:
        store: The records.
        registered: The response to the new record.
        begun: Is told the id of an upload in parts, once there is something to clean up.

    Raises:
        BucketError: The bucket does not begin it.
        APIError: The platform does not go on.
    """
    target, details, size = registered.upload_details, registered.url, registered.model.size
    if target is None:
        plan = Plan("s3", details or UploadDetails(parts=[]))
        if plan.details.upload_id is not None:
            begun(plan.details.upload_id)
    elif target.multipart:
        plan = Plan(target.type, _parts(store, target, size, begun))
    else:
        whole = UploadPart(
            part_number=1, url=target.url or "", start_byte=0, end_byte=size, part_size=size
        )
        plan = Plan(target.type, UploadDetails(parts=[whole]))
    if sum(part.part_size for part in plan.details.parts) != max(size, 0):
        raise APIResponseValidationError(
            f"The platform says where {sum(part.part_size for part in plan.details.parts)} bytes "
            f"of model artifact {registered.model.id} go, which has {size}. Tell those who run it."
        )
    return plan


def _parts(
    store: ModelArtifactStore, target: Target, size: int, begun: Callable[[str], object]
) -> UploadDetails:
    asked: dict[str, object] = {
        "bucket_id": target.bucket_secret_id,
        "bucket_location": target.bucket_location,
        "size": size,
    }
    if target.url is not None:  # with Azure there is nothing to begin
        asked["upload_id"] = upload_id = initiate(store.bucket, target.url)
        begun(upload_id)
    path = "/bucket-secrets/upload/multipart"
    # It makes URLs and nothing else.
    body = json.dumps(asked).encode()
    response = store.platform.api.call("POST", path, body=body, is_idempotent=True)
    return response.parse(UploadDetails.model_validate_json)
