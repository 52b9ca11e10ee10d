"""Model artifacts: their records on the platform and their files in the bucket."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel

from dataforce.errors import BadRequestError, DataForceError, FileDeletionError
from dataforce.models import (
    MODEL_ARTIFACT,
    CreatedModel,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactStatus,
    ModelArtifactUpdate,
)
from dataforce_remote.files.bucket import BucketError
from dataforce_remote.files.downloads import RemoteContent
from dataforce_remote.files.upload_targets import register
from dataforce_remote.files.uploads import Uploads
from dataforce_remote.registry.pages import PagedStore

if TYPE_CHECKING:
    from dataforce.backend import Advance, Query, Scope, Source
    from dataforce_remote.files.bucket import Bucket
    from dataforce_remote.files.checkpoints import Checkpoints
    from dataforce_remote.records import Platform

_NOT_FOUND = 404


class _URL(BaseModel):
    url: str


class ModelArtifactStore(PagedStore[ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]):
    """The records; deleting one deletes its file."""

    @property
    def bucket(self) -> Bucket:
        """The connections to the bucket."""
        return self.platform.bucket()

    def create(self, values: ModelArtifactCreate) -> ModelArtifact:
        """Make a record whose file is pending."""
        return register(self, values).model

    def delete(self, identifier: str) -> None:
        """Remove the file, then the record; a file that stays leaves it `deletion_failed`."""
        record = self.get(identifier)
        self.require_unused(record.id)
        self.delete_known(record)

    def delete_known(self, record: ModelArtifact) -> None:
        """Remove a record that was just read, and its file first."""
        url = self.signed(record.id, "delete-url")
        error = None
        try:
            self.bucket.request("DELETE", url)
        except BucketError as raised:
            error = None if raised.status == _NOT_FOUND else raised
        if error is not None:
            raise self._not_deleted(record, error)
        super().delete(record.id)

    def sort_parameter(self, query: Query) -> str | None:
        """Return the name of the field or metric that the platform sorts by.

        In ascending order absent metrics stand first, and with them text; the platform takes some
        text for a number, and nothing tells so before the numbers come. So that is sorted here.
        """
        sort_by = self.kind.sort_of(query)
        dictionary, dot, key = sort_by.partition(".")
        if not dot:
            return sort_by
        is_column = key in self.kind.sorts or key == dictionary
        return None if is_column or query.order == "asc" else key

    def signed(self, identifier: str, purpose: str) -> str:
        """Return a URL that the platform signs: `download-url` or `delete-url`."""
        response = self.call("GET", identifier, suffix=f"/{purpose}")
        return response.parse(_URL.model_validate_json).url

    def set_status(
        self,
        identifier: str,
        status: ModelArtifactStatus,
        retry_timeout: float = math.inf,
    ) -> ModelArtifact:
        """Return the record with that status, also if the response to the first attempt is lost."""
        changes = ModelArtifactUpdate.model_validate({"status": status})
        body = changes.model_dump_json(exclude_unset=True).encode()
        try:
            response = self.call(
                "PATCH", identifier, body=body, is_idempotent=True, retry_timeout=retry_timeout
            )
        except BadRequestError:
            record = self.get(identifier)
            if record.status != status:
                raise
            return record
        return response.parse(self.one)

    def _not_deleted(self, record: ModelArtifact, error: BucketError) -> FileDeletionError:
        try:
            self.set_status(record.id, ModelArtifactStatus.DELETION_FAILED)
            told = "its status is deletion_failed"
        except DataForceError:
            told = "its status could not be set to deletion_failed"
        return FileDeletionError(
            f"The file of model artifact {record.id} was not deleted, and {told}: {error}. Try "
            f"again; it lies at {record.bucket_location} in the bucket."
        )


class ModelFiles:
    """The files of the model artifacts below one scope.

    Args:
        store: Their records.
        checkpoints: The checkpoints of uploads under way.
    """

    def __init__(self, store: ModelArtifactStore, checkpoints: Checkpoints) -> None:
        self._store = store
        self._uploads = Uploads(store, checkpoints, self.open)

    def upload(
        self,
        values: ModelArtifactCreate,
        sources: Mapping[str, Source],
        advance: Advance,
        *,
        key: str | None = None,
    ) -> ModelArtifact:
        """Store a record with its file in the bucket, both or neither."""
        return self._uploads.upload(values, sources["file"], advance, key)

    def create(self, values: ModelArtifactCreate) -> CreatedModel:
        """Make a record whose file is pending, and say where its bytes go."""
        return self._uploads.create(values)

    def open(self, record: ModelArtifact, name: str = "file") -> RemoteContent:
        """Return the bytes of a record."""
        find_url = partial(self._store.signed, record.id, "download-url")
        return RemoteContent(self._store.bucket, MODEL_ARTIFACT, record, name, find_url)


class RemoteSignedURLs:
    """The service `SignedURLs` of the registry.

    Args:
        platform: Where the records are.
        checkpoints: The checkpoints of uploads under way.
    """

    def __init__(self, platform: Platform, checkpoints: Checkpoints) -> None:
        self._platform = platform
        self._checkpoints = checkpoints

    def create(self, scope: Scope, values: ModelArtifactCreate) -> CreatedModel:
        """Make a record whose file is pending, and say where its bytes go."""
        return ModelFiles(self._store(scope), self._checkpoints).create(values)

    def download_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL that the bytes can be read from."""
        return self._signed(scope, identifier, "download-url")

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL to delete the bytes with; the record becomes `pending_deletion`."""
        return self._signed(scope, identifier, "delete-url")

    def _signed(self, scope: Scope, identifier: str, purpose: str) -> str:
        # The platform does not check that the model is in the collection.
        store = self._store(scope)
        return store.signed(store.get(identifier).id, purpose)

    def _store(self, scope: Scope) -> ModelArtifactStore:
        return cast("ModelArtifactStore", self._platform.store(MODEL_ARTIFACT, scope))
