# Generated from dataforce/api/resources/overlay.py by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `dataforce.api.resources.overlay`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from dataforce.api._lookup import Ref
from dataforce.api.resources.overlay import (
    OverlayResource,
    OverlayResourceBase,
)
from dataforce.backend import Order
from dataforce.models import (
    Collection,
    ModelArtifactSort,
    Orbit,
)
from dataforce.models._base import AssetRecord
from dataforce.overlay import Change, Diff, OverlayStatus, PullReport, PushReport, Resolution

if TYPE_CHECKING:
    from dataforce.api._session import Session

__all__ = ["AsyncOverlayResource"]


class AsyncOverlayResource(OverlayResourceBase):
    """Resource for the overlay of the default organization.

    Only a client with `backend_type="hybrid"` has one. It reads the platform through the overlay
    and writes to the overlay, so nobody else sees what it does before `push`.

    Every call raises `ConfigurationError` for a client whose backend has no overlays, or that has
    no default organization.

    Example:
        >>> collection = await client.collections.create("", "Flowers", "model")
        >>> print(await client.overlay.diff())
        action   kind        name     what
        created  collection  Flowers
        1 created, 0 changed, 0 deleted
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._synchronous = OverlayResource(session)

    async def status(self) -> OverlayStatus:
        """Tell how much there is in the overlay.

        Returns:
            How many objects were created, changed and deleted, and what is kept of the platform.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> (await client.overlay.status()).created
            1
        """
        return await self._run(self._synchronous.status)

    async def diff(self) -> Diff:
        """List the differences between the overlay and the platform.

        Returns:
            What became of each object, parents before children; prints as a table.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> [(change.action.value, change.name) for change in await client.overlay.diff()]
            [('created', 'Flowers')]
        """
        return await self._run(self._synchronous.diff)

    async def reset(self, object_id: Ref[AssetRecord] | Change | None = None) -> None:
        """Drop changes that were not pushed. This cannot be undone.

        Args:
            object_id: The object whose changes to drop: its id, its name, the object itself, or
                what `diff` says of it. One that was made here goes with all that was made below it.
                All changes in the organization if not given.

        Raises:
            NotFoundError: The overlay holds no change of that object.
            MultipleResourcesFoundError: It holds changes of several objects of that name or id.
            UnprocessableEntityError: It is none of these.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> await client.overlay.reset(collection.id)
            >>> print(await client.overlay.diff())
            no changes
        """
        return await self._run(self._synchronous.reset, object_id)

    async def pull(
        self,
        *,
        orbit: Ref[Orbit] | None = None,
        collection: Ref[Collection] | None = None,
        name: str | None = None,
        sort_by: ModelArtifactSort = "created_at",
        order: Order = "asc",
        limit: int | None = None,
        content: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> PullReport:
        """Bring records of the platform here, for reading them offline.

        With `name` or `limit`, some model artifacts of one collection are pulled. Else a whole
        collection is, or a whole orbit if an orbit is all that is given. With no arguments that
        is the default collection, or the default orbit if there is no default collection.

        Args:
            orbit: An orbit: its id, its exact name, or the object; the default orbit if not given.
            collection: A collection in that orbit, in the same ways.
            name: Model name or file name: only the model artifacts that have it.
            sort_by: `created_at`, `model_name`, `size`, `description` or `status`; which are
                first counts with `limit`.
            order: `asc` or `desc`.
            limit: Only the first so many model artifacts, from 1 to 1,000.
            content: Whether to bring the model files too.
            progress: Is called with the bytes moved so far, and 0 since nobody knows how many
                there will be; a pull that takes long shows a bar on a terminal if not given. What
                it raises ends the pull and comes out.

        Returns:
            How many records of each kind were pulled, and how many files and bytes.

        Raises:
            OrbitResourceNotFoundError: The orbit does not exist in the default organization.
            CollectionResourceNotFoundError: The collection does not exist in the orbit.
            MultipleResourcesFoundError: Several have that name.
            ConfigurationError: A collection is needed, and none is given or a default.
            UnprocessableEntityError: An argument does not have the form it must have.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> (await client.overlay.pull(collection="Flowers", content=True)).files
            0
        """
        return await self._run(
            self._synchronous.pull,
            orbit=orbit,
            collection=collection,
            name=name,
            sort_by=sort_by,
            order=order,
            limit=limit,
            content=content,
            progress=progress,
        )

    async def push(
        self,
        *,
        dry_run: bool = False,
        on_conflict: Resolution | Literal["stop", "theirs", "mine"] = Resolution.STOP,
        progress: Callable[[int, int], object] | None = None,
    ) -> PushReport:
        """Publish the changes of the overlay on the platform.

        Args:
            dry_run: Whether to tell only what would be done.
            on_conflict: What to do where the platform changed the same meanwhile: `stop`, or take
                the side of the platform with `theirs` or that of the overlay with `mine`.
            progress: Is called with the bytes moved so far, and 0 since nobody knows how many
                there will be; a push that takes long shows a bar on a terminal if not given. What
                it raises ends the push and comes out.

        Returns:
            What was published, in that order; prints as a table.

        Raises:
            PushConflictError: The platform changed the same meanwhile; nothing was published.
            UnprocessableEntityError: `on_conflict` is none of the three.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> print(await client.overlay.push(dry_run=True))
            would be pushed:
            action   kind        name     what
            created  collection  Flowers
            1 created, 0 changed, 0 deleted
        """
        return await self._run(
            self._synchronous.push, dry_run=dry_run, on_conflict=on_conflict, progress=progress
        )
