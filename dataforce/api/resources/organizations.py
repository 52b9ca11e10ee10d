"""Organizations that the caller belongs to."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dataforce.api._lookup import Ref
from dataforce.api._records import Records
from dataforce.api.resources._base import AssetResourceBase, asynchronous_twins
from dataforce.backend import Order
from dataforce.models import (
    ORGANIZATION,
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

    def list(self) -> builtins.list[Organization]:
        """List the organizations that the caller belongs to.

        Returns:
            All of them.

        Example:
            >>> [organization.name for organization in client.organizations.list()]
            ['My Organization']
        """
        return self._records.list()

    def iterate(
        self,
        *,
        sort_by: OrganizationSort = "created_at",
        order: Order = "asc",
        page_size: int = 100,
    ) -> Iterator[Organization]:
        """Iterate over the organizations, fetching a page when it is needed.

        Args:
            sort_by: `created_at` or `name`.
            order: `asc` or `desc`.
            page_size: How many to fetch at a time, from 1 to 1,000.

        Returns:
            An iterator.

        Example:
            >>> for organization in client.organizations.iterate(sort_by="name"):
            ...     print(organization.name)
            My Organization
        """
        return self._records.iterate(sort_by, order, page_size)


__getattr__ = asynchronous_twins(__name__)
