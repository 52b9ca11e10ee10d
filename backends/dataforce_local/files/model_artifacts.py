"""Model artifacts: records whose files are kept with them."""

from __future__ import annotations

import getpass
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, literal, select

from dataforce.backend import Advance, Incoming, Scope
from dataforce.errors import BadRequestError, FileDownloadError, FileUploadError
from dataforce.models import (
    MODEL_ARTIFACT,
    CreatedModel,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactStatus,
    ModelArtifactUpdate,
    UploadDetails,
    UploadPart,
)
from dataforce.models.registry.model_artifact import TRANSITIONS
from dataforce_local.database import Database
from dataforce_local.files.blob_store import Library
from dataforce_local.files.file_system import Files, MissingFileError, StagedFile
from dataforce_local.records.store import Ledger, RecordStore, Row
from dataforce_local.records.tables import model_artifacts

_DIGEST = re.compile(r"[0-9a-f]{64}")


class ModelArtifactStore(RecordStore[ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]):
    """The records of model artifacts, with the platform's rules for their status.

    Args:
        database: Where the table is.
        library: Where the files are.
        ledger: Is told of each change.
    """

    def __init__(self, database: Database, library: Library, ledger: Ledger | None = None) -> None:
        super().__init__(MODEL_ARTIFACT, database, library, ledger)
        self._user = _user()

    def insert(
        self, connection: Connection, scope: Scope, values: ModelArtifactCreate, **columns: object
    ) -> ModelArtifact:
        """A new record that waits for its bytes, unless `columns` say that they are there."""
        identifier = uuid.uuid4().hex
        _, orbit, collection = scope.ids
        born: dict[str, object] = {
            "unique_identifier": identifier,
            "bucket_location": f"orbit-{orbit}/collection-{collection}/{identifier}-"
            f"{values.file_name}",
            "content": _own_place(identifier),
            "status": ModelArtifactStatus.PENDING_UPLOAD.value,
            "created_by_user": self._user,
        }
        return super().insert(connection, scope, values, **(born | columns))

    def update(self, scope: Scope, identifier: str, changes: ModelArtifactUpdate) -> ModelArtifact:
        """The record after the changes; `uploaded` takes in the bytes that a user brought."""
        if "status" in changes.model_fields_set and changes.status == ModelArtifactStatus.UPLOADED:
            record = self.get(scope, identifier)
            waits = record.status == ModelArtifactStatus.PENDING_UPLOAD
            if waits and self.library.files.exists(_own_place(record.unique_identifier)):
                return self._take_in(scope, record, changes)
        return super().update(scope, identifier, changes)

    def _take_in(
        self, scope: Scope, record: ModelArtifact, changes: ModelArtifactUpdate
    ) -> ModelArtifact:
        source, digest = _own_place(record.unique_identifier), record.file_hash.lower()
        with self.library.taking_in(record, source) as staged:
            self.library.announce(digest)
            with (
                self.database.writing() as connection,
                self.library.shelving(connection, staged.path, digest) as content,
            ):
                taken = self.change(connection, scope, record.id, changes, content=content)
                self.library.release(connection, select(literal(source).label("content")))
        self.library.sweep()
        return taken

    def check(self, before: ModelArtifact, changes: ModelArtifactUpdate) -> None:
        """Refuse a status that cannot follow the present one."""
        if "status" not in changes.model_fields_set:
            return
        if changes.status not in TRANSITIONS.get(before.status, ()):
            raise BadRequestError(
                f"Invalid status transition from {before.status} to {changes.status} of model "
                f"artifact {before.id}. To try again, upload the file as a new model artifact."
            )

    def unseen(self, record: ModelArtifact) -> Row:
        """A copied record has no bytes here; it could be brought some."""
        return {"content": _own_place(record.unique_identifier)}

    def content(self, record: ModelArtifact) -> str:
        """Where the bytes of a record are, or will be."""
        statement = select(model_artifacts.c.content).where(model_artifacts.c.id == record.id)
        with self.database.reading() as connection:
            content: str | None = connection.execute(statement).scalar()
        if content is None:
            raise FileDownloadError(f"Model artifact {record.id} was deleted meanwhile.")
        return content


