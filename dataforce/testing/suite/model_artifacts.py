"""Model artifacts: their records."""

from __future__ import annotations

from typing import Any

import pytest

from dataforce import (
    Client,
    Collection,
    ConfigurationError,
    ModelArtifactStatus,
    MultipleResourcesFoundError,
    NotFoundError,
)
from dataforce.models import Manifest
from dataforce.testing.packages import MANIFEST
from dataforce.testing.plugin import PackageFactory, RecordFactory, ReserveFactory
from dataforce.testing.suite._support import (
    UNKNOWN,
    content_of,
    ids,
    refuse_all,
    spellings,
)


def test_a_new_collection_has_no_models(client: Client, collection: Collection) -> None:
    """Neither in the list nor in the iterator."""
    assert client.model_artifacts.list() == []
    assert list(client.model_artifacts.iterate()) == []


def test_a_registered_model_has_what_was_given(client: Client, register: RecordFactory) -> None:
    """Values of JSON come back as they were."""
    metrics = {"accuracy": 0.5, "nested": {"list": [1, None, True, "é"]}, "large": 2**53, "": -1.5}
    model = register(
        file_name="iris v1.fnnx",
        metrics=metrics,
        file_hash="ab" * 32,
        file_index={"manifest.json": (512, 10), "a/b": (1536, 0)},
        size=4096,
        model_name="iris",
        description="Flowers",
        tags=["b", "a", "b"],
    )
    assert (model.file_name, model.model_name) == ("iris v1.fnnx", "iris")
    assert (model.description, model.tags) == ("Flowers", ["b", "a", "b"])
    assert (model.metrics, model.file_hash, model.size) == (metrics, "ab" * 32, 4096)
    assert model.file_index == {"manifest.json": (512, 10), "a/b": (1536, 0)}
    assert model.manifest.model_dump() == MANIFEST
    assert model.status is ModelArtifactStatus.PENDING_UPLOAD
    assert model.collection_id == client.collection
    assert client.model_artifacts.get(model.id) == model


def test_an_answer_to_create_is_read_by_attribute_and_by_key(reserve: ReserveFactory) -> None:
    """As users of dictionaries expect."""
    created = reserve(b"model")
    assert created["model"] == created.model
    assert created["url"]["parts"] == created.url.parts
    assert created["url"]["parts"][0]["url"] == created.url.parts[0].url
    with pytest.raises(KeyError):
        created["upload"]


def test_the_parts_of_an_upload_cover_the_file(reserve: ReserveFactory) -> None:
    """They are numbered from one."""
    parts = reserve(b"model").url.parts
    assert [part.part_number for part in parts] == list(range(1, len(parts) + 1))
    assert sum(part.part_size for part in parts) == len(b"model")


def test_a_manifest_can_be_given_as_an_object(register: RecordFactory) -> None:
    """Such as the one of another model."""
    manifest = register().manifest
    assert isinstance(manifest, Manifest)
    assert register(manifest=manifest).manifest == manifest


def test_where_the_bytes_are_is_told_by_the_record(register: RecordFactory) -> None:
    """Two records of one file have places of their own."""
    first, second = register(), register()
    assert first.bucket_location.endswith(f"{first.unique_identifier}-{first.file_name}")
    assert f"collection-{first.collection_id}/" in first.bucket_location
    assert first.unique_identifier != second.unique_identifier


def test_a_model_is_found_by_the_name_of_its_file(client: Client, register: RecordFactory) -> None:
    """Unless a model has that name."""
    by_file = register(file_name="iris.fnnx", model_name="one")
    assert client.model_artifacts.get("iris.fnnx") == by_file
    by_name = register(file_name="other.fnnx", model_name="iris.fnnx")
    assert client.model_artifacts.get("iris.fnnx") == by_name


@pytest.mark.parametrize("field", ["model_name", "file_name"])
def test_models_of_one_name_are_told_apart_by_id(
    client: Client, register: RecordFactory, field: str
) -> None:
    """They may have it; the error names them all."""
    made = []
    for number in range(3):
        names: dict[str, Any] = {"model_name": str(number), field: "twin.fnnx"}
        made.append(register(**names))
    with pytest.raises(MultipleResourcesFoundError) as caught:
        client.model_artifacts.get("twin.fnnx")
    assert all(identifier in str(caught.value) for identifier in ids(made))


def test_an_unknown_model_is_an_error_of_every_call_but_get(
    client: Client, register: RecordFactory, package: PackageFactory
) -> None:
    """What exists stays as it is, on the platform and in the folder."""
    model, folder = register(), package().parent
    files = content_of(folder)
    refuse_all(
        NotFoundError,
        lambda: client.model_artifacts.update(UNKNOWN, model_name="iris"),
        lambda: client.model_artifacts.delete(UNKNOWN),
        lambda: client.model_artifacts.download(UNKNOWN, folder),
    )
    assert client.model_artifacts.list() == [model]
    assert content_of(folder) == files


def test_the_models_of_another_collection_are_out_of_reach(
    client: Client, register: RecordFactory, package: PackageFactory
) -> None:
    """They are neither seen, changed, downloaded nor deleted from here."""
    model, folder = register(), package().parent
    other = client.collections.create("", "Other", "model").id
    resource = client.model_artifacts
    assert resource.list(collection_id=other) == []
    assert resource.get(model.id, collection_id=other) is None
    assert resource.get("model", collection_id=other) is None
    refuse_all(
        NotFoundError,
        lambda: resource.update(model.id, model_name="iris", collection_id=other),
        lambda: resource.delete(model.id, collection_id=other),
        lambda: resource.download(model.id, folder, collection_id=other),
    )
    assert resource.list() == [model]


def test_an_unknown_collection_is_an_error_of_every_call(
    client: Client, register: RecordFactory, package: PackageFactory
) -> None:
    """Also of those that read."""
    model, path, resource = register(), package(), client.model_artifacts
    refuse_all(
        NotFoundError,
        lambda: resource.list(collection_id=UNKNOWN),
        lambda: next(resource.iterate(collection_id=UNKNOWN)),
        lambda: resource.get(model.id, collection_id=UNKNOWN),
        lambda: resource.upload(path, "model", collection_id=UNKNOWN),
        lambda: resource.download(model.id, path.parent, collection_id=UNKNOWN),
        lambda: resource.update(model.id, model_name="iris", collection_id=UNKNOWN),
        lambda: resource.delete(model.id, collection_id=UNKNOWN),
    )
    assert resource.list() == [model]


def test_without_a_default_every_call_needs_a_collection(
    client: Client, package: PackageFactory
) -> None:
    """The error names the candidates; nothing is written."""
    made = [client.collections.create("", name, "model") for name in ("One", "Two")]
    client.collection = None
    path, resource = package(), client.model_artifacts
    messages = refuse_all(
        ConfigurationError,
        lambda: resource.list(),
        lambda: resource.get("model"),
        lambda: resource.upload(path, "model"),
        lambda: resource.download(UNKNOWN, path.parent),
        lambda: resource.delete(UNKNOWN),
    )
    assert all(each.id in message for each in made for message in messages)
    assert client.collections.list() == made


def test_a_collection_may_be_given_in_any_spelling(
    client: Client, collection: Collection, register: RecordFactory
) -> None:
    """Upper case, without dashes, as a URN, in braces."""
    model = register()
    for spelling in spellings(collection.id):
        assert client.model_artifacts.list(collection_id=spelling) == [model]
        assert client.model_artifacts.get("model", collection_id=spelling) == model
