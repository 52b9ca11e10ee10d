"""Orbits."""

from __future__ import annotations

from typing import Any

import pytest

from dataforce import (
    BucketSecret,
    Client,
    DataForceAPIError,
    MultipleResourcesFoundError,
    NotFoundError,
    Orbit,
    Organization,
    UnprocessableEntityError,
)
from dataforce.testing.plugin import PackageFactory
from dataforce.testing.suite._support import HOSTILE_NAMES, UNKNOWN, ids, spellings


def test_a_fresh_platform_has_one_orbit(client: Client, bucket_secret: BucketSecret) -> None:
    """It uses the only bucket secret of the only organization and holds nothing."""
    (orbit,) = client.orbits.list()
    assert orbit.organization_id == client.organization
    assert orbit.bucket_secret_id == bucket_secret.id
    assert (orbit.total_collections, orbit.total_model_artifacts) == (0, 0)


def test_a_new_orbit_has_what_was_given(client: Client, bucket_secret: BucketSecret) -> None:
    """And is listed after the one that was there."""
    made = client.orbits.create("Research", bucket_secret.id.upper())
    assert (made.name, made.bucket_secret_id) == ("Research", bucket_secret.id)
    assert (made.organization_id, made.total_collections) == (client.organization, 0)
    assert ids(client.orbits.list()[1:]) == [made.id]


def test_an_orbit_is_found_by_its_id_in_any_spelling(client: Client, other_orbit: Orbit) -> None:
    """Also one that is not the default."""
    for spelling in spellings(other_orbit.id):
        found = client.orbits.get(spelling)
        assert found is not None
        assert found.id == other_orbit.id


def test_an_orbit_is_found_by_its_name(client: Client, bucket_secret: BucketSecret) -> None:
    """Whatever the name is."""
    made = {name: client.orbits.create(name, bucket_secret.id).id for name in HOSTILE_NAMES}
    found = {name: client.orbits.get(name) for name in HOSTILE_NAMES}
    assert {name: orbit and orbit.id for name, orbit in found.items()} == made


def test_the_name_of_an_orbit_is_case_sensitive(client: Client, other_orbit: Orbit) -> None:
    """As promised."""
    assert client.orbits.get(other_orbit.name.upper()) is None


@pytest.mark.parametrize("value", [UNKNOWN, "nowhere", "", "Other%"])
def test_an_unknown_orbit_is_none(client: Client, other_orbit: Orbit, value: str) -> None:
    """By id or by name; nothing in a name is a wildcard."""
    assert client.orbits.get(value) is None


def test_orbits_of_one_name_are_told_apart_by_id(
    client: Client, bucket_secret: BucketSecret
) -> None:
    """They may have it; the error names them all."""
    made = [client.orbits.create("Twin", bucket_secret.id) for _ in range(3)]
    with pytest.raises(MultipleResourcesFoundError) as caught:
        client.orbits.get("Twin")
    assert all(identifier in str(caught.value) for identifier in ids(made))


def test_an_orbit_counts_what_it_holds(
    client: Client, orbit: Orbit, other_orbit: Orbit, package: PackageFactory
) -> None:
    """Collections and models, its own only."""
    for number in range(2):
        collection = client.collections.create("", f"Collection {number}", "model")
        for _ in range(number + 1):
            client.model_artifacts.upload(package(), "model", collection_id=collection.id)
    found = client.orbits.get(orbit.id)
    assert found is not None
    assert (found.total_collections, found.total_model_artifacts) == (2, 3)
    listed = {each.id: each.total_model_artifacts for each in client.orbits.list()}
    assert listed == {orbit.id: 3, other_orbit.id: 0}


def test_an_update_changes_the_default_orbit(client: Client, orbit: Orbit) -> None:
    """As promised; its bucket secret stays."""
    changed = client.orbits.update(name="Production")
    assert (changed.id, changed.name) == (orbit.id, "Production")
    assert changed.bucket_secret_id == orbit.bucket_secret_id
    assert client.orbits.list() == [changed]


def test_an_update_may_name_another_orbit(client: Client, orbit: Orbit, other_orbit: Orbit) -> None:
    """The default one stays as it is."""
    assert client.orbits.update("Research", orbit_id=other_orbit.id.upper()).id == other_orbit.id
    assert [each.name for each in client.orbits.list()] == [orbit.name, "Research"]


def test_an_orbit_can_move_to_another_bucket(client: Client, orbit: Orbit) -> None:
    """Its name stays."""
    secret = client.bucket_secrets.create("s3.example.com", "models")
    changed = client.orbits.update(bucket_secret_id=secret.id)
    assert (changed.name, changed.bucket_secret_id) == (orbit.name, secret.id)


