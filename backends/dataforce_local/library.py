"""Model files: each kept once, under its SHA-256, as long as a record refers to it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Connection, bindparam, delete, exists, insert, select

from dataforce import _cancellation
from dataforce.errors import FileUploadError
from dataforce.models import ModelArtifact, ModelArtifactStatus
from dataforce_local.database import Database
from dataforce_local.files import Files
from dataforce_local.tables import model_artifacts, registry, released

_BATCH = 100
"""How many released files are removed before other writers get their turn."""


class Library:
    """The files of model artifacts, and which of them are still needed.

    ```text
    staging/…        being written; nothing refers to it
    incoming/…       brought by a user, by the unique identifier of its record
    sha256/ab/abcd…  complete
    ```

    Records and files change under one lock, so a file whose last record goes in one process is not
    taken by another for one that stays.

    Args:
        database: Where the records are.
        url: Where the files are, an fsspec URL or a path.
    """

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self._url = url
        self._opening = threading.Lock()

    @property
    def files(self) -> Files:
        """The files; opened when they are first needed."""
        with self._opening:
            return self._files

    @cached_property
    def _files(self) -> Files:
        statement = select(registry.c.value).where(registry.c.key == "id")
        with self._database.reading() as connection:
            owner = connection.execute(statement).scalar_one()
        return Files(self._url, owner)

    def discard(self) -> None:
        """Remove every file, if any was ever kept."""
        with self._opening:
            if "_files" in vars(self):
                self._files.discard()

    def announce(self, digest: str) -> None:
        """Note a file before it is there, so that it is found again if this process dies."""
        with self._database.writing() as connection:
            connection.execute(_NOTE, {"content": _shelf(digest)})

    @contextmanager
    def shelving(self, connection: Connection, source: str, digest: str) -> Iterator[str]:
        """Where a complete file will be; it moves there after the block, which records it.

        A file of the same bytes that is there already is replaced, and healed if it was damaged.
        """
        content = _shelf(digest)
        connection.execute(_LOCK)
        yield content
        self.files.move(source, content)
        connection.execute(_UNNOTE, {"path": content})

    def arrived(self, record: ModelArtifact, content: str) -> str | None:
        """The SHA-256 of what a user brought for a record that waits for it, `None` if nothing.

        Raises:
            FileUploadError: It is not what the record announced.
        """
        waits = record.status == ModelArtifactStatus.PENDING_UPLOAD
        if not waits or not self.files.exists(content):
            return None
        digest, size = hashlib.sha256(), 0
        for chunk in self.files.read(content):
            _cancellation.check()
            digest.update(chunk)
            size += len(chunk)
        if (digest.hexdigest(), size) != (record.file_hash.lower(), record.size):
            raise FileUploadError(
                f"The bytes brought for model artifact {record.id} are not those announced: "
                f"expected {record.size} bytes with SHA-256 {record.file_hash}, found {size} with "
                f"{digest.hexdigest()}. Bring them again, or set the status to upload_failed."
            )
        return digest.hexdigest()

    def sweep(self) -> None:
        """Remove the released files that no record refers to; what fails is kept for next time."""
        while self._sweep_batch() == _BATCH:
            pass

    def _sweep_batch(self) -> int:
        with self._database.reading() as connection:
            if connection.execute(_NOTED).first() is None:
                return 0
        files = self.files
        with self._database.writing() as connection:
            connection.execute(_LOCK)
            rows = connection.execute(_NOTED).all()
            for _, content, is_needed in rows:
                if not is_needed:
                    files.remove(content)
            done = [row.id for row in rows]
            connection.execute(delete(released).where(released.c.id.in_(done)))
        return len(rows)


_NOTE = insert(released)
_UNNOTE = delete(released).where(released.c.content == bindparam("path"))
_NEEDED = exists().where(model_artifacts.c.content == released.c.content)
_NOTED = select(released.c.id, released.c.content, _NEEDED.label("is_needed")).limit(_BATCH)
# SQLite's transaction holds the lock already and ignores this; servers lock the one row.
_LOCK = select(registry.c.value).where(registry.c.key == "id").with_for_update()


def _shelf(digest: str) -> str:
    return f"sha256/{digest[:2]}/{digest}"
