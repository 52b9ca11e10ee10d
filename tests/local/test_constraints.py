"""What a write says that breaks a constraint of the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import psycopg
import pytest

from dataforce import Client, ConflictError, StoreError

Run: TypeAlias = Callable[[str, str], object]

ORPHAN = """
CREATE TRIGGER orphan BEFORE INSERT ON dataforce_collections BEGIN DELETE FROM dataforce_orbits; END
"""
ORPHAN_POSTGRESQL = """
CREATE FUNCTION orphan() RETURNS trigger AS 'BEGIN DELETE FROM dataforce_orbits; RETURN NEW; END'
LANGUAGE plpgsql;
CREATE TRIGGER orphan BEFORE INSERT ON dataforce_collections FOR EACH ROW EXECUTE FUNCTION orphan()
"""
REFUSE = """
CREATE TRIGGER refuse BEFORE {event} ON dataforce_collections
BEGIN SELECT RAISE(ABORT, 'a rule of somebody'); END
"""
REFUSE_POSTGRESQL = """
CREATE FUNCTION refuse() RETURNS trigger AS 'BEGIN RAISE check_violation USING
MESSAGE = ''a rule of somebody'', DETAIL = ''canary''; END' LANGUAGE plpgsql;
CREATE TRIGGER refuse BEFORE {event} ON dataforce_collections FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def registry(
    request: pytest.FixtureRequest, place: Path, tmp_path: Path
) -> Iterator[tuple[Client, Run]]:
    """A client, and what runs a statement of that database behind its back."""
    if request.param == "sqlite":
        with Client(database_url=f"sqlite:///{place}") as client:
            client.orbits.list()
            with closing(sqlite3.connect(place)) as connection:
                yield client, lambda sqlite, _: connection.executescript(sqlite)
        return
    url = request.getfixturevalue("server_url")
    with Client(database_url=url, storage_url=tmp_path / "files") as client:
        client.orbits.list()
        with psycopg.connect(url, autocommit=True) as connection:
            yield client, lambda _, statement: connection.execute(statement.encode())


def test_a_duplicate_is_told_as_one(registry: tuple[Client, Run]) -> None:
    client, _ = registry
    secret = client.bucket_secrets.create("s3.example.com", "models")
    with pytest.raises(ConflictError, match=rf"exists already \(id {secret.id}\)") as caught:
        client.bucket_secrets.create(secret.endpoint, secret.bucket_name)
    assert "deleted" not in str(caught.value)


def test_a_duplicate_that_only_the_database_sees_is_told_as_one(
    registry: tuple[Client, Run],
) -> None:
    client, run = registry
    run(*["CREATE UNIQUE INDEX of_somebody ON dataforce_collections (name)"] * 2)
    client.collections.create("", "Models", "model")
    with pytest.raises(ConflictError, match=r"^Cannot create a new collection: there is another"):
        client.collections.create("", "Models", "model")


def test_a_parent_that_was_deleted_meanwhile_is_no_duplicate(registry: tuple[Client, Run]) -> None:
    client, run = registry
    run(ORPHAN, ORPHAN_POSTGRESQL)
    with pytest.raises(ConflictError, match="belongs to, or refers to, was deleted") as caught:
        client.collections.create("", "Models", "model")
    assert "another" not in str(caught.value)


@pytest.mark.parametrize("event", ["INSERT", "UPDATE", "DELETE"])
def test_a_constraint_that_is_none_of_ours_is_named(
    registry: tuple[Client, Run], event: str
) -> None:
    client, run = registry
    made = client.collections.create("", "Models", "model")
    run(REFUSE.format(event=event), REFUSE_POSTGRESQL.format(event=event))
    calls: dict[str, Callable[[], object]] = {
        "INSERT": lambda: client.collections.create("", "More", "model"),
        "UPDATE": lambda: client.collections.update("renamed", collection_id=made.id),
        "DELETE": lambda: client.collections.delete(made.id),
    }
    says = r"refused to change the collection: a rule of somebody\. Nothing was changed"
    with pytest.raises(StoreError, match=says) as caught:
        calls[event]()
    assert "canary" not in str(caught.value)
    assert [each.name for each in client.collections.list()] == ["Models"]
