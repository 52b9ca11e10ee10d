"""Stores that version 1 wrote, kept in tests/data/stores/v1, open with all that they hold."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text

from dataforce.backend import AnyKind, Query, Scope
from dataforce.config import Settings, load_settings
from dataforce.errors import DataForceError, FileDownloadError
from dataforce.models import (
    MODEL_ARTIFACT,
    REGISTRY,
    ModelArtifact,
    ModelArtifactStatus,
    ModelArtifactUpdate,
)
from dataforce_local import LocalBackend, open_backend, open_overlay_store
from dataforce_local.records.tables import SCHEMA_VERSION

V1 = Path(__file__).parent.parent / "data" / "stores" / "v1"
EXPECTED = json.loads((V1 / "expected.json").read_text())


def settings_of(name: str, tmp_path: Path, server_url: str | None) -> Settings:
    """The settings of a copy of a store of version 1."""
    given: dict[str, object] = {"cache_size": 1000}
    if server_url is None:
        shutil.copy(V1 / f"{name}.db", tmp_path / f"{name}.db")
        shutil.copytree(V1 / f"{name}.files", tmp_path / f"{name}.files")
        return load_settings(given | {"database_url": f"sqlite:///{tmp_path}/{name}.db"})
    with psycopg.connect(server_url, autocommit=True) as connection:
        for statement in (V1 / f"{name}.sql").read_text().split(";\n"):
            connection.execute(statement.encode())
    shutil.copytree(V1 / f"{name}.sql.files", tmp_path / f"{name}.files")
    storage = str(tmp_path / f"{name}.files")
    return load_settings(given | {"database_url": server_url, "storage_url": storage})


@pytest.fixture(params=["db", "sql"])
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def registry(suffix: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    url = request.getfixturevalue("server_url") if suffix == "sql" else None
    return settings_of("registry", tmp_path, url)


@pytest.fixture
def overlay(suffix: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    url = request.getfixturevalue("server_url") if suffix == "sql" else None
    return settings_of("overlay", tmp_path, url)


def records_of(backend: LocalBackend) -> dict[str, list[dict[str, Any]]]:
    """All records of a backend by route, each with its scope."""
    found: dict[str, list[dict[str, Any]]] = {kind.route: [] for kind in REGISTRY.kinds}

    def walk(kind: AnyKind, scope: Scope) -> None:
        for record in backend.store(kind, scope).page(Query(limit=None)).items:
            told = {"scope": list(scope.ids), "record": json.loads(record.model_dump_json())}
            found[kind.route].append(told)
            for child in REGISTRY.children(kind):
                walk(child, scope.child(record.id))

    for kind in REGISTRY.kinds:
        if kind.parent is None:
            walk(kind, Scope())
    return found


def contents_of(backend: LocalBackend) -> Iterator[tuple[str, str | None]]:
    """The bytes of all model artifacts, `None` where there are none."""
    for told in records_of(backend)["model_artifacts"]:
        record = ModelArtifact.model_validate(told["record"])
        content = backend.files(MODEL_ARTIFACT, Scope(tuple(told["scope"]))).open(record, "file")
        try:
            yield record.id, b"".join(content.read()).decode()
        except FileDownloadError:
            yield record.id, None


def version_of(settings: Settings) -> int:
    """The version of the tables, as they tell it."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value().replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    with engine.connect() as connection:
        query = text("SELECT value FROM dataforce_registry WHERE key = 'schema_version'")
        version = int(connection.execute(query).scalar_one())
    engine.dispose()
    return version


def test_a_registry_opens_with_all_it_holds(registry: Settings, suffix: str) -> None:
    expected = EXPECTED[f"registry.{suffix}"]
    with closing(open_backend(registry, REGISTRY)) as backend:
        assert records_of(backend) == expected["records"]
        assert dict(contents_of(backend)) == expected["contents"]
    assert version_of(registry) == SCHEMA_VERSION


def test_what_was_under_way_goes_on(registry: Settings, suffix: str, tmp_path: Path) -> None:
    expected = EXPECTED[f"registry.{suffix}"]
    found = {told["record"]["id"]: told for told in expected["records"]["model_artifacts"]}
    scope = Scope(tuple(found[expected["waiting"]]["scope"]))
    with closing(open_backend(registry, REGISTRY)) as backend:
        store = backend.store(MODEL_ARTIFACT, scope)
        taken = store.update(expected["waiting"], ModelArtifactUpdate(status="uploaded"))
        content = backend.files(MODEL_ARTIFACT, scope).open(taken, "file")
        assert b"".join(content.read()) == b"pending"
        pending = next(
            each
            for each in store.page(Query()).items
            if each.status == ModelArtifactStatus.PENDING_DELETION
        )
        store.delete(pending.id)
        for record in store.page(Query()).items:
            store.delete(record.id)
    left = [path.name for path in (tmp_path / "registry.files").rglob("*") if path.is_file()]
    assert left == ["registry-id"]


