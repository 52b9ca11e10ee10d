from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dataforce import (
    ChecksumMismatchError,
    Client,
    FileDownloadError,
    StoreCorruptedError,
    StoreError,
    StoreVersionError,
)
from tests.local.conftest import files_of


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


def test_a_text_file_is_not_a_registry(place: Path, open_client: Callable[[], Client]) -> None:
    place.parent.mkdir()
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
    run(place, "UPDATE dataforce_collections SET collection_type = 'nonsense'")
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


def test_a_new_file_that_somebody_holds_is_reported(place: Path) -> None:
    place.parent.mkdir()
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
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
