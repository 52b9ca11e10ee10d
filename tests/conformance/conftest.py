"""Where the suite runs: every kind of place that the local backend keeps a registry in."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from dataforce.testing import Capabilities
from dataforce.testing.plugin import ClientSettings

PLACES = ("file", "memory", "postgresql")
SERVER = os.environ.get("DATAFORCE_TEST_POSTGRESQL", "postgresql://127.0.0.1:5432/test")


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    return str(request.param)


@pytest.fixture
def capabilities(place: str, capabilities: Capabilities) -> Capabilities:
    """Records in memory are seen by the client that made them only."""
    return replace(capabilities, is_shared=place != "memory")


@pytest.fixture
def client_settings(place: str, request: pytest.FixtureRequest, tmp_path: Path) -> ClientSettings:
    """A new registry of that kind."""
    if place == "memory":
        return {"database_url": ":memory:"}
    if place == "file":
        return {"database_url": f"sqlite:///{tmp_path}/registry/registry.db"}
    schema: str = request.getfixturevalue("schema")
    options = quote(f"-csearch_path={schema} -csynchronous_commit=off")
    separator = "&" if "?" in SERVER else "?"
    return {
        "database_url": f"{SERVER}{separator}options={options}",
        "storage_url": str(tmp_path / "files"),
    }


@pytest.fixture(scope="session")
def postgresql() -> Iterator[psycopg.Connection]:
    """A PostgreSQL server, if one answers."""
    try:
        connection = psycopg.connect(SERVER, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL server: {error}")
    with connection:
        yield connection


@pytest.fixture
def schema(postgresql: psycopg.Connection) -> Iterator[str]:
    """A schema of the test's own: to its registry, a whole database."""
    name = f"conformance_{uuid.uuid4().hex}"
    postgresql.execute(f"CREATE SCHEMA {name}".encode())
    yield name
    postgresql.execute(f"DROP SCHEMA {name} CASCADE".encode())
