"""Calls that change and destroy take no default that nobody chose."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataforce import (
    AsyncClient,
    BucketSecret,
    Client,
    Collection,
    ConfigurationError,
    ConflictError,
    Orbit,
)
from dataforce.testing.plugin import Asynchronously, ClientSettings, OpenClient, PackageFactory
from dataforce.testing.suite._support import ids


def test_deletion_spares_the_only_collection_that_nobody_chose(
    client: Client, package: PackageFactory
) -> None:
    """It is the default for reading and creating only; the error names it."""
    kept = client.collections.create("", "Kept", "model")
    model = client.model_artifacts.upload(package(), "model")
    with pytest.raises(ConfigurationError, match="chosen to be deleted") as caught:
        client.collections.delete()
    assert kept.id in str(caught.value)
    assert client.model_artifacts.list() == [model]


def test_deletion_spares_the_collection_that_is_left(client: Client) -> None:
    """After another one was deleted, by id or as the chosen default."""
    kept = client.collections.create("", "Kept", "model")
    for _ in range(2):
        client.collection = client.collections.create("", "Scratch", "model").id
        client.collections.delete()
        with pytest.raises(ConfigurationError):
            client.collections.delete()
    client.collection = None
    scratch = client.collections.create("", "Scratch", "model")
    client.collections.delete(scratch.id)
    with pytest.raises(ConfigurationError):
        client.collections.delete()
    assert ids(client.collections.list()) == [kept.id]


def test_deletion_spares_the_only_collection_of_another_orbit(
    client: Client, collection: Collection, other_orbit: Orbit
) -> None:
    """The choice was made in the orbit before."""
    client.orbit = other_orbit.id
    kept = client.collections.create("", "Kept", "model")
    client.orbit, client.collection = collection.orbit_id, collection.id
    client.orbit = other_orbit.id
    assert client.collection == kept.id
    with pytest.raises(ConfigurationError):
        client.collections.delete()
    assert ids(client.collections.list()) == [kept.id]


def test_deletion_takes_the_collection_that_was_chosen(client: Client) -> None:
    """By id or name: an attribute or a set-up."""
    for name in ("id", "name"):
        client.collection = getattr(client.collections.create("", "Scratch", "model"), name)
        client.collections.delete()
        made = client.collections.create("", "Scratch", "model")
        client.setup_config(collection=getattr(made, name))
        client.collections.delete()
        assert client.collections.list() == []


def test_deletion_takes_the_collection_that_was_set(
    client: Client,
    open_another: OpenClient,
    client_settings: ClientSettings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """By the constructor, the environment or a file."""
    file = tmp_path / "settings.toml"
    file.write_text('default_client = "mine"\n[clients.mine]\ncollection = "Scratch"\n')
    by_file = {"configuration_file": file}
    for more, variable in (({"collection": "Scratch"}, ""), ({}, "Scratch"), (by_file, "")):
        client.collections.create("", "Scratch", "model")
        monkeypatch.setenv("DFS_COLLECTION", variable)
        open_another(**more).collections.delete()
        assert client.collections.list() == []


def test_deletion_spares_a_successor_of_the_chosen_name(client: Client) -> None:
    """A default that was chosen by name is gone with the object that had the name."""
    client.collection = "Flowers"
    client.collections.delete(client.collections.create("", "Flowers", "model").id)
    successor = client.collections.create("", "Flowers", "model")
    with pytest.raises(ConfigurationError):
        client.collections.delete()
    assert client.collections.list() == [successor]


def test_a_default_that_does_not_exist_keeps_no_orbit(
    client: Client, orbit: Orbit, other_orbit: Orbit
) -> None:
    """Another one can be deleted by its id."""
    client.orbit = "nowhere"
    client.orbits.delete(other_orbit.id)
    assert client.orbits.list() == [orbit]


def test_the_chosen_collection_stays_chosen_in_the_same_orbit(
    client: Client, collection: Collection
) -> None:
    """Naming the same orbit once more keeps it."""
    client.orbit = collection.orbit_id
    client.orbit = client.orbits.list()[0].name
    client.collections.delete()
    assert client.collections.list() == []


def test_an_update_takes_the_only_one_that_there_was(
    client: Client, orbit: Orbit, bucket_secret: BucketSecret
) -> None:
    """Also if others are made later, or its orbit is named again."""
    client.orbit = None
    assert client.orbits.update("Production").id == orbit.id
    made = client.collections.create("", "Churn", "model")
    assert client.collections.update("Churn 2026").id == made.id
    client.collections.create("", "Other", "model")
    client.orbits.create("Other Orbit", bucket_secret.id)
    client.orbit = "Production"
    assert client.collections.update("Churn 2027").id == made.id
    assert client.orbits.update("Home").id == orbit.id


def test_an_update_spares_the_only_one_that_came_later(
    client: Client, open_another: OpenClient
) -> None:
    """The client had looked, and there was none; reading takes it."""
    newcomer = open_another()
    assert newcomer.collection is None
    made = client.collections.create("", "Churn", "model")
    assert newcomer.collection == made.id
    with pytest.raises(ConfigurationError, match="chosen to be changed") as caught:
        newcomer.collections.update("Renamed")
    assert made.id in str(caught.value)
    newcomer.collection = made.id
    assert newcomer.collections.update("Renamed").id == made.id


def test_an_update_spares_the_only_one_that_was_left(
    client: Client,
    open_another: OpenClient,
    orbit: Orbit,
    other_orbit: Orbit,
    collection: Collection,
) -> None:
    """Orbit or collection: there were two when the client first looked."""
    other = client.collections.create("", "Other", "model")
    newcomer = open_another()
    assert newcomer.orbits.get() is None
    client.orbits.delete(other_orbit.id)
    assert newcomer.collections.get() is None
    client.collections.delete(other.id)
    assert ids(filter(None, [newcomer.orbits.get()])) == [orbit.id]
    assert newcomer.collections.get() == collection
    for update in (newcomer.orbits.update, newcomer.collections.update):
        with pytest.raises(ConfigurationError, match="chosen to be changed"):
            update("Renamed")
    assert [each.name for each in client.orbits.list()] == [orbit.name]
    assert client.collections.list() == [collection]


def test_an_update_spares_the_only_collection_of_another_orbit(
    client: Client, collection: Collection, other_orbit: Orbit
) -> None:
    """The one that was the default stayed behind, however that came to be."""
    client.orbit = other_orbit.id
    kept = client.collections.create("", "Kept", "model")
    for chosen in (collection.id, collection.name, None):
        client.orbit, client.collection = collection.orbit_id, chosen
        if chosen != collection.name:
            assert client.collection == collection.id
        client.orbit = other_orbit.id
        with pytest.raises(ConfigurationError, match="chosen to be changed"):
            client.collections.update("Renamed")
    assert client.collections.list() == [kept]


def test_the_only_orbit_is_deleted_if_nobody_chose_it(
    client: Client, bucket_secret: BucketSecret
) -> None:
    """By its id; then there is no default orbit until one is chosen."""
    only = client.orbits.list()[0]
    client.orbits.delete(only.id)
    assert client.orbits.list() == []
    assert client.orbit is None
    with pytest.raises(ConfigurationError, match="no orbit"):
        client.collections.list()
    made = client.orbits.create("Next", bucket_secret.id)
    client.orbit = made.id
    assert client.collections.list() == []


def test_the_chosen_orbit_is_deleted_when_it_is_chosen_no_more(
    client: Client, orbit: Orbit, bucket_secret: BucketSecret
) -> None:
    """The error says how; with another orbit it is the same."""
    for _ in range(2):
        with pytest.raises(ConflictError, match=r"Set client.orbit to another one, or to None"):
            client.orbits.delete(orbit.id)
        client.orbit = None
        client.orbits.delete(orbit.id)
        orbit = client.orbits.create("Next", bucket_secret.id)
        client.orbits.create("Another", bucket_secret.id)
        client.orbit = orbit.id
    assert len(client.orbits.list()) == 3


def test_a_default_orbit_that_nobody_chose_is_not_deleted_where_there_is_another(
    client: Client, bucket_secret: BucketSecret
) -> None:
    """It was the only one when it was first needed."""
    default = client.orbit
    assert default is not None
    other = client.orbits.create("Other Orbit", bucket_secret.id)
    with pytest.raises(ConflictError):
        client.orbits.delete(default)
    assert ids(client.orbits.list()) == [default, other.id]


def test_deletions_awaited_spare_what_nobody_chose(asynchronously: Asynchronously) -> None:
    """Like those that are not awaited."""

    async def flow(client: AsyncClient) -> None:
        kept = await client.collections.create("", "Kept", "model")
        with pytest.raises(ConfigurationError):
            await client.collections.delete()
        assert (await client.collections.update("Changed")).id == kept.id
        client.collection = "Changed"
        await client.collections.delete()
        assert await client.collections.list() == []
        only = (await client.orbits.list())[0]
        await client.orbits.delete(only.id)
        assert await client.orbits.list() == []

    asynchronously(flow)
