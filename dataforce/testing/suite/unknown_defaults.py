"""Defaults that do not exist, and what their errors say."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataforce import (
    Client,
    Collection,
    CollectionResourceNotFoundError,
    ConfigurationError,
    DataForceAPIError,
    DataForceError,
    MultipleResourcesFoundError,
    Orbit,
    OrbitResourceNotFoundError,
    OrganizationResourceNotFoundError,
)
from dataforce.testing.plugin import OpenClient
from dataforce.testing.suite._support import UNKNOWN, ids

LONGEST_MESSAGE = 500


@pytest.mark.parametrize("value", [UNKNOWN, "nobody"])
def test_a_default_organization_that_does_not_exist(client: Client, value: str) -> None:
    """The error of the first call names those that do; afterwards another can be set."""
    organization = client.organizations.list()[0]
    client.organization = value
    with pytest.raises(OrganizationResourceNotFoundError) as caught:
        client.orbits.list()
    message = str(caught.value)
    assert value in message
    assert organization.id in message
    assert organization.name in message
    client.organization = organization.name
    assert len(client.orbits.list()) == 1


@pytest.mark.parametrize("value", [UNKNOWN, "nowhere"])
def test_a_default_orbit_that_does_not_exist(client: Client, orbit: Orbit, value: str) -> None:
    """The error of the first call names those that do; nothing is written."""
    client.orbit = value
    with pytest.raises(OrbitResourceNotFoundError) as caught:
        client.collections.create("", "Churn", "model")
    assert value in str(caught.value)
    assert orbit.id in str(caught.value)
    client.orbit = orbit.id
    assert client.collections.list() == []


@pytest.mark.parametrize("value", [UNKNOWN, "nothing"])
def test_a_default_collection_that_does_not_exist(
    client: Client, collection: Collection, value: str
) -> None:
    """The error of the first call names those that do; nothing is deleted."""
    client.collection = value
    with pytest.raises(CollectionResourceNotFoundError) as caught:
        client.collections.delete()
    assert value in str(caught.value)
    assert collection.id in str(caught.value)
    assert client.collections.list() == [collection]


def test_defaults_that_do_not_exist_fail_no_client_that_is_being_made(
    open_client: OpenClient,
) -> None:
    """Making one asks nobody; the errors of its calls belong to the family of all others."""
    for name in ("organization", "orbit", "collection"):
        # By id: a new local registry takes the name of a chosen organization for its own.
        client = open_client(**{name: UNKNOWN})
        with pytest.raises(DataForceAPIError, match=name):
            client.model_artifacts.list()


def test_a_default_of_several_objects_of_one_name(client: Client) -> None:
    """The error names them all."""
    made = [client.collections.create("", "Twin", "model") for _ in range(2)]
    client.collection = "Twin"
    with pytest.raises(MultipleResourcesFoundError) as caught:
        client.model_artifacts.list()
    assert all(identifier in str(caught.value) for identifier in ids(made))


def test_the_error_names_where_an_unknown_default_comes_from(
    open_client: OpenClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The variable, the file, or that code set it; and the parent by its name."""
    client = open_client()
    client.collections.create("", "Hope", "model")
    client.collection = "Nope"
    with pytest.raises(CollectionResourceNotFoundError) as caught:
        client.model_artifacts.list()
    assert str(caught.value).startswith(
        "The default collection 'Nope' (code) does not exist in orbit 'Default Orbit'. Set it to"
    )
    monkeypatch.setenv("DFS_COLLECTION", "Nope")
    with pytest.raises(
        CollectionResourceNotFoundError,
        match=r"'Nope' \(environment variable DFS_COLLECTION\) does not exist in orbit",
    ):
        open_client().model_artifacts.list()
    monkeypatch.delenv("DFS_COLLECTION")
    file = tmp_path / "settings.toml"
    file.write_text('[clients.mine]\norbit = "Nope"\n')
    with pytest.raises(OrbitResourceNotFoundError) as unknown:
        open_client(client_name="mine", configuration_file=file).collections.list()
    assert f"'Nope' (clients.mine.orbit in {file}) does not" in str(unknown.value)
    deep = tmp_path / ("x" * 200) / "settings.toml"
    deep.parent.mkdir()
    file.rename(deep)
    with pytest.raises(OrbitResourceNotFoundError, match=r"clients\.mine.*settings") as unknown:
        open_client(client_name="mine", configuration_file=deep).collections.list()
    assert len(str(unknown.value)) <= LONGEST_MESSAGE


def test_the_error_suggests_five_names_the_nearest_first(client: Client) -> None:
    """Letters of either case; all of them would be too many."""
    for name in ("One", "Two", "Ten", "Six", "Thirteen", "FLOWERS", "Flower"):
        client.collections.create("", name, "model")
    client.collection = "flower"
    with pytest.raises(CollectionResourceNotFoundError) as caught:
        client.model_artifacts.list()
    message = str(caught.value)
    named = [message.index(repr(name)) for name in ("Flower", "FLOWERS", "One", "Two", "Ten")]
    assert named == sorted(named)
    assert "Six" not in message
    assert message.endswith(" and more.")
    assert len(message) <= LONGEST_MESSAGE


def test_errors_about_defaults_are_short(client: Client, other_orbit: Orbit) -> None:
    """However long the names are, and with what is missing above."""
    long = "🍄\n" * 500
    client.orbit = other_orbit.id
    client.orbits.update(long)
    made = [client.collections.create("", f"{number} {long}", "model") for number in range(3)]
    for orbit, collection, named in (
        (other_orbit.id, long, made),
        (other_orbit.id, None, made),
        (f"{long}!", None, [other_orbit]),
        (None, long, [other_orbit]),
    ):
        client.orbit, client.collection = orbit, collection
        with pytest.raises(DataForceError) as caught:
            client.collections.delete()
        assert any(each.id in str(caught.value) for each in named)
        assert len(str(caught.value)) <= LONGEST_MESSAGE


def test_a_default_needs_its_parent(open_another: OpenClient, other_orbit: Orbit) -> None:
    """The error says which is missing, and what to choose it from."""
    newcomer = open_another(collection="Churn")
    with pytest.raises(ConfigurationError) as caught:
        newcomer.collections.delete()
    message = str(caught.value)
    assert "The default collection 'Churn' (code) needs a default orbit." in message
    assert other_orbit.id in message
