"""Signed URLs of the registry: those of the overlay, and of the remote for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce.models import MODEL_ARTIFACT, SignedURLs
from dataforce.overlay.store import State
from dataforce_hybrid.files.deletion import note_deletion

if TYPE_CHECKING:
    from dataforce.backend import Scope
    from dataforce.models import CreatedModel, ModelArtifact, ModelArtifactCreate
    from dataforce_hybrid.records.copy_on_write import Copies
    from dataforce_hybrid.records.store import Writer
    from dataforce_hybrid.records.view import MergedView


class HybridSignedURLs:
    """The service below one root; see `dataforce.models.SignedURLs`.

    Args:
        theirs: The service of the remote.
        view: Both sides.
        writer: Checks what is to be made.
        copies: Brings records of the remote into the overlay.
    """

    def __init__(
        self, theirs: SignedURLs, view: MergedView, writer: Writer, copies: Copies
    ) -> None:
        self._theirs = theirs
        self._ours = view.overlay.service(SignedURLs)
        self._view = view
        self._writer = writer
        self._copies = copies

    def create(self, scope: Scope, values: ModelArtifactCreate) -> CreatedModel:
        """Make a record in the overlay whose file is pending."""
        return self._ours.create(*self._writer.prepared(MODEL_ARTIFACT, scope, values))

    def download_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL to read from: of the remote, if the bytes are there."""
        scope, record = self._located(scope, identifier)
        side = self._ours if self._state(record.id) == State.CREATED else self._theirs
        return side.download_url(scope, record.id)

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL to delete with, which leads to a marker: the remote's bytes stay."""
        scope, record = self._located(scope, identifier)
        state, overlay = self._state(record.id), self._view.overlay
        if state == State.CREATED:
            return self._ours.delete_url(scope, record.id)
        if state != State.CHANGED:
            base = self._copies.base(MODEL_ARTIFACT, scope, record.id)
            overlay.copy(MODEL_ARTIFACT, scope, base, State.CHANGED)
        url = self._ours.delete_url(scope, record.id)
        note_deletion(overlay.key_values, MODEL_ARTIFACT, record.id)
        return url

    def _located(self, scope: Scope, identifier: str) -> tuple[Scope, ModelArtifact]:
        index = self._view.index
        index.refresh()
        scope, identifier = (
            index.resolved(MODEL_ARTIFACT, scope),
            index.resolve(MODEL_ARTIFACT, identifier),
        )
        return scope, self._view.current(MODEL_ARTIFACT, scope, identifier)

    def _state(self, identifier: str) -> State:
        return self._view.index.state(MODEL_ARTIFACT, identifier)
