"""Collections."""

from __future__ import annotations

import pytest

from dataforce import (
    Client,
    Collection,
    CollectionType,
    ConfigurationError,
    MultipleResourcesFoundError,
    NotFoundError,
    Orbit,
)
from dataforce.testing.plugin import PackageFactory
from dataforce.testing.suite._support import HOSTILE_NAMES, UNKNOWN, ids, spellings


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


def test_a_collection_is_found_by_its_id_in_any_spelling(
    client: Client, collection: Collection
) -> None:
    """Upper case, without dashes, as a URN, in braces."""
    for spelling in spellings(collection.id):
        assert client.collections.get(spelling) == collection


def test_a_collection_is_found_by_its_name(client: Client) -> None:
    """Whatever the name is; it comes back as it was given."""
    for name in HOSTILE_NAMES:
        made = client.collections.create(name, name, "model", [name])
        assert (made.name, made.description, made.tags) == (name, name, [name])
    for name, made in zip(HOSTILE_NAMES, client.collections.list(), strict=True):
        assert client.collections.get(name) == made


def test_an_id_wins_over_a_name(client: Client, collection: Collection) -> None:
    """A collection may carry the id of another as its name; the id finds its owner."""
    client.collections.create("", collection.id, "model")
    assert client.collections.get(collection.id) == collection


@pytest.mark.parametrize("value", [UNKNOWN, "nothing", "", "Flower_", "%", "flowers", "Flowers "])
def test_an_unknown_collection_is_none(client: Client, collection: Collection, value: str) -> None:
    """By id or by name; case counts, and nothing in a name is a wildcard."""
    assert client.collections.get(value) is None


@pytest.mark.parametrize("value", ["a\x00b", "\ud800"])
def test_a_name_that_nothing_can_have_is_unknown(client: Client, value: str) -> None:
    """NUL and half a surrogate pair cannot be stored, so nothing is called that."""
    assert client.collections.get(value) is None


def test_collections_of_one_name_are_told_apart_by_id(client: Client) -> None:
    """They may have it; the error names them all."""
    made = [client.collections.create("", "Twin", "model") for _ in range(3)]
    with pytest.raises(MultipleResourcesFoundError) as caught:
        client.collections.get("Twin")
    assert all(identifier in str(caught.value) for identifier in ids(made))
    assert client.collections.get(made[1].id) == made[1]


def test_a_collection_counts_its_models(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """Wherever it is looked at."""
    other = client.collections.create("", "Other", "dataset")
    models = [client.model_artifacts.upload(package(), str(number)) for number in range(3)]
    client.model_artifacts.delete(models[0].id)
    found = client.collections.get(collection.id)
    assert found is not None
    assert found.total_models == 2
    assert client.collections.update("Plants").total_models == 2
    listed = {each.id: each.total_models for each in client.collections.list()}
    assert listed == {collection.id: 2, other.id: 0}


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
    """Whatever their status; the models of other collections stay."""
    path = package()
    other = client.collections.create("", "Other", "model")
    kept = client.model_artifacts.upload(path, "kept", collection_id=other.id)
    for name in ("one", "two"):
        client.model_artifacts.upload(path, name)
    client.model_artifacts.delete_url(client.model_artifacts.list()[0].id)
    client.collections.delete(collection.id)
    with pytest.raises(NotFoundError):
        client.model_artifacts.list(collection_id=collection.id)
    target = path.with_name("downloaded.fnnx")
    client.model_artifacts.download(kept.id, target, collection_id=other.id)
    assert target.read_bytes() == path.read_bytes()


def test_an_unknown_collection_is_neither_changed_nor_deleted(
    client: Client, collection: Collection
) -> None:
    """Deleting is strict here, as on the platform."""
    with pytest.raises(NotFoundError):
        client.collections.update("Plants", collection_id=UNKNOWN)
    with pytest.raises(NotFoundError):
        client.collections.delete(UNKNOWN)
    assert client.collections.list() == [collection]


def test_the_collections_of_another_orbit_are_out_of_reach(
    client: Client, orbit: Orbit, other_orbit: Orbit, collection: Collection
) -> None:
    """They are neither seen, changed nor deleted from here."""
    client.orbit = other_orbit.id
    assert client.collections.list() == []
    assert client.collections.get(collection.id) is None
    assert client.collections.get(collection.name) is None
    with pytest.raises(NotFoundError):
        client.collections.update("Plants", collection_id=collection.id)
    with pytest.raises(NotFoundError):
        client.collections.delete(collection.id)
    with pytest.raises(NotFoundError):
        client.model_artifacts.list(collection_id=collection.id)
    client.orbit = orbit.id
    assert client.collections.list() == [collection]
