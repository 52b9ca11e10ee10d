"""Several processes share an overlay, and one that is killed leaves it whole."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from dataforce import StoreCorruptedError, StoreVersionError
from dataforce.backend import Query, Scope
from dataforce.config import Settings, load_settings
from dataforce.models import COLLECTION, MODEL_ARTIFACT, REGISTRY, CollectionUpdate
from dataforce.overlay.store import State
from dataforce_local import open_overlay_store
from dataforce_local.database import Database
from dataforce_local.overlay.schema import create_overlay_tables
from dataforce_local.overlay.store import LocalOverlayStore
from dataforce_local.records.tables import tables_of
from tests.local.conftest import files_of
from tests.local.platform_records import (
    PACKAGE,
    Below,
    collection,
    entry_of,
    model,
    publish,
    reopened,
    state_of,
)

WRITER = """
import sys
from dataforce.config import load_settings
from dataforce.models import COLLECTION, REGISTRY, CollectionCreate
from dataforce.backend import Scope
from dataforce_local import open_overlay_store

database_url, storage_url = sys.argv[1:]
sys.stdin.readline()
overlay_store = open_overlay_store(
    load_settings({"database_url": database_url, "storage_url": storage_url}), REGISTRY
)
print("open", flush=True)
scope = Scope(tuple(sys.stdin.readline().split()))
values = CollectionCreate(description="", name="Ours", collection_type="model")
for count in range(25):
    overlay_store.store(COLLECTION, scope).create(values)
overlay_store.close()
"""


@pytest.mark.parametrize("is_on_a_server", [False, True])
def test_processes_see_what_the_others_do_in_order(
    is_on_a_server: bool, request: pytest.FixtureRequest, place: Path, tmp_path: Path
) -> None:
    url = request.getfixturevalue("server_url") if is_on_a_server else f"sqlite:///{place}"
    storage = str(tmp_path / "files")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, storage],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    def tell(text: str) -> None:
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write(f"{text}\n")
            writer.stdin.flush()

    tell("make the overlay, all at once")
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
    with reopened(load_settings({"database_url": url, "storage_url": storage})) as overlay_store:
        below = Below(overlay_store)
        seen: list[str] = []
        revision = overlay_store.revision()
        tell(" ".join(below.scope.ids))
        while (
            any(writer.poll() is None for writer in writers) or revision < overlay_store.revision()
        ):
            latest = overlay_store.revision()
            new = list(overlay_store.entries(revision))
            # Nothing that came to be before the latest revision appears after it.
            assert len(new) >= latest - revision
            seen += [entry.identifier for entry in new]
            revision += len(new)
        assert [writer.communicate()[1] for writer in writers] == [""] * 4
        assert len(seen) == len(set(seen)) == 100
        store = overlay_store.store(COLLECTION, below.scope)
        assert {store.get(each).name for each in seen} == {"Ours"}


def at(place: Path) -> Settings:
    return load_settings({"database_url": f"sqlite:///{place}"})


def test_who_comes_second_leaves_a_new_overlay_store_as_it_is(place: Path) -> None:
    with reopened(at(place)) as overlay_store:
        below = Below(overlay_store)
        revision = overlay_store.revision()
        database = Database(make_url(f"sqlite:///{place}"), patience=1)
        with database.writing() as connection:
            create_overlay_tables(connection, tables_of(REGISTRY, holds_copies=True))
        database.close()
        assert overlay_store.revision() == revision
        assert state_of(overlay_store, below.orbit.id) is State.COPIED


def test_an_overlay_of_a_newer_version_is_refused(place: Path) -> None:
    open_overlay_store(at(place), REGISTRY).close()
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute("UPDATE dataforce_registry SET value = 99 WHERE key = 'schema_version'")
    with pytest.raises(StoreVersionError, match="newer version"):
        open_overlay_store(at(place), REGISTRY)


def test_an_overlay_without_its_revision_is_damaged(place: Path) -> None:
    with reopened(at(place)) as opened:
        with closing(sqlite3.connect(place)) as connection, connection:
            connection.execute("DROP TABLE dataforce_revisions")
        with pytest.raises(StoreCorruptedError, match="dataforce_revisions"):
            opened.revision()


CALLER = """
import os, signal, sys

