"""One overlay and what it lies over."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataforce_hybrid.push.delete_baseline import Evidence
from dataforce_hybrid.records.change_index import Index
from dataforce_hybrid.records.copy_on_write import Copies
from dataforce_hybrid.records.totals import Counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataforce.backend import ReadableBackend
    from dataforce.backend.interface import AnyKind
    from dataforce.overlay.store import OverlayStore
    from dataforce_hybrid.files.store import MergedContent
    from dataforce_hybrid.records.store import MergedRecords


class Layer:
    """One workspace over one remote; everything below shares these two and the index.

    Args:
        remote: What is read; nothing is ever written to it.
        workspace: Where what is made and changed here is kept.
        kinds: Every kind, parents before children.
    """

    def __init__(
        self, remote: ReadableBackend, workspace: OverlayStore, kinds: Sequence[AnyKind]
    ) -> None:
        self.remote = remote
        self.workspace = workspace
        self.kinds = {kind.route: kind for kind in kinds}
        self.index = Index(workspace, self.kinds)
        self._records: dict[AnyKind, MergedRecords[Any, Any, Any]] = {}

    @cached_property
    def counts(self) -> Counts:
        """The totals of the merged view."""
        return Counts(self.remote, self.workspace, self.index, tuple(self.kinds.values()))

    @cached_property
    def copies(self) -> Copies:
        """Copies of the remote's objects in the workspace."""
        return Copies(self)

    @cached_property
    def evidence(self) -> Evidence:
        """What stood below an object when it was deleted here."""
        return Evidence(self.workspace.notes, tuple(self.kinds.values()))

    def records(self, kind: AnyKind) -> MergedRecords[Any, Any, Any]:
        """The records of that kind, both sides merged."""
        from dataforce_hybrid.records.store import MergedRecords

        if kind not in self._records:
            self._records[kind] = MergedRecords(kind, self)
        return self._records[kind]

    def content(self, kind: AnyKind) -> MergedContent[Any, Any]:
        """The files of that kind."""
        from dataforce_hybrid.files.store import MergedContent

        return MergedContent(kind, self)
