"""Where the suite runs: every kind of place that a backend of ours keeps a registry in."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from dataforce import Client, Organization
from dataforce.backend import Backend, MemoryBackend, Scope, find_backend
from dataforce.config import APIVersion, load_settings
from dataforce.models import ORGANIZATION, REGISTRY
from dataforce.server import Server, UploadLimits, create_app
from dataforce.testing import Capabilities
from dataforce.testing.plugin import ClientSettings, OrganizationMaker
from dataforce_local import open_backend
from tests.hybrid.arrangements import INSTALLED
from tests.server.s3 import new_bucket
from tests.server.s3 import s3_server as s3_server
from tests.server.serving import KEY, Turntable, running

LOCAL = ("file", "memory", "postgresql", "double")
REMOTE = {
    "remote-2025-12": APIVersion.DECEMBER_2025,
    "remote-2026-01": APIVersion.JANUARY_2026,
    "remote-s3": APIVersion.JANUARY_2026,
}
HYBRID = {
    "hybrid": APIVersion.JANUARY_2026,
    "hybrid-half": APIVersion.DECEMBER_2025,
    "hybrid-stacked": APIVersion.JANUARY_2026,
}
"""Over an empty remote; over one that holds half of everything; over another hybrid."""
VARIANTS = {
    "memory": "what `file` runs, on records that no file holds",
    "postgresql": "what `file` runs, in another dialect",
    "remote-2025-12": "what `remote-2026-01` runs, in the older version",
    "remote-s3": "what `remote-2026-01` runs, with the files elsewhere",
    "hybrid-half": "what `hybrid` runs, over the older version, with half of everything below",
    "hybrid-stacked": "what `hybrid` runs, over itself",
}
"""Places whose code is that of another place, nearly all of it, each with the reason.

Most of the suite is slow on them: only `REPRESENTATIVES` run on every place each time.
"""
REPRESENTATIVES = {"file_stores", "hierarchy", "stores", "updates", "uploads"}
"""Modules of the suite which together make, read, change, list and delete, with files."""
LONG = {"behaviour"}
"""Modules of the suite that run on SQLite each time, and are slow elsewhere."""
SERVER = os.environ.get("DATAFORCE_TEST_POSTGRESQL", "postgresql://127.0.0.1:5432/test")
SMALL = UploadLimits(single=1_000_000, part=300_000)
"""So that the larger ones of the suite's packages go in parts."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what variants of a place repeat, and what takes long."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            place, module = item.callspec.params.get("place"), item.obj.__module__.split(".")[-1]
            is_repeated = place in VARIANTS and module not in REPRESENTATIVES
            if is_repeated or (place in HYBRID | REMOTE and module in LONG):
                item.add_marker(pytest.mark.slow)


@pytest.fixture(params=[*LOCAL, *REMOTE, *HYBRID])
def place(request: pytest.FixtureRequest) -> str:
    """The kind of place."""
    return str(request.param)


@pytest.fixture
def capabilities(place: str, capabilities: Capabilities) -> Capabilities:
    """What the places cannot do: share records in memory, or sign URLs of them."""
    return replace(
        capabilities,
        is_shared=place != "memory",
        signed_urls=place != "double",
        checks_files=place != "remote-s3",
        optional_regions=REMOTE.get(place) != APIVersion.JANUARY_2026,
    )


@pytest.fixture
def registry(tmp_path: Path) -> str:
    """URL of a database file that is not there yet."""
    return f"sqlite:///{tmp_path}/registry.db"


@pytest.fixture
def client_settings(
    place: str, request: pytest.FixtureRequest, tmp_path: Path, registry: str
) -> ClientSettings:
    """A new registry of that kind."""
    if place == "double":
        return {"backend": MemoryBackend(REGISTRY)}
    if place == "memory":
        return {"backend_type": "local", "database_url": ":memory:"}
    if place == "file":
        return {"backend_type": "local", "database_url": registry}
    if place in REMOTE:
        base_url: str = request.getfixturevalue("served")
        return {"backend_type": "remote", "base_url": base_url, "api_key": KEY}
    if place in HYBRID:
        request.getfixturevalue("arrangements")
        base_url = request.getfixturevalue("served")
        settings = {"backend_type": place, "base_url": base_url, "api_key": KEY}
        if place == "hybrid":
            return settings
        overlay = f"sqlite:///{tmp_path}/overlay.db"
        kind = place.removeprefix("hybrid-")
        return settings | {"backend_type": kind, "database_url": overlay}
    schema: str = request.getfixturevalue("schema")
    options = quote(f"-csearch_path={schema} -csynchronous_commit=off")
    separator = "&" if "?" in SERVER else "?"
    return {
        "backend_type": "local",
        "database_url": f"{SERVER}{separator}options={options}",
        "storage_url": str(tmp_path / "files"),
    }


@pytest.fixture(scope="session")
def new_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a new registry holds: a copy of it takes a third of the time of making one."""
    path = tmp_path_factory.mktemp("new") / "registry.db"
    find_backend("local")(load_settings({"database_url": f"sqlite:///{path}"}), REGISTRY).close()
    return path


@pytest.fixture
def served(
    place: str, request: pytest.FixtureRequest, registry: str, new_registry: Path
) -> Iterator[str]:
    """The address of that registry behind HTTP; its files are there too, or in a real bucket."""
    turntable, base_url = request.getfixturevalue("serve")(place)
    shutil.copy(new_registry, registry.removeprefix("sqlite:///"))
    settings = load_settings({"database_url": registry})
    backend = open_backend(settings, REGISTRY, holds_files=place != "remote-s3")
    with closing(backend) as turntable.current:
        yield base_url


@pytest.fixture
def arrangements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other packages' backends, as if they were installed."""
    monkeypatch.syspath_prepend(str(INSTALLED))


@pytest.fixture(scope="session")
def serve(s3_server: str) -> Iterator[Callable[[str], tuple[Turntable, str]]]:
    """Starts the server of a place when it is first needed."""
    with ExitStack() as opened:

        @cache
        def start(place: str) -> tuple[Turntable, str]:
            turntable = Turntable()
            bucket = opened.enter_context(new_bucket(s3_server)) if place == "remote-s3" else None
            app = create_app(
                turntable,
                api_keys=[KEY],
                api_version=(REMOTE | HYBRID)[place],
                objects=bucket,
                limits=None if bucket else SMALL,
            )
            return turntable, opened.enter_context(running(Server(app)))

        yield start


@pytest.fixture
def organization_maker(
    place: str, organization_maker: OrganizationMaker, registry: str
) -> OrganizationMaker:
    """Over HTTP nobody makes organizations; on the registry behind it one can."""
    if place in LOCAL:
        return organization_maker

    def make(backend: Backend, name: str) -> Organization:
        with Client(database_url=registry) as behind:
            made = organization_maker(behind.backend, name)
        # As it is seen through the platform, with what that alone says.
        return backend.store(ORGANIZATION, Scope()).get(made.id)

    return make


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
