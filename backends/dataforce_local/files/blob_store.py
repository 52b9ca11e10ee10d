"""Blobs: each kept once, under its SHA-256, as long as a file of some record refers to it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import IO

from sqlalchemy import Connection, bindparam, delete, exists, insert, literal, select

from dataforce.backend import Advance, Source
from dataforce.backend.views import view_of
from dataforce.errors import FileError, FileUploadError
from dataforce.transfer import cancellation
from dataforce.transfer.checksum import Digest
from dataforce_local.database import Database
from dataforce_local.files.file_system import Files, StagedFile
from dataforce_local.records.clock import moment, now
from dataforce_local.records.tables import files as file_rows
from dataforce_local.records.tables import registry, released

_BATCH = 100
"""Number of released blobs that are removed before other writers get their turn."""
_CHUNK = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """The bytes of the files of all kinds, and which of them are still needed.

    ```text
    staging/…        being written; nothing refers to it
    incoming/…       brought by a user, by the unique identifier of its record
    sha256/ab/abcd…  complete
    ```

    Records and blobs change under one lock, so a blob whose last record goes in one process is not
    taken by another for one that stays.

    Args:
        database: Where the records are.
        url: Where the blobs are, an fsspec URL or a path.
    """

    def __init__(self, database: Database, url: str, *, holds_files: bool = True) -> None:
        self.holds_files = holds_files
        self._database = database
        self._url = url
        self._opening = threading.Lock()

    @property
    def files(self) -> Files:
        """The folder; opened when it is first needed."""
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
            blobs = connection.execute(_UNFINISHED).scalars()
            return {blob.removeprefix("incoming/") for blob in blobs}

    def require_unclaimed(self, holds_registry: Callable[[], bool]) -> None:
        """Refuse a folder with the files of another registry, before this one is made.

        Args:
            holds_registry: Tells whether the database holds a registry.
        """
        files = Files(self._url)
        # Looked at first: who makes this registry at this moment makes the tables before.
        if files.is_claimed() and not holds_registry():
            raise files.of_another()

    def discard(self) -> None:
        """Remove every file, if any was ever kept."""
        with self._opening:
            if "_files" in vars(self):
                self._files.discard()

    @contextmanager
    def staging(self, source: Source, digest: str, advance: Advance) -> Iterator[StagedFile]:
        """A complete copy of a source, which is thrown away unless it is placed.

        Args:
            source: The bytes.
            digest: The SHA-256 that they were found to have.
            advance: Is told how many bytes were copied.

        Raises:
            FileUploadError: They are others.
            FileError: They cannot be read, or were changed meanwhile.
        """
        if not _DIGEST.fullmatch(digest):
            raise FileUploadError(f"{digest!r} is not a SHA-256 in lower case.")
        staged = self.files.stage(advance)
        try:
            staged.reserve(source.size)
            found = _copy(source, staged)
            source.check()  # what was hashed before must not have changed since
            if (staged.size, found) != (source.size, digest):
                raise FileUploadError(
                    f"{staged.size} bytes with SHA-256 {found} arrived of {source.name}, not "
                    f"{source.size} with {digest}. Try again."
                )
            staged.finish()
            yield staged
        finally:
            staged.discard()

    def announce(self, digests: Iterable[str]) -> None:
        """Note blobs before they are there, so that they are found if this process dies."""
        tomorrow = moment(datetime.now(UTC) + timedelta(days=1))
        notes = [{"content": blob_path(digest), "due": tomorrow} for digest in digests]
        if notes:
            with self._database.writing() as connection:
                connection.execute(insert(released), notes)

    def lock(self, connection: Connection) -> None:
        """Keep everybody else from changing which blobs are needed until the transaction ends."""
        connection.execute(_LOCK)

    def place(self, connection: Connection, staged: StagedFile, digest: str) -> None:
        """Move a complete file to its place, after the rows that refer to it were written.

        Whatever has the same bytes there is replaced, and healed if it was damaged.

        Args:
            connection: In the transaction that wrote the rows, and took the lock before.
            staged: The file.
            digest: Its SHA-256.
        """
        self.files.move(staged.path, blob_path(digest))
        connection.execute(_UNNOTE, {"path": blob_path(digest)})

    def on(self, database: Database) -> BlobStore:
        """Return the same blobs, with the transactions of another view of the database."""
        return view_of(self, _database=database)

    def sweep(self) -> None:
        """Remove the released blobs that no file of any kind refers to.

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


_STORED = select(literal(1)).where(file_rows.c.blob.like("sha256/%")).limit(1)
_UNFINISHED = select(file_rows.c.blob).where(file_rows.c.blob.like("incoming/%"))
"""The files to which something in `incoming` may belong."""

_UNNOTE = delete(released).where(released.c.content == bindparam("path"))
_NEEDED = exists().where(file_rows.c.blob == released.c.content)
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


def blob_path(digest: str) -> str:
    """Return the path of the bytes with that SHA-256."""
    return f"sha256/{digest[:2]}/{digest}"


def _copy(source: Source, staged: StagedFile) -> str | None:
    """Copy a source, within the kernel if it was hashed before, and return its SHA-256."""
    with source.open() as file:
        is_hashed = source.path is not None and source.digest is not None
        if is_hashed and staged.copy(file, source.size):
            return source.digest
        with Digest() as digest:
            while chunk := _read(source, file):
                cancellation.check()
                digest.update(chunk)
                staged.write(chunk)
                if staged.size > source.size:  # it grows; nobody knows for how long
                    break
    return digest.hexdigest()


def _read(source: Source, file: IO[bytes]) -> bytes:
    try:
        return file.read(_CHUNK)
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"{source.name} cannot be read: {reason}.") from error
