"""Orbits."""

from __future__ import annotations

import pytest

from dataforce import (
    BucketSecret,
    Client,
    DataForceAPIError,
    NotFoundError,
    Orbit,
    Organization,
)
from dataforce.testing.plugin import PackageFactory
from dataforce.testing.suite._support import ids, spellings


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


def test_the_default_orbit_is_not_deleted(client: Client, orbit: Orbit) -> None:
    """However its id is written."""
    for spelling in spellings(orbit.id):
        with pytest.raises(DataForceAPIError):
            client.orbits.delete(spelling)
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


def test_an_orbit_cannot_use_a_bucket_of_another_organization(
    client: Client, bucket_secret: BucketSecret, other_organization: Organization
) -> None:
    """It is not found from there."""
    client.organization = other_organization.id
    with pytest.raises(NotFoundError):
        client.orbits.create("Research", bucket_secret.id)
    assert client.orbits.list() == []