def test_an_orbit_needs_a_bucket_secret_that_exists(client: Client, orbit: Orbit) -> None:
    """At its creation and ever after."""
    with pytest.raises(NotFoundError):
        client.orbits.create("Research", UNKNOWN)
    with pytest.raises(NotFoundError):
        client.orbits.update("Research", UNKNOWN)
    assert client.orbits.list() == [orbit]


def test_an_update_of_an_unknown_orbit_is_refused(client: Client, orbit: Orbit) -> None:
    """Unlike its deletion."""
    with pytest.raises(NotFoundError):
        client.orbits.update("Research", orbit_id=UNKNOWN)
    assert client.orbits.list() == [orbit]


def test_the_default_orbit_is_not_deleted(client: Client, orbit: Orbit) -> None:
    """However its id is written."""
    for spelling in spellings(orbit.id):
        with pytest.raises(DataForceAPIError):
            client.orbits.delete(spelling)
    assert client.orbits.list() == [orbit]


def test_deleting_an_unknown_orbit_succeeds(client: Client, orbit: Orbit) -> None:
    """As the platform has it."""
    client.orbits.delete(UNKNOWN)
    assert client.orbits.list() == [orbit]


def test_a_deleted_orbit_takes_all_that_it_holds_with_it(
    client: Client, orbit: Orbit, other_orbit: Orbit, package: PackageFactory
) -> None:
    """Collections and models; what other orbits hold stays."""
    kept = client.collections.create("", "Kept", "model")
    kept_model = client.model_artifacts.upload(package(), "model", collection_id=kept.id)
    client.orbit = other_orbit.id
    doomed = client.collections.create("", "Doomed", "model")
    client.model_artifacts.upload(package(), "model", collection_id=doomed.id)
    client.orbit = orbit.id
    client.orbits.delete(other_orbit.id)
    assert ids(client.orbits.list()) == [orbit.id]
    assert ids(client.collections.list()) == [kept.id]
    assert client.model_artifacts.list(collection_id=kept.id) == [kept_model]
    with pytest.raises(NotFoundError):
        client.model_artifacts.list(collection_id=doomed.id)


def test_the_files_of_other_orbits_outlive_a_deleted_one(
    client: Client, orbit: Orbit, other_orbit: Orbit, package: PackageFactory
) -> None:
    """Even where both hold the same bytes."""
    path = package()
    kept = client.collections.create("", "Kept", "model")
    model = client.model_artifacts.upload(path, "model", collection_id=kept.id)
    client.orbit = other_orbit.id
    doomed = client.collections.create("", "Doomed", "model")
    client.model_artifacts.upload(path, "model", collection_id=doomed.id)
    client.orbit = orbit.id
    client.orbits.delete(other_orbit.id)
    target = path.with_name("downloaded.fnnx")
    client.model_artifacts.download(model.id, target, collection_id=kept.id)
    assert target.read_bytes() == path.read_bytes()


def test_a_wrong_name_of_an_orbit_is_refused(
    client: Client, orbit: Orbit, bucket_secret: BucketSecret
) -> None:
    """Nothing is written."""
    wrong: tuple[Any, ...] = ("", "   ", "a\x00b", "\ud800", 5, ["a"])
    for name in wrong:
        with pytest.raises(UnprocessableEntityError, match="name"):
            client.orbits.create(name, bucket_secret.id)
        with pytest.raises(UnprocessableEntityError, match="name"):
            client.orbits.update(name)
    assert client.orbits.list() == [orbit]


def test_the_orbits_of_another_organization_are_out_of_reach(
    client: Client, orbit: Orbit, other_organization: Organization
) -> None:
    """They are neither seen, changed nor deleted from here."""
    client.organization = other_organization.id
    assert client.orbits.list() == []
    assert client.orbits.get(orbit.id) is None
    assert client.orbits.get(orbit.name) is None
    with pytest.raises(NotFoundError):
        client.orbits.update("Taken", orbit_id=orbit.id)
    client.orbits.delete(orbit.id)
    client.organization = orbit.organization_id
    assert client.orbits.list() == [orbit]


def test_an_orbit_cannot_use_a_bucket_of_another_organization(
    client: Client, bucket_secret: BucketSecret, other_organization: Organization
) -> None:
    """It is not found from there."""
    client.organization = other_organization.id
    with pytest.raises(NotFoundError):
        client.orbits.create("Research", bucket_secret.id)
    assert client.orbits.list() == []
