"""The named files of the records of any kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from dataforce.backend import Advance, Scope, Source
from dataforce.backend.identity import identifier_of
from dataforce.errors import FileDownloadError, FileUploadError
from dataforce_local.files.blob_store import BlobStore, blob_path
from dataforce_local.files.file_system import MissingFileError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dataforce.backend import Content
    from dataforce_local.records.rows import Rows

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)


class LocalFiles(Generic[M, C]):
    """The files of the records of one kind below one scope; see `FileStore`.

    Args:
        rows: The rows of the kind.
        blobs: What the files are.
        scope: Ids of the parents.
    """

    def __init__(self, rows: Rows[M, C, Any], blobs: BlobStore, scope: Scope) -> None:
        self._rows = rows
        self._blobs = blobs
        self._scope = scope

    def upload(
        self,
        values: C,
        sources: Mapping[str, Source],
        advance: Advance,
        *,
        key: str | None = None,
    ) -> M:
        """Store a record with its files, both or neither.

        An upload without a key that broke off has left nothing to go on with.
        """
        if key is not None:
            with self._rows.database.reading() as connection:
                if (made := self._made_by(connection, key)) is not None:
                    return made
        fields = self._rows.kind.files
        digests = {name: fields[name].digest_of(values) for name in sources}
        for name, source in sources.items():
            size = fields[name].size_of(values)
            if size not in (None, source.size):
                raise FileUploadError(
                    f"{source.name} holds {source.size} bytes, not {size}. Try again."
                )
        with ExitStack() as stack:
            staged = {
                name: stack.enter_context(self._blobs.staging(source, digests[name], advance))
                for name, source in sources.items()
            }
            self._blobs.announce(digests.values())
            with self._rows.database.writing() as connection:
                self._blobs.lock(connection)
                if key is not None and (made := self._made_by(connection, key)) is not None:
                    return made
                paths = {name: blob_path(digest) for name, digest in digests.items()}
                record = self._rows.insert(connection, self._scope, values, blobs=paths, upload=key)
                for name, file in staged.items():
                    self._blobs.place(connection, file, digests[name])
                return record

    def open(self, record: M, name: str) -> Content:
        """Return the bytes of a file of a record."""
        return StoredFile(self._rows, self._blobs, record, name)

    def _made_by(self, connection: Connection, key: str) -> M | None:
        identifier = self._rows.files.uploaded_by(connection, key)
        if identifier is None:
            return None
        return self._rows.select(connection, self._scope, identifier)


class StoredFile(Generic[M]):
    """The bytes of one file of a record.

    Args:
        rows: The rows of its kind.
        blobs: What the files are.
        record: The record.
        name: Name of the file.
    """

    streams = 1

    def __init__(self, rows: Rows[M, Any, Any], blobs: BlobStore, record: M, name: str) -> None:
        self._rows = rows
        self.blobs = blobs
        self.record = record
        self.name = name

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `offset` on, `length` of them or all."""
        try:
            yield from self.blobs.files.read(self._path(), offset, length)
        except MissingFileError:
            kind, identifier = self._rows.kind, identifier_of(self.record)
            fields = kind.files[self.name]
            status = fields.status and f"; its status is {getattr(self.record, fields.status)}"
            raise FileDownloadError(
                f"The bytes of {kind.name} {identifier} are not there{status or ''}. Upload the "
                f"file as a new {kind.name}."
            ) from None

    def path(self, files: Mapping[str, str]) -> str:
        """Return the path of the bytes, of the files that the record has; `MissingFileError`."""
        if self.name not in files:
            raise MissingFileError(self.name)
        return files[self.name]

    def _path(self) -> str:
        identifier = identifier_of(self.record)
        with self._rows.database.reading() as connection:
            files = self._rows.files.blobs(connection, identifier)
            if not files and not self._rows.is_there(connection, identifier):
                raise FileDownloadError(
                    f"{self._rows.kind.name.capitalize()} {identifier} was deleted meanwhile."
                )
        return self.path(files)
