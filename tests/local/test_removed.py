"""A registry that is pulled away from under a client that has it open."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
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


def remove_folder(place: Path) -> None:
    """Remove the folder of a registry."""
    shutil.rmtree(place.parent)


REMOVALS = [Path.unlink, replace, remove_folder]


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
