"""The remote backend as the backend interface sees it."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend import with_check
from dataforce.backend.read_only import ReadOnlyContent, ReadOnlyStore
from dataforce.config import BackendType
from dataforce.errors import ConfigurationWarning
from dataforce.models import MODEL_ARTIFACT
from dataforce_remote.http.api import API, required_key
from dataforce_remote.http.version import Version
from dataforce_remote.registry.records import RecordStore

if TYPE_CHECKING:
    from dataforce.backend import ContentStore, Kind, Store
    from dataforce.backend.interface import AnyKind
    from dataforce.config import Settings
    from dataforce_remote.files.model_artifacts import ModelArtifactStore

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class RemoteBackend:
    """The platform at `base_url`, and the buckets its model files are in.

    Args:
        settings: `base_url`, `api_key`, `api_version`, `timeout`, `retry_timeout`, `proxy`,
            `ca_bundle`, `client_certificate`, `insecure`, `offline` and `read_only` count.

    Raises:
        AuthenticationError: There is no API key.
        ConfigurationError: A certificate is missing.
    """

    mode: str = BackendType.REMOTE

    def __init__(self, settings: Settings) -> None:
        if settings.insecure:
            warnings.warn(
                f"insecure ({settings.origin('insecure')}): certificates are not checked, so "
                f"anybody on the way to {settings.base_url} can read and change what is sent, and "
                f"the API key.",
                ConfigurationWarning,
                stacklevel=2,
            )
        self._api = API(settings)
        self._version = Version(settings)
        self._stores: dict[AnyKind, RecordStore[Any, Any, Any]] = {}
        self._opening = threading.RLock()

    def __repr__(self) -> str:
        return f"<RemoteBackend at {self._api.settings.base_url}>"

    def store(self, kind: Kind[M, C, U]) -> Store[M, C, U]:
        """The records of that kind."""
        store: Store[M, C, U] = self._store(kind)
        guard = self._api.guard
        return ReadOnlyStore(kind, store, guard.reason) if guard.is_on else store

    def content(self, kind: Kind[M, C, U]) -> ContentStore[M, C]:
        """The files of that kind; of the registry's kinds only model artifacts have any."""
        store = cast("ModelArtifactStore", self._store(kind))
        content = cast("ContentStore[M, C]", store.content)
        guard = self._api.guard
        return ReadOnlyContent(kind, content, guard.reason) if guard.is_on else content

    def close(self) -> None:
        """Close all connections."""
        self._api.close()
        with self._opening:
            for store in self._stores.values():
                store.close()

    def _store(self, kind: AnyKind) -> RecordStore[Any, Any, Any]:
        self._api.guard.check_online()  # before a file that is to be uploaded is read
        with self._opening:
            if kind not in self._stores:
                opened = _class_for(kind)(kind, self._api, self._version, self._store)
                self._stores[kind] = opened
            return self._stores[kind]


def _class_for(kind: AnyKind) -> type[RecordStore[Any, Any, Any]]:
    # Each loads when it is first needed: of transfers most scripts need none.
    if kind is MODEL_ARTIFACT:
        from dataforce_remote.files.model_artifacts import ModelArtifactStore

        return ModelArtifactStore
    from dataforce_remote.registry.stores import STORES

    return STORES.get(kind, RecordStore)


def check(settings: Settings) -> None:
    """Raise `AuthenticationError` if the settings hold no API key."""
    required_key(settings)


@with_check(check)
def open_backend(settings: Settings) -> RemoteBackend:
    """Prepare to talk to the platform; nothing is sent before the first call.

    Args:
        settings: See `RemoteBackend`.

    Returns:
        The backend.

    Example:
        >>> from dataforce.config import load_settings
        >>> open_backend(load_settings({"api_key": "dfs_your_api_key"})).mode
        'remote'
    """
    return RemoteBackend(settings)
