"""Organizations that the caller belongs to."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING, Unpack

from dataforce.api._lookup import Ref
from dataforce.api._records import Records
from dataforce.api.resources._base import AssetResourceBase, asynchronous_twins
from dataforce.backend import Order, Page
from dataforce.models import (
    ORGANIZATION,
    AssetFilters,
    Organization,
    OrganizationCreate,
    OrganizationSort,
    OrganizationUpdate,
)

if TYPE_CHECKING:
    from dataforce.api.resources._generated.organizations import (
        AsyncOrganizationResource as AsyncOrganizationResource,
    )


class OrganizationResourceBase(AssetResourceBase):
    """Abstract resource for organizations."""

    _kind = ORGANIZATION
    _records: Records[Organization, OrganizationCreate, OrganizationUpdate]


class OrganizationResource(OrganizationResourceBase):
    """Resource for organizations."""

    def get(self, organization_value: Ref[Organization] | None = None) -> Organization | None:
        """Get an organization by id or name.

        Args:
            organization_value: Its id, its exact name, or the object; the default organization if
                not given.

        Returns:
            The organization, or `None` if there is none of that id or name.

        Raises:
            MultipleResourcesFoundError: Several organizations have that name.

        Example:
            >>> client.organizations.get("My Organization").name
            'My Organization'
        """
        return self._records.get(organization_value)

    def list(
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
            >>> [organization.name for organization in client.organizations.list()]
            ['My Organization']
        """
        asked = {"sort_by": sort_by, "order": order, "limit": limit, **filters}
        return self._records.list(None, asked)

    def iterate(
        self,
        *,
        sort_by: OrganizationSort = "created_at",
        order: Order = "asc",
        page_size: int = 100,
        **filters: Unpack[AssetFilters],
    ) -> Iterator[Organization]:
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
            >>> for organization in client.organizations.iterate(sort_by="name"):
            ...     print(organization.name)
            My Organization
        """
        asked = {"sort_by": sort_by, "order": order, **filters}
        return self._records.iterate(None, page_size, asked)

    def page(
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
            >>> client.organizations.page(limit=5).cursor is None
            True
        """
        asked = {"sort_by": sort_by, "order": order, "limit": limit, **filters}
        return self._records.page(None, cursor, asked)


__getattr__ = asynchronous_twins(__name__)
