"""Hybrid clients of those who may not read bucket secrets: the members and admins of an orbit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dataforce import AsyncClient, Client, PermissionDeniedError
from dataforce.server import OrbitRole
from tests.hybrid.production import left
from tests.hybrid.reading import MEMBER, Production, names
from tests.hybrid.reading import any_production as any_production
from tests.hybrid.reading import production as production


def client_of(production: Production, role: OrbitRole) -> Client:
    """A hybrid client of one who has that role in the default orbit, over a collection."""
    orbit = production.behind.orbits.list()[0]
    production.member.orbits[orbit.id] = role
    collection = production.behind.collections.create("", "Flowers", "model")
    production.behind.model_artifacts.upload(
        production.package(), "iris", collection_id=collection.id
    )
    return production.hybrid(api_key=MEMBER, orbit=orbit.id, collection=collection.id)


@pytest.mark.parametrize("role", OrbitRole)
def test_what_is_in_an_orbit_is_made_changed_and_pushed(
    any_production: Production, role: OrbitRole
) -> None:
    client = client_of(any_production, role)
    with pytest.raises(PermissionDeniedError):
        client.bucket_secrets.list()
    client.model_artifacts.upload(any_production.package(seed=1), "rose")
    trees = client.collections.create("", "Trees", "model")
    client.model_artifacts.upload(any_production.package(seed=2), "oak", collection_id=trees.id)
    client.collections.update(name="Plants")
    iris = client.model_artifacts.get("iris")
    assert iris is not None
    client.model_artifacts.update(iris.id, tags=["checked"])
    assert names(client.collections.list()) == ["Plants", "Trees"]
    assert left(client) == (3, 2, 0)
    assert len(client.overlay.push(dry_run=True).changes) == 5
    client.overlay.push()
    assert left(client) == (0, 0, 0)
    assert names(any_production.behind.collections.list()) == ["Plants", "Trees"]
    found = any_production.behind.model_artifacts.list(collection_id=client.collection)
    assert [(each.model_name, each.tags) for each in found] == [
        ("iris", ["checked"]),
        ("rose", None),
    ]


def test_an_admin_of_an_orbit_changes_and_deletes_it(any_production: Production) -> None:
    client = client_of(any_production, OrbitRole.ADMIN)
    orbit = client.orbits.get()
    assert orbit is not None
    other = any_production.behind.orbits.create("Other", orbit.bucket_secret_id)
    any_production.member.orbits[other.id] = OrbitRole.ADMIN
    client.orbits.update("Garden", orbit.bucket_secret_id)
    client.orbits.update("Renamed", orbit_id=other.id)
    client.orbits.delete(other.id)
    garden = client.orbits.get()
    assert garden is not None
    assert (garden.name, garden.bucket_secret_id) == ("Garden", orbit.bucket_secret_id)
    client.overlay.push()
    assert [each.name for each in any_production.behind.orbits.list()] == ["Garden"]


def test_a_change_of_an_orbit_is_dropped_above_what_is_kept(production: Production) -> None:
    client = client_of(production, OrbitRole.ADMIN)
    client.collections.create("", "Trees", "model")
    client.orbits.update("Garden")
    assert client.orbit is not None
    client.overlay.reset(client.orbit)
    assert [each.name for each in client.orbits.list()] == ["Default Orbit"]
    client.overlay.push()
    assert names(production.behind.collections.list()) == ["Flowers", "Trees"]


def test_what_the_platform_does_not_allow_stays_in_the_overlay(production: Production) -> None:
    client = client_of(production, OrbitRole.MEMBER)
    model = client.model_artifacts.list()[0]
    client.collections.create("", "Trees", "model")
    client.model_artifacts.delete(model.id)
    with pytest.raises(PermissionDeniedError) as caught:
        client.overlay.push()
    assert f"model artifact 'iris' ({model.id})" in caught.value.__notes__[0]
    assert names(production.behind.collections.list()) == ["Flowers", "Trees"]
    assert left(client) == (0, 0, 1)
    client.overlay.reset(model.id)
    assert client.model_artifacts.list() == [model]


def test_a_member_of_no_orbit_is_told_so(production: Production) -> None:
    client = client_of(production, OrbitRole.MEMBER)
    production.member.orbits.clear()
    for call in (client.collections.list, client.model_artifacts.list, client.overlay.pull):
        with pytest.raises(PermissionDeniedError):
            call()


@pytest.mark.filterwarnings("ignore::dataforce.errors.OfflineWarning")
def test_an_orbit_is_pulled_without_its_bucket_secret(production: Production) -> None:
    client = client_of(production, OrbitRole.ADMIN)
    report = client.overlay.pull(orbit="Default Orbit", content=True)
    assert (report.records.get("bucket secret"), report.files) == (None, 1)
    offline = production.offline(collection=client.collection)
    assert names(offline.model_artifacts.list()) == ["iris"]
    offline.model_artifacts.upload(production.package(seed=1), "rose")
    offline.orbits.update("Garden")
    client.overlay.push()
    assert [each.name for each in production.behind.orbits.list()] == ["Garden"]
    assert names(client.model_artifacts.list()) == ["iris", "rose"]


async def upload_and_push(production: Production, client: Client, package: Path) -> None:
    async with AsyncClient(
        production.url,
        MEMBER,
        backend_type="hybrid",
        orbit=client.orbit,
        collection=client.collection,
    ) as other:
        await other.model_artifacts.upload(package, "rose")
        await other.overlay.pull()
        await other.overlay.push()


def test_an_asynchronous_client_works_too(production: Production) -> None:
    client = client_of(production, OrbitRole.MEMBER)
    asyncio.run(upload_and_push(production, client, production.package(seed=1)))
    found = production.behind.model_artifacts.list(collection_id=client.collection)
    assert names(found) == ["iris", "rose"]