class ModelContent:
    """The files of model artifacts.

    Args:
        store: Their records.
        library: Where the files are.
    """

    def __init__(self, store: ModelArtifactStore, library: Library) -> None:
        self._store = store
        self._library = library

    @contextmanager
    def receive(self, scope: Scope, path: Path, advance: Advance) -> Iterator[StagedFile]:
        """Begin to copy the file at `path`; the copy is thrown away unless it is uploaded."""
        staged = self._library.files.stage(advance)
        try:
            with suppress(OSError, ValueError):  # who reads the file says what is wrong with it
                staged.reserve(path.stat().st_size if path.is_file() else 0)
            yield staged
        finally:
            staged.discard()

    def upload(
        self, scope: Scope, values: ModelArtifactCreate, incoming: Incoming
    ) -> ModelArtifact:
        """Store the record together with the bytes received, both or neither."""
        staged = cast("StagedFile", incoming)
        if not _DIGEST.fullmatch(values.file_hash):
            raise FileUploadError(f"{values.file_hash!r} is not a SHA-256 in lower case.")
        if staged.size != values.size:
            raise FileUploadError(
                f"{staged.size} bytes arrived for {values.file_name}, not {values.size}. Try again."
            )
        staged.finish()
        self._library.announce(values.file_hash)
        uploaded = ModelArtifactStatus.UPLOADED.value
        with (
            self._store.database.writing() as connection,
            self._library.shelving(connection, staged.path, values.file_hash) as content,
        ):
            return self._store.insert(connection, scope, values, content=content, status=uploaded)

    def create(self, scope: Scope, values: ModelArtifactCreate) -> CreatedModel:
        """A record that waits for its bytes, and where they go."""
        record = self._store.create(scope, values)
        content = _own_place(record.unique_identifier)
        part = UploadPart(
            part_number=1,
            url=self._library.files.url(content),
            start_byte=0,
            end_byte=record.size,
            part_size=record.size,
        )
        return CreatedModel(model=record, url=UploadDetails(parts=[part]))

    def open(self, scope: Scope, record: ModelArtifact) -> StoredModel:
        """The bytes of a record."""
        return StoredModel(self._store, self._library.files, record)

    def download_url(self, scope: Scope, identifier: str) -> str:
        """A URL that the bytes can be read from."""
        return self._library.files.url(self._store.content(self._store.get(scope, identifier)))

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """A URL to delete with; the record becomes `pending_deletion`.

        It leads to a stand-in of the record's own: the bytes may be those of other records too.
        """
        pending = ModelArtifactStatus.PENDING_DELETION.value
        with self._store.database.writing() as connection:
            record = self._store.change(
                connection, scope, identifier, ModelArtifactUpdate(), status=pending
            )
        stand_in = _own_place(record.unique_identifier)
        if not self._library.files.exists(stand_in):
            self._library.files.create(stand_in).close()
        return self._library.files.url(stand_in)

    def has_stand_in(self, record: ModelArtifact) -> bool:
        """Whether what `delete_url` leads to is still there."""
        return self._library.files.exists(_own_place(record.unique_identifier))


class StoredModel:
    """The bytes of one model artifact.

    Args:
        store: Its record.
        files: Where the bytes are.
        record: The record.
    """

    streams = 1

    def __init__(self, store: ModelArtifactStore, files: Files, record: ModelArtifact) -> None:
        self._store = store
        self._files = files
        self._record = record

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `offset` on, `length` of them or all."""
        try:
            yield from self._files.read(self._place(), offset, length)
        except MissingFileError:
            raise FileDownloadError(
                f"The bytes of model artifact {self._record.id} are not there; its status is "
                f"{self._record.status}. Upload the file as a new model artifact."
            ) from None

    def _place(self) -> str:
        content = self._store.content(self._record)
        if self._record.status == ModelArtifactStatus.PENDING_DELETION:
            stand_in = _own_place(self._record.unique_identifier)
            # The stand-in of bytes that never came is not their place; without one they were
            # deleted by hand.
            if content == stand_in or not self._files.exists(stand_in):
                raise MissingFileError(content)
        return content


def _own_place(identifier: str) -> str:
    """Where a user brings the bytes of one record, or deletes them, by hand."""
    return f"incoming/{identifier}"


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return None
