"""A registry that is pulled away from under a client that has it open."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from dataforce import Client, StoreCorruptedError

REMOVED = "was removed or replaced after this client opened it, so nothing was stored"


def replace(place: Path) -> None:
    """Put another registry in the place of one."""
    other = place.with_name("other.db")
    with Client(database_url=f"sqlite:///{other}") as client:
        client.collections.create("", "Of another", "model")
    other.replace(place)


def overwrite(place: Path) -> None:
    """Copy another registry over one, in place."""
    other = place.with_name("other.db")
    with Client(database_url=f"sqlite:///{other}") as client:
        client.collections.create("", "Of another", "model")
    shutil.copyfile(other, place)


def empty(place: Path) -> None:
    """Cut a registry to nothing."""
    os.truncate(place, 0)


def remove_folder(place: Path) -> None:
    """Remove the folder of a registry."""
    shutil.rmtree(place.parent)


REMOVALS = [Path.unlink, replace, overwrite, empty, remove_folder]


@pytest.mark.parametrize("remove", REMOVALS)
def test_a_write_to_a_registry_that_is_gone_is_refused(
    client: Client, place: Path, iris: Path, remove: Callable[[Path], None]
) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    remove(place)
    for write in (
        lambda: client.collections.create("", "More", "model"),
        lambda: client.model_artifacts.upload(iris, "again"),
        lambda: client.model_artifacts.update(model.id, model_name="renamed"),
        lambda: client.model_artifacts.delete(model.id),
    ):
        with pytest.raises(StoreCorruptedError, match=REMOVED):
            write()


def test_a_new_connection_does_not_make_the_registry_anew(client: Client, place: Path) -> None:
    client.close()
    with Client(database_url=f"sqlite:///{place}") as first:
        first.orbits.list()
        place.unlink()
        first.backend._database._engine.pool.dispose()  # type: ignore[attr-defined]
        with pytest.raises(StoreCorruptedError, match=REMOVED):
            first.orbits.list()
    assert not place.exists()


def test_a_new_connection_to_another_registry_is_refused(client: Client, place: Path) -> None:
    client.orbits.list()
    replace(place)
    client.backend._database._engine.pool.dispose()  # type: ignore[attr-defined]
    with pytest.raises(StoreCorruptedError, match=REMOVED):
        client.orbits.list()


@pytest.fixture
def before_commit() -> Iterator[list[Callable[[], object]]]:
    """What to do just before the next transactions are committed, each once."""
    actions: list[Callable[[], object]] = []

    def act(_: Any) -> None:
        if actions:
            actions.pop(0)()

    event.listen(Engine, "commit", act)
    yield actions
    event.remove(Engine, "commit", act)


@pytest.mark.parametrize("remove", REMOVALS)
def test_a_registry_that_goes_during_a_write_is_noticed(
    client: Client,
    place: Path,
    remove: Callable[[Path], None],
    before_commit: list[Callable[[], object]],
) -> None:
    before_commit.append(lambda: remove(place))
    with pytest.raises(StoreCorruptedError, match=REMOVED):
        client.collections.create("", "More", "model")
    assert before_commit == []


@pytest.mark.parametrize("during", [False, True])
def test_model_files_that_are_pulled_away_are_noticed(
    client: Client, place: Path, iris: Path, large_package: Path, during: bool
) -> None:
    client.model_artifacts.upload(iris, "iris")
    files = place.with_suffix(".files")

    def pull_away(done: int = 0, size: int = 0) -> None:
        if files.exists():
            files.rename(files.with_suffix(".away"))

    if not during:
        pull_away()
    with pytest.raises(StoreCorruptedError, match=REMOVED):
        client.model_artifacts.upload(large_package, "large", progress=pull_away)
    assert [model.model_name for model in client.model_artifacts.list()] == ["iris"]


def log_of(place: Path) -> Path:
    """The write-ahead log of a registry."""
    return place.with_name(f"{place.name}-wal")


def remove_log(place: Path) -> None:
    """Remove the write-ahead log of a registry."""
    log_of(place).unlink()


def exchange_log(place: Path) -> None:
    """Put an empty file in the place of a write-ahead log."""
    log_of(place).unlink()
    log_of(place).touch()


def cut_log(place: Path, size: int) -> None:
    """Cut a write-ahead log: to so many bytes, or by so many."""
    os.truncate(log_of(place), size if size >= 0 else log_of(place).stat().st_size + size)


FRAME = 24 + 4096
CUTS = {
    "to nothing": 0,
    "in its header": 20,
    "to its header": 32,
    "in the first frame": 1000,
    "to some frames": 32 + 5 * FRAME,
    "in the last frame": -1000,
    "in the header of the last frame": 10 - FRAME,
    "by the last frame": -FRAME,
    "by two frames": -2 * FRAME,
}
LOSSES = {"removed": remove_log, "exchanged": exchange_log} | {
    name: partial(cut_log, size=size) for name, size in CUTS.items()
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES.keys())
def test_a_write_behind_a_lost_log_is_refused(
    client: Client, place: Path, lose: Callable[[Path], None]
) -> None:
    for number in range(20):
        client.collections.create("", f"Models {number}", "model")
    lose(place)
    for _ in range(2):
        with pytest.raises(StoreCorruptedError, match=r"write-ahead log of the registry .* was"):
            client.collections.create("", "More", "model")


@pytest.mark.parametrize(
    "lose", [remove_log, partial(cut_log, size=0), partial(cut_log, size=5000)]
)
def test_a_log_that_is_lost_during_a_write_is_noticed(
    client: Client,
    place: Path,
    lose: Callable[[Path], None],
    before_commit: list[Callable[[], object]],
) -> None:
    for number in range(20):
        client.collections.create("", f"Models {number}", "model")
    before_commit.append(lambda: lose(place))
    with pytest.raises(StoreCorruptedError, match=r"write-ahead log of the registry .* was"):
        client.collections.create("", "More", "model")


@pytest.mark.parametrize("unfinished", [10, 24, 1000])
def test_what_a_killed_writer_did_not_finish_is_no_damage(
    client: Client, open_client: Callable[[], Client], place: Path, unfinished: int
) -> None:
    with log_of(place).open("ab") as log:
        log.write(b"x" * unfinished)
    for number in range(3):
        client.collections.create("", f"Models {number}", "model")
    assert len(open_client().collections.list()) == 4


@pytest.mark.parametrize("mode", ["PASSIVE", "RESTART", "TRUNCATE"])
def test_a_checkpoint_of_another_program_is_no_damage(
    client: Client, open_client: Callable[[], Client], place: Path, mode: str
) -> None:
    for number in range(5):
        client.collections.create("", f"Models {number}", "model")
        with closing(sqlite3.connect(place)) as other:
            [(busy, *_)] = other.execute(f"PRAGMA wal_checkpoint({mode})")
            assert not busy
    client.collections.create("", "Last", "model")
    assert len(open_client().collections.list()) == 7


def test_a_registry_without_a_write_ahead_log_is_written(
    client: Client, open_client: Callable[[], Client], place: Path
) -> None:
    client.close()
    with closing(sqlite3.connect(place)) as other:
        assert other.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    open_client().collections.create("", "More", "model")
    assert not log_of(place).exists()
