"""Signed URLs: the way of files that users move themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dataforce.backend.read_only import reads

if TYPE_CHECKING:
    from dataforce.backend.query import Scope
    from dataforce.models.registry.model_artifact import CreatedModel, ModelArtifactCreate


class SignedURLs(Protocol):
    """A service of the registry: URLs that give access to the file of one model artifact."""

    def create(self, scope: Scope, values: ModelArtifactCreate) -> CreatedModel:
        """Make a record whose file is pending, and say where its bytes go."""
        ...

    @reads
    def download_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL that the bytes can be read from."""
        ...

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL to delete the bytes with; the record becomes `pending_deletion`."""
        ...
