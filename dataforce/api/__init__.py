"""The client, its resources and its models, under the names that users of the platform know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce import errors
from dataforce.errors import *  # noqa: F403  re-exported through errors.__all__ below

if TYPE_CHECKING:
    from dataforce.api._async_client import AsyncDataForceClient
    from dataforce.api._client import DataForceClient
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

__all__ = [
    "AsyncDataForceClient",
    "BucketSecret",
    "Collection",
    "CollectionType",
    "CreatedModel",
    "DataForceClient",
    "Manifest",
    "ModelArtifact",
    "ModelArtifactStatus",
    "Orbit",
    "Organization",
    "SignedURL",
]
_LAZY = frozenset(__all__)
__all__ += errors.__all__


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import dataforce

    return getattr(dataforce, name)
