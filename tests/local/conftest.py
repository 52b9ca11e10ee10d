"""What the tests of the local backend share."""

from __future__ import annotations

import io
import json
import os
import tarfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from dataforce import Client
from dataforce.config import Settings, load_settings
from dataforce.models import REGISTRY
from dataforce_local import open_overlay_store
from dataforce_local.overlay.store import LocalOverlayStore

IRIS = Path(__file__).parent.parent / "data" / "iris.fnnx"
SERVER = os.environ.get("DATAFORCE_TEST_POSTGRESQL", "postgresql://127.0.0.1:5432/test")


@pytest.fixture
def server_url() -> Iterator[str]:
    """A schema of the test's own, if a server answers."""
    with new_schema() as url:
        yield url


@pytest.fixture
def other_server_url() -> Iterator[str]:
    """Another schema of the test's own."""
    with new_schema() as url:
        yield url


@pytest.fixture(scope="module")
def module_server_url() -> Iterator[str]:
    """A schema of the module's own."""
    with new_schema() as url:
        yield url


@contextmanager
def new_schema() -> Iterator[str]:
    """The URL of a new schema, which goes after the block."""
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


@pytest.fixture
def iris() -> Path:
    return IRIS


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The database file of a registry that does not exist yet, in a folder that does."""
    folder = tmp_path / "place"
    folder.mkdir(mode=0o700)
    return folder / "registry.db"


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
    """A client with one collection, which was made its default."""
    opened = open_client()
    opened.collection = opened.collections.create("", "Models", "model").id
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


@pytest.fixture(params=["file", "memory", "postgresql"])
def overlay_store_settings(request: pytest.FixtureRequest, place: Path, tmp_path: Path) -> Settings:
    """An overlay that does not exist yet; its cache has room for ten bytes."""
    given: dict[str, object] = {"database_url": f"sqlite:///{place}", "cache_size": 10}
    if request.param == "memory":
        given["database_url"] = ":memory:"
    if request.param == "postgresql":
        given["database_url"] = request.getfixturevalue("server_url")
        given["storage_url"] = str(tmp_path / "files")
    return load_settings(given)


@pytest.fixture
def overlay_store(overlay_store_settings: Settings) -> Iterator[LocalOverlayStore]:
    """An overlay store of each kind."""
    with closing(open_overlay_store(overlay_store_settings, REGISTRY)) as opened:
        yield opened


def files_of(place: Path) -> dict[str, list[str]]:
    """The files beside the registry, by the folder they are in."""
    root = place.with_suffix(".files")
    return {
        folder: sorted(path.name for path in (root / folder).rglob("*") if path.is_file())
        for folder in ("staging", "incoming", "sha256")
    }
