# Generated from dataforce/api/_resources.py by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `dataforce.api._resources`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dataforce.api.resources._generated.bucket_secrets import AsyncBucketSecretResource
from dataforce.api.resources._generated.collections import AsyncCollectionResource
from dataforce.api.resources._generated.model_artifacts import AsyncModelArtifactResource
from dataforce.api.resources._generated.orbits import AsyncOrbitResource
from dataforce.api.resources._generated.organizations import AsyncOrganizationResource

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.api.resources._generated.overlay import AsyncOverlayResource

__all__ = ["AsyncResources"]


class AsyncResources:
    """The resources of a client: one for each kind of asset, and one for its overlay."""

    _session: Session

    @cached_property
    def organizations(self) -> AsyncOrganizationResource:
        """Organizations interface."""
        return AsyncOrganizationResource(self._session)

    @cached_property
    def bucket_secrets(self) -> AsyncBucketSecretResource:
        """Bucket secrets interface."""
        return AsyncBucketSecretResource(self._session)

    @cached_property
    def orbits(self) -> AsyncOrbitResource:
        """Orbits interface."""
        return AsyncOrbitResource(self._session)

    @cached_property
    def collections(self) -> AsyncCollectionResource:
        """Collections interface."""
        return AsyncCollectionResource(self._session)

    @cached_property
    def model_artifacts(self) -> AsyncModelArtifactResource:
        """Model artifacts interface."""
        return AsyncModelArtifactResource(self._session)

    @cached_property
    def overlay(self) -> AsyncOverlayResource:
        """Overlay interface, of a hybrid client."""
        from dataforce.api.resources._generated.overlay import AsyncOverlayResource

        return AsyncOverlayResource(self._session)
