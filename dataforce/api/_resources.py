"""The resources of the synchronous client. Their asynchronous twins are generated from here."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dataforce.api.resources.bucket_secrets import BucketSecretResource
from dataforce.api.resources.collections import CollectionResource
from dataforce.api.resources.model_artifacts import ModelArtifactResource
from dataforce.api.resources.orbits import OrbitResource
from dataforce.api.resources.organizations import OrganizationResource

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.api.resources.overlay import OverlayResource


class Resources:
    """The resources of a client: one for each kind of asset, and one for its overlay."""

    _session: Session

    @cached_property
    def organizations(self) -> OrganizationResource:
        """Organizations interface."""
        return OrganizationResource(self._session)

    @cached_property
    def bucket_secrets(self) -> BucketSecretResource:
        """Bucket secrets interface."""
        return BucketSecretResource(self._session)

    @cached_property
    def orbits(self) -> OrbitResource:
        """Orbits interface."""
        return OrbitResource(self._session)

    @cached_property
    def collections(self) -> CollectionResource:
        """Collections interface."""
        return CollectionResource(self._session)

    @cached_property
    def model_artifacts(self) -> ModelArtifactResource:
        """Model artifacts interface."""
        return ModelArtifactResource(self._session)

    @cached_property
    def overlay(self) -> OverlayResource:
        """Overlay interface, of a hybrid client."""
        from dataforce.api.resources.overlay import OverlayResource

        return OverlayResource(self._session)
