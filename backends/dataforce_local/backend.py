"""The local backend as the backend interface sees it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel

from dataforce.config import BackendType
from dataforce.errors import DataForceError
from dataforce.models import MODEL_ARTIFACT
from dataforce_local.database import Database
from dataforce_local.files.blob_store import Library
from dataforce_local.files.model_artifacts import ModelArtifactStore, ModelContent
from dataforce_local.paths import find_location
from dataforce_local.records.schema import open_schema
from dataforce_local.records.store import RecordStore

if TYPE_CHECKING:
    from pathlib import Path

    from dataforce.backend import ContentStore, Kind, Store
    from dataforce.backend.interface import AnyKind
    from dataforce.config import Settings
    from dataforce_local.records.store import Ledger

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class LocalBackend:
    """A registry on this machine, or on the servers that two URLs name.

    Args:
        settings: `database_url`, `storage_url` and `retry_timeout` count, and `organization`, the
            name of the first organization of a new registry.
        path: Of an SQLite database, in place of `database_url`.

    Raises:
        ConfigurationError: A URL cannot be used, or leads to something else than a registry.
        StoreError: The registry that is there cannot be used.
    """

    mode: str = BackendType.LOCAL
    _ledger: Ledger | None = None

    def __init__(self, settings: Settings, path: Path | None = None) -> None:
        self._location = find_location(settings, path)
        self._location.prepare()
        self._database = Database(self._location.database, patience=settings.retry_timeout)
        try:
            self._library = Library(self._database, self._location.storage)
            if settings.storage_url is not None:
                self._library.require_unclaimed()
            self._open_tables(settings)
            if settings.storage_url is not None:
                _ = self._library.files  # so that a wrong one is told now, not at the first upload
            with suppress(DataForceError):
                # What an earlier process left behind; records can be read without their files.
                self._library.sweep()
        except BaseException:  # a task that is cancelled leaves no connection open either
            self._database.close()
            raise
        self._stores: dict[AnyKind, RecordStore[Any, Any, Any]] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {self._database.shown}>"

    def store(self, kind: Kind[M, C, U]) -> Store[M, C, U]:
        """The records of that kind."""
        return self._records(kind)

    def content(self, kind: Kind[M, C, U]) -> ContentStore[M, C]:
        """The files of that kind; of the registry's kinds only model artifacts have any."""
        store = cast("ModelArtifactStore", self.store(kind))
        return cast("ContentStore[M, C]", ModelContent(store, self._library))

    def close(self) -> None:
        """Close the connections; a registry in memory is gone then, with its files."""
        self._database.close()
        if self._location.is_passing:
            self._library.discard()

    def _open_tables(self, settings: Settings) -> None:
        open_schema(self._database, organization=settings.organization)

    def _records(self, kind: Kind[M, C, U]) -> RecordStore[M, C, U]:
        if kind not in self._stores:
            self._stores[kind] = (
                ModelArtifactStore(self._database, self._library, self._ledger)
                if kind is MODEL_ARTIFACT
                else RecordStore(kind, self._database, self._library, self._ledger)
            )
        return self._stores[kind]


def open_backend(settings: Settings) -> LocalBackend:
    """Open the registry that the settings name; a new one is made with what a script needs.

    Args:
        settings: See `LocalBackend`.

    Returns:
        The backend.

    Example:
        >>> from dataforce.config import load_settings
        >>> open_backend(load_settings({"database_url": ":memory:"})).mode
        'local'
    """
    return LocalBackend(settings)
