"""Objects of different kinds may have one id: ids are unique within a kind only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, MultipleResourcesFoundError, NotFoundError
from dataforce.overlay import Change
from tests.hybrid.production import Production, package_at

_COLUMNS = {
    "dataforce_organizations": ("id",),
    "dataforce_bucket_secrets": ("id", "organization_id"),
    "dataforce_orbits": ("id", "organization_id", "bucket_secret_id"),
    "dataforce_collections": ("id", "orbit_id"),
    "dataforce_model_artifacts": ("id", "collection_id"),
}


@pytest.fixture
def identifier(production: Production, tmp_path: Path) -> str:
    """The id of an organization, its bucket secret, its orbit, its collection and its model."""
    plain = production.plain
    collection = plain.collections.create("", "Flowers", "model")
    plain.model_artifacts.upload(package_at(tmp_path, "iris"), "iris", collection_id=collection.id)
    give_one_id(production.place, collection.id)
    return collection.id


def give_one_id(database: Path, identifier: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, columns in _COLUMNS.items():
            changes = ", ".join(f"{column} = :id" for column in columns)
            connection.execute(f"UPDATE {table} SET {changes}", {"id": identifier})
        connection.execute("UPDATE dataforce_files SET id = ?", [identifier])


@pytest.fixture
def other(production: Production, identifier: str) -> str:
    """Another bucket secret, which has the id of another orbit."""
    with Client(database_url=f"sqlite:///{production.place}") as client:
        secret = client.bucket_secrets.create("e", "other", region="r")
        orbit = client.orbits.create("Other", identifier)
        client.orbit = orbit.id
        client.collections.create("", "Trees", "model")
    with closing(sqlite3.connect(production.place)) as connection, connection:
        given = {"new": orbit.id, "old": secret.id}
        connection.execute("UPDATE dataforce_bucket_secrets SET id = :new WHERE id = :old", given)
    return orbit.id


@pytest.fixture(params=["local", "hybrid"])
def client(
    production: Production, identifier: str, request: pytest.FixtureRequest
) -> Iterator[Client]:
    if request.param == "hybrid":
        opened = production.hybrid()
    else:
        opened = Client(database_url=f"sqlite:///{production.place}")
    with opened as client:
        client.organization = client.orbit = client.collection = identifier
        yield client


def seen(client: Client) -> dict[str, list[Any]]:
    return {
        "secrets": [each.region for each in client.bucket_secrets.list()],
        "orbits": [(each.name, each.total_collections) for each in client.orbits.list()],
        "collections": [(each.name, each.total_models) for each in client.collections.list()],
        "models": [each.model_name for each in client.model_artifacts.list()],
    }


def changes(client: Client) -> list[tuple[str, str]]:
    def told(change: Change) -> tuple[str, str]:
        return change.action.value, change.kind

    return [told(each) for each in client.overlay.diff()]


def test_what_has_the_same_id_is_changed_apart(client: Client, identifier: str) -> None:
    before = seen(client)
    client.bucket_secrets.update(identifier, region="eu")
    assert seen(client) == before | {"secrets": ["eu"]}
    client.orbits.update("Garden")
    assert seen(client)["orbits"] == [("Garden", 1)]
    client.model_artifacts.update(identifier, model_name="rose")
    assert seen(client)["collections"] == [("Flowers", 1)]
    client.collections.update(name="Plants")
    made = client.collections.create("", "Made here", "model")
    assert seen(client) == {
        "secrets": ["eu"],
        "orbits": [("Garden", 2)],
        "collections": [("Plants", 1), ("Made here", 0)],
        "models": ["rose"],
    }
    client.model_artifacts.delete(identifier)
    client.collections.delete(made.id)
    assert seen(client)["collections"] == [("Plants", 0)]
    client.collections.delete(identifier)
    assert [(each.name, each.total_collections) for each in client.orbits.list()] == [("Garden", 0)]
    assert [each.region for each in client.bucket_secrets.list()] == ["eu"]


def test_a_deleted_bucket_secret_takes_no_orbit_of_its_id_along(
    client: Client, production: Production, other: str
) -> None:
    client.orbit = other
    made = client.collections.create("", "Made here", "model")
    client.collections.update(name="Renamed", collection_id=made.id)
    client.bucket_secrets.delete(other)
    assert [each.name for each in client.collections.list()] == ["Trees", "Renamed"]
    assert client.collections.create("", "Made later", "model") in client.collections.list()
    orbit = client.orbits.get(other)
    assert orbit is not None
    assert orbit.total_collections == 3


def test_each_is_reset_on_its_own(production: Production, other: str) -> None:
    with production.hybrid(organization=production.plain.organization) as client:
        client.organization = client.organizations.list()[0].id
        client.bucket_secrets.update(other, region="eu")
        client.orbits.update("Garden", orbit_id=other)
        with pytest.raises(MultipleResourcesFoundError, match="bucket secret, orbit have that id"):
            client.overlay.reset(other)
        secret = client.bucket_secrets.get(other)
        client.overlay.reset(secret)
        assert changes(client) == [("changed", "orbit")]
        with pytest.raises(NotFoundError):
            client.overlay.reset(secret)
        client.overlay.reset(client.overlay.diff()[0])
        assert changes(client) == []
        client.orbits.update("Garden", orbit_id=other)
        client.overlay.reset("Garden")
        client.orbits.update("Garden", orbit_id=other)
        client.overlay.reset(other)
        assert changes(client) == []


@pytest.mark.filterwarnings("ignore::dataforce.errors.OfflineWarning")
def test_all_is_pulled_and_pushed(production: Production, identifier: str, tmp_path: Path) -> None:
    given = {"organization": identifier, "orbit": identifier, "collection": identifier}
    with production.hybrid(**given) as client:
        client.overlay.pull(orbit=identifier, content=True)
    with production.hybrid(**given, offline=True) as client:
        client.bucket_secrets.update(identifier, region="eu")
        client.orbits.update("Garden")
        client.collections.update(name="Plants")
        client.model_artifacts.update(identifier, model_name="rose")
        client.model_artifacts.upload(package_at(tmp_path, "tulip"), "tulip")
        expected = seen(client)
    with production.hybrid(**given) as client:
        assert sorted(changes(client)) == [
            ("changed", "bucket secret"),
            ("changed", "collection"),
            ("changed", "model artifact"),
            ("changed", "orbit"),
            ("created", "model artifact"),
        ]
        client.overlay.push()
        assert seen(client) == expected
        assert changes(client) == []
        client.model_artifacts.delete(identifier)
        client.collections.update(name="Weeds")
        client.overlay.push()
    with Client(database_url=f"sqlite:///{production.place}") as plain:
        assert seen(plain) == expected | {
            "collections": [("Weeds", 1)],
            "models": ["tulip"],
        }
