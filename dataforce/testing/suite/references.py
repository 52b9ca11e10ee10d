"""Objects are given by their id, as a UUID, by their name, or as they are."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataforce import (
    BucketSecret,
    Client,
    Collection,
    ModelArtifact,
    MultipleResourcesFoundError,
    NotFoundError,
    Orbit,
    UnprocessableEntityError,
)
from dataforce.testing.plugin import PackageFactory, RecordFactory, ReserveFactory
from dataforce.testing.suite._support import UNKNOWN, ids, refuse_all

WAYS: dict[str, Callable[[Any], Any]] = {
    "id": lambda record: record.id,
    "uuid": lambda record: uuid.UUID(record.id),
    "object": lambda record: record,
    "name": lambda record: (
        record.bucket_name
        if isinstance(record, BucketSecret)
        else record.model_name
        if isinstance(record, ModelArtifact)
        else record.name
    ),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """How an object is given."""
    return WAYS[request.param]


def test_a_bucket_secret_is_given(client: Client, way: Callable[[Any], Any]) -> None:
    """To an orbit."""
    secret = client.bucket_secrets.create("s3.example.com", "models")
    orbit = client.orbits.create("Research", way(secret))
    assert orbit.bucket_secret_id == secret.id
    first = client.bucket_secrets.list()[0]
    assert client.orbits.update("Research", way(first), orbit_id=orbit).bucket_secret_id == first.id


def test_a_model_is_given(
    client: Client,
    collection: Collection,
    package: PackageFactory,
    tmp_path: Path,
    way: Callable[[Any], Any],
) -> None:
    """To be read."""
    path = package()
    model = client.model_artifacts.upload(path, "iris")
    target = client.model_artifacts.download(way(model), tmp_path / "copy.fnnx")
    assert target.read_bytes() == path.read_bytes()
    with client.model_artifacts.open(way(model)) as file:
        assert file.read() == path.read_bytes()


def test_a_model_whose_url_is_asked_for_is_given(
    client: Client, reserve: ReserveFactory, way: Callable[[Any], Any]
) -> None:
    """To be read and deleted by hand."""
    model = reserve().model
    assert client.model_artifacts.download_url(way(model)).url
    assert client.model_artifacts.delete_url(way(model)).url
    assert [each.status for each in client.model_artifacts.list()] == ["pending_deletion"]


def test_a_parent_is_given(
    client: Client, collection: Collection, package: PackageFactory, way: Callable[[Any], Any]
) -> None:
    """To look in, and to make something in."""
    parent = way(client.collections.create("", "Others", "model"))
    resource = client.model_artifacts
    uploaded = resource.upload(package(), "iris", collection_id=parent)
    assert uploaded.collection_id != collection.id
    assert resource.list(collection_id=parent) == [uploaded]
    assert list(resource.iterate(collection_id=parent)) == [uploaded]
    assert resource.get("iris", collection_id=parent) == uploaded


def test_a_default_is_given(client: Client, orbit: Orbit, way: Callable[[Any], Any]) -> None:
    """All three of them."""
    (organization,) = client.organizations.list()
    client.collections.create("", "Flowers", "model")
    other = client.collections.create("", "Others", "model")
    client.organization = way(organization)
    client.orbit = way(orbit)
    client.collection = way(other)
    assert (client.organization, client.orbit, client.collection) == (
        organization.id,
        orbit.id,
        other.id,
    )


def test_an_object_is_looked_for_where_it_is(
    client: Client,
    orbit: Orbit,
    other_orbit: Orbit,
    register: RecordFactory,
    package: PackageFactory,
) -> None:
    """Not in the default collection or orbit, if it says that it is in another one."""
    kept = register()
    client.orbit = other_orbit
    there = client.collections.create("", "Elsewhere", "model")
    client.orbit = orbit
    client.collection = kept.collection_id
    beside = client.collections.create("", "Beside", "model")
    path = package()
    model, far = (
        client.model_artifacts.upload(path, "iris", collection_id=each) for each in (beside, there)
    )
    assert (model.collection_id, far.collection_id) == (beside.id, there.id)
    assert client.model_artifacts.update(model, model_name="iris").model_name == "iris"
    assert client.model_artifacts.get(model, collection_id=beside) is not None
    client.model_artifacts.delete(model)
    assert client.model_artifacts.list() == [kept]
    assert client.model_artifacts.list(collection_id=beside) == []
    client.collections.delete(there)
    assert ids(client.collections.list()) == [kept.collection_id, beside.id]


def test_an_object_and_another_parent_contradict_each_other(
    client: Client, register: RecordFactory
) -> None:
    """Nothing is changed or deleted."""
    model = register()
    other = client.collections.create("", "Others", "model")
    for message in refuse_all(
        UnprocessableEntityError,
        lambda: client.model_artifacts.get(model, collection_id=other),
        lambda: client.model_artifacts.update(model, model_name="iris", collection_id=other),
        lambda: client.model_artifacts.delete(model, collection_id=other.id),
    ):
        assert model.collection_id in message
        assert other.id in message
    assert client.model_artifacts.list() == [model]


@pytest.mark.parametrize("value", ["Flowers", "0199c455", "x" * 3000, "a\x00b"])
def test_an_unknown_name_is_not_found(client: Client, register: RecordFactory, value: str) -> None:
    """The message says what was looked for, and where; nothing is changed or deleted."""
    model = register(model_name="iris")
    resource = client.model_artifacts
    before = (client.bucket_secrets.list(), client.orbits.list(), client.collections.list())
    client.collection = model.collection_id
    in_collection = refuse_all(
        NotFoundError,
        lambda: resource.update(value, model_name="net"),
        lambda: resource.delete(value),
        lambda: resource.download(value),
        lambda: resource.open(value),
        lambda: resource.download_url(value),
        lambda: resource.delete_url(value),
    )
    messages = in_collection + refuse_all(
        NotFoundError,
        lambda: client.bucket_secrets.update(value, region="eu-west-1"),
        lambda: client.bucket_secrets.delete(value),
        lambda: client.orbits.create("Research", value),
        lambda: client.orbits.update("Research", orbit_id=value),
        lambda: client.orbits.delete(value),
        lambda: client.collections.update("Plants", collection_id=value + "?"),
        lambda: client.collections.delete(value + "?"),
        lambda: resource.list(collection_id=value + "?"),
    )
    assert all(model.collection_id in message for message in in_collection)
    assert all(repr(value)[:6] in message and len(message) < 200 for message in messages)
    after = (client.bucket_secrets.list(), client.orbits.list(), client.collections.list())
    assert after == before
    assert resource.list() == [model]


def test_an_ambiguous_name_changes_nothing(client: Client, register: RecordFactory) -> None:
    """The message tells them apart."""
    models = [register(model_name="net") for _ in range(7)]
    for message in refuse_all(
        MultipleResourcesFoundError,
        lambda: client.model_artifacts.get("net"),
        lambda: client.model_artifacts.delete("net"),
    ):
        assert sum(f"{model.id} (pending_upload, 20" in message for model in models) == 5
        assert " and 2 more. " in message
        assert len(message) <= 500
    assert client.model_artifacts.list() == models
    collections = [client.collections.create("", "x" * 3000, "model") for _ in range(2)]
    (message,) = refuse_all(
        MultipleResourcesFoundError, lambda: client.collections.delete("x" * 3000)
    )
    assert all(each.id in message for each in collections)
    assert len(message) <= 500


@pytest.mark.parametrize("value", ["", " ", 5, None, b"id", ["Flowers"], object()])
def test_what_is_no_reference_is_refused(
    client: Client, register: RecordFactory, value: Any
) -> None:
    """In one short line; nothing is changed or deleted."""
    model = register()
    before = client.collections.list()
    messages = refuse_all(
        UnprocessableEntityError,
        lambda: client.bucket_secrets.delete(value),
        lambda: client.orbits.create("Research", value),
        lambda: client.orbits.delete(value),
        lambda: client.model_artifacts.update(value, model_name="iris"),
        lambda: client.model_artifacts.delete(value),
        lambda: client.model_artifacts.download(value),
    )
    assert all(len(message) < 200 and "\n" not in message for message in messages)
    assert client.collections.list() == before
    assert client.model_artifacts.list() == [model]


def test_an_object_of_another_kind_is_refused(
    client: Client, orbit: Orbit, register: RecordFactory, bucket_secret: BucketSecret
) -> None:
    """In one short line; nothing is changed or deleted."""
    model = register()
    (collection,) = client.collections.list()
    wrong: Any = collection
    messages = refuse_all(
        UnprocessableEntityError,
        lambda: client.model_artifacts.delete(wrong),
        lambda: client.model_artifacts.get(wrong),
        lambda: client.collections.get(orbit),  # type: ignore[arg-type]  # that is the point
        lambda: client.collections.delete(model),  # type: ignore[arg-type]
        lambda: client.orbits.create("Research", wrong),
        lambda: client.bucket_secrets.delete(wrong),
        lambda: client.model_artifacts.list(collection_id=bucket_secret),  # type: ignore[arg-type]
        lambda: setattr(client, "collection", model),
    )
    assert all(len(message) < 200 and "\n" not in message for message in messages)
    assert all("object" in message for message in messages)
    assert client.model_artifacts.list() == [model]


def test_an_id_needs_no_looking_up(client: Client, collection: Collection) -> None:
    """It is taken for an id, and not found."""
    refuse_all(
        NotFoundError,
        lambda: client.model_artifacts.delete(uuid.UUID(UNKNOWN)),
        lambda: client.model_artifacts.update(UNKNOWN, model_name="iris"),
    )


def test_a_name_that_looks_like_an_id_is_changed_and_deleted_by_it(
    client: Client, collection: Collection
) -> None:
    """As it is found by it."""
    name = uuid.UUID(UNKNOWN).hex
    named = client.collections.create("", name, "model")
    assert client.collections.update(tags=["hex"], collection_id=name).id == named.id
    client.collections.delete(name)
    assert client.collections.list() == [collection]
