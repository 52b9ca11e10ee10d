"""What each mode loads and each call asks of the database: exact, unlike a measurement of time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from dataforce import Client, ModelArtifact

IRIS = Path(__file__).parent / "data" / "iris.fnnx"
OURS = ("dataforce", "dataforce_local", "dataforce_remote")

PACKAGE = {"dataforce", "dataforce._version", "dataforce.errors"}

CLIENT = PACKAGE | {
    "dataforce.transfer",
    "dataforce.transfer.cancellation",
    "dataforce.transfer.progress_counter",
    "dataforce.api",
    "dataforce.api._clear",
    "dataforce.api._client",
    "dataforce.api._defaults",
    "dataforce.transfer.verified",
    "dataforce.api._lookup",
    "dataforce.api._model_file",
    "dataforce.api._operations",
    "dataforce.api._progress",
    "dataforce.api._records",
    "dataforce.api._resources",
    "dataforce.api._session",
    "dataforce.api._destinations",
    "dataforce.api._transfers",
    "dataforce.api._typing_errors",
    "dataforce.api.resources",
    "dataforce.api.resources._base",
    "dataforce.api.resources.bucket_secrets",
    "dataforce.api.resources.collections",
    "dataforce.api.resources.model_artifacts",
    "dataforce.api.resources.orbits",
    "dataforce.api.resources.organizations",
    "dataforce.config",
    "dataforce.config.declaration",
    "dataforce.config.destination",
    "dataforce.config.environment",
    "dataforce.config.files",
    "dataforce.config.loading",
    "dataforce.config.notices",
    "dataforce.config.origin",
    "dataforce.config.settings",
    "dataforce.models",
    "dataforce.models._base",
    "dataforce.models._deferred",
    "dataforce.models.registry",
    "dataforce.models.registry.bucket_secret",
    "dataforce.models.registry.collection",
    "dataforce.models.registry.manifest",
    "dataforce.models.registry.model_artifact",
    "dataforce.models.registry.orbit",
    "dataforce.models.registry.organization",
    "dataforce.transfer.atomic_file",
    "dataforce.transfer.checksum",
    "dataforce.transfer.durability",
    "dataforce.transfer.reservation",
    "dataforce.progress",
    "dataforce.backend",
    "dataforce.backend.interface",
    "dataforce.backend.discovery",
    "dataforce.backend.error_messages",
    "dataforce.backend.kind",
    "dataforce.backend.filters",
    "dataforce.backend.identity",
    "dataforce.backend.paging",
    "dataforce.backend.paths",
    "dataforce.backend.query",
    "dataforce.backend.source",
    "dataforce.backend.views",
    "dataforce.models.registry.filters",
    "dataforce.models.registry.signed_urls",
    "dataforce.backend.read_only",
}

LOCAL = CLIENT | {
    "dataforce._collector",
    "dataforce_local",
    "dataforce_local.backend",
    "dataforce_local.files",
    "dataforce_local.records",
    "dataforce_local.records.clock",
    "dataforce_local.records.constraints",
    "dataforce_local.database",
    "dataforce_local.database_file",
    "dataforce_local.files.file_system",
    "dataforce.backend.new_identifier",
    "dataforce_local.files.blob_store",
    "dataforce_local.paths",
    "dataforce_local.files.signed_urls",
    "dataforce_local.files.store",
    "dataforce_local.records.columns",
    "dataforce_local.records.conditions",
    "dataforce_local.records.file_rows",
    "dataforce_local.records.references",
    "dataforce_local.records.rows",
    "dataforce_local.records.scoping",
    "dataforce_local.records.paging",
    "dataforce_local.records.store",
    "dataforce_local.records.schema",
    "dataforce_local.records.tables",
}

REMOTE = CLIENT | {
    "dataforce.backend.http",
    "dataforce._collector",
    "dataforce_remote",
    "dataforce_remote.http.api",
    "dataforce_remote.backend",
    "dataforce_remote.http",
    "dataforce_remote.http.connections",
    "dataforce_remote.http.transport_errors",
    "dataforce_remote.http.guard",
    "dataforce_remote.http.messages",
    "dataforce_remote.records",
    "dataforce_remote.http.status_errors",
    "dataforce_remote.http.retries",
    "dataforce_remote.http.transport",
    "dataforce_remote.http.version",
}

ASYNCHRONOUS = {
    "dataforce.api._async_client",
    "dataforce.api._async_model_file",
    "dataforce.api.resources._generated",
    "dataforce.api.resources._generated._resources",
    "dataforce.api.resources._generated.bucket_secrets",
    "dataforce.api.resources._generated.collections",
    "dataforce.api.resources._generated.model_artifacts",
    "dataforce.api.resources._generated.orbits",
    "dataforce.api.resources._generated.organizations",
}

HEAVY = (
    "alembic",
    "asyncio",
    "fsspec",
    "greenlet",
    "hypothesis",
    "importlib.metadata",
    "platformdirs",
    "psycopg",
    "pydantic",
    "pytest",
    "requests",
    "sqlalchemy",
    "sqlalchemy.orm",
    "sqlite3",
    "tarfile",
    "tomllib",
    "tqdm",
    "yaml",
)

IMPORT = "import dataforce"
CLASS = "from dataforce import Client"
ASYNC_CLASS = "from dataforce import AsyncClient"
CALL = f"""{CLASS}
client = Client(database_url=":memory:")
client.organizations.list()"""
READY = f"""{CLASS}
client = Client(backend_type="remote", api_key="dfs_key")
client.backend"""
RECORD = f"""{CALL}
client.collections.create("", "Flowers", "model")
client.model_artifacts.list()"""
FILE = f"""{RECORD}
client.model_artifacts.upload({str(IRIS)!r}, "iris")"""


def loaded_by(code: str) -> set[str]:
    """The modules that the code adds to those of an interpreter that has just started."""
    program = f"import sys\nbefore = set(sys.modules)\n{code}\nimport json\n"
    report = "print(json.dumps(sorted(set(sys.modules) - before)))"
    # Not in the environment of the tests: measuring coverage loads modules too.
    command = [sys.executable, "-I", "-c", program + report]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={})
    return set(json.loads(done.stdout))


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] in OURS}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (IMPORT, PACKAGE),
        (CLASS, CLIENT),
        (ASYNC_CLASS, CLIENT | ASYNCHRONOUS),
        (CALL, LOCAL),
        (RECORD, LOCAL),
        (FILE, LOCAL | {"dataforce.package", "dataforce.package.metrics"}),
        (READY, REMOTE),
    ],
)
def test_modules_of_ours(code: str, expected: set[str]) -> None:
    assert ours(loaded_by(code)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (IMPORT, set()),
        # pydantic looks for its plugins with importlib.metadata.
        (CLASS, {"importlib.metadata", "pydantic"}),
        (READY, {"importlib.metadata", "platformdirs", "pydantic", "requests"}),
        # SQLAlchemy imports asyncio, whatever it is used for.
        (
            CALL,
            {
                "asyncio",
                "importlib.metadata",
                "platformdirs",
                "pydantic",
                "sqlalchemy",
                "sqlite3",
            },
        ),
    ],
)
def test_modules_of_others(code: str, expected: set[str]) -> None:
    assert loaded_by(code) & set(HEAVY) == expected


def test_files_are_opened_with_the_first_file() -> None:
    assert "fsspec" not in loaded_by(RECORD)
    assert loaded_by(FILE) & set(HEAVY) == (loaded_by(RECORD) & set(HEAVY)) | {
        "fsspec",
        "tarfile",
    }


def test_nothing_of_ours_needs_asyncio_in_a_synchronous_client() -> None:
    without = "sys.modules['asyncio'] = None\n"  # importing it is an error
    assert "dataforce.api._client" in loaded_by(without + CLASS)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The first words of the statements that were sent to any database, as they are sent."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement.partition(" ")[0])

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda client, model: client.model_artifacts.get(model.id), ["SELECT"]),
        (lambda client, model: client.model_artifacts.get("iris"), ["SELECT"]),
        (lambda client, model: client.model_artifacts.list(), ["SELECT"]),
        (lambda client, model: [*client.model_artifacts.iterate(page_size=1)], ["SELECT"] * 2),
        (
            lambda client, model: client.model_artifacts.create(
                "iris.fnnx", {}, model.manifest, "0" * 64, {}, 1, "another"
            ),
            ["BEGIN", "SELECT", "INSERT", "INSERT"],
        ),
        (
            lambda client, model: client.model_artifacts.update(model.id, tags=["flowers"]),
            ["BEGIN", "SELECT", "UPDATE", "SELECT"],
        ),
    ],
    ids=["get by id", "get by name", "list", "iterate", "create", "update"],
)
def test_statements(
    call: Callable[[Client, ModelArtifact], object], expected: list[str], statements: list[str]
) -> None:
    with Client(database_url=":memory:") as client:
        client.collections.create("", "Flowers", "model")
        model = client.model_artifacts.upload(IRIS, "iris")
        client.model_artifacts.upload(IRIS, "iris, again")
        statements.clear()
        call(client, model)
    assert statements == expected
