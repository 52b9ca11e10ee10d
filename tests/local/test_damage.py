from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, make_url

from dataforce import (
    AsyncClient,
    BadRequestError,
    ChecksumMismatchError,
    Client,
    FileDownloadError,
    FileUploadError,
    StoreCorruptedError,
    StoreError,
    StoreVersionError,
)
from dataforce.backend import BytesSource, Scope
from dataforce.config import load_settings
from dataforce.models import MODEL_ARTIFACT, REGISTRY
from dataforce_local import LocalBackend, open_backend, open_overlay_store
from dataforce_local.database import Database
from tests.local.conftest import files_of
from tests.local.platform_records import PACKAGE, model_values

if TYPE_CHECKING:
    from dataforce.backend import Family
    from dataforce.config import Settings


def run(place: Path, statement: str) -> None:
    """Change the database behind the registry's back."""
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute(statement)


def test_a_registry_of_a_newer_version_is_left_alone(
    client: Client, open_client: Callable[[], Client], place: Path
) -> None:
    client.close()
    run(place, "UPDATE dataforce_registry SET value = '99' WHERE key = 'schema_version'")
    before = place.read_bytes()
    with pytest.raises(StoreVersionError, match="newer version of dataforce"):
        open_client().orbits.list()
    assert place.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM dataforce_registry",
        "DELETE FROM dataforce_registry WHERE key = 'id'",
        "UPDATE dataforce_registry SET value = 'abc' WHERE key = 'schema_version'",
    ],
)
def test_a_registry_that_does_not_know_itself_is_damaged(
    damage: str, client: Client, open_client: Callable[[], Client], place: Path
) -> None:
    client.close()
    run(place, damage)
    with pytest.raises(StoreCorruptedError, match=r"lacks its values .* Restore it from a copy"):
        open_client().collections.list()


def test_text_that_is_not_utf8_is_damaged(client: Client, place: Path) -> None:
    run(place, "UPDATE dataforce_collections SET name = CAST(x'ff41' AS TEXT)")
    with pytest.raises(StoreCorruptedError, match="UTF-8"):
        client.collections.list()


def test_a_text_file_is_not_a_registry(place: Path, open_client: Callable[[], Client]) -> None:
    place.write_text("These are my notes, which nobody may overwrite. " * 50)
    with pytest.raises(StoreCorruptedError, match="damaged or is not a registry"):
        open_client().orbits.list()
    assert place.read_text().startswith("These are my notes")


def test_a_lost_first_page_is_noticed(
    client: Client, open_client: Callable[[], Client], place: Path
) -> None:
    client.close()
    content = bytearray(place.read_bytes())
    content[:100] = bytes(100)
    place.write_bytes(content)
    with pytest.raises(StoreCorruptedError, match="Restore it from a copy"):
        open_client().orbits.list()


def test_flipped_bits_in_the_records_are_noticed(
    client: Client, open_client: Callable[[], Client], place: Path
) -> None:
    client.close()
    content = bytearray(place.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 12] = b"\xff" * 12
    place.write_bytes(content)
    with pytest.raises(StoreCorruptedError):
        open_client().collections.list()


def test_a_registry_that_lost_a_table_is_damaged(
    client: Client, open_client: Callable[[], Client], place: Path
) -> None:
    client.close()
    run(place, "DROP TABLE dataforce_collections")
    with pytest.raises(StoreCorruptedError, match="no such table"):
        open_client().collections.list()


def test_a_record_that_makes_no_sense_is_damaged(client: Client, place: Path) -> None:
    run(place, "UPDATE dataforce_collections SET created_at = 'nonsense'")
    with pytest.raises(StoreCorruptedError, match=r"collection .* is damaged"):
        client.collections.list()


def test_a_flipped_bit_in_a_model_file_is_noticed(
    client: Client, iris: Path, place: Path, tmp_path: Path
) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    [stored] = place.with_suffix(".files").rglob("sha256/*/*")
    content = bytearray(stored.read_bytes())
    content[4000] ^= 1
    stored.write_bytes(content)
    target = tmp_path / "mine.fnnx"
    target.write_text("what was here before")
    with pytest.raises(ChecksumMismatchError, match=model.id):
        client.model_artifacts.download(model.id, target)
    assert target.read_text() == "what was here before"
    assert list(tmp_path.glob(".*.part")) == []


