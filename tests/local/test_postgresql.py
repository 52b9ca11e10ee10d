"""What is true of a registry on a PostgreSQL server only."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from dataforce import Client
from dataforce.config import load_settings
from dataforce_local import open_backend

SERVER = os.environ.get("DATAFORCE_TEST_POSTGRESQL", "postgresql://127.0.0.1:5432/test")


@pytest.fixture
def server_url() -> Iterator[str]:
    """A schema of the test's own, if a server answers."""
    name = f"local_{uuid.uuid4().hex}"
    try:
        connection = psycopg.connect(SERVER, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL server: {error}")
    with connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
        separator = "&" if "?" in SERVER else "?"
        yield f"{SERVER}{separator}options={quote(f'-csearch_path={name}')}"
        connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


def test_a_long_name_is_stored_and_found(server_url: str, tmp_path: Path) -> None:
    name = secrets.token_hex(1500)  # nothing that could be compressed
    with Client(database_url=server_url, storage_url=tmp_path) as client:
        made = client.collections.create("", name, "model")
        assert client.collections.get(name) == made
        assert client.collections.update(name=f"{name[:-1]}!").name.endswith("!")


def test_a_password_among_the_options_is_not_shown(server_url: str, tmp_path: Path) -> None:
    url = f"{server_url}&password=canary"
    backend = open_backend(load_settings({"database_url": url, "storage_url": str(tmp_path)}))
    assert "canary" not in repr(backend)
    backend.close()
