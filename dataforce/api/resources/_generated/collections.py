# Generated from dataforce/api/resources/collections.py by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `dataforce.api.resources.collections`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal, Unpack

from dataforce.api._clear import Clear
from dataforce.api._lookup import Ref
from dataforce.api.resources.collections import CollectionResource, CollectionResourceBase
from dataforce.backend import Order, Page
from dataforce.models import (
    Collection,
    CollectionFilters,
    CollectionSort,
    CollectionType,
)

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.api.resources._validate_collection import (
        validate_collection as validate_collection,
    )

__all__ = ["AsyncCollectionResource"]


class AsyncCollectionResource(CollectionResourceBase):
    """Resource for collections of the default orbit."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._synchronous = CollectionResource(session)

    async def get(self, collection_value: Ref[Collection] | None = None) -> Collection | None:
        """Get a collection by id or name.

        Args:
            collection_value: Its id, its exact name, or the object; the default collection if not
                given.

        Returns:
            The collection, or `None` if the default orbit has none of that id or name.

        Raises:
            MultipleResourcesFoundError: Several collections have that name.

        Example:
            >>> await client.collections.get("no such collection") is None
            True
        """
        return await self._run(self._synchronous.get, collection_value)

    async def list(
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
            >>> await client.collections.list()
            []
        """
        return await self._run(
            self._synchronous.list, sort_by=sort_by, order=order, limit=limit, **filters
        )

    def iterate(
        self,
        *,
        sort_by: CollectionSort = "created_at",
        order: Order = "asc",
        page_size: int = 100,
        **filters: Unpack[CollectionFilters],
    ) -> AsyncIterator[Collection]:
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
            >>> churn = await client.collections.create("Who leaves, and when", "Churn", "model")
            >>> async for collection in client.collections.iterate(sort_by="name"):
            ...     print(collection.name)
            Churn
        """
        return self._stream(
            self._synchronous.iterate(sort_by=sort_by, order=order, page_size=page_size, **filters),
            page_size,
        )

    async def page(
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
            >>> (await client.collections.page(limit=5)).cursor is None
            True
        """
        return await self._run(
            self._synchronous.page, cursor, sort_by=sort_by, order=order, limit=limit, **filters
        )

    async def create(
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
            >>> (
            ...     await client.collections.create(
            ...         "Who leaves, and when", "Churn", "model", ["crm"]
            ...     )
            ... ).tags
            ['crm']
        """
        return await self._run(self._synchronous.create, description, name, collection_type, tags)

    async def update(
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
            >>> churn = await client.collections.create("", "Churn", "model", tags=["crm"])
            >>> (await client.collections.update("Churn 2026", collection_id=churn.id)).tags
            ['crm']
        """
        return await self._run(
            self._synchronous.update, name, description, tags, collection_id=collection_id
        )

    async def delete(self, collection_id: Ref[Collection] | None = None) -> None:
        """Delete a collection with all its models. This cannot be undone.

        Args:
            collection_id: Its id, its exact name, or the object. If not given: the default
                collection, if it was chosen and is not the default merely as the only one.

        Raises:
            ConfigurationError: No collection is given, and none was chosen.
            NotFoundError: The default orbit has no such collection.

        Example:
            >>> churn = await client.collections.create("", "Churn", "model")
            >>> await client.collections.delete(churn.id)
        """
        return await self._run(self._synchronous.delete, collection_id)
