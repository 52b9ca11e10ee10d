# Generated from dataforce/api/resources/orbits.py by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `dataforce.api.resources.orbits`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Unpack

from dataforce.api._lookup import Ref
from dataforce.api.resources.orbits import OrbitResource, OrbitResourceBase
from dataforce.backend import Order, Page
from dataforce.models import (
    AssetFilters,
    BucketSecret,
    Orbit,
    OrbitSort,
)

if TYPE_CHECKING:
    from dataforce.api._session import Session

__all__ = ["AsyncOrbitResource"]


class AsyncOrbitResource(OrbitResourceBase):
    """Resource for orbits of the default organization."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._synchronous = OrbitResource(session)

    async def get(self, orbit_value: Ref[Orbit] | None = None) -> Orbit | None:
        """Get an orbit by id or name.

        Args:
            orbit_value: Its id, its exact name, or the object; the default orbit if not given.

        Returns:
            The orbit, or `None` if there is none of that id or name.

        Raises:
            MultipleResourcesFoundError: Several orbits have that name.

        Example:
            >>> (await client.orbits.get("Default Orbit")).total_collections
            0
        """
        return await self._run(self._synchronous.get, orbit_value)

    async def list(
        self,
        *,
        sort_by: OrbitSort = "created_at",
        order: Order = "asc",
        limit: int | None = None,
        **filters: Unpack[AssetFilters],
    ) -> builtins.list[Orbit]:
        """List the orbits of the default organization.

        Args:
            sort_by: `created_at` or `name`.
            order: `asc` or `desc`.
            limit: Highest number to return; all if not given.
            filters: See `dataforce.models.AssetFilters`.

        Returns:
            All that fit the filters. If no order is asked for, that in which they were made.

        Raises:
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> [orbit.name for orbit in await client.orbits.list()]
            ['Default Orbit']
        """
        return await self._run(
            self._synchronous.list, sort_by=sort_by, order=order, limit=limit, **filters
        )

    def iterate(
        self,
        *,
        sort_by: OrbitSort = "created_at",
        order: Order = "asc",
        page_size: int = 100,
        **filters: Unpack[AssetFilters],
    ) -> AsyncIterator[Orbit]:
        """Iterate over the orbits of the default organization, fetching a page when it is needed.

        Args:
            sort_by: `created_at` or `name`.
            order: `asc` or `desc`.
            page_size: How many to fetch at a time, from 1 to 1,000.
            filters: See `dataforce.models.AssetFilters`.

        Returns:
            An iterator.

        Raises:
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> async for orbit in client.orbits.iterate(sort_by="name", order="desc"):
            ...     print(orbit.name)
            Default Orbit
        """
        return self._stream(
            self._synchronous.iterate(sort_by=sort_by, order=order, page_size=page_size, **filters),
            page_size,
        )

    async def page(
        self,
        cursor: str | None = None,
        *,
        sort_by: OrbitSort = "created_at",
        order: Order = "asc",
        limit: int = 100,
        **filters: Unpack[AssetFilters],
    ) -> Page[Orbit]:
        """Get one page of the orbits of the default organization, to show it before the rest.

        Args:
            cursor: The cursor of the page before, for the same arguments; the first page if not
                given.
            sort_by: `created_at` or `name`.
            order: `asc` or `desc`.
            limit: How many to return at most, from 1 to 1,000.
            filters: See `dataforce.models.AssetFilters`.

        Returns:
            The page with its `items`, and the `cursor` of the next one or `None` after the last.

        Raises:
            BadRequestError: The cursor belongs to another list.
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> (await client.orbits.page(limit=5)).cursor is None
            True
        """
        return await self._run(
            self._synchronous.page, cursor, sort_by=sort_by, order=order, limit=limit, **filters
        )

    async def create(self, name: str, bucket_secret_id: Ref[BucketSecret]) -> Orbit:
        """Create an orbit in the default organization.

        Args:
            name: Name of the orbit; several may have the same.
            bucket_secret_id: The bucket secret that its files go to: its id, the exact name of its
                bucket, or the object.

        Returns:
            The new orbit.

        Raises:
            NotFoundError: There is no such bucket secret.
            UnprocessableEntityError: The name is empty.

        Example:
            >>> secret = (await client.bucket_secrets.list())[0]
            >>> (await client.orbits.create("Research", secret.id)).name
            'Research'
        """
        return await self._run(self._synchronous.create, name, bucket_secret_id)

    async def update(
        self,
        name: str | None = None,
        bucket_secret_id: Ref[BucketSecret] | None = None,
        *,
        orbit_id: Ref[Orbit] | None = None,
    ) -> Orbit:
        """Change an orbit; what is not given stays as it is.

        Args:
            name: New name.
            bucket_secret_id: Another bucket secret: its id, the exact name of its bucket, or the
                object.
            orbit_id: Id or exact name of the orbit to change, or the object. If not given: the
                default orbit, if it was chosen or was the only one when this client first needed
                one.

        Returns:
            The orbit after the change.

        Raises:
            ConfigurationError: No orbit is given, and there is no such default.
            NotFoundError: There is no such orbit or bucket secret.

        Example:
            >>> (await client.orbits.update(name="Production")).name
            'Production'
        """
        return await self._run(self._synchronous.update, name, bucket_secret_id, orbit_id=orbit_id)

    async def delete(self, orbit_id: Ref[Orbit]) -> None:
        """Delete an orbit with all its collections and models. This cannot be undone.

        Args:
            orbit_id: Its id, its exact name, or the object. Deleting an id that does not exist
                succeeds.

        Raises:
            DataForceAPIError: It is the default orbit, and it was chosen or is not the only one.

        Example:
            >>> secret = (await client.bucket_secrets.list())[0]
            >>> client.orbit = "Default Orbit"
            >>> await client.orbits.delete((await client.orbits.create("Scratch", secret.id)).id)
        """
        return await self._run(self._synchronous.delete, orbit_id)