database_url, call, route, identifier, record, fatal = sys.argv[1:7]

from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce.backend import Scope
from dataforce_local import open_overlay_store

lines = 0

def trace(frame, event, argument):
    global lines
    if "dataforce_local" not in frame.f_code.co_filename:
        return None
    if event == "line":
        lines += 1
        if lines == int(fatal):
            os.kill(os.getpid(), signal.SIGKILL)
    return trace

overlay_store = open_overlay_store(load_settings({"database_url": database_url}), REGISTRY)
kind = REGISTRY.kind(route)
entry = overlay_store.entry(kind, identifier)
revision = 0 if entry is None else entry.revision
sys.settrace(trace)
theirs = kind.record.model_validate_json(record)
given = (revision, theirs)
if call == "change":
    given = (kind.update(name="Ours"), theirs)
getattr(overlay_store, call)(kind, Scope(tuple(sys.argv[7:])), identifier, *given)
sys.settrace(None)
print(lines)
"""


def call_until(
    place: Path, call: str, scope: Scope, route: str, identifier: str, record: str, fatal: int
) -> subprocess.CompletedProcess[str]:
    """Call an overlay in a process that is killed at its n-th line."""
    url = f"sqlite:///{place}"
    return subprocess.run(
        [
            sys.executable,
            "-c",
            CALLER,
            url,
            call,
            route,
            identifier,
            record,
            str(fatal),
            *scope.ids,
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def bytes_of(overlay_store: LocalOverlayStore, scope: Scope, identifier: str) -> bytes:
    record = overlay_store.store(MODEL_ARTIFACT, scope).get(identifier)
    return b"".join(overlay_store.files(MODEL_ARTIFACT, scope).open(record, "file").read())


def moments(lines: int, number: int) -> list[int]:
    """Spread over all the lines."""
    return sorted({1 + index * (lines - 1) // (number - 1) for index in range(number)})


def test_killed_while_publishing(place: Path, tmp_path: Path) -> None:
    with reopened(at(place)) as overlay_store:
        below = Below(overlay_store)
        made = below.create_collection()
        uploaded = below.upload(made.id)
    theirs = collection(below.orbit.id)

    def try_it(name: str, fatal: int) -> tuple[Path, subprocess.CompletedProcess[str]]:
        copy = Path(shutil.copytree(place.parent, tmp_path / name)) / place.name
        record = theirs.model_dump_json()
        return copy, call_until(copy, "publish", below.scope, "collections", made.id, record, fatal)

    lines = int(try_it("counted", 0)[1].stdout)
    outcomes = set()
    for moment in moments(lines, 12):
        copy, ended = try_it(str(moment), moment)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        with reopened(at(copy)) as overlay_store:
            states = [state_of(overlay_store, each.id) for each in (made, theirs, uploaded)]
            is_new = states[0] is State.PUBLISHED
            assert states[1:] == [State.COPIED if is_new else None, State.CREATED]
            inner = below.scope.child(theirs.id if is_new else made.id)
            assert bytes_of(overlay_store, inner, uploaded.id) == PACKAGE
            entry = entry_of(overlay_store, uploaded.id)
            assert entry is not None
            assert entry.scope == inner.ids
            publish(overlay_store, COLLECTION, below.scope, made.id, theirs)
            assert bytes_of(overlay_store, below.scope.child(theirs.id), uploaded.id) == PACKAGE
        outcomes.add(is_new)
    assert outcomes == {False, True}


@pytest.mark.slow
def test_killed_while_publishing_a_model(place: Path, tmp_path: Path) -> None:
    with reopened(at(place)) as overlay_store:
        below = Below(overlay_store)
        scope = below.scope.child(below.create_collection().id)
        uploaded = below.upload(scope.ids[-1])
    record = model(scope.ids[-1]).model_dump_json()

    def try_it(name: str, fatal: int) -> tuple[Path, subprocess.CompletedProcess[str]]:
        copy = Path(shutil.copytree(place.parent, tmp_path / name)) / place.name
        return copy, call_until(
            copy, "publish", scope, "model_artifacts", uploaded.id, record, fatal
        )

    lines = int(try_it("counted", 0)[1].stdout)
    outcomes = set()
    for moment in moments(lines, 12):
        copy, ended = try_it(str(moment), moment)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        with reopened(at(copy)) as overlay_store:
            is_new = state_of(overlay_store, uploaded.id) is State.PUBLISHED
            if not is_new:
                assert bytes_of(overlay_store, scope, uploaded.id) == PACKAGE
            assert bool(files_of(copy)["sha256"]) is not is_new
        outcomes.add(is_new)
    assert outcomes == {False, True}


def test_killed_while_marking_as_synced(place: Path, tmp_path: Path) -> None:
    with reopened(at(place)) as overlay_store:
        below = Below(overlay_store)
        theirs = collection(below.orbit.id)
        changes = CollectionUpdate(name="Ours")
        assert overlay_store.change(COLLECTION, below.scope, theirs.id, changes, theirs)
        uploaded = below.upload(theirs.id)
    newer = theirs.model_copy(update={"name": "Ours", "description": "theirs"})

    def try_it(name: str, fatal: int) -> tuple[Path, subprocess.CompletedProcess[str]]:
        copy = Path(shutil.copytree(place.parent, tmp_path / name)) / place.name
        record = newer.model_dump_json()
        ended = call_until(
            copy, "mark_synced", below.scope, "collections", theirs.id, record, fatal
        )
        return copy, ended

    lines = int(try_it("counted", 0)[1].stdout)
    outcomes = set()
    for moment in moments(lines, 8):
        copy, ended = try_it(str(moment), moment)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        with reopened(at(copy)) as overlay_store:
            entry = overlay_store.entry(COLLECTION, theirs.id)
            assert entry is not None
            is_synced = entry.state is State.COPIED
            expected = newer if is_synced else theirs
            assert is_synced or entry.state is State.CHANGED
            assert entry.base == expected.model_dump_json()
            stored = overlay_store.store(COLLECTION, below.scope).get(theirs.id)
            assert (stored.name, stored.description) == ("Ours", expected.description)
            assert bytes_of(overlay_store, below.scope.child(theirs.id), uploaded.id) == PACKAGE
        outcomes.add(is_synced)
    assert outcomes == {False, True}


def test_killed_while_changing(place: Path, tmp_path: Path) -> None:
    with reopened(at(place)) as overlay_store:
        below = Below(overlay_store)
    theirs = collection(below.orbit.id)

    def try_it(name: str, fatal: int) -> tuple[Path, subprocess.CompletedProcess[str]]:
        copy = Path(shutil.copytree(place.parent, tmp_path / name)) / place.name
        record = theirs.model_dump_json()
        ended = call_until(copy, "change", below.scope, "collections", theirs.id, record, fatal)
        return copy, ended

    lines = int(try_it("counted", 0)[1].stdout)
    outcomes = set()
    for moment in moments(lines, 8):
        copy, ended = try_it(str(moment), moment)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        with reopened(at(copy)) as overlay_store:
            # Copied and changed, or neither.
            is_changed = state_of(overlay_store, theirs.id) is State.CHANGED
            assert is_changed or state_of(overlay_store, theirs.id) is None
            found = overlay_store.store(COLLECTION, below.scope).page(Query()).items
            assert [each.name for each in found] == ["Ours"] * is_changed
        outcomes.add(is_changed)
    assert outcomes == {False, True}