def test_uploading_the_file_again_heals_it(client: Client, iris: Path, place: Path) -> None:
    damaged = client.model_artifacts.upload(iris, "iris")
    [stored] = place.with_suffix(".files").rglob("sha256/*/*")
    stored.write_bytes(b"not a model")
    client.model_artifacts.upload(iris, "iris, again")
    path = client.model_artifacts.download(damaged.id, place.parent)
    assert path.read_bytes() == iris.read_bytes()


def test_a_model_file_that_vanished_is_named(client: Client, iris: Path, place: Path) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    [stored] = place.with_suffix(".files").rglob("sha256/*/*")
    stored.unlink()
    with pytest.raises(FileDownloadError, match=r"bytes of model artifact .* are not there"):
        client.model_artifacts.download(model.id, place.parent)


def test_a_writer_that_never_ends_is_reported(place: Path) -> None:
    with Client(database_url=f"sqlite:///{place}", retry_timeout=0.05) as client:
        client.orbits.list()
        with closing(sqlite3.connect(place, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="busy for all of retry_timeout"):
                client.collections.create("", "Models", "model")
            assert client.collections.list() == [], "readers go on meanwhile"
        client.collections.create("", "Models", "model")


@pytest.fixture
def on_begin() -> Iterator[list[Callable[[], object]]]:
    """What to do at the next attempts to begin a transaction, each once."""
    actions: list[Callable[[], object]] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement == "BEGIN IMMEDIATE" and actions:
            actions.pop(0)()

    event.listen(Engine, "before_cursor_execute", note)
    yield actions
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("patience", [10, 1e10])
def test_a_writer_that_ends_is_waited_for(
    place: Path, patience: float, on_begin: list[Callable[[], object]]
) -> None:
    with Client(database_url=f"sqlite:///{place}", retry_timeout=patience) as client:
        client.orbits.list()
        with closing(sqlite3.connect(place, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            on_begin += [lambda: None, lambda: other.execute("COMMIT")]
            client.collections.create("", "Models", "model")
    assert on_begin == []


def test_a_cancelled_task_does_not_wait_for_the_writer(
    place: Path, on_begin: list[Callable[[], object]]
) -> None:
    async def give_up() -> float:
        async with AsyncClient(database_url=f"sqlite:///{place}", retry_timeout=20) as client:
            await client.orbits.list()
            loop, waits = asyncio.get_running_loop(), asyncio.Event()
            on_begin.append(lambda: loop.call_soon_threadsafe(waits.set))
            # The first waits for the other program, the second for the first.
            tasks = [asyncio.create_task(client.collections.create("", n, "model")) for n in "ab"]
            await waits.wait()
            started = time.monotonic()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert all(task.cancelled() for task in tasks)
            return time.monotonic() - started

    with Client(database_url=f"sqlite:///{place}") as client:
        client.orbits.list()
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert asyncio.run(give_up()) < 5
        other.execute("COMMIT")
    with Client(database_url=f"sqlite:///{place}") as client:
        assert client.collections.list() == [], "what was cancelled did not happen"


def test_more_readers_than_connections_are_explained(place: Path) -> None:
    place.touch()
    database = Database(make_url(f"sqlite:///{place}"), patience=0.05)

    def read(readers: ExitStack) -> None:
        for _ in range(100):
            readers.enter_context(database.reading())

    with (
        closing(database),
        ExitStack() as readers,
        pytest.raises(StoreError, match=r"registry\.db were in use for all of retry_timeout"),
    ):
        read(readers)


@pytest.mark.parametrize("open_store", [open_backend, open_overlay_store])
def test_a_registry_that_never_had_files_and_was_cut_to_nothing_is_not_begun_anew(
    place: Path, open_store: Callable[[Settings, Family], LocalBackend]
) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    open_store(settings, REGISTRY).close()
    os.truncate(place, 0)
    with pytest.raises(StoreCorruptedError, match="is empty, which a new one never is"):
        open_store(settings, REGISTRY)
    assert place.stat().st_size == 0
    place.unlink()
    open_store(settings, REGISTRY).close()


def test_a_new_registry_that_somebody_holds_is_reported(place: Path) -> None:
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("VACUUM")
        other.execute("BEGIN IMMEDIATE")
        with (
            Client(database_url=f"sqlite:///{place}", retry_timeout=0.05) as client,
            pytest.raises(StoreError, match="busy for all of retry_timeout"),
        ):
            client.orbits.list()
        other.execute("COMMIT")
    with Client(database_url=f"sqlite:///{place}") as client:
        assert len(client.orbits.list()) == 1


def test_files_of_a_writer_that_died_long_ago_are_removed(
    client: Client, open_client: Callable[[], Client], iris: Path, place: Path
) -> None:
    client.model_artifacts.upload(iris, "iris")
    staging = place.with_suffix(".files") / "staging"
    for name, modified in (("died-long-ago", 0), ("writes-right-now", None)):
        (staging / name).write_text("half a model")
        if modified is not None:
            os.utime(staging / name, (modified, modified))
    open_client().model_artifacts.upload(iris, "iris, again")
    assert files_of(place)["staging"] == ["writes-right-now"]


def test_words_of_a_newer_version_are_kept_as_text(client: Client, iris: Path, place: Path) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    run(place, "UPDATE dataforce_collections SET collection_type = 'video'")
    run(place, "UPDATE dataforce_model_artifacts SET status = 'quarantined'")
    (collection,) = client.collections.list()
    assert collection.collection_type == "video"
    assert client.collections.update("Films", collection_id=collection).collection_type == "video"
    (found,) = client.model_artifacts.list()
    assert found.status == "quarantined"
    with pytest.raises(BadRequestError, match="from quarantined to uploaded"):
        client.model_artifacts.update(model, status="uploaded")
    client.model_artifacts.delete(found)


def test_a_folder_in_the_staging_area_is_left_alone(
    client: Client, open_client: Callable[[], Client], iris: Path, place: Path
) -> None:
    client.model_artifacts.upload(iris, "iris")
    folder = place.with_suffix(".files") / "staging" / "of somebody"
    folder.mkdir()
    (folder / "file").touch()
    for path in (folder / "file", folder):
        os.utime(path, (0, 0))
    open_client().model_artifacts.upload(iris, "iris, again")
    assert (folder / "file").exists()


@pytest.mark.parametrize("empty", [True, False], ids=["cut to nothing", "removed"])
@pytest.mark.parametrize("is_overlay", [False, True], ids=["registry", "overlay"])
def test_a_registry_without_its_database_is_not_begun_anew(
    place: Path, iris: Path, empty: bool, is_overlay: bool
) -> None:
    def opened() -> LocalBackend:
        settings = load_settings({"database_url": f"sqlite:///{place}"})
        return (
            open_overlay_store(settings, REGISTRY)
            if is_overlay
            else open_backend(settings, REGISTRY)
        )

    with closing(opened()) as backend:
        files = backend.files(MODEL_ARTIFACT, Scope())
        source = BytesSource(PACKAGE.swapcase())
        with pytest.raises(FileUploadError, match="with SHA-256"):
            files.upload(model_values(), {"file": source}, lambda _: None)
    place.unlink()
    if empty:
        place.touch()
    with pytest.raises(StoreCorruptedError, match=r"missing or empty, but .* is left of it") as it:
        opened()
    assert "registry-id" in str(it.value)
    assert place.exists() == empty
    shutil.move(place.with_suffix(".files"), place.with_suffix(".away"))
    place.unlink(missing_ok=True)
    opened().close()


def test_a_write_ahead_log_without_its_database_is_not_thrown_away(
    client: Client, open_client: Callable[[], Client], place: Path, tmp_path: Path
) -> None:
    log = place.with_name(f"{place.name}-wal")
    content = log.read_bytes()
    client.close()
    log.write_bytes(content)
    os.truncate(place, 0)
    with pytest.raises(StoreCorruptedError, match=r"registry\.db-wal is left of it"):
        open_client().orbits.list()
    assert log.read_bytes() == content


@pytest.mark.parametrize("part", [0.5, 0.001, 0], ids=["half", "a part of the header", "nothing"])
def test_a_write_ahead_log_that_was_cut_while_in_use_is_damage_to_the_next_client(
    client: Client, open_client: Callable[[], Client], place: Path, part: float
) -> None:
    for number in range(50):
        client.collections.create("", f"Models {number}", "model")
    log = place.with_name(f"{place.name}-wal")
    os.truncate(log, int(log.stat().st_size * part))
    with pytest.raises(StoreCorruptedError, match="Restore it from a copy"):
        open_client().collections.list()
