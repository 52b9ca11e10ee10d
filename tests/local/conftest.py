"""What the tests of the local backend share."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dataforce import Client

IRIS = Path(__file__).parent.parent / "data" / "iris.fnnx"


@pytest.fixture
def iris() -> Path:
    return IRIS


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The database file of a registry that does not exist yet."""
    return tmp_path / "place" / "registry.db"


@pytest.fixture
def open_client(place: Path) -> Iterator[Callable[[], Client]]:
    """Opens another client on the same registry; all are closed at the end."""
    clients: list[Client] = []

    def open_one() -> Client:
        clients.append(Client(database_url=f"sqlite:///{place}"))
        return clients[-1]

    yield open_one
    for client in clients:
        client.close()


@pytest.fixture
def client(open_client: Callable[[], Client]) -> Client:
    """A client with one collection, which is therefore its default."""
    opened = open_client()
    opened.collections.create("", "Models", "model")
    return opened


@pytest.fixture
def large_package(tmp_path: Path) -> Path:
    """A model package of a little more than 8 MiB."""
    path = tmp_path / "large.fnnx"
    with tarfile.open(IRIS) as source:
        manifest = source.extractfile("manifest.json")
        assert manifest is not None
        content = manifest.read()
    with tarfile.open(path, "w") as package:
        for name, payload in (
            ("manifest.json", content),
            ("meta.json", json.dumps([]).encode()),
            ("weights.bin", bytes(range(256)) * (8 * 4096)),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(payload)
            package.addfile(member, io.BytesIO(payload))
    return path


def files_of(place: Path) -> dict[str, list[str]]:
    """The files beside the registry, by the folder they are in."""
    root = place.with_suffix(".files")
    return {
        folder: sorted(path.name for path in (root / folder).rglob("*") if path.is_file())
        for folder in ("staging", "incoming", "sha256")
    }
