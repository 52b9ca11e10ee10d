"""The default organization, orbit and collection: how they are set, found and remembered."""

from __future__ import annotations

import pytest

from dataforce import (
    BucketSecret,
    Client,
    Collection,
    ConfigurationError,
    Orbit,
)
from dataforce.testing.plugin import OpenClient
from dataforce.testing.suite._support import UNKNOWN, ids, spellings


def test_where_there_is_one_of_a_kind_it_is_the_default(client: Client) -> None:
    """Organization, orbit and collection; nothing needs to be set."""
    made = client.collections.create("", "Churn", "model")
    assert client.organization == client.organizations.list()[0].id
    assert client.orbit == client.orbits.list()[0].id
    assert client.collection == made.id
    assert ids(filter(None, [client.orbits.get()])) == ids(client.orbits.list())
    assert client.collections.get() == made
    assert client.model_artifacts.list() == []


def test_what_was_the_only_one_stays_the_default(client: Client) -> None:
    """Once it was needed, a second one changes nothing."""
    first = client.collections.create("", "First", "model")
    assert client.collection == first.id
    client.collections.create("", "Second", "model")
    assert client.collection == first.id


def test_the_first_stays_the_default_when_a_second_is_made(
    client: Client, bucket_secret: BucketSecret
) -> None:
    """Also if no call has needed it before."""
    first, _ = [client.collections.create("", name, "model") for name in ("One", "Two")]
    only = client.orbits.list()[0]
    client.orbits.create("Other Orbit", bucket_secret.id)
    assert (client.orbit, client.collection) == (only.id, first.id)


def test_of_two_neither_is_the_default(client: Client) -> None:
    """`get` finds none, and the error of a call that needs one names both."""
    made = [client.collections.create("", name, "model") for name in ("One", "Two")]
    client.collection = None
    assert client.collection is None
    assert client.collections.get() is None
    with pytest.raises(ConfigurationError) as caught:
        client.model_artifacts.list()
    assert all(each.id in str(caught.value) and each.name in str(caught.value) for each in made)
    client.collections.create("", "Three", "model")
    assert client.collection is None


def test_without_a_collection_the_error_says_to_make_one(client: Client) -> None:
    """It names what is missing."""
    with pytest.raises(ConfigurationError, match="collection"):
        client.model_artifacts.list()


def test_of_two_orbits_neither_is_the_default(
    open_another: OpenClient, client: Client, other_orbit: Orbit
) -> None:
    """A client that has not needed one before must be told."""
    newcomer = open_another()
    assert newcomer.orbit is None
    assert newcomer.orbits.get() is None
    with pytest.raises(ConfigurationError) as caught:
        newcomer.collections.list()
    assert all(each.id in str(caught.value) for each in client.orbits.list())
    with pytest.raises(ConfigurationError):
        newcomer.orbits.update("Renamed")
    newcomer.orbit = other_orbit.name
    assert newcomer.collections.list() == []


def test_a_default_is_set_by_id_in_any_spelling(client: Client, collection: Collection) -> None:
    """It is shown in the usual one."""
    client.collections.create("", "Other", "model")
    for spelling in spellings(collection.id):
        client.collection = spelling
        assert client.collection == collection.id
        assert client.collections.get() == collection


def test_a_default_is_set_by_name(client: Client, other_orbit: Orbit) -> None:
    """It is shown as its id."""
    client.orbit = other_orbit.name
    made = client.collections.create("", "Churn", "model")
    client.collections.create("", "Other", "model")
    client.collection = "Churn"
    assert (client.orbit, client.collection) == (other_orbit.id, made.id)
    client.organization = client.organizations.list()[0].name
    assert client.organization == client.organizations.list()[0].id


def test_defaults_are_set_when_a_client_is_made(
    open_another: OpenClient, client: Client, collection: Collection, other_orbit: Orbit
) -> None:
    """By id, by name, and mixed."""
    organization = client.organizations.list()[0]
    client.collections.create("", "Other", "model")
    orbit = collection.orbit_id
    for chosen in (
        {"organization": organization.id, "orbit": orbit, "collection": collection.id},
        {"orbit": orbit, "collection": collection.name},
        {"organization": organization.name, "orbit": orbit.upper(), "collection": collection.name},
    ):
        newcomer = open_another(**chosen)
        assert newcomer.collections.get() == collection
        assert newcomer.organization == organization.id


def test_a_default_is_looked_up_once(client: Client, collection: Collection) -> None:
    """It is that object from then on, whatever its name becomes."""
    client.collection = "Flowers"
    assert client.collection == collection.id
    client.collections.update("Plants")
    client.collections.create("", "Flowers", "model")
    assert client.collection == collection.id


def test_a_default_is_looked_up_when_it_is_needed(client: Client) -> None:
    """So it may be set before it exists."""
    client.collection = "Later"
    client.collections.create("", "Other", "model")
    made = client.collections.create("", "Later", "model")
    assert client.collection == made.id


def test_a_name_looks_like_an_id(client: Client) -> None:
    """It is a name all the same."""
    client.collections.create("", "Other", "model")
    made = client.collections.create("", UNKNOWN, "model")
    client.collection = UNKNOWN
    assert client.collection == made.id


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_default_can_be_taken_back(
    client: Client, collection: Collection, nothing: str | None
) -> None:
    """With several to choose from there is none then."""
    client.collections.create("", "Other", "model")
    client.collection = nothing
    assert client.collection is None


def test_a_deleted_default_is_none_any_more(client: Client, collection: Collection) -> None:
    """With several left to choose from."""
    for name in ("One", "Two"):
        client.collections.create("", name, "model")
    client.collections.delete(collection.id)
    assert client.collection is None
    with pytest.raises(ConfigurationError):
        client.collections.delete()
    assert len(client.collections.list()) == 2


def test_the_orbit_of_a_client_is_the_one_it_deletes_last(
    client: Client, orbit: Orbit, other_orbit: Orbit, bucket_secret: BucketSecret
) -> None:
    """With another default the first one can be deleted."""
    client.orbit = other_orbit.id
    client.orbits.delete(orbit.id)
    assert ids(client.orbits.list()) == [other_orbit.id]
    assert client.orbit == other_orbit.id
