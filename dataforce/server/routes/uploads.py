"""The endpoints that begin an upload."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response

from dataforce import models
from dataforce.backend import Query
from dataforce.backend.paging import records_of
from dataforce.errors import NotFoundError
from dataforce.models import MODEL_ARTIFACT, ORBIT, ModelArtifactCreate
from dataforce.server.error_handlers import PlatformCrashError, convert
from dataforce.server.objects import ObjectStore, StoredObject
from dataforce.server.registry import Registry, words_of_missing
from dataforce.server.request_bodies import BucketMultipartUpload, ModelArtifactIn
from dataforce.server.responses import (
    CreatedModelArtifact,
    CreateModelArtifactResponse,
    ModelArtifact,
    PartDetails,
    S3MultiPartUploadDetails,
    S3UploadDetails,
    UploadDetails,
    json_of,
    shaped,
)
from dataforce.server.uploads import UploadLimits

ID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
LOCATION = re.compile(rf"orbit-{ID}/collection-{ID}/.+", re.DOTALL)


@dataclass(frozen=True)
class Uploads:
    """The endpoints of both versions.

    Args:
        registry: Where the records are.
        objects: Where the bytes go.
        limits: When they go in parts.
    """

    registry: Registry
    objects: ObjectStore
    limits: UploadLimits

    def create(
        self, request: Request, body: ModelArtifactIn, *parents: UUID
    ) -> tuple[models.ModelArtifact, StoredObject]:
        """Make a record that waits for its bytes."""
        found = self.registry.records(MODEL_ARTIFACT, "create", *parents)
        if body.model_name is None:
            found.require_parents()
            raise PlatformCrashError
        values = convert(ModelArtifactCreate, body.model_dump())
        with self.registry.lock, found.worded():  # nobody deletes the collection meanwhile
            record = self.registry.urls.create(found.scope, values).model
        base_url = str(request.base_url)
        return record, StoredObject(record.bucket_location, base_url, found.scope, record.id)

    def find(self, request: Request, body: BucketMultipartUpload) -> StoredObject:
        """The file that a location in the bucket of a secret names."""
        secret = self.registry.secret(body.bucket_id)
        if match := LOCATION.fullmatch(body.bucket_location):
            parents = UUID(secret.organization_id), UUID(match[1]), UUID(match[2])
            found = self.registry.records(MODEL_ARTIFACT, "create", *parents)
            # The newest first: an upload begins right after its record is made.
            for record in records_of(found, MODEL_ARTIFACT, Query(order="desc")):
                if record.bucket_location == body.bucket_location:
                    base_url = str(request.base_url)
                    return StoredObject(record.bucket_location, base_url, found.scope, record.id)
        raise NotFoundError(words_of_missing(MODEL_ARTIFACT))

    def single(self, target: StoredObject, size: int) -> UploadDetails:
        """Return the upload target of a small file, 2025-12."""
        url = self.objects.url("PUT", target)
        part = PartDetails(part_number=1, url=url, start_byte=0, end_byte=size, part_size=size)
        return UploadDetails(parts=[part])

    def prepared(self, target: StoredObject, size: int) -> UploadDetails:
        """Return the targets of parts, 2025-12; their ranges drift by a byte a part."""
        upload_id, length = self.objects.begin(target), self.limits.part_size(size)
        parts = [
            PartDetails(
                part_number=part.number,
                url=self.part_url(target, upload_id, part.number),
                start_byte=(start := (part.number - 1) * (length + 1)),
                end_byte=start + length,
                part_size=part.size,
            )
            for part in self.limits.parts(size)
        ]
        complete_url = self.objects.url("POST", target, uploadId=upload_id)
        return UploadDetails(upload_id=upload_id, parts=parts, complete_url=complete_url)

    def separate(self, target: StoredObject, size: int, upload_id: str) -> S3MultiPartUploadDetails:
        """Return the targets of parts, 2026-01."""
        parts = [
            PartDetails(
                part_number=part.number,
                url=self.part_url(target, upload_id, part.number),
                start_byte=part.start,
                end_byte=part.start + part.size - 1,
                part_size=part.size,
            )
            for part in self.limits.parts(size)
        ]
        complete_url = self.objects.url("POST", target, uploadId=upload_id)
        return S3MultiPartUploadDetails(upload_id=upload_id, parts=parts, complete_url=complete_url)

    def part_url(self, target: StoredObject, upload_id: str, number: int) -> str:
        """Return the URL of one part."""
        return self.objects.url("PUT", target, partNumber=str(number), uploadId=upload_id)


def add_prepared(
    router: APIRouter, prefix: str, registry: Registry, objects: ObjectStore, limits: UploadLimits
) -> None:
    """Add the endpoint of 2025-12, which begins an upload in parts itself."""
    uploads = Uploads(registry, objects, limits)

    @router.post(prefix, response_model=CreateModelArtifactResponse)
    def create_model(
        organization_id: UUID,
        orbit_id: UUID,
        collection_id: UUID,
        body: ModelArtifactIn,
        request: Request,
    ) -> Response:
        record, target = uploads.create(request, body, organization_id, orbit_id, collection_id)
        begin = uploads.prepared if record.size > limits.single else uploads.single
        return json_of(
            CreateModelArtifactResponse(
                model=shaped(ModelArtifact, record), url=begin(target, record.size)
            )
        )


def add_separate(
    router: APIRouter, prefix: str, registry: Registry, objects: ObjectStore, limits: UploadLimits
) -> None:
    """Add the endpoints of 2026-01, where the client begins an upload in parts."""
    uploads = Uploads(registry, objects, limits)

    @router.post(prefix, response_model=CreatedModelArtifact)
    def create_model(
        organization_id: UUID,
        orbit_id: UUID,
        collection_id: UUID,
        body: ModelArtifactIn,
        request: Request,
    ) -> Response:
        record, target = uploads.create(request, body, organization_id, orbit_id, collection_id)
        orbit = registry.records(ORBIT, "read", organization_id, orbit_id).get(orbit_id)
        in_parts = record.size > limits.single
        url = objects.url("POST", target, uploads="") if in_parts else objects.url("PUT", target)
        details = S3UploadDetails(
            url=url,
            multipart=in_parts,
            bucket_location=record.bucket_location,
            bucket_secret_id=orbit.bucket_secret_id,
        )
        return json_of(
            CreatedModelArtifact(model=shaped(ModelArtifact, record), upload_details=details)
        )

    @router.post("/bucket-secrets/upload/multipart", response_model=S3MultiPartUploadDetails)
    def list_parts(body: BucketMultipartUpload, request: Request) -> Response:
        target = uploads.find(request, body)
        if body.upload_id is None:
            raise PlatformCrashError
        return json_of(uploads.separate(target, body.size, body.upload_id))
