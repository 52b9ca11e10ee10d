"""Model files: each kept once, under its SHA-256, as long as a record refers to it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    not_,
    or_,
    select,
)

from dataforce.errors import FileUploadError
from dataforce.models import ModelArtifact, ModelArtifactStatus
from dataforce.transfer import cancellation
from dataforce_local.database import Database
from dataforce_local.files.file_system import Files, StagedFile
from dataforce_local.records.clock import moment, now
from dataforce_local.records.schema import holds_table
from dataforce_local.records.tables import model_artifacts, registry, released

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
            is_new = connection.execute(_STORED).first() is None
        files = Files(self._url)
        files.claim(owner, is_new=is_new)
        files.sweep_incoming(self._unfinished)
        return files

    def _unfinished(self) -> set[str]:
        with self._database.reading() as connection:
            return {*connection.execute(_UNFINISHED).scalars()}

    def require_unclaimed(self) -> None:
        """Refuse a folder with the files of another registry, before this one is made."""
        files = Files(self._url)
        # Looked at first: who makes this registry at this moment makes the tables before.
        if files.is_claimed() and not holds_table(self._database, registry.name):
            raise files.of_another()

    def discard(self) -> None:
        """Remove every file, if any was ever kept."""
        with self._opening:
            if "_files" in vars(self):
                self._files.discard()

    def announce(self, digest: str) -> None:
        """Note a file before it is there, so that it is found again if this process dies."""
        tomorrow = moment(datetime.now(UTC) + timedelta(days=1))
        with self._database.writing() as connection:
            connection.execute(_NOTE, {"content": _shelf(digest), "due": tomorrow})

    def lock(self, connection: Connection) -> None:
        """Keep everybody else from changing which files are needed until the transaction ends."""
        connection.execute(_LOCK)

    def release(self, connection: Connection, contents: Select[Any] | CompoundSelect[Any]) -> None:
        """Note files that may have lost their last record; `contents` selects where they are."""
        rows = contents.subquery()
        due = select(rows.c.content, literal(now()))
        connection.execute(insert(released).from_select(["content", "due"], due))

    @contextmanager
    def shelving(self, connection: Connection, source: str, digest: str) -> Iterator[str]:
        """Where a complete file will be; it moves there after the block, which records it.

        A file of the same bytes that is there already is replaced, and healed if it was damaged.
        """
        content = _shelf(digest)
        self.lock(connection)
        yield content
        self.files.move(source, content)
        connection.execute(_UNNOTE, {"path": content})

    @contextmanager
    def taking_in(self, record: ModelArtifact, content: str) -> Iterator[StagedFile]:
        """A copy of what a user brought for a record; the user may go on to change his own.

        Raises:
            FileUploadError: It is not what the record announced.
        """
        staged, digest = self.files.stage(), hashlib.sha256()
        try:
            for chunk in self.files.read(content):
                cancellation.check()
                digest.update(chunk)
                staged.write(memoryview(chunk))
            if (digest.hexdigest(), staged.size) != (record.file_hash.lower(), record.size):
                raise FileUploadError(
                    f"The bytes brought for model artifact {record.id} are not those announced: "
                    f"expected {record.size} bytes with SHA-256 {record.file_hash}, found "
                    f"{staged.size} with {digest.hexdigest()}. Bring them again, or set the "
                    f"status to upload_failed."
                )
            staged.finish()
            yield staged
        finally:
            staged.discard()

    def sweep(self) -> None:
        """Remove the released files that no record refers to.

        What is announced and not there stays noted for a day: somebody may be about to write it.
        """
        latest = 0
        while notes := self._sweep_after(latest):
            latest = notes[-1]

    def _sweep_after(self, latest: int) -> list[int]:
        parameters = {"latest": latest}
        with self._database.reading() as connection:
            if connection.execute(_NOTED, parameters).first() is None:
                return []
        files = self.files
        with self._database.writing() as connection:
            self.lock(connection)
            rows = connection.execute(_NOTED, parameters).all()
            for row in rows:
                if not row.is_needed:
                    files.remove(row.content)
            notes = [row.id for row in rows]
            connection.execute(_SETTLE, {"notes": notes, "now": now()})
        return notes


_STORED = select(literal(1)).where(model_artifacts.c.content.like("sha256/%")).limit(1)
_IS_STORED = and_(
    model_artifacts.c.status == ModelArtifactStatus.UPLOADED.value,
    model_artifacts.c.content.like("sha256/%"),
)
_HAS_FAILED = model_artifacts.c.status == ModelArtifactStatus.UPLOAD_FAILED.value
_UNFINISHED = select(model_artifacts.c.unique_identifier).where(not_(or_(_IS_STORED, _HAS_FAILED)))
"""The records to which something in `incoming` may belong."""

_NOTE = insert(released)
_UNNOTE = delete(released).where(released.c.content == bindparam("path"))
_NEEDED = exists().where(model_artifacts.c.content == released.c.content)
_NOTED = (
    select(released.c.id, released.c.content, _NEEDED.label("is_needed"))
    .where(released.c.id > bindparam("latest"))
    .order_by(released.c.id)
    .limit(_BATCH)
)
_SETTLE = delete(released).where(
    released.c.id.in_(bindparam("notes", expanding=True)), released.c.due <= bindparam("now")
)
# SQLite's transaction holds the lock already and ignores this; servers lock the one row.
_LOCK = select(registry.c.value).where(registry.c.key == "id").with_for_update()


def _shelf(digest: str) -> str:
    return f"sha256/{digest[:2]}/{digest}"
