"""Model artifacts: their records on the platform and their files in the bucket."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from dataforce.errors import BadRequestError, DataForceError, FileDeletionError
from dataforce.models import (
    CreatedModel,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactStatus,
    ModelArtifactUpdate,
)
from dataforce_remote.files.bucket import Bucket, BucketError
from dataforce_remote.files.checkpoints import Journal
from dataforce_remote.files.downloads import RemoteContent
from dataforce_remote.files.multipart import Outgoing
from dataforce_remote.files.uploads import Uploads
from dataforce_remote.registry.pages import PagedStore

if TYPE_CHECKING:
    from dataforce.backend import Advance, Incoming, Scope

_GONE = 404


class _URL(BaseModel):
    url: str


class ModelArtifactStore(PagedStore[ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]):
    """The records; deleting one deletes its file."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.bucket = Bucket(self.api.settings, self.api.budget)
        self.content = ModelContent(self)

    def close(self) -> None:
        """Close the connections to the bucket."""
        self.bucket.close()

    def delete(self, scope: Scope, identifier: str) -> None:
        """Remove the file, then the record; a file that stays leaves it `deletion_failed`."""
        self.delete_known(scope, self.get(scope, identifier))

    def delete_known(self, scope: Scope, record: ModelArtifact) -> None:
        """The same for a record that was just read."""
        url = self.signed(scope, record.id, "delete-url")
        fault = None
        try:
            self.bucket.request("DELETE", url)
        except BucketError as error:
            fault = None if error.status == _GONE else error
        if fault is not None:
            raise self._not_deleted(scope, record, fault)
        super().delete(scope, record.id)

    def signed(self, scope: Scope, identifier: str, purpose: str) -> str:
        """A URL that the platform signs: `download-url` or `delete-url`."""
        reply = self.call("GET", scope, identifier, suffix=f"/{purpose}")
        return reply.parse(_URL.model_validate_json).url

    def set_status(
        self,
        scope: Scope,
        identifier: str,
        status: ModelArtifactStatus,
        patience: float = math.inf,
    ) -> ModelArtifact:
        """The record with that status, also if the answer to the first attempt is lost."""
        changes = ModelArtifactUpdate.model_validate({"status": status})
        body = changes.model_dump_json(exclude_unset=True).encode()
        try:
            reply = self.call(
                "PATCH", scope, identifier, body=body, repeatable=True, patience=patience
            )
        except BadRequestError:
            record = self.get(scope, identifier)
            if record.status != status:
                raise
            return record
        return reply.parse(self.one)

    def _not_deleted(
        self, scope: Scope, record: ModelArtifact, fault: BucketError
    ) -> FileDeletionError:
        try:
            self.set_status(scope, record.id, ModelArtifactStatus.DELETION_FAILED)
            told = "its status is deletion_failed"
        except DataForceError:
            told = "its status could not be set to deletion_failed"
        return FileDeletionError(
            f"The file of model artifact {record.id} was not deleted, and {told}: {fault}. Try "
            f"again; it lies at {record.bucket_location} in the bucket."
        )


class ModelContent:
    """The files.

    Args:
        store: Their records.
    """

    def __init__(self, store: ModelArtifactStore) -> None:
        self._store = store

    @cached_property
    def _uploads(self) -> Uploads:
        from platformdirs import user_state_path

        journal = Journal(user_state_path("dataforce", appauthor=False) / "uploads")
        return Uploads(self._store, journal, self.open)

    @contextmanager
    def receive(self, scope: Scope, path: Path, advance: Advance) -> Iterator[Outgoing]:
        """The file at `path`; it goes when `upload` knows where."""
        yield Outgoing(path, advance)

    def upload(
        self, scope: Scope, values: ModelArtifactCreate, incoming: Incoming
    ) -> ModelArtifact:
        """Bring the file to the bucket; the record tells in the end whether it is there."""
        return self._uploads.upload(scope, values, cast("Outgoing", incoming))

    def create(self, scope: Scope, values: ModelArtifactCreate) -> CreatedModel:
        """A record that waits for its bytes, and where they go."""
        return self._uploads.create(scope, values)

    def open(self, scope: Scope, record: ModelArtifact) -> RemoteContent:
        """The bytes of a record."""
        find_url = partial(self._store.signed, scope, record.id, "download-url")
        return RemoteContent(self._store.bucket, record, find_url)

    def download_url(self, scope: Scope, identifier: str) -> str:
        """A URL that the bytes can be read from."""
        return self._signed(scope, identifier, "download-url")

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """A URL to delete the bytes with; the record becomes `pending_deletion`."""
        return self._signed(scope, identifier, "delete-url")

    def _signed(self, scope: Scope, identifier: str, purpose: str) -> str:
        # The platform does not check that the model is in the collection.
        record = self._store.get(scope, identifier)
        return self._store.signed(scope, record.id, purpose)
