"""The hierarchy of defaults: an orbit belongs to its organization, a collection to its orbit."""

from __future__ import annotations

import pytest

from dataforce import (
    Client,
    Collection,
    CollectionResourceNotFoundError,
    ConfigurationError,
    Orbit,
    OrbitResourceNotFoundError,
    Organization,
)
from dataforce.testing.plugin import OpenClient


@pytest.fixture
def orbit_elsewhere(client: Client, other_organization: Organization) -> Orbit:
    """An orbit of the other organization; the client's default organization stays the first."""
    home = client.organization
    client.organization = other_organization.id
    secret = client.bucket_secrets.create("s3.example.com", "elsewhere")
    orbit = client.orbits.create("Elsewhere", secret.id)
    client.organization = home
    return orbit


def test_a_default_collection_of_another_orbit_is_not_found(
    client: Client, collection: Collection, other_orbit: Orbit
) -> None:
    """By id or by name."""
    client.orbit = other_orbit.id
    for value in (collection.id, collection.name):
        client.collection = value
        with pytest.raises(CollectionResourceNotFoundError):
            client.model_artifacts.list()


def test_a_default_orbit_of_another_organization_is_not_found(
    client: Client, orbit_elsewhere: Orbit
) -> None:
    """By id or by name."""
    for value in (orbit_elsewhere.id, orbit_elsewhere.name):
        client.orbit = value
        with pytest.raises(OrbitResourceNotFoundError):
            client.collections.list()


def test_a_default_orbit_needs_a_default_organization(
    client: Client, orbit: Orbit, other_organization: Organization
) -> None:
    """With two organizations nobody can tell whose it is; the error names both."""
    client.organization = None
    client.orbit = orbit.id
    with pytest.raises(ConfigurationError) as caught:
        client.collections.list()
    organizations = client.organizations.list()
    assert len(organizations) == 2
    assert all(each.id in str(caught.value) for each in organizations)
    client.organization = orbit.organization_id
    assert client.collections.list() == []


def test_an_orbit_configured_without_its_organization(
    open_another: OpenClient, orbit: Orbit, other_organization: Organization
) -> None:
    """The same when both come from the configuration."""
    newcomer = open_another(orbit=orbit.name)
    with pytest.raises(ConfigurationError, match="organization"):
        newcomer.collections.list()
    with pytest.raises(ConfigurationError, match="organization"):
        newcomer.orbits.list()


def test_a_default_collection_needs_a_default_orbit(
    open_another: OpenClient, collection: Collection, other_orbit: Orbit
) -> None:
    """With two orbits nobody can tell whose it is; the error names both."""
    newcomer = open_another(collection=collection.id)
    with pytest.raises(ConfigurationError) as caught:
        newcomer.model_artifacts.list()
    assert collection.orbit_id in str(caught.value)
    assert other_orbit.id in str(caught.value)
    newcomer.orbit = collection.orbit_id
    assert newcomer.model_artifacts.list() == []


def test_another_orbit_drops_a_default_collection_that_is_not_in_it(
    client: Client, collection: Collection, other_orbit: Orbit
) -> None:
    """There is none then, or the only one there."""
    client.orbit = other_orbit.id
    assert client.collection is None
    made = client.collections.create("", "Churn", "model")
    assert client.collection == made.id


def test_the_same_orbit_keeps_the_default_collection(
    client: Client, collection: Collection
) -> None:
    """Set once more, by whatever it is called."""
    client.collections.create("", "Other", "model")
    for value in (collection.orbit_id, client.orbits.list()[0].name):
        client.orbit = value
        assert client.collection == collection.id


def test_the_same_organization_keeps_orbit_and_collection(
    client: Client, collection: Collection, other_orbit: Orbit
) -> None:
    """Set once more, by whatever it is called."""
    client.collections.create("", "Other", "model")
    organization = client.organizations.list()[0]
    for value in (organization.id, organization.name):
        client.organization = value
        assert (client.orbit, client.collection) == (collection.orbit_id, collection.id)


def test_another_organization_drops_orbit_and_collection(
    client: Client, collection: Collection, orbit_elsewhere: Orbit
) -> None:
    """What is the only one there takes their place."""
    client.orbit, client.collection = collection.orbit_id, collection.id
    client.organization = orbit_elsewhere.organization_id
    assert client.orbit == orbit_elsewhere.id
    assert client.collection is None
    assert client.collections.list() == []


def test_an_empty_organization_has_no_defaults(
    client: Client, collection: Collection, other_organization: Organization
) -> None:
    """Calls that need an orbit say so; nothing reaches the organization before."""
    client.organization = other_organization.name
    assert client.orbit is None
    assert client.collection is None
    with pytest.raises(ConfigurationError, match="orbit"):
        client.collections.create("", "Churn", "model")
    client.organization = client.organizations.list()[0].id
    assert client.collections.list() == [collection]
