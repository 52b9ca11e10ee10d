"""Signatures as a type checker sees them: mypy reads this module, and an ignore without need fails.

The calls are made, too: what a type checker refuses, the client refuses in a sentence.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest

from dataforce import (
    Client,
    Collection,
    CollectionType,
    ModelArtifactStatus,
    UnprocessableEntityError,
    copy,
)
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    BucketSecretSort,
    CollectionSort,
    ModelArtifactSort,
    OrbitSort,
    OrganizationSort,
)

IRIS = Path(__file__).parent / "data" / "iris.fnnx"


@pytest.fixture
def client() -> Client:
    return Client(database_url=":memory:")


@pytest.fixture
def collection(client: Client) -> Collection:
    return client.collections.create("", "Flowers", "model")


def test_fields_to_sort_by_are_words(client: Client, collection: Collection) -> None:
    assert list(client.collections.iterate(sort_by="name", order="desc")) == [collection]
    with pytest.raises(UnprocessableEntityError, match="cannot be sorted by 'nam'"):
        next(client.collections.iterate(sort_by="nam"))  # type: ignore[arg-type]
    with pytest.raises(UnprocessableEntityError, match="order takes 'asc' or 'desc'"):
        next(client.collections.iterate(order="descending"))  # type: ignore[arg-type]
    with pytest.raises(UnprocessableEntityError, match="cannot be sorted by 'name'"):
        next(client.model_artifacts.iterate(sort_by="name"))


def test_a_kind_sorts_by_the_words_of_its_type() -> None:
    for kind, words in (
        (ORGANIZATION, OrganizationSort),
        (BUCKET_SECRET, BucketSecretSort),
        (ORBIT, OrbitSort),
        (COLLECTION, CollectionSort),
        (MODEL_ARTIFACT, ModelArtifactSort),
    ):
        fields = {name for name in kind.sorts if not name.endswith(".*")}
        assert fields == set(get_args(words)) <= set(kind.record.model_fields)


def test_types_and_statuses_are_words_or_members(client: Client) -> None:
    client.collections.create("", "Flowers", CollectionType.MODEL)
    with pytest.raises(UnprocessableEntityError, match="collection_type takes 'model' or 'data"):
        client.collections.create("", "Flowers", "models")  # type: ignore[arg-type]
    model = client.model_artifacts.upload(IRIS, "iris")
    with pytest.raises(UnprocessableEntityError, match="status takes 'uploaded', 'upload_failed' "):
        client.model_artifacts.update(model, status="ready")  # type: ignore[arg-type]
    assert model.status is ModelArtifactStatus.UPLOADED


def test_metrics_are_numbers_to_whoever_compares_them(
    client: Client, collection: Collection
) -> None:
    model = client.model_artifacts.upload(IRIS, "iris", collection_id=collection)
    assert model.metrics["accuracy"] > 0.9
    assert round(model.metrics["accuracy"] * 100) == 98


def test_objects_of_the_kind_are_taken_and_no_others(
    client: Client, collection: Collection
) -> None:
    model = client.model_artifacts.upload(IRIS, "iris", collection_id=UUID(collection.id))
    client.collection = collection
    with pytest.raises(UnprocessableEntityError, match="is no collection"):
        client.collection = model  # type: ignore[assignment]
    with pytest.raises(UnprocessableEntityError, match="is no model artifact"):
        client.model_artifacts.delete(collection)  # type: ignore[arg-type]


def test_sides_of_a_copy_are_clients(client: Client, collection: Collection) -> None:
    with pytest.raises(UnprocessableEntityError, match=r"^source takes a client, not 'local'"):
        copy(collection, source="local", target=client)  # type: ignore[arg-type]
