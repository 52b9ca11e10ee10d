# Generated from dataforce/api/resources/organizations.py by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `dataforce.api.resources.organizations`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Unpack

from dataforce.api._lookup import Ref
from dataforce.api.resources.organizations import (
    OrganizationResource,
    OrganizationResourceBase,
)
from dataforce.backend import Order, Page
from dataforce.models import (
    AssetFilters,
    Organization,
    OrganizationSort,
)

if TYPE_CHECKING:
    from dataforce.api._session import Session

__all__ = ["AsyncOrganizationResource"]


class AsyncOrganizationResource(OrganizationResourceBase):
    """Resource for organizations."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._synchronous = OrganizationResource(session)

    async def get(self, organization_value: Ref[Organization] | None = None) -> Organization | None:
        """Get an organization by id or name.

        Args:
            organization_value: Its id, its exact name, or the object; the default organization if
                not given.

        Returns:
            The organization, or `None` if there is none of that id or name.

        Raises:
            MultipleResourcesFoundError: Several organizations have that name.

        Example:
            >>> (await client.organizations.get("My Organization")).name
            'My Organization'
        """
        return await self._run(self._synchronous.get, organization_value)

    async def list(
        self,
        *,
        sort_by: OrganizationSort = "created_at",
        order: Order = "asc",
        limit: int | None = None,
        **filters: Unpack[AssetFilters],
    ) -> builtins.list[Organization]:
        """List the organizations that the caller belongs to.

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
            >>> [organization.name for organization in await client.organizations.list()]
            ['My Organization']
        """
        return await self._run(
            self._synchronous.list, sort_by=sort_by, order=order, limit=limit, **filters
        )

    def iterate(
        self,
        *,
        sort_by: OrganizationSort = "created_at",
        order: Order = "asc",
        page_size: int = 100,
        **filters: Unpack[AssetFilters],
    ) -> AsyncIterator[Organization]:
        """Iterate over the organizations, fetching a page when it is needed.

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
            >>> async for organization in client.organizations.iterate(sort_by="name"):
            ...     print(organization.name)
            My Organization
        """
        return self._stream(
            self._synchronous.iterate(sort_by=sort_by, order=order, page_size=page_size, **filters),
            page_size,
        )

    async def page(
        self,
        cursor: str | None = None,
        *,
        sort_by: OrganizationSort = "created_at",
        order: Order = "asc",
        limit: int = 100,
        **filters: Unpack[AssetFilters],
    ) -> Page[Organization]:
        """Get one page of the organizations that the caller belongs to, to show it before the rest.

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
            >>> (await client.organizations.page(limit=5)).cursor is None
            True
        """
        return await self._run(
            self._synchronous.page, cursor, sort_by=sort_by, order=order, limit=limit, **filters
        )
