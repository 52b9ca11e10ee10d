"""Collections."""

from __future__ import annotations

import pytest

from dataforce import (
    Client,
    Collection,
    CollectionType,
    ConfigurationError,
    NotFoundError,
)
from dataforce.testing.plugin import PackageFactory
from dataforce.testing.suite._support import ids


def test_a_fresh_platform_has_no_collections(client: Client) -> None:
    """And no default one."""
    assert client.collections.list() == []
    assert client.collections.get() is None
    assert client.collection is None


@pytest.mark.parametrize("kind", [*CollectionType, "model", "dataset"])
def test_a_new_collection_has_what_was_given(client: Client, kind: CollectionType) -> None:
    """Tags keep their order and their repetitions; the type is an enumeration or its text."""
    tags = ["b", "a", "b", ""]
    made = client.collections.create("Who leaves, and when", "Churn", kind, tags)
    assert (made.name, made.description, made.tags) == ("Churn", "Who leaves, and when", tags)
    assert made.collection_type is CollectionType(kind)
    assert (made.orbit_id, made.total_models) == (client.orbit, 0)
    assert client.collections.list() == [made]


def test_a_collection_needs_neither_description_nor_tags(client: Client) -> None:
    """The first may be empty, the second left out."""
    made = client.collections.create("", "Churn", "model")
    assert (made.description, made.tags) == ("", None)


def test_a_dataset_collection_takes_models_too(client: Client, package: PackageFactory) -> None:
    """The type restricts nothing, as on the platform."""
    dataset = client.collections.create("", "Measurements", "dataset")
    model = client.model_artifacts.upload(package(), "model", collection_id=dataset.id)
    assert model.collection_id == dataset.id


def test_an_update_of_a_collection_changes_only_what_is_given(client: Client) -> None:
    """One argument at a time, the other two stay."""
    made = client.collections.create("Who leaves", "Churn", "dataset", ["crm"])
    other = client.collections.create("", "Other", "model")
    named = client.collections.update("Churn 2026", collection_id=made.id.upper())
    assert (named.name, named.description, named.tags) == ("Churn 2026", "Who leaves", ["crm"])
    described = client.collections.update(description="When", collection_id=made.id)
    assert (described.name, described.description) == ("Churn 2026", "When")
    tagged = client.collections.update(tags=["a", "b"], collection_id=made.id)
    assert (tagged.name, tagged.description, tagged.tags) == ("Churn 2026", "When", ["a", "b"])
    assert tagged.collection_type is CollectionType.DATASET
    assert client.collections.list() == [tagged, other]


def test_an_update_without_an_id_changes_the_default_collection(
    client: Client, collection: Collection
) -> None:
    """And no other."""
    other = client.collections.create("", "Other", "model")
    client.collections.update("Plants")
    assert [each.name for each in client.collections.list()] == ["Plants", other.name]


def test_without_a_default_an_update_needs_an_id(client: Client) -> None:
    """The error names the candidates; nothing is changed."""
    made = [client.collections.create("", name, "model") for name in ("One", "Two")]
    client.collection = None
    with pytest.raises(ConfigurationError) as caught:
        client.collections.update("Three")
    assert all(identifier in str(caught.value) for identifier in ids(made))
    assert client.collections.list() == made


def test_without_a_default_a_delete_needs_an_id(client: Client) -> None:
    """Nothing is deleted."""
    made = [client.collections.create("", name, "model") for name in ("One", "Two")]
    client.collection = None
    with pytest.raises(ConfigurationError):
        client.collections.delete()
    assert client.collections.list() == made


def test_a_deleted_collection_is_gone(client: Client) -> None:
    """Given by position or by keyword, in any spelling."""
    first, second, third = (client.collections.create("", name, "model") for name in "abc")
    client.collections.delete(first.id)
    client.collections.delete(collection_id=third.id.upper())
    assert client.collections.list() == [second]
    assert client.collections.get(first.id) is None


def test_a_delete_without_an_id_deletes_the_default_collection(
    client: Client, collection: Collection
) -> None:
    """After that there is none, or doing it twice would delete the only one that is left."""
    other = client.collections.create("", "Other", "model")
    client.collections.delete()
    assert client.collection is None
    with pytest.raises(ConfigurationError, match=other.id):
        client.collections.delete()
    assert client.collections.list() == [other]
    client.collection = "Other"
    assert client.collection == other.id


def test_a_deleted_collection_takes_its_models_with_it(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """With their files; the models of other collections stay."""
    path = package()
    other = client.collections.create("", "Other", "model")
    kept = client.model_artifacts.upload(path, "kept", collection_id=other.id)
    for name in ("one", "two"):
        client.model_artifacts.upload(path, name)
    client.collections.delete(collection.id)
    with pytest.raises(NotFoundError):
        client.model_artifacts.list(collection_id=collection.id)
    target = path.with_name("downloaded.fnnx")
    client.model_artifacts.download(kept.id, target, collection_id=other.id)
    assert target.read_bytes() == path.read_bytes()
