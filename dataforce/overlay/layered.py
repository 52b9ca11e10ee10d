"""The interface of a backend with overlays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dataforce.backend.interface import Backend

if TYPE_CHECKING:
    from dataforce.backend.interface import Advance
    from dataforce.backend.kind import AnyKind
    from dataforce.backend.query import Query, Scope
    from dataforce.overlay import Diff, OverlayStatus, PullReport, PushReport, Resolution


class Overlay(Protocol):
    """The changes below one root, such as an organization."""

    def status(self) -> OverlayStatus:
        """Return how much the overlay holds."""
        ...

    def diff(self) -> Diff:
        """Return the change of each object, parents before children."""
        ...

    def reset(self, identifier: str | None = None, kind: AnyKind | None = None) -> None:
        """Drop all changes, or those of one object; of one made here, with all below it.

        Args:
            identifier: Id of the object.
            kind: Its kind; any if not given.

        Raises:
            NotFoundError: The overlay holds nothing of that id.
            MultipleResourcesFoundError: Objects of several kinds have that id.
        """
        ...

    def pull(
        self,
        kind: AnyKind,
        scope: Scope,
        wanted: str | Query,
        *,
        content: bool,
        advance: Advance,
    ) -> PullReport:
        """Bring records here that can then be read offline.

        Args:
            kind: Of the objects that are wanted.
            scope: Their parents.
            wanted: The id of one of them, or a query: the first page of its answer.
            content: Whether to bring files too.
            advance: Is told how many bytes have arrived.
        """
        ...

    def push(self, *, dry_run: bool, on_conflict: Resolution, advance: Advance) -> PushReport:
        """Publish the changes.

        Args:
            dry_run: Whether to tell only what would be done.
            on_conflict: Whose side to take where both changed the same.
            advance: Is told how many bytes have been brought there.

        Raises:
            PushConflictError: The other side changed meanwhile; nothing was published.
        """
        ...


@runtime_checkable
class LayeredBackend(Backend, Protocol):
    """A backend with overlays."""

    def overlay(self, root: str) -> Overlay:
        """The overlay below the object of that id, which has no parent."""
        ...
