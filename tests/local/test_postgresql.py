"""What is true of a registry on a PostgreSQL server only."""

from __future__ import annotations

import secrets
from pathlib import Path

from dataforce import Client
from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce_local import open_backend


def test_a_long_name_is_stored_and_found(server_url: str, tmp_path: Path) -> None:
    name = secrets.token_hex(1500)  # nothing that could be compressed
    with Client(database_url=server_url, storage_url=tmp_path) as client:
        made = client.collections.create("", name, "model")
        assert client.collections.get(name) == made
        assert client.collections.update(name=f"{name[:-1]}!").name.endswith("!")


def test_a_password_among_the_options_is_not_shown(server_url: str, tmp_path: Path) -> None:
    url = f"{server_url}&password=canary"
    backend = open_backend(
        load_settings({"database_url": url, "storage_url": str(tmp_path)}), REGISTRY
    )
    assert "canary" not in repr(backend)
    backend.close()
