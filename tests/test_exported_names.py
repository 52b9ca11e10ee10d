"""What can be imported is a promise: these lists change on purpose or not at all."""

from __future__ import annotations

import ast
import asyncio
from importlib import import_module
from pathlib import Path

import pytest

import dataforce
import dataforce.api
import dataforce.models
from dataforce import errors
from dataforce.api.resources.collections import (
    AsyncCollectionResource,
    CollectionResource,
    validate_collection,
)

EXPORTED = """
APIConnectionError APIError APIResponseValidationError APIStatusError APITimeoutError AsyncClient
AsyncDataForceClient AsyncModelFile AuthenticationError BackendType BadRequestError BucketSecret
CLEAR Change ChecksumMismatchError Clear Client Collection CollectionResourceNotFoundError
CollectionType ConfigurationError ConfigurationWarning Conflict ConflictError ContentChangedError
CopyReport CreatedModel DataForceAPIError DataForceClient DataForceError Diff FileDeletionError
FileDownloadError FileError FileUploadError InternalServerError Manifest ModelArtifact
ModelArtifactStatus ModelFile MultipleResourcesFoundError NotFoundError NotOfferedError OfflineError
OfflineWarning Orbit OrbitResourceNotFoundError Organization OrganizationResourceNotFoundError
OverlayStatus PermissionDeniedError PullReport PushConflictError PushReport RateLimitError
ReadOnlyError Resolution ResourceNotFoundError SignedURL StoreCorruptedError StoreError
StoreFullError StorePermissionError StoreVersionError UnknownAttributeError UnprocessableEntityError
__version__ pack
"""


def test_the_exported_names_are_these() -> None:
    assert sorted(dataforce.__all__) == EXPORTED.split()
    assert all(getattr(dataforce, name) is not None for name in dataforce.__all__)
    assert set(dataforce.__all__) <= set(dir(dataforce))


def test_a_star_import_hides_no_standard_module() -> None:
    names: dict[str, object] = {}
    exec("import copy\nfrom dataforce import *", names)
    assert names["copy"] is import_module("copy")
    assert names["Client"] is dataforce.Client
    assert callable(dataforce.copy)
    assert "copy" in dir(dataforce)


def test_the_models_are_beside_the_clients() -> None:
    named = [name for name in dataforce.models.__all__ if name in dataforce.__all__]
    assert {"Collection", "CollectionType", "ModelArtifactStatus"} <= set(named)
    for name in named:
        assert name in dataforce.api.__all__
        assert getattr(dataforce.api, name) is getattr(dataforce, name)


@pytest.mark.parametrize("kind", [dataforce.Client, dataforce.DataForceClient])
def test_the_promised_base_of_synchronous_clients(kind: type[object]) -> None:
    client = import_module("dataforce.api._client")
    assert issubclass(kind, client.SyncBaseClient)
    assert issubclass(client.SyncBaseClient, client.DataForceClientBase)


@pytest.mark.parametrize("kind", [dataforce.AsyncClient, dataforce.AsyncDataForceClient])
def test_the_promised_base_of_asynchronous_clients(kind: type[object]) -> None:
    client = import_module("dataforce.api._client")
    assert issubclass(kind, client.AsyncBaseClient)
    assert issubclass(client.AsyncBaseClient, client.DataForceClientBase)
    assert not issubclass(kind, client.SyncBaseClient)


def test_a_method_may_be_given_the_default_collection() -> None:
    class Named(CollectionResource):
        @validate_collection
        def name_of(self, collection_id: str | None = None) -> str | None:
            found = self.get(collection_id)
            return found.name if found else None

    with dataforce.Client(database_url=":memory:") as client:
        resource = Named(client._session)
        with pytest.raises(dataforce.ConfigurationError, match="no collection in orbit"):
            resource.name_of()
        first, second = (client.collections.create("", name, "model") for name in "ab")
        client.collection = first
        assert (resource.name_of(), resource.name_of(second.id)) == ("a", "b")


def test_a_method_that_deletes_is_given_a_chosen_collection_only() -> None:
    class Careless(CollectionResource):
        @validate_collection
        def delete(self, collection_id: str | None = None) -> None:  # type: ignore[override]  # ids
            super().delete(collection_id)

    with dataforce.Client(database_url=":memory:") as client:
        resource = Careless(client._session)
        made = client.collections.create("", "a", "model")
        with pytest.raises(dataforce.ConfigurationError, match="chosen to be deleted"):
            resource.delete()
        assert client.collections.list() == [made]
        client.collection = made
        resource.delete()
        assert client.collections.list() == []


def test_a_coroutine_may_be_given_the_default_collection() -> None:
    class Named(AsyncCollectionResource):
        @validate_collection
        async def name_of(self, *, collection_value: str | None = None) -> str | None:
            found = await self.get(collection_value)
            return found.name if found else None

    async def flow() -> None:
        async with dataforce.AsyncClient(database_url=":memory:") as client:
            await client.collections.create("", "a", "model")
            resource = Named(client._session)
            assert await resource.name_of() == await resource.name_of(collection_value="a") == "a"

    asyncio.run(flow())


def test_what_type_checkers_see_is_what_is_there() -> None:
    tree = ast.parse(Path(dataforce.__file__).read_text())
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == dataforce._LAZY


@pytest.mark.parametrize("module", ["dataforce", "dataforce.api", "dataforce.api._client"])
def test_an_unknown_name_is_an_attribute_error(module: str) -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        import_module(module).nonsense  # noqa: B018  the access is the test


def test_the_promised_modules_hold_the_promised_names() -> None:
    assert dataforce.api.DataForceClient is dataforce.DataForceClient
    assert dataforce.api.AsyncDataForceClient is dataforce.AsyncDataForceClient
    client = import_module("dataforce.api._client")
    assert client.AsyncDataForceClient is dataforce.AsyncDataForceClient
    for name in ("DataForceClientBase", "DataForceClient"):
        assert hasattr(client, name)
    for module, kind in {
        "organizations": "Organization",
        "bucket_secrets": "BucketSecret",
        "orbits": "Orbit",
        "collections": "Collection",
        "model_artifacts": "ModelArtifact",
    }.items():
        resources = import_module(f"dataforce.api.resources.{module}")
        base = getattr(resources, f"{kind}ResourceBase")
        assert issubclass(getattr(resources, f"{kind}Resource"), base)
        assert issubclass(getattr(resources, f"Async{kind}Resource"), base)


def test_every_error_is_ours_and_named_in_the_drawing() -> None:
    classes = [getattr(errors, name) for name in errors.__all__]
    assert errors.__doc__ is not None
    for kind in classes:
        if not issubclass(kind, Warning):
            assert issubclass(kind, errors.DataForceError)
            assert kind.__name__ in errors.__doc__
    assert errors.ConflictError("said").message == "said"
    assert errors.NotFoundError.status_code == 404
