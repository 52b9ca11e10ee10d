"""Collections: named sets of model artifacts."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, Unpack

from dataforce.api._clear import Clear
from dataforce.api._lookup import Ref
from dataforce.api._records import Records
from dataforce.api.resources._base import AssetResourceBase, asynchronous_twins
from dataforce.backend import Order, Page
from dataforce.models import (
    COLLECTION,
    Collection,
    CollectionCreate,
    CollectionFilters,
    CollectionSort,
    CollectionType,
    CollectionUpdate,
)

if TYPE_CHECKING:
    from dataforce.api.resources._generated.collections import (
        AsyncCollectionResource as AsyncCollectionResource,
    )
    from dataforce.api.resources._validate_collection import (
        validate_collection as validate_collection,
    )


class CollectionResourceBase(AssetResourceBase):
    """Abstract resource for collections."""

    _kind = COLLECTION
    _records: Records[Collection, CollectionCreate, CollectionUpdate]


class CollectionResource(CollectionResourceBase):
    """Resource for collections of the default orbit."""

    def get(self, collection_value: Ref[Collection] | None = None) -> Collection | None:
        """Get a collection by id or name.

        Args:
            collection_value: Its id, its exact name, or the object; the default collection if not
                given.

        Returns:
            The collection, or `None` if the default orbit has none of that id or name.

        Raises:
            MultipleResourcesFoundError: Several collections have that name.

        Example:
            >>> client.collections.get("no such collection") is None
            True
        """
        return self._records.get(collection_value)

    def list(
        self,
        *,
        sort_by: CollectionSort = "created_at",
        order: Order = "asc",
        limit: int | None = None,
        **filters: Unpack[CollectionFilters],
    ) -> builtins.list[Collection]:
        """List the collections of the default orbit.

        Args:
            sort_by: `created_at`, `name`, `collection_type` or `description`.
            order: `asc` or `desc`.
            limit: Highest number to return; all if not given.
            filters: See `dataforce.models.CollectionFilters`.

        Returns:
            All that fit the filters. If no order is asked for, that in which they were made.

        Raises:
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> client.collections.list()
            []
        """
        asked = {"sort_by": sort_by, "order": order, "limit": limit, **filters}
        return self._records.list(None, asked)

    def iterate(
        self,
        *,
        sort_by: CollectionSort = "created_at",
        order: Order = "asc",
        page_size: int = 100,
        **filters: Unpack[CollectionFilters],
    ) -> Iterator[Collection]:
        """Iterate over the collections of the default orbit, fetching a page when it is needed.

        Args:
            sort_by: `created_at`, `name`, `collection_type` or `description`.
            order: `asc` or `desc`.
            page_size: How many to fetch at a time, from 1 to 1,000.
            filters: See `dataforce.models.CollectionFilters`.

        Returns:
            An iterator.

        Raises:
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> churn = client.collections.create("Who leaves, and when", "Churn", "model")
            >>> for collection in client.collections.iterate(sort_by="name"):
            ...     print(collection.name)
            Churn
        """
        asked = {"sort_by": sort_by, "order": order, **filters}
        return self._records.iterate(None, page_size, asked)

    def page(
        self,
        cursor: str | None = None,
        *,
        sort_by: CollectionSort = "created_at",
        order: Order = "asc",
        limit: int = 100,
        **filters: Unpack[CollectionFilters],
    ) -> Page[Collection]:
        """Get one page of the collections of the default orbit, to show it before the rest.

        Args:
            cursor: The cursor of the page before, for the same arguments; the first page if not
                given.
            sort_by: `created_at`, `name`, `collection_type` or `description`.
            order: `asc` or `desc`.
            limit: How many to return at most, from 1 to 1,000.
            filters: See `dataforce.models.CollectionFilters`.

        Returns:
            The page with its `items`, and the `cursor` of the next one or `None` after the last.

        Raises:
            BadRequestError: The cursor belongs to another list.
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> client.collections.page(limit=5).cursor is None
            True
        """
        asked = {"sort_by": sort_by, "order": order, "limit": limit, **filters}
        return self._records.page(None, cursor, asked)

    def create(
        self,
        description: str,
        name: str,
        collection_type: CollectionType | Literal["model", "dataset"],
        tags: builtins.list[str] | None = None,
    ) -> Collection:
        """Create a collection in the default orbit.

        Args:
            description: Free text, may be empty.
            name: Name of the collection; several may have the same.
            collection_type: `model` or `dataset`.
            tags: Words to sort collections by.

        Returns:
            The new collection.

        Raises:
            UnprocessableEntityError: The name is empty or the type is not one of the two.

        Example:
            >>> client.collections.create("Who leaves, and when", "Churn", "model", ["crm"]).tags
            ['crm']
        """
        return self._records.create(
            {
                "description": description,
                "name": name,
                "collection_type": collection_type,
                "tags": tags,
            }
        )

    def update(
        self,
        name: str | None = None,
        description: str | Clear | None = None,
        tags: builtins.list[str] | Clear | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
    ) -> Collection:
        """Change a collection; what is not given stays as it is, `CLEAR` empties a field.

        Args:
            name: New name.
            description: New description.
            tags: New list of tags.
            collection_id: Id or exact name of the collection to change, or the object. If not
                given: the default collection, if it was chosen or was the only one when this client
                first needed one.

        Returns:
            The collection after the change.

        Raises:
            ConfigurationError: No collection is given, and there is no such default.
            NotFoundError: The default orbit has no such collection.

        Example:
            >>> churn = client.collections.create("", "Churn", "model", tags=["crm"])
            >>> client.collections.update("Churn 2026", collection_id=churn.id).tags
            ['crm']
        """
        return self._records.update(
            self._session.defaults.require_chosen(COLLECTION, or_first_found=True)
            if collection_id is None
            else collection_id,
            {"name": name, "description": description, "tags": tags},
        )

    def delete(self, collection_id: Ref[Collection] | None = None) -> None:
        """Delete a collection with all its models. This cannot be undone.

        Args:
            collection_id: Its id, its exact name, or the object. If not given: the default
                collection, if it was chosen and is not the default merely as the only one.

        Raises:
            ConfigurationError: No collection is given, and none was chosen.
            NotFoundError: The default orbit has no such collection.

        Example:
            >>> churn = client.collections.create("", "Churn", "model")
            >>> client.collections.delete(churn.id)
        """
        if collection_id is None:
            collection_id = self._session.defaults.require_chosen(COLLECTION)
        self._records.delete(collection_id)


def __getattr__(name: str) -> object:
    if name == "validate_collection":
        from dataforce.api.resources import _validate_collection

        return _validate_collection.validate_collection
    return asynchronous_twins(__name__)(name)
