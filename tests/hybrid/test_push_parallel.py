"""Models are published several at a time; what is promised of a push holds all the same."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from dataforce import APIError, Client, DataForceError
from tests.hybrid.production import Production, left, package_at
from tests.hybrid.test_push_killed import child

AT_ONCE = 8
NAMES = [f"model {number}" for number in range(3 * AT_ONCE)]


def met(is_one: Callable[[str, str], bool]) -> Callable[[str, str], Awaitable[object]]:
    """A hook that holds requests of a sort until as many are there as may be at a time."""
    free: list[asyncio.Event] = []
    arrived = 0

    async def hold(method: str, path: str) -> None:
        nonlocal arrived
        if is_one(method, path):
            if arrived % AT_ONCE == 0:
                free.append(asyncio.Event())
            arrived += 1
            if arrived % AT_ONCE == 0:
                free[-1].set()
            await free[-1].wait()

    return hold


def filled(client: Client, folder: Path) -> list[str]:
    """Put models into the default collection; their ids."""
    upload = client.model_artifacts.upload
    return [upload(package_at(folder, name), name).id for name in NAMES]


def names_in(client: Client, collection: str) -> list[str | None]:
    return [each.model_name for each in client.model_artifacts.list(collection_id=collection)]


def see_that_no_thread_is_left() -> None:
    names = [thread.name for thread in threading.enumerate()]
    assert [name for name in names if name.startswith("dataforce-parallel")] == []


def test_new_models_are_published_several_at_a_time_and_in_their_order(
    production: Production, hybrid: Client, tmp_path: Path
) -> None:
    hybrid.collection = production.plain.collections.create("", "Flowers", "model").id
    filled(hybrid, tmp_path / "packages")
    production.watch.most = 0
    production.watch.hold = met(lambda method, _: method == "PUT")
    report = hybrid.overlay.push()
    assert production.watch.most == AT_ONCE
    assert [change.name for change in report.changes] == NAMES
    assert names_in(production.plain, hybrid.collection) == NAMES
    assert left(hybrid) == (0, 0, 0)
    see_that_no_thread_is_left()


@pytest.mark.parametrize("what", ["change", "deletion"])
def test_changes_are_published_several_at_a_time(
    what: str, production: Production, hybrid: Client, tmp_path: Path
) -> None:
    collection = production.plain.collections.create("", "Flowers", "model").id
    production.plain.collection = hybrid.collection = collection
    for identifier in filled(production.plain, tmp_path / "packages"):
        if what == "change":
            hybrid.model_artifacts.update(identifier, description="changed")
        else:
            hybrid.model_artifacts.delete(identifier)
    production.watch.most = 0
    production.watch.hold = met(
        lambda method, path: (
            method == ("PATCH" if what == "change" else "GET")
            and path.endswith("" if what == "change" else "delete-url")
        )
    )
    report = hybrid.overlay.push()
    assert production.watch.most == AT_ONCE
    assert sorted(change.name for change in report.changes) == sorted(NAMES)
    there = production.plain.model_artifacts.list()
    assert [each.description for each in there] == ["changed"] * len(
        NAMES if what == "change" else []
    )
    assert left(hybrid) == (0, 0, 0)


def test_after_a_failure_what_was_begun_is_finished_and_no_other_is_begun(
    production: Production, hybrid: Client, tmp_path: Path
) -> None:
    hybrid.collection = production.plain.collections.create("", "Flowers", "model").id
    filled(hybrid, tmp_path / "packages")
    hold = met(lambda method, _: method == "PUT")
    has_failed = False

    async def fail_once(method: str, path: str) -> None:
        nonlocal has_failed
        await hold(method, path)
        if method == "PATCH" and not has_failed:
            has_failed = True
            raise ConnectionError("the platform stumbles")

    production.watch.hold = fail_once
    with pytest.raises(APIError):
        hybrid.overlay.push()
    production.watch.hold = None
    there = production.plain.model_artifacts.list(collection_id=hybrid.collection)
    assert AT_ONCE - 1 <= len([each for each in there if each.status == "uploaded"]) < len(NAMES)
    hybrid.overlay.push()
    assert sorted(map(str, names_in(production.plain, hybrid.collection))) == sorted(NAMES)
    assert left(hybrid) == (0, 0, 0)
    see_that_no_thread_is_left()


def test_an_upload_that_begins_anew_keeps_its_place(
    production: Production, hybrid: Client, package: Callable[[str], Path]
) -> None:
    """Another one is made no earlier than its second record, though bytes went to the first."""
    collection = hybrid.collection = production.plain.collections.create("", "Flowers", "model").id
    for name in ("iris", "rose"):
        hybrid.model_artifacts.upload(package(name), name)
    is_next = asyncio.Event()

    def stop(method: str, _path: str) -> None:
        if method in ("PUT", "PATCH") or (method == "POST" and production.watch.written):
            raise ConnectionError("the platform stumbles")

    production.watch.before = stop
    with pytest.raises(DataForceError):
        hybrid.overlay.push()
    assert names_in(production.plain, collection) == ["iris"]

    async def let_another_overtake(method: str, path: str) -> None:
        if method == "PUT" and not production.watch.written:
            raise ConnectionError("the URL is not valid any more")
        if method == "POST":
            is_next.set()
        elif method == "PATCH":
            with suppress(TimeoutError):  # as it should be
                await asyncio.wait_for(is_next.wait(), 0.5)

    production.watch.seen, production.watch.before = [], None
    production.watch.hold = let_another_overtake
    hybrid.overlay.push()
    assert names_in(production.plain, collection) == ["iris", "rose"]
    assert left(hybrid) == (0, 0, 0)


@pytest.mark.parametrize("round_", [1, 2])
def test_a_push_that_is_killed_with_many_uploads_under_way(
    round_: int, production: Production, tmp_path: Path
) -> None:
    """Each is there once after the next, in the order in which they were made here."""
    settings = {
        "backend_type": "hybrid",
        "database_url": f"sqlite:///{tmp_path}/overlay.db",
        **production.settings,
    }
    (tmp_path / "overlay").mkdir()
    collection = production.plain.collections.create("", "Flowers", "model").id
    with Client(**settings, collection=collection) as client:
        filled(client, tmp_path / "packages")
        # Two that are equal are never under way at a time.
        client.model_artifacts.upload(package_at(tmp_path / "packages", NAMES[0]), NAMES[0])
    hold, arrived = met(lambda method, _: method == "PUT"), 0

    async def kill(method: str, path: str) -> None:
        nonlocal arrived
        arrived += method == "PUT"
        if arrived == round_ * AT_ONCE:
            process.kill()
            process.wait()
        await hold(method, path)

    production.watch.hold = kill
    process = child(settings)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    production.watch.hold = None
    with Client(**settings) as client:
        client.overlay.push()
        assert names_in(production.plain, collection) == [*NAMES, NAMES[0]]
        assert left(client) == (0, 0, 0)
        statuses = {each.status for each in client.model_artifacts.list(collection_id=collection)}
        assert statuses == {"uploaded"}