def test_an_overlay_opens_with_all_it_holds(overlay: Settings, suffix: str) -> None:
    expected = EXPECTED[f"overlay.{suffix}"]
    words = {"is_whole": "is_lossless", "unshown": "write_only", "successor": "replaced_by"}
    with closing(open_overlay_store(overlay, REGISTRY)) as store:
        assert records_of(store) == expected["records"]
        assert dict(contents_of(store)) == expected["contents"]
        assert store.revision() == expected["revision"]
        for given, short in zip(expected["entries"], store.entries(0), strict=True):
            entry = store.entry(REGISTRY.kind(short.kind), short.identifier) or short
            told = {words.get(name, name): value for name, value in given.items()}
            told["state"] = told["state"].replace("gone", "removed")
            assert told == {name: _plain(getattr(entry, name)) for name in told}
        for space, values in expected["notes"].items():
            assert store.key_values.read(space) == values
        for digest, content in expected["cached"].items():
            cached = store.cache.open(digest)
            assert cached is not None
            assert b"".join(cached.read()).decode() == content


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def tables_at(settings: Settings) -> dict[str, Any]:
    """What a database tells of its tables."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value().replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    found = inspect(engine)
    tables = {
        name: {
            "columns": {
                each["name"]: (str(each["type"]), each["nullable"])
                for each in found.get_columns(name)
            },
            "key": sorted(found.get_pk_constraint(name)["constrained_columns"]),
            "keys": sorted(
                (each["constrained_columns"], each["referred_table"], str(each["options"]))
                for each in found.get_foreign_keys(name)
            ),
            "indexes": sorted(
                (str(each["name"]), each["column_names"]) for each in found.get_indexes(name)
            ),
            "unique": sorted(each["column_names"] for each in found.get_unique_constraints(name)),
        }
        for name in found.get_table_names()
    }
    engine.dispose()
    return tables


@pytest.mark.parametrize("name", ["registry", "overlay"])
def test_an_old_store_has_the_tables_of_a_new_one(
    name: str, suffix: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    old = request.getfixturevalue(name)
    (tmp_path / "new").mkdir()
    given = {"database_url": f"sqlite:///{tmp_path}/new/{name}.db"}
    if suffix == "sql":
        given = {"storage_url": str(tmp_path / "new" / "files")}
        given["database_url"] = request.getfixturevalue("other_server_url")
    new = load_settings(given)
    for settings in (old, new):
        opener = open_backend if name == "registry" else open_overlay_store
        opener(settings, REGISTRY).close()
    assert tables_at(old) == tables_at(new)


@pytest.mark.parametrize("name", ["registry", "overlay"])
def test_a_migration_that_is_killed_at_any_statement_leaves_the_old_store(
    name: str, suffix: str, request: pytest.FixtureRequest
) -> None:
    settings = request.getfixturevalue(name)
    for statement in range(1, 100):
        killed = _open_and_die(settings, name, statement)
        if not killed:
            break
        assert version_of(settings) == 1
    assert statement > 10
    assert version_of(settings) == SCHEMA_VERSION
    opener = open_backend if name == "registry" else open_overlay_store
    with closing(opener(settings, REGISTRY)) as store:
        assert records_of(store) == EXPECTED[f"{name}.{suffix}"]["records"]


def _open_and_die(settings: Settings, name: str, statement: int) -> bool:
    """Open a store in a process that is killed before a statement; whether that came."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    try:
        _die_before(statement)
        opener = open_backend if name == "registry" else open_overlay_store
        opener(settings, REGISTRY).close()
        os._exit(0)
    finally:
        os._exit(1)


def _die_before(statement: int) -> None:
    from sqlalchemy import Engine, event

    seen = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def count(connection: Any, cursor: Any, sql: str, *_: Any) -> None:
        nonlocal seen
        is_change = sql.split()[0] in ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE")
        seen += is_change
        if is_change and seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_migration_that_fails_leaves_the_old_store(
    registry: Settings, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataforce_local.migrations import version_2

    with monkeypatch.context() as patch:
        patch.setattr(version_2, "_MARKERS", "SELECT nothing FROM nowhere")
        with pytest.raises(DataForceError):
            open_backend(registry, REGISTRY)
    assert version_of(registry) == 1
    with closing(open_backend(registry, REGISTRY)) as backend:
        assert records_of(backend) == EXPECTED[f"registry.{suffix}"]["records"]


_OPEN = """
import sys
from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce_local import open_backend
given = dict(each.split("=", 1) for each in sys.argv[1:])
open_backend(load_settings(given), REGISTRY).close()
"""


def test_processes_that_open_an_old_store_at_once_migrate_it_once(
    registry: Settings, suffix: str
) -> None:
    secret = {"database_url": registry.database_url, "storage_url": registry.storage_url}
    given = [f"{name}={url.get_secret_value()}" for name, url in secret.items() if url is not None]
    processes = [subprocess.Popen([sys.executable, "-c", _OPEN, *given]) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    with closing(open_backend(registry, REGISTRY)) as backend:
        assert records_of(backend) == EXPECTED[f"registry.{suffix}"]["records"]
        assert dict(contents_of(backend)) == EXPECTED[f"registry.{suffix}"]["contents"]
