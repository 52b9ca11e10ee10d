"""The remote backend as the backend interface sees it."""

from __future__ import annotations

import threading
import warnings
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend import with_check
from dataforce.backend.views import view_of
from dataforce.config import BackendType
from dataforce.errors import ConfigurationWarning, NotOfferedError
from dataforce.models import MODEL_ARTIFACT, REGISTRY, SignedURLs
from dataforce_remote.http.api import API, required_key
from dataforce_remote.http.version import Version
from dataforce_remote.records import Platform, RecordStore

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Family, FileStore, Kind, Scope, Store
    from dataforce.config import Settings
    from dataforce_remote.files.bucket import Bucket
    from dataforce_remote.files.checkpoints import Checkpoints

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
S = TypeVar("S")


class RemoteBackend:
    """The platform at `base_url`, and the buckets its model files are in.

    Kinds that are not the registry's are asked for by the routes that `dataforce serve` makes from
    their declaration.

    Args:
        settings: `base_url`, `api_key`, `api_version`, `timeout`, `retry_timeout`, `proxy`,
            `ca_bundle`, `client_certificate`, `insecure`, `offline` and `read_only` count.
        family: The kinds.

    Raises:
        AuthenticationError: There is no API key.
        ConfigurationError: A certificate is missing.
    """

    mode: str = BackendType.REMOTE

    def __init__(self, settings: Settings, family: Family) -> None:
        if settings.insecure:
            warnings.warn(
                f"insecure ({settings.origin('insecure')}): certificates are not checked, so "
                f"anybody on the way to {settings.base_url} can read and change what is sent, and "
                f"the API key.",
                ConfigurationWarning,
                stacklevel=2,
            )
        self.family = family
        self._api = API(settings, family)
        self._opening = threading.Lock()
        self._opened: Bucket | None = None
        version = Version(settings)
        self._platform = Platform(self._api, version, family, _class_for, self._bucket)

    def __repr__(self) -> str:
        return f"<RemoteBackend at {self._api.settings.base_url}>"

    def store(self, kind: Kind[M, C, U], scope: Scope) -> Store[M, C, U]:
        """Return the records of that kind below that scope."""
        self._api.guard.check_online()
        store: Store[M, C, U] = self._platform.store(kind, scope)
        return store

    def files(self, kind: Kind[M, C, U], scope: Scope) -> FileStore[M, C]:
        """Return the files of those records."""
        self._api.guard.check_online()  # before a file that is to be uploaded is read
        store: Any = self._platform.store(kind, scope)
        if kind is MODEL_ARTIFACT:
            from dataforce_remote.files.model_artifacts import ModelFiles

            return cast("FileStore[M, C]", ModelFiles(store, self._checkpoints))
        from dataforce_remote.assets.files import AssetFiles

        return AssetFiles(store, self._checkpoints)

    def service(self, protocol: type[S]) -> S:
        """Return what is neither record nor file: of the registry, signed URLs.

        Raises:
            NotOfferedError: The backend has no such service.
        """
        if protocol is not SignedURLs:
            raise NotOfferedError(
                f"The remote backend has no {protocol.__name__}. Use the local backend for them, "
                f"or a later version of dataforce."
            )
        from dataforce_remote.files.model_artifacts import RemoteSignedURLs

        self._api.guard.check_online()
        return cast("S", RemoteSignedURLs(self._platform, self._checkpoints))

    def with_settings(self, settings: Settings) -> Self:
        """Return the backend with other timeouts, on the same connections."""
        api, bucket = self._api.with_settings(settings), self._platform.bucket
        platform = replace(self._platform, api=api, bucket=lambda: bucket().with_settings(settings))
        return view_of(self, _api=api, _platform=platform)

    def close(self) -> None:
        """Close all connections."""
        self._api.close()
        with self._opening:
            if self._opened is not None:
                self._opened.close()

    @cached_property
    def _checkpoints(self) -> Checkpoints:
        from platformdirs import user_state_path

        from dataforce_remote.files.checkpoints import Checkpoints

        return Checkpoints(user_state_path("dataforce", appauthor=False) / "uploads")

    def _bucket(self) -> Bucket:
        from dataforce_remote.files.bucket import Bucket

        with self._opening:
            if self._opened is None:
                self._opened = Bucket(self._api.settings, self._api.guard, self._api.budget)
            return self._opened


def _class_for(kind: AnyKind) -> type[RecordStore[Any, Any, Any]]:
    # Each loads when it is first needed: of transfers most scripts need none.
    if kind is MODEL_ARTIFACT:
        from dataforce_remote.files.model_artifacts import ModelArtifactStore

        return ModelArtifactStore
    if kind not in REGISTRY.kinds:
        from dataforce_remote.assets.stores import AssetStore

        return AssetStore
    from dataforce_remote.registry.stores import STORES

    return STORES[kind]


def check(settings: Settings) -> None:
    """Raise `AuthenticationError` if the settings hold no API key."""
    required_key(settings)


@with_check(check)
def open_backend(settings: Settings, family: Family) -> RemoteBackend:
    """Prepare to talk to the platform; nothing is sent before the first call.

    Args:
        settings: See `RemoteBackend`.
        family: The kinds.

    Returns:
        The backend.

    Example:
        >>> from dataforce.config import load_settings
        >>> from dataforce.models import REGISTRY
        >>> open_backend(load_settings({"api_key": "dfs_your_api_key"}), REGISTRY).mode
        'remote'
    """
    return RemoteBackend(settings, family)
