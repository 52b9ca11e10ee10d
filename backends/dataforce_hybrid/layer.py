"""One overlay and what it lies over."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataforce_hybrid.copies import Copies
from dataforce_hybrid.counts import Counts
from dataforce_hybrid.evidence import Evidence
from dataforce_hybrid.index import Index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataforce.seam import ReadableBackend
    from dataforce.seam.backend import AnyKind
    from dataforce.seam.workspace import Workspace
    from dataforce_hybrid.content import MergedContent
    from dataforce_hybrid.records import MergedRecords


class Layer:
    """One workspace over one remote; everything below shares these two and the index.

    Args:
        remote: What is read; nothing is ever written to it.
        workspace: Where what is made and changed here is kept.
        kinds: Every kind, parents before children.
    """

    def __init__(
        self, remote: ReadableBackend, workspace: Workspace, kinds: Sequence[AnyKind]
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
        from dataforce_hybrid.records import MergedRecords

        if kind not in self._records:
            self._records[kind] = MergedRecords(kind, self)
        return self._records[kind]

    def content(self, kind: AnyKind) -> MergedContent[Any, Any]:
        """The files of that kind."""
        from dataforce_hybrid.content import MergedContent

        return MergedContent(kind, self)
