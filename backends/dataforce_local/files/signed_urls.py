"""Signed URLs of model artifacts: users move the bytes of these themselves.

What a user brings, and the marker that he is to delete, have the unique identifier of the record
for their name, in the folder `incoming`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from sqlalchemy import literal, select

from dataforce.backend import Scope
from dataforce.errors import BadRequestError, FileUploadError
from dataforce.models import (
    CreatedModel,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactStatus,
    ModelArtifactUpdate,
    UploadDetails,
    UploadPart,
)
from dataforce_local.files.blob_store import blob_path
from dataforce_local.files.file_system import MissingFileError
from dataforce_local.files.store import LocalFiles, StoredFile
from dataforce_local.records.store import LocalStore

if TYPE_CHECKING:
    from dataforce_local.files.blob_store import BlobStore
    from dataforce_local.files.file_system import Files
    from dataforce_local.records.rows import Rows

    ModelRows = Rows[ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]

FILE = "file"
MARKER = "deletion marker"
"""Name of the file that stands for the bytes of a record in a URL to delete them."""


class ModelArtifactStore(LocalStore[ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]):
    """The records of model artifacts, whose bytes a user may bring."""

    def update(self, identifier: str, changes: ModelArtifactUpdate) -> ModelArtifact:
        """Return the record after the changes; `uploaded` takes in what a user brought."""
        status = changes.status if "status" in changes.model_fields_set else None
        if status == ModelArtifactStatus.UPLOADED:
            record = self.get(identifier)
            waits = record.status == ModelArtifactStatus.PENDING_UPLOAD
            if waits and self.blobs.files.exists(own_place(record)):
                return self._take_in(record, changes)
            if waits and self.blobs.holds_files:
                raise BadRequestError(
                    f"Model artifact {identifier} cannot become uploaded: its file was not "
                    f"uploaded. Bring it to the URL that creating the record returned, or set the "
                    f"status to upload_failed."
                )
        if status != ModelArtifactStatus.UPLOAD_FAILED:
            return super().update(identifier, changes)
        with self.database.writing() as connection:
            self.blobs.lock(connection)
            changed = self.rows.change(connection, self.scope, identifier, changes)
            self.rows.files.remove(connection, select(literal(identifier)), (FILE,))
        self.blobs.sweep()
        return changed

    def _take_in(self, record: ModelArtifact, changes: ModelArtifactUpdate) -> ModelArtifact:
        brought, digest = _Brought(self.blobs.files, record), record.file_hash.lower()
        try:
            # A copy: the user may go on to change his own.
            with self.blobs.staging(brought, digest, lambda _: None) as staged:
                self.blobs.announce([digest])
                with self.database.writing() as connection:
                    self.blobs.lock(connection)
                    taken = self.rows.change(connection, self.scope, record.id, changes)
                    self.rows.files.remove(connection, select(literal(record.id)), (FILE,))
                    self.rows.files.add(connection, record.id, {FILE: blob_path(digest)})
                    self.blobs.place(connection, staged, digest)
        except FileUploadError as error:
            raise FileUploadError(
                f"The bytes brought for model artifact {record.id} are not those announced: "
                f"{error.message} Bring them again, or set the status to upload_failed."
            ) from error
        self.blobs.sweep()
        return taken


class ModelArtifactFiles(LocalFiles[ModelArtifact, ModelArtifactCreate]):
    """The files of model artifacts, as long as nobody deleted them by hand."""

    def open(self, record: ModelArtifact, name: str) -> StoredModel:
        """Return the bytes of a record."""
        return StoredModel(self._rows, self._blobs, record, name)


class StoredModel(StoredFile[ModelArtifact]):
    """The bytes of one model artifact."""

    def path(self, files: Mapping[str, str]) -> str:
        """Return the path of the bytes, of the files that the record has."""
        marker = own_place(self.record)
        path = files.get(self.name, marker)
        # The marker of bytes that never came is not their place; without one they were deleted by
        # hand.
        is_marked = self.record.status == ModelArtifactStatus.PENDING_DELETION
        if is_marked and (path == marker or not self.blobs.files.exists(marker)):
            raise MissingFileError(path)
        return path


class LocalSignedURLs:
    """The service of signed URLs, which are URLs of files here; see `SignedURLs`.

    Args:
        rows: The rows of model artifacts.
        blobs: What their files are.
    """

    def __init__(self, rows: ModelRows, blobs: BlobStore) -> None:
        self._rows = rows
        self._blobs = blobs

    def create(self, scope: Scope, values: ModelArtifactCreate) -> CreatedModel:
        """Make a record whose file is pending, and say where its bytes go."""
        with self._rows.database.writing() as connection:
            record = self._rows.insert(connection, scope, values)
            place = {FILE: own_place(record)}
            self._rows.files.add(connection, record.id, place, is_new=True)
        part = UploadPart(
            part_number=1,
            url=self._blobs.files.url(own_place(record)),
            start_byte=0,
            end_byte=record.size,
            part_size=record.size,
        )
        return CreatedModel(model=record, url=UploadDetails(parts=[part]))

    def download_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL that the bytes can be read from."""
        with self._rows.database.reading() as connection:
            record = self._rows.select(connection, scope, identifier)
            files = self._rows.files.blobs(connection, identifier)
        return self._blobs.files.url(files.get(FILE, own_place(record)))

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL to delete with; the record becomes `pending_deletion`.

        It leads to a marker of the record's own: the bytes may be those of other records too.
        """
        pending = ModelArtifactStatus.PENDING_DELETION.value
        with self._rows.database.writing() as connection:
            record = self._rows.change(
                connection, scope, identifier, ModelArtifactUpdate(), status=pending
            )
            marker = own_place(record)
            self._rows.files.add(connection, identifier, {MARKER: marker})
        if not self._blobs.files.exists(marker):
            self._blobs.files.create(marker).close()
        return self._blobs.files.url(marker)

    def has_deletion_marker(self, record: ModelArtifact) -> bool:
        """Return whether what `delete_url` leads to is still there."""
        return self._blobs.files.exists(own_place(record))


def own_place(record: ModelArtifact) -> str:
    """Return where a user brings the bytes of one record, or deletes them, by hand."""
    return f"incoming/{record.unique_identifier}"


class _Brought:
    """Bytes that a user brought, as a source; they may be any, so they are hashed."""

    path: Path | None = None
    digest: str | None = None

    def __init__(self, files: Files, record: ModelArtifact) -> None:
        self._files = files
        self._place = own_place(record)
        self.name = f"the file for {record.file_name}"
        self.size = record.size

    def open(self) -> IO[bytes]:
        """Return the bytes, to be read from the beginning."""
        return cast("IO[bytes]", _Reader(self._files.read(self._place)))

    def check(self) -> None:
        """Do nothing: the SHA-256 tells whether it is what was announced."""

    def fingerprint(self) -> str:
        """Return the place."""
        return self._place


class _Reader:
    """Chunks, one with each read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it to the chunks."""

    def read(self, _: int) -> bytes:
        """Return the next chunk, empty at the end."""
        return next(self._chunks, b"")
