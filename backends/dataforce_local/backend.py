"""The local backend as the backend interface sees it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend.views import view_of
from dataforce.config import BackendType
from dataforce.errors import DataForceError, NotOfferedError
from dataforce.models import MODEL_ARTIFACT, SignedURLs
from dataforce_local.database import Database
from dataforce_local.files.blob_store import BlobStore
from dataforce_local.files.signed_urls import (
    LocalSignedURLs,
    ModelArtifactFiles,
    ModelArtifactStore,
)
from dataforce_local.files.store import LocalFiles
from dataforce_local.paths import find_location
from dataforce_local.records.paging import Pager
from dataforce_local.records.rows import Rows
from dataforce_local.records.schema import holds_registry, open_schema
from dataforce_local.records.store import LocalStore
from dataforce_local.records.tables import tables_of

if TYPE_CHECKING:
    from pathlib import Path

    from dataforce.backend import AnyKind, Family, FileStore, Kind, Scope, Store
    from dataforce.config import Settings
    from dataforce_local.records.tables import Tables

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
S = TypeVar("S")


class LocalBackend:
    """The kinds of a family on this machine, or on the servers that two URLs name.

    Args:
        settings: `database_url`, `storage_url` and `retry_timeout` count, and `organization`, the
            name of the first organization of a new registry.
        family: The kinds; several families may share a database.
        path: Of an SQLite database, in place of `database_url`.
        holds_files: Whether the files of all records are here. Those of a registry whose server
            keeps them in a bucket are not, so nobody here knows whether they were uploaded.

    Attributes:
        family: The kinds.

    Raises:
        ConfigurationError: A URL cannot be used, or leads to something else than a registry.
        StoreError: The registry that is there cannot be used.
    """

    mode: str = BackendType.LOCAL

    def __init__(
        self,
        settings: Settings,
        family: Family,
        path: Path | None = None,
        *,
        holds_files: bool = True,
    ) -> None:
        self.family = family
        self._tables = self._make_tables()
        self._kinds: dict[AnyKind, tuple[Rows[Any, Any, Any], Pager]] = {}
        self._location = find_location(settings, path)
        self._location.prepare()
        self._database = Database(self._location.database, patience=settings.retry_timeout)
        try:
            self._blobs = BlobStore(self._database, self._location.storage, holds_files=holds_files)
            if settings.storage_url is not None:
                self._blobs.require_unclaimed(lambda: holds_registry(self._database))
            self._open_tables(settings)
            if settings.storage_url is not None:
                _ = self._blobs.files  # so that a wrong one is told now, not at the first upload
            with suppress(DataForceError):
                # What an earlier process left behind; records can be read without their files.
                self._blobs.sweep()
        except BaseException:  # a task that is cancelled leaves no connection open either
            self._database.close()
            raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {self._database.shown}>"

    def store(self, kind: Kind[M, C, U], scope: Scope) -> Store[M, C, U]:
        """Return the records of that kind below that scope."""
        rows, pager = self._kind(cast("AnyKind", kind))
        made = ModelArtifactStore if kind is MODEL_ARTIFACT else LocalStore
        return cast("Store[M, C, U]", made(rows, pager, self._blobs, scope))

    def files(self, kind: Kind[M, C, U], scope: Scope) -> FileStore[M, C]:
        """Return the files of those records."""
        made = ModelArtifactFiles if kind is MODEL_ARTIFACT else LocalFiles
        return cast("FileStore[M, C]", made(self._rows(cast("AnyKind", kind)), self._blobs, scope))

    def service(self, protocol: type[S]) -> S:
        """Return a service of the family.

        Raises:
            NotOfferedError: There is no such service here.
        """
        if protocol is SignedURLs and MODEL_ARTIFACT in self.family.kinds:
            return cast("S", self._signed_urls())
        raise NotOfferedError(f"The local backend has no {protocol.__name__}.")

    def with_settings(self, settings: Settings) -> Self:
        """Return the backend with another `retry_timeout`, on the same connections."""
        database = self._database.with_patience(settings.retry_timeout)
        return view_of(self, _kinds={}, _database=database, _blobs=self._blobs.on(database))

    def close(self) -> None:
        """Close the connections; a registry in memory is gone then, with its files."""
        self._database.close()
        if self._location.is_passing:
            self._blobs.discard()

    def _make_tables(self) -> Tables:
        return tables_of(self.family)

    def _open_tables(self, settings: Settings) -> None:
        open_schema(self._database, self._tables, settings)

    def _make_rows(self, kind: Kind[M, C, U]) -> Rows[M, C, U]:
        return Rows(kind, self._tables, self._database)

    def _signed_urls(self) -> LocalSignedURLs:
        return LocalSignedURLs(self._rows(MODEL_ARTIFACT), self._blobs)

    def _rows(self, kind: Kind[M, C, U]) -> Rows[M, C, U]:
        return self._kind(kind)[0]

    def _kind(self, kind: Kind[M, C, U]) -> tuple[Rows[M, C, U], Pager]:
        if kind not in self._kinds:
            rows = self._make_rows(kind)
            self._kinds[kind] = rows, Pager(rows)
        return self._kinds[kind]


def open_backend(settings: Settings, family: Family, *, holds_files: bool = True) -> LocalBackend:
    """Open the registry that the settings name; a new one is made with what a script needs.

    Args:
        settings: See `LocalBackend`.
        family: The kinds.
        holds_files: Whether the files of all records are here, and not in a server's bucket.

    Returns:
        The backend.

    Example:
        >>> from dataforce.config import load_settings
        >>> from dataforce.models import REGISTRY
        >>> open_backend(load_settings({"database_url": ":memory:"}), REGISTRY).mode
        'local'
    """
    return LocalBackend(settings, family, holds_files=holds_files)
