"""One client for ML-asset platforms: remote, local, or one laid over the other.

Importing this package loads only its errors; every other part loads when it is first used.

Example:
    >>> from dataforce import Client
    >>> with Client(database_url=":memory:") as client:
    ...     [orbit.name for orbit in client.orbits.list()]
    ['Default Orbit']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce import errors
from dataforce._version import __version__
from dataforce.errors import *  # noqa: F403  re-exported through errors.__all__ below

if TYPE_CHECKING:
    from dataforce.api._async_client import AsyncClient, AsyncDataForceClient
    from dataforce.api._async_model_file import AsyncModelFile
    from dataforce.api._clear import CLEAR, Clear
    from dataforce.api._client import Client, DataForceClient
    from dataforce.api._copy import copy as copy
    from dataforce.api._model_file import ModelFile
    from dataforce.config import BackendType
    from dataforce.models import (
        BucketSecret,
        Collection,
        CollectionType,
        CreatedModel,
        Manifest,
        ModelArtifact,
        ModelArtifactStatus,
        Orbit,
        Organization,
        SignedURL,
    )
    from dataforce.overlay import (
        Change,
        Conflict,
        CopyReport,
        Diff,
        OverlayStatus,
        PullReport,
        PushReport,
        Resolution,
    )
    from dataforce.package.packing import pack

# What the block above tells type checkers, told to the interpreter; a test holds them together.
_LAZY = {
    "AsyncClient": "dataforce.api._async_client",
    "AsyncDataForceClient": "dataforce.api._async_client",
    "AsyncModelFile": "dataforce.api._async_model_file",
    "BackendType": "dataforce.config",
    "BucketSecret": "dataforce.models",
    "CLEAR": "dataforce.api._clear",
    "Change": "dataforce.overlay",
    "Clear": "dataforce.api._clear",
    "Client": "dataforce.api._client",
    "Collection": "dataforce.models",
    "CollectionType": "dataforce.models",
    "Conflict": "dataforce.overlay",
    "CopyReport": "dataforce.overlay",
    "CreatedModel": "dataforce.models",
    "DataForceClient": "dataforce.api._client",
    "Diff": "dataforce.overlay",
    "Manifest": "dataforce.models",
    "ModelArtifact": "dataforce.models",
    "ModelArtifactStatus": "dataforce.models",
    "ModelFile": "dataforce.api._model_file",
    "Orbit": "dataforce.models",
    "Organization": "dataforce.models",
    "OverlayStatus": "dataforce.overlay",
    "PullReport": "dataforce.overlay",
    "PushReport": "dataforce.overlay",
    "Resolution": "dataforce.overlay",
    "SignedURL": "dataforce.models",
    "copy": "dataforce.api._copy",
    "pack": "dataforce.package.packing",
}

__all__ = [
    "CLEAR",
    "AsyncClient",
    "AsyncDataForceClient",
    "AsyncModelFile",
    "BackendType",
    "BucketSecret",
    "Change",
    "Clear",
    "Client",
    "Collection",
    "CollectionType",
    "Conflict",
    "CopyReport",
    "CreatedModel",
    "DataForceClient",
    "Diff",
    "Manifest",
    "ModelArtifact",
    "ModelArtifactStatus",
    "ModelFile",
    "Orbit",
    "Organization",
    "OverlayStatus",
    "PullReport",
    "PushReport",
    "Resolution",
    "SignedURL",
    "__version__",
    "pack",
]
# `copy` is left out: `from dataforce import *` must not hide the standard module of that name.
__all__ += errors.__all__


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LAZY})
