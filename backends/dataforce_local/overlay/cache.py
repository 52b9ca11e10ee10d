"""Files by their SHA-256, as many as there is room for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from dataforce.errors import BadRequestError, FileDownloadError
from dataforce_local.database import Database
from dataforce_local.files.blob_store import BlobStore
from dataforce_local.files.file_system import Files, MissingFileError, StagedFile
from dataforce_local.overlay.schema import cached

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOLDER = "cache"


class LocalCache:
    """Files by their SHA-256; when there are too many bytes, the one used longest ago goes.

    Files move and go in the transaction that notes it, and one transaction at a time writes. So
    what no row names was left behind by a process that died.

    Args:
        database: Where the table is.
        blobs: Beside whose files they are.
        capacity: How many bytes are kept at most, those of pinned files not counted.
    """

    def __init__(self, database: Database, blobs: BlobStore, capacity: int) -> None:
        self._database = database
        self._blobs = blobs
        self._capacity = capacity
        self._is_swept = False
        self._sweeping = Lock()

    def open(self, digest: str) -> CachedFile | None:
        """Return the bytes of that SHA-256, `None` if they are not here; counts as use."""
        with self._database.writing() as connection:
            is_here = connection.execute(_USE, {"of_digest": digest}).rowcount > 0
        return CachedFile(self, self._blobs.files, digest) if is_here else None

    @contextmanager
    def keep(self, digest: str, size: int, *, pinned: bool = False) -> Iterator[StagedFile]:
        """Take in bytes that have that SHA-256, which the caller vouches for by leaving well."""
        if not _DIGEST.fullmatch(digest):
            raise BadRequestError(f"{digest!r} is not a SHA-256 in lower case.")
        files = self._blobs.files
        self._sweep(files)
        staged = files.stage()
        try:
            staged.reserve(size)
            yield staged
            staged.finish()
            with self._database.writing() as connection:
                self._take_in(connection, files, staged, digest, pinned)
        finally:
            staged.discard()

    def pin(self, digest: str) -> bool:
        """Keep a file that is here for good; return whether it is here."""
        files = self._blobs.files
        with self._database.writing() as connection:
            pinned = _BY_DIGEST.values(is_pinned=True)
            is_noted = connection.execute(pinned, {"of_digest": digest}).rowcount > 0
            return is_noted and self._is_there(connection, files, digest)

    def unpin(self, but: Collection[str] = ()) -> None:
        """Let files go when their turn comes, but for those of these digests."""
        pinned = select(cached.c.digest).where(cached.c.is_pinned)
        with self._database.writing() as connection:
            for digest in connection.execute(pinned).scalars().all():
                if digest not in but:
                    is_it = cached.c.digest == digest
                    connection.execute(update(cached).where(is_it).values(is_pinned=False))

    def holds(self, size: int) -> bool:
        """Return whether a file of so many bytes would be kept at all."""
        return size <= self._capacity

    def usage(self) -> tuple[int, int]:
        """Return how many files there are, and how many bytes."""
        statement = select(func.count(), func.coalesce(func.sum(cached.c.size), 0))
        with self._database.reading() as connection:
            number, size = connection.execute(statement.select_from(cached)).one()
        return number, int(size)  # PostgreSQL's sum is a Decimal

    def miss(self, digest: str) -> None:
        """Forget a file whose bytes are gone, so that they can be brought again."""
        with self._database.writing() as connection:
            # Somebody may have kept it again since it was missed.
            self._is_there(connection, self._blobs.files, digest)

    def _is_there(self, connection: Connection, files: Files, digest: str) -> bool:
        is_there = files.exists(_place(digest))
        if not is_there:
            connection.execute(_FORGET, {"of_digest": digest})
        return is_there

    def _take_in(
        self,
        connection: Connection,
        files: Files,
        staged: StagedFile,
        digest: str,
        pinned: bool,
    ) -> None:
        before = connection.execute(_PINNED, {"of_digest": digest}).scalar()
        pinned = pinned or bool(before)
        if not pinned and not self.holds(staged.size):
            return
        files.move(staged.path, _place(digest))
        connection.execute(_FORGET, {"of_digest": digest})
        row = {"digest": digest, "size": staged.size, "is_pinned": pinned}
        connection.execute(insert(cached).values(used=_NEXT), row)
        self._make_room(connection, files)

    def _make_room(self, connection: Connection, files: Files) -> None:
        excess = connection.execute(_UNPINNED).scalar_one() - self._capacity
        while excess > 0:
            row = connection.execute(_OLDEST).one()
            files.remove(_place(row.digest))
            connection.execute(_FORGET, {"of_digest": row.digest})
            excess -= row.size

    def _sweep(self, files: Files) -> None:
        """Remove what a process left behind that died between file and row; once is enough."""
        with self._sweeping:
            if self._is_swept:
                return
            self._is_swept = True
        paths = files.below(_FOLDER)
        with self._database.reading() as connection:
            if not self._unnamed(connection, paths):
                return
        with self._database.writing() as connection:
            for path in self._unnamed(connection, paths):
                files.remove(path)

    def _unnamed(self, connection: Connection, paths: list[str]) -> set[str]:
        return set(paths) - {_place(row.digest) for row in connection.execute(_DIGESTS)}


class CachedFile:
    """The bytes of one cached file.

    Args:
        cache: Where it is kept.
        files: Where the bytes are.
        digest: Its SHA-256.
    """

    streams = 1

    def __init__(self, cache: LocalCache, files: Files, digest: str) -> None:
        self._cache = cache
        self._files = files
        self._digest = digest

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `offset` on, `length` of them or all."""
        try:
            yield from self._files.read(_place(self._digest), offset, length)
        except MissingFileError:
            self._cache.miss(self._digest)
            raise FileDownloadError(
                f"The cached file with SHA-256 {self._digest} was removed meanwhile. Try again."
            ) from None


_ALL = cached.alias()
_NEXT = select(func.coalesce(func.max(_ALL.c.used), 0) + 1).scalar_subquery()
_IS_IT = cached.c.digest == bindparam("of_digest")
_BY_DIGEST = update(cached).where(_IS_IT)
_USE = _BY_DIGEST.values(used=_NEXT)
_PINNED = select(cached.c.is_pinned).where(_IS_IT)
_FORGET = delete(cached).where(_IS_IT)
_DIGESTS = select(cached.c.digest)
_IS_LOOSE = cached.c.is_pinned.is_(False)
_UNPINNED = select(func.coalesce(func.sum(cached.c.size), 0)).where(_IS_LOOSE)
_OLDEST = select(cached.c.digest, cached.c.size).where(_IS_LOOSE).order_by(cached.c.used).limit(1)


def _place(digest: str) -> str:
    return f"{_FOLDER}/{digest[:2]}/{digest}"
