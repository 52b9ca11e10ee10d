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
from dataforce_remote.registry.records import checked_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataforce.backend import Scope
    from dataforce_remote.files.model_artifacts import ModelArtifactStore


class Target(BaseModel):
    """Where bytes go, as newer platforms say it.

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
    """The answer to a new model artifact; an older platform gives `url`, a newer the other.

    Attributes:
        model: The record.
        url: All the URLs.
        upload_details: What leads to them.
    """

    model: ModelArtifact
    url: UploadDetails | None = None
    upload_details: Target | None = None


def register(store: ModelArtifactStore, scope: Scope, values: ModelArtifactCreate) -> Registered:
    """Make the record; its status is `pending_upload`."""
    body = values.model_dump_json().encode()
    try:
        reply = store.call("POST", scope, body=body, to_the_end=True)
    except BadRequestError as error:
        # The platform makes the record before the URL, and keeps it when it can make no URL.
        if (left := _left_behind(store, scope, values)) is not None:
            extend(
                error,
                f"A new model artifact {left} waits for bytes that cannot come: delete it.",
            )
        raise
    answer = reply.parse(Registered.model_validate_json)
    # Before anything is kept of the upload: a checkpoint with no id could never be resumed.
    checked_id(store.kind, answer.model.id)
    newer = answer.upload_details is not None
    store.version.learn(APIVersion.JANUARY_2026 if newer else APIVersion.DECEMBER_2025)
    return answer


def _left_behind(
    store: ModelArtifactStore, scope: Scope, values: ModelArtifactCreate
) -> str | None:
    """The id of the newest record that waits and is all that was asked for, if there is one."""
    told = ("file_name", "model_name", "description", "tags", "file_hash", "size")
    with suppress(DataForceError):  # what was refused counts, not what cannot be looked up
        for record in store.page(scope, Query(sort_by="created_at", order="desc")).items:
            is_pending = record.status == ModelArtifactStatus.PENDING_UPLOAD
            if is_pending and all(getattr(record, name) == getattr(values, name) for name in told):
                return record.id
    return None


def plan_for(store: ModelArtifactStore, answer: Registered, begun: Callable[[str], object]) -> Plan:
    """Where the bytes go; begins the upload in parts where that is for the client to do.

    Args:
        store: The records.
        answer: What the platform said of the new one.
        begun: Is told the id of an upload in parts, once there is something to clean up.

    Raises:
        BucketError: The bucket does not begin it.
        APIError: The platform does not go on.
    """
    target, details, size = answer.upload_details, answer.url, answer.model.size
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
            f"of model artifact {answer.model.id} go, which has {size}. Tell those who run it."
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
    reply = store.api.call("POST", path, body=body, repeatable=True)
    return reply.parse(UploadDetails.model_validate_json)
