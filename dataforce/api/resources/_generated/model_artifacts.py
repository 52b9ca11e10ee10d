# Generated from dataforce/api/resources/model_artifacts.py by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `dataforce.api.resources.model_artifacts`."""

from __future__ import annotations

import builtins
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from dataforce.api._async_model_file import AsyncModelFile
from dataforce.api._clear import Clear
from dataforce.api._destinations import Writable
from dataforce.api._lookup import Ref
from dataforce.api.resources.model_artifacts import (
    ModelArtifactResource,
    ModelArtifactResourceBase,
)
from dataforce.backend import Order, Page
from dataforce.models import (
    Collection,
    CreatedModel,
    Manifest,
    ModelArtifact,
    ModelArtifactFilters,
    ModelArtifactSort,
    ModelArtifactStatus,
    SignedURL,
)

if TYPE_CHECKING:
    from dataforce.api._session import Session

__all__ = ["AsyncModelArtifactResource"]


class AsyncModelArtifactResource(ModelArtifactResourceBase):
    """Resource for model artifacts of a collection: the default one, or the one given."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._synchronous = ModelArtifactResource(session)

    async def get(
        self,
        model_value: Ref[ModelArtifact],
        *,
        collection_id: Ref[Collection] | None = None,
        latest: bool = False,
    ) -> ModelArtifact | None:
        """Get a model artifact by id, model name or file name.

        Of several with that name, those that are uploaded are preferred to those that are not.

        Args:
            model_value: Its id, its exact model name, or else the exact name of its file; or the
                object.
            collection_id: Its collection: id, exact name, or the object; the default collection if
                not given.
            latest: Whether to take the newest of several that have the name.

        Returns:
            The model artifact, or `None` if the collection has none of that id or name.

        Raises:
            MultipleResourcesFoundError: Several model artifacts have that name.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> (await client.model_artifacts.get("iris")).file_name
            'iris.fnnx'
        """
        return await self._run(
            self._synchronous.get, model_value, collection_id=collection_id, latest=latest
        )

    async def list(
        self,
        *,
        collection_id: Ref[Collection] | None = None,
        sort_by: ModelArtifactSort | str = "created_at",
        order: Order = "asc",
        limit: int | None = None,
        **filters: Unpack[ModelArtifactFilters],
    ) -> builtins.list[ModelArtifact]:
        """List the model artifacts of a collection, whatever their status.

        Args:
            collection_id: The collection: its id, its exact name, or the object; the default
                collection if not given.
            sort_by: `created_at`, `model_name`, `size`, `description`, `status`, or a metric,
                such as `metrics.accuracy`.
            order: `asc` or `desc`.
            limit: Highest number to return; all if not given.
            filters: See `dataforce.models.ModelArtifactFilters`.

        Returns:
            All that fit the filters. If no order is asked for, that in which they were made.

        Raises:
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> await client.model_artifacts.list()
            []
        """
        return await self._run(
            self._synchronous.list,
            collection_id=collection_id,
            sort_by=sort_by,
            order=order,
            limit=limit,
            **filters,
        )

    def iterate(
        self,
        *,
        collection_id: Ref[Collection] | None = None,
        sort_by: ModelArtifactSort | str = "created_at",
        order: Order = "asc",
        page_size: int = 100,
        **filters: Unpack[ModelArtifactFilters],
    ) -> AsyncIterator[ModelArtifact]:
        """Iterate over the model artifacts of a collection, fetching a page when it is needed.

        Args:
            collection_id: The collection: its id, its exact name, or the object; the default
                collection if not given.
            sort_by: `created_at`, `model_name`, `size`, `description`, `status`, or a metric,
                such as `metrics.accuracy`.
            order: `asc` or `desc`.
            page_size: How many to fetch at a time, from 1 to 1,000.
            filters: See `dataforce.models.ModelArtifactFilters`.

        Returns:
            An iterator.

        Raises:
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> async for model in client.model_artifacts.iterate(sort_by="size", order="desc"):
            ...     print(model.model_name, model.size)
            iris 51200
        """
        return self._stream(
            self._synchronous.iterate(
                collection_id=collection_id,
                sort_by=sort_by,
                order=order,
                page_size=page_size,
                **filters,
            ),
            page_size,
        )

    async def page(
        self,
        cursor: str | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
        sort_by: ModelArtifactSort | str = "created_at",
        order: Order = "asc",
        limit: int = 100,
        **filters: Unpack[ModelArtifactFilters],
    ) -> Page[ModelArtifact]:
        """Get one page of the model artifacts of a collection, to show it before the rest.

        Args:
            cursor: The cursor of the page before, for the same arguments; the first page if not
                given.
            collection_id: The collection: its id, its exact name, or the object; the default
                collection if not given.
            sort_by: `created_at`, `model_name`, `size`, `description`, `status`, or a metric,
                such as `metrics.accuracy`.
            order: `asc` or `desc`.
            limit: How many to return at most, from 1 to 1,000.
            filters: See `dataforce.models.ModelArtifactFilters`.

        Returns:
            The page with its `items`, and the `cursor` of the next one or `None` after the last.

        Raises:
            BadRequestError: The cursor belongs to another list.
            UnprocessableEntityError: A filter is unknown, or an argument has the wrong form.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> (await client.model_artifacts.page(limit=5)).cursor is None
            True
        """
        return await self._run(
            self._synchronous.page,
            cursor,
            collection_id=collection_id,
            sort_by=sort_by,
            order=order,
            limit=limit,
            **filters,
        )

    async def versions(
        self,
        model_name: str,
        *,
        collection_id: Ref[Collection] | None = None,
        limit: int | None = None,
    ) -> builtins.list[ModelArtifact]:
        """List the model artifacts of one name, newest first.

        Args:
            model_name: Exact name of the model.
            collection_id: The collection: its id, its exact name, or the object; the default
                collection if not given.
            limit: Highest number to return; all if not given.

        Returns:
            The model artifacts, whatever their status; none if the name is unknown.

        Raises:
            UnprocessableEntityError: An argument has the wrong form.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> first = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> second = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> [model.id for model in await client.model_artifacts.versions("iris")] == [
            ...     second.id,
            ...     first.id,
            ... ]
            True
        """
        return await self._run(
            self._synchronous.versions, model_name, collection_id=collection_id, limit=limit
        )

    async def upload(
        self,
        file_path: str | os.PathLike[str] | object,
        model_name: str,
        description: str | None = None,
        tags: builtins.list[str] | None = None,
        *,
        metrics: Mapping[str, object] | None = None,
        collection_id: Ref[Collection] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> ModelArtifact:
        """Store a model: a package as it is; a file, a folder or an object packed.

        Either all of it is stored, or nothing. What is given stays as it is. To pack, a temporary
        file is used, and the logger `dataforce` tells so at the level INFO.

        Args:
            file_path: Path of a model package (`.fnnx`, `.pyfnx`, `.dfs` or `.luml`), of another
                file, or of a folder; or a model in memory, which is pickled.
            model_name: Name of the model; several may have the same.
            description: Free text.
            tags: Words to sort models by.
            metrics: Metrics of the model, such as `{"accuracy": 0.93}`; they are added to those
                that a package reports, and go before them.
            collection_id: The collection: its id, its exact name, or the object; the default
                collection if not given.
            progress: Is called with the bytes moved so far and the bytes in all; a large file shows
                a bar on a terminal if not given. What it raises ends the upload and comes out.

        Returns:
            The new model artifact, with status `uploaded`.

        Raises:
            FileError: The file is missing or empty, is named like a package and is none, or changed
                while it was read; the folder holds no file; or the object cannot be pickled.
            UnprocessableEntityError: The name is empty, the metrics cannot be stored, or the
                manifest lacks a field.
            NotFoundError: The default orbit has no such collection.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> model.metrics["accuracy"]
            0.9778
            >>> (tmp_path / "churn.json").write_text('{"threshold": 0.5}')
            18
            >>> own = await client.model_artifacts.upload(
            ...     tmp_path / "churn.json", "churn", metrics={"accuracy": 0.93}
            ... )
            >>> own.file_name, own.metrics
            ('churn.fnnx', {'accuracy': 0.93})
        """
        return await self._run(
            self._synchronous.upload,
            file_path,
            model_name,
            description,
            tags,
            metrics=metrics,
            collection_id=collection_id,
            progress=progress,
        )

    async def load(
        self,
        model_id: Ref[ModelArtifact],
        *,
        trust: bool = False,
        collection_id: Ref[Collection] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Any:
        """Load a model into memory, from a package that holds it as one file.

        Its bytes are checked before they are read.

        Args:
            model_id: Id or exact name of the model artifact, or the object.
            trust: Whether the file may run code, as a pickle does when it is loaded.
            collection_id: Its collection: id, exact name, or the object; if not given, the one that
                the object says, else the default collection.
            progress: Is called with the bytes moved so far and the bytes in all; a large file shows
                a bar on a terminal if not given. What it raises ends the download and comes out.

        Returns:
            The object in a `.pkl`, `.pickle`, `.joblib` or `.safetensors` file.

        Raises:
            NotFoundError: The collection has no such model artifact.
            FileError: Loading means unpickling, and `trust` is not set; the file has another
                format; what reads it is not installed, or fails.
            ChecksumMismatchError: The bytes are not those that were stored.

        Example:
            >>> collection = await client.collections.create("", "Rules", "model")
            >>> model = await client.model_artifacts.upload({"threshold": 0.5}, "churn")
            >>> await client.model_artifacts.load(model.id, trust=True)
            {'threshold': 0.5}
        """
        return await self._run(
            self._synchronous.load,
            model_id,
            trust=trust,
            collection_id=collection_id,
            progress=progress,
        )

    async def extract(
        self,
        model_id: Ref[ModelArtifact],
        folder: str | os.PathLike[str],
        *,
        collection_id: Ref[Collection] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Path:
        """Write the file or folder that a package was made from, byte by byte as it was.

        It appears when it is complete. A package that `pack` did not make is extracted as a folder
        with all its members.

        Args:
            model_id: Id or exact name of the model artifact, or the object.
            folder: Folder to put it in, under the name that it had; it is made if need be.
            collection_id: Its collection: id, exact name, or the object; if not given, the one that
                the object says, else the default collection.
            progress: Is called with the bytes moved so far and the bytes in all; a large file shows
                a bar on a terminal if not given. What it raises ends the download and comes out.

        Returns:
            The path of the file or folder.

        Raises:
            NotFoundError: The collection has no such model artifact.
            ChecksumMismatchError: The bytes are not those that were stored.
            FileDownloadError: Something of that name is there already, the folder cannot be
                written to, or a member of the package would lie outside of it.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> (tmp_path / "churn.json").write_text('{"threshold": 0.5}')
            18
            >>> model = await client.model_artifacts.upload(tmp_path / "churn.json", "churn")
            >>> (await client.model_artifacts.extract(model.id, tmp_path / "restored")).read_text()
            '{"threshold": 0.5}'
        """
        return await self._run(
            self._synchronous.extract,
            model_id,
            folder,
            collection_id=collection_id,
            progress=progress,
        )

    @overload
    async def download(
        self,
        model_id: Ref[ModelArtifact],
        file_path: str | os.PathLike[str] | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Path: ...

    @overload
    async def download(
        self,
        model_id: Ref[ModelArtifact],
        file_path: Writable,
        *,
        collection_id: Ref[Collection] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> None: ...

    async def download(
        self,
        model_id: Ref[ModelArtifact],
        file_path: str | os.PathLike[str] | Writable | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Path | None:
        """Fetch a model file and check that its bytes are those that were stored.

        A file given by its path appears when it is complete; a failure leaves what was there. An
        open file is written to as the bytes arrive; after a failure, do not use what it has taken.

        Args:
            model_id: Id or exact name of the model artifact, or the object.
            file_path: A file to write or replace, or a folder to put the file in under the name
                it was uploaded with; the current folder if not given. Or a file that is open for
                writing bytes; it stays open.
            collection_id: Its collection: id, exact name, or the object; if not given, the one that
                the object says, else the default collection.
            progress: Is called with the bytes moved so far and the bytes in all; a large file shows
                a bar on a terminal if not given. What it raises ends the download and comes out.

        Returns:
            The path that was written; nothing for an open file.

        Raises:
            NotFoundError: The collection has no such model artifact.
            ChecksumMismatchError: The bytes are not those that were stored.
            FileDownloadError: The bytes are gone, or the target cannot be written.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> (await client.model_artifacts.download(model.id, tmp_path)).name
            'iris.fnnx'
        """
        return await self._run(
            self._synchronous.download,
            model_id,
            file_path,
            collection_id=collection_id,
            progress=progress,
        )

    async def open(
        self,
        model_id: Ref[ModelArtifact],
        member: str | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
    ) -> AsyncModelFile:
        """Open a model file, or one member of it, to read it where it lies.

        Only what is read is fetched, when it is read. What is read is not checked: the SHA-256 is
        that of the whole file, which `download` compares.

        Args:
            model_id: Id or exact name of the model artifact, or the object.
            member: Name of a file in the package, as `file_index` of the model artifact lists it;
                the whole package if not given.
            collection_id: Its collection: id, exact name, or the object; if not given, the one that
                the object says, else the default collection.

        Returns:
            A binary file to `read`, `seek` and `close`.

        Raises:
            NotFoundError: The collection has no such model artifact, or that no such member.
            FileDownloadError: The file index is wrong. Reading raises it if the bytes are gone.

        Example:
            >>> import json
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> async with await client.model_artifacts.open(model.id, "manifest.json") as file:
            ...     json.loads(await file.read())["name"]
            'iris-forest'
        """
        return AsyncModelFile(
            await self._run(self._synchronous.open, model_id, member, collection_id=collection_id),
            self._session.workers,
        )

    async def download_url(
        self, model_id: Ref[ModelArtifact], *, collection_id: Ref[Collection] | None = None
    ) -> SignedURL:
        """Get a URL that the bytes of a model artifact can be read from.

        Args:
            model_id: Id or exact name of the model artifact, or the object.
            collection_id: Its collection: id, exact name, or the object; if not given, the one that
                the object says, else the default collection.

        Returns:
            The URL as attribute `url`, also by that key. Whoever holds it can read the file.

        Raises:
            NotFoundError: The collection has no such model artifact.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> (await client.model_artifacts.download_url(model.id))["url"].partition("://")[0]
            'memory'
        """
        return await self._run(
            self._synchronous.download_url, model_id, collection_id=collection_id
        )

    async def delete_url(
        self, model_id: Ref[ModelArtifact], *, collection_id: Ref[Collection] | None = None
    ) -> SignedURL:
        """Begin to delete a model artifact by hand: its status becomes `pending_deletion`.

        `delete` does all of it in one call.

        Args:
            model_id: Id or exact name of the model artifact, or the object.
            collection_id: Its collection: id, exact name, or the object; if not given, the one that
                the object says, else the default collection.

        Returns:
            The URL to delete the bytes with, as attribute `url`, also by that key.

        Raises:
            NotFoundError: The collection has no such model artifact.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> url = await client.model_artifacts.delete_url(model.id)
            >>> str((await client.model_artifacts.get(model.id)).status)
            'pending_deletion'
        """
        return await self._run(self._synchronous.delete_url, model_id, collection_id=collection_id)

    async def create(
        self,
        file_name: str,
        metrics: Mapping[str, object],
        manifest: Mapping[str, object] | Manifest,
        file_hash: str,
        file_index: Mapping[str, tuple[int, int]],
        size: int,
        model_name: str,
        description: str | None = None,
        tags: builtins.list[str] | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
    ) -> CreatedModel:
        """Register a model artifact whose bytes you bring yourself.

        Put the bytes where the answer says and then set the status to `uploaded`. `upload` does
        all of it in one call.

        Args:
            file_name: Name of the file, with an extension.
            metrics: Name of a metric to its value.
            manifest: What the package says of itself.
            file_hash: SHA-256 of the file, 64 hexadecimal digits.
            file_index: Member of the package to its offset and its size in the file, in bytes.
            size: Of the file, in bytes; 5 TiB at most.
            model_name: Name of the model; several may have the same.
            description: Free text.
            tags: Words to sort models by.
            collection_id: The collection: its id, its exact name, or the object; the default
                collection if not given.

        Returns:
            The record with status `pending_upload` as `model`, and where its bytes go as `url`;
            both also by key.

        Raises:
            UnprocessableEntityError: A value does not have the form it must have.
            NotFoundError: The default orbit has no such collection.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> manifest = (
            ...     await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            ... ).manifest
            >>> created = await client.model_artifacts.create(
            ...     "iris.fnnx", {}, manifest, "0" * 64, {}, 51200, "iris, again"
            ... )
            >>> str(created.model.status), created["url"].parts[0].part_size
            ('pending_upload', 51200)
        """
        return await self._run(
            self._synchronous.create,
            file_name,
            metrics,
            manifest,
            file_hash,
            file_index,
            size,
            model_name,
            description,
            tags,
            collection_id=collection_id,
        )

    async def update(
        self,
        model_id: Ref[ModelArtifact],
        file_name: str | None = None,
        model_name: str | None = None,
        description: str | Clear | None = None,
        tags: builtins.list[str] | Clear | None = None,
        status: ModelArtifactStatus
        | Literal["uploaded", "upload_failed", "deletion_failed"]
        | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
    ) -> ModelArtifact:
        """Change a model artifact; what is not given stays as it is, `CLEAR` empties a field.

        Args:
            model_id: Id or exact name of the model artifact, or the object.
            file_name: New name of the file; the bytes stay where they are.
            model_name: New name of the model.
            description: New description.
            tags: New list of tags.
            status: `uploaded` or `upload_failed` after `pending_upload`, `deletion_failed` after
                `pending_deletion`.
            collection_id: Its collection: id, exact name, or the object; if not given, the one that
                the object says, else the default collection.

        Returns:
            The model artifact after the change.

        Raises:
            BadRequestError: That status cannot follow the present one.
            NotFoundError: The collection has no such model artifact.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> (await client.model_artifacts.update(model.id, tags=["flowers"])).tags
            ['flowers']
        """
        return await self._run(
            self._synchronous.update,
            model_id,
            file_name,
            model_name,
            description,
            tags,
            status,
            collection_id=collection_id,
        )

    async def delete(
        self, model_id: Ref[ModelArtifact], *, collection_id: Ref[Collection] | None = None
    ) -> None:
        """Delete a model artifact and its bytes. This cannot be undone.

        Args:
            model_id: Id or exact name of the model artifact, or the object.
            collection_id: Its collection: id, exact name, or the object; if not given, the one that
                the object says, else the default collection.

        Raises:
            NotFoundError: The collection has no such model artifact.

        Example:
            >>> collection = await client.collections.create("", "Flowers", "model")
            >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> await client.model_artifacts.delete(model.id)
        """
        return await self._run(self._synchronous.delete, model_id, collection_id=collection_id)
