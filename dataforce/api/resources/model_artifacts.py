"""Model artifacts: model files and what is known of them."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from dataforce.api import _transfers
from dataforce.api._clear import Clear
from dataforce.api._destinations import Writable
from dataforce.api._lookup import Ref
from dataforce.api._model_file import ModelFile, open_file
from dataforce.api._records import Records, validated
from dataforce.api.resources._base import AssetResourceBase, asynchronous_twins
from dataforce.backend import Order, Page
from dataforce.models import (
    MODEL_ARTIFACT,
    Collection,
    CreatedModel,
    Manifest,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactFilters,
    ModelArtifactSort,
    ModelArtifactStatus,
    ModelArtifactUpdate,
    SignedURL,
    SignedURLs,
)

if TYPE_CHECKING:
    from dataforce.api.resources._generated.model_artifacts import (
        AsyncModelArtifactResource as AsyncModelArtifactResource,
    )


class ModelArtifactResourceBase(AssetResourceBase):
    """Abstract resource for model artifacts."""

    _kind = MODEL_ARTIFACT
    _records: Records[ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]

    @property
    def _signed_urls(self) -> SignedURLs:
        return self._session.backend.service(SignedURLs)


class ModelArtifactResource(ModelArtifactResourceBase):
    """Resource for model artifacts of a collection: the default one, or the one given."""

    def get(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> client.model_artifacts.get("iris").file_name
            'iris.fnnx'
        """
        return self._records.get(model_value, collection_id, latest=latest)

    def list(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> client.model_artifacts.list()
            []
        """
        asked = {"sort_by": sort_by, "order": order, "limit": limit, **filters}
        return self._records.list(collection_id, asked)

    def iterate(
        self,
        *,
        collection_id: Ref[Collection] | None = None,
        sort_by: ModelArtifactSort | str = "created_at",
        order: Order = "asc",
        page_size: int = 100,
        **filters: Unpack[ModelArtifactFilters],
    ) -> Iterator[ModelArtifact]:
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> for model in client.model_artifacts.iterate(sort_by="size", order="desc"):
            ...     print(model.model_name, model.size)
            iris 51200
        """
        asked = {"sort_by": sort_by, "order": order, **filters}
        return self._records.iterate(collection_id, page_size, asked)

    def page(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> client.model_artifacts.page(limit=5).cursor is None
            True
        """
        asked = {"sort_by": sort_by, "order": order, "limit": limit, **filters}
        return self._records.page(collection_id, cursor, asked)

    def versions(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> first = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> second = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> [model.id for model in client.model_artifacts.versions("iris")] == [
            ...     second.id,
            ...     first.id,
            ... ]
            True
        """
        asked = {"sort_by": "created_at", "order": "desc", "limit": limit, "name": model_name}
        return self._records.list(collection_id, asked)

    def upload(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> model.metrics["accuracy"]
            0.9778
            >>> (tmp_path / "churn.json").write_text('{"threshold": 0.5}')
            18
            >>> own = client.model_artifacts.upload(
            ...     tmp_path / "churn.json", "churn", metrics={"accuracy": 0.93}
            ... )
            >>> own.file_name, own.metrics
            ('churn.fnnx', {'accuracy': 0.93})
        """
        return _transfers.upload(
            self._records,
            file_path,
            {"model_name": model_name, "description": description, "tags": tags},
            metrics,
            collection_id,
            progress,
        )

    def load(
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
            >>> collection = client.collections.create("", "Rules", "model")
            >>> model = client.model_artifacts.upload({"threshold": 0.5}, "churn")
            >>> client.model_artifacts.load(model.id, trust=True)
            {'threshold': 0.5}
        """
        from dataforce.api import _packages  # seldom needed

        return _packages.load(self._records, model_id, trust, collection_id, progress)

    def extract(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> (tmp_path / "churn.json").write_text('{"threshold": 0.5}')
            18
            >>> model = client.model_artifacts.upload(tmp_path / "churn.json", "churn")
            >>> client.model_artifacts.extract(model.id, tmp_path / "restored").read_text()
            '{"threshold": 0.5}'
        """
        from dataforce.api import _packages  # seldom needed

        return _packages.extract(self._records, model_id, folder, collection_id, progress)

    @overload
    def download(
        self,
        model_id: Ref[ModelArtifact],
        file_path: str | os.PathLike[str] | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Path: ...

    @overload
    def download(
        self,
        model_id: Ref[ModelArtifact],
        file_path: Writable,
        *,
        collection_id: Ref[Collection] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> None: ...

    def download(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> client.model_artifacts.download(model.id, tmp_path).name
            'iris.fnnx'
        """
        return _transfers.download(self._records, model_id, file_path, collection_id, progress)

    def open(
        self,
        model_id: Ref[ModelArtifact],
        member: str | None = None,
        *,
        collection_id: Ref[Collection] | None = None,
    ) -> ModelFile:
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> with client.model_artifacts.open(model.id, "manifest.json") as file:
            ...     json.loads(file.read())["name"]
            'iris-forest'
        """
        return open_file(self._records, model_id, member, collection_id)

    def download_url(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> client.model_artifacts.download_url(model.id)["url"].partition("://")[0]
            'memory'
        """
        scope, identifier = self._records.locate(model_id, collection_id)
        return SignedURL(url=self._signed_urls.download_url(scope, identifier))

    def delete_url(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> url = client.model_artifacts.delete_url(model.id)
            >>> str(client.model_artifacts.get(model.id).status)
            'pending_deletion'
        """
        scope, identifier = self._records.locate(model_id, collection_id)
        return SignedURL(url=self._signed_urls.delete_url(scope, identifier))

    def create(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> manifest = client.model_artifacts.upload("examples/data/iris.fnnx", "iris").manifest
            >>> created = client.model_artifacts.create(
            ...     "iris.fnnx", {}, manifest, "0" * 64, {}, 51200, "iris, again"
            ... )
            >>> str(created.model.status), created["url"].parts[0].part_size
            ('pending_upload', 51200)
        """
        values = {
            "file_name": file_name,
            "metrics": metrics,
            "manifest": manifest,
            "file_hash": file_hash,
            "file_index": file_index,
            "size": size,
            "model_name": model_name,
            "description": description,
            "tags": tags,
        }
        valid = validated(MODEL_ARTIFACT, ModelArtifactCreate, values)
        return self._signed_urls.create(self._records.scope(collection_id), valid)

    def update(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> client.model_artifacts.update(model.id, tags=["flowers"]).tags
            ['flowers']
        """
        return self._records.update(
            model_id,
            {
                "file_name": file_name,
                "model_name": model_name,
                "description": description,
                "tags": tags,
                "status": status,
            },
            collection_id,
        )

    def delete(
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
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
            >>> client.model_artifacts.delete(model.id)
        """
        self._records.delete(model_id, collection_id)


__getattr__ = asynchronous_twins(__name__)
