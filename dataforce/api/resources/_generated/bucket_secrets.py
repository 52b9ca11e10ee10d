# Generated from dataforce/api/resources/bucket_secrets.py by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `dataforce.api.resources.bucket_secrets`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Unpack

from dataforce.api._clear import Clear
from dataforce.api._lookup import Ref
from dataforce.api.resources.bucket_secrets import (
    BucketSecretResource,
    BucketSecretResourceBase,
)
from dataforce.backend import Order, Page
from dataforce.models import (
    AssetFilters,
    BucketSecret,
    BucketSecretSort,
)

if TYPE_CHECKING:
    from dataforce.api._session import Session

__all__ = ["AsyncBucketSecretResource"]


class AsyncBucketSecretResource(BucketSecretResourceBase):
    """Resource for bucket secrets of the default organization."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._synchronous = BucketSecretResource(session)

    async def get(self, secret_value: Ref[BucketSecret]) -> BucketSecret | None:
        """Get a bucket secret by id or bucket name.

        Args:
            secret_value: Its id, the exact name of its bucket, or the object.

        Returns:
            The bucket secret without its credentials, or `None` if there is none.

        Raises:
            MultipleResourcesFoundError: Several bucket secrets name that bucket.

        Example:
            >>> await client.bucket_secrets.get("no-such-bucket") is None
            True
        """
        return await self._run(self._synchronous.get, secret_value)

    async def list(
        self,
        *,
        sort_by: BucketSecretSort = "created_at",
        order: Order = "asc",
        limit: int | None = None,
        **filters: Unpack[AssetFilters],
    ) -> builtins.list[BucketSecret]:
        """List the bucket secrets of the default organization.

        Args:
            sort_by: `created_at` or `bucket_name`.
            order: `asc` or `desc`.
            limit: Highest number to return; all if not given.
            filters: See `dataforce.models.AssetFilters`.

        Returns:
            All that fit the filters. If no order is asked for, that in which they were made.

        Raises:
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> len(await client.bucket_secrets.list())
            1
        """
        return await self._run(
            self._synchronous.list, sort_by=sort_by, order=order, limit=limit, **filters
        )

    def iterate(
        self,
        *,
        sort_by: BucketSecretSort = "created_at",
        order: Order = "asc",
        page_size: int = 100,
        **filters: Unpack[AssetFilters],
    ) -> AsyncIterator[BucketSecret]:
        """Iterate over the bucket secrets, fetching a page when it is needed.

        Args:
            sort_by: `created_at` or `bucket_name`.
            order: `asc` or `desc`.
            page_size: How many to fetch at a time, from 1 to 1,000.
            filters: See `dataforce.models.AssetFilters`.

        Returns:
            An iterator.

        Raises:
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> async for secret in client.bucket_secrets.iterate():
            ...     print(secret.bucket_name)
            local
        """
        return self._stream(
            self._synchronous.iterate(sort_by=sort_by, order=order, page_size=page_size, **filters),
            page_size,
        )

    async def page(
        self,
        cursor: str | None = None,
        *,
        sort_by: BucketSecretSort = "created_at",
        order: Order = "asc",
        limit: int = 100,
        **filters: Unpack[AssetFilters],
    ) -> Page[BucketSecret]:
        """Get one page of the bucket secrets, to show it before the rest.

        Args:
            cursor: The cursor of the page before, for the same arguments; the first page if not
                given.
            sort_by: `created_at` or `bucket_name`.
            order: `asc` or `desc`.
            limit: How many to return at most, from 1 to 1,000.
            filters: See `dataforce.models.AssetFilters`.

        Returns:
            The page with its `items`, and the `cursor` of the next one or `None` after the last.

        Raises:
            BadRequestError: The cursor belongs to another list.
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> (await client.bucket_secrets.page(limit=5)).cursor is None
            True
        """
        return await self._run(
            self._synchronous.page, cursor, sort_by=sort_by, order=order, limit=limit, **filters
        )

    async def create(
        self,
        endpoint: str,
        bucket_name: str,
        access_key: str | None = None,
        secret_key: str | None = None,
        session_token: str | None = None,
        secure: bool | None = None,
        region: str | None = None,
        cert_check: bool | None = None,
    ) -> BucketSecret:
        """Create a bucket secret in the default organization.

        Args:
            endpoint: Host and port of the object store; `http://` and `https://` are dropped.
            bucket_name: Name of the bucket.
            access_key: Public half of its credentials.
            secret_key: Secret half of its credentials.
            session_token: Token of temporary credentials.
            secure: Whether it is reached over HTTPS; it is if not given.
            region: Region of the bucket.
            cert_check: Whether its certificate is checked; it is if not given.

        Returns:
            The new bucket secret, without its credentials.

        Raises:
            ConflictError: The organization has one for that endpoint and bucket.
            UnprocessableEntityError: The endpoint or the bucket name is empty.

        Example:
            >>> (await client.bucket_secrets.create("https://s3.example.com", "models")).endpoint
            's3.example.com'
        """
        return await self._run(
            self._synchronous.create,
            endpoint,
            bucket_name,
            access_key,
            secret_key,
            session_token,
            secure,
            region,
            cert_check,
        )

    async def update(
        self,
        secret_id: Ref[BucketSecret],
        endpoint: str | None = None,
        bucket_name: str | None = None,
        access_key: str | Clear | None = None,
        secret_key: str | Clear | None = None,
        session_token: str | Clear | None = None,
        secure: bool | Clear | None = None,
        region: str | Clear | None = None,
        cert_check: bool | Clear | None = None,
    ) -> BucketSecret:
        """Change a bucket secret; what is not given stays as it is, `CLEAR` empties a field.

        Args:
            secret_id: Its id, the exact name of its bucket, or the object.
            endpoint: Host and port of the object store.
            bucket_name: Name of the bucket.
            access_key: Public half of its credentials.
            secret_key: Secret half of its credentials.
            session_token: Token of temporary credentials.
            secure: Whether it is reached over HTTPS.
            region: Region of the bucket.
            cert_check: Whether its certificate is checked.

        Returns:
            The bucket secret after the change.

        Raises:
            NotFoundError: There is no such bucket secret.
            ConflictError: The organization has another one for that endpoint and bucket.

        Example:
            >>> secret = await client.bucket_secrets.create("s3.example.com", "more-models")
            >>> (await client.bucket_secrets.update(secret.id, region="eu-west-1")).region
            'eu-west-1'
        """
        return await self._run(
            self._synchronous.update,
            secret_id,
            endpoint,
            bucket_name,
            access_key,
            secret_key,
            session_token,
            secure,
            region,
            cert_check,
        )

    async def delete(self, secret_id: Ref[BucketSecret]) -> None:
        """Delete a bucket secret. Deleting one that does not exist succeeds.

        Args:
            secret_id: Its id, the exact name of its bucket, or the object.

        Raises:
            ConflictError: An orbit uses it.

        Example:
            >>> secret = await client.bucket_secrets.create("s3.example.com", "old-models")
            >>> await client.bucket_secrets.delete(secret.id)
        """
        return await self._run(self._synchronous.delete, secret_id)
