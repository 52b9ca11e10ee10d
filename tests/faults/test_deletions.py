"""What holds others is deleted with them, several at a time."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stderr

import pytest

from dataforce import AsyncClient, Client, FileDeletionError
from dataforce.backend import Scope
from dataforce.models import ORBIT as ORBITS
from tests.faults import behaviours
from tests.faults.conftest import NewClient, caught, settings
from tests.faults.misbehaving import HangUp, Line, Reply, Request
from tests.faults.platform import COLLECTION, COLLECTIONS, ORBIT, ORGANIZATION, Platform
from tests.transfers.test_progress import Terminal

AT_ONCE = 8
LONG = 60.0
"""In seconds; nobody waits that long."""


class Counted:
    """Counts how many requests a server answers at a time."""

    def __init__(self, *platforms: Platform) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()
        for platform in platforms:
            for server in (platform.server, platform.bucket.server):
                server.proper = self._counting(server.proper)

    def _counting(self, answer: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        def counting(request: Request) -> Reply:
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            try:
                return answer(request)
            finally:
                with self._lock:
                    self._now -= 1

        return counting


def see_that_no_thread_is_left() -> None:
    names = [thread.name for thread in threading.enumerate()]
    assert [name for name in names if name.startswith("dataforce-parallel")] == []


def test_the_models_of_a_collection_are_deleted_several_at_a_time(
    client: Client, platform: Platform
) -> None:
    for number in range(10, 10 + 3 * AT_ONCE):
        platform.add(b"bytes", number=number)
    together = threading.Barrier(AT_ONCE)
    answer = platform.bucket.server.proper

    def wait_for_the_others(request: Request) -> Reply:
        together.wait(LONG)  # until as many deletions are under way
        return answer(request)

    platform.bucket.server.proper = wait_for_the_others
    counted = Counted(platform)

    client.collections.delete(COLLECTION)

    assert counted.most == AT_ONCE
    assert platform.models == {}
    assert platform.bucket.objects == {}
    [last] = platform.server.seen("DELETE", f"{COLLECTIONS}/{COLLECTION}$")
    assert platform.server.requests[-1] is last
    see_that_no_thread_is_left()


def test_the_models_of_an_orbit_that_cannot_be_deleted_are_named(
    client: Client, platform: Platform
) -> None:
    models = [platform.add(b"bytes", number=number) for number in range(1, 4)]
    for model in models[1:]:
        platform.bucket.server.always("DELETE", model, behaviours.hang_up)

    message = caught(
        FileDeletionError,
        lambda: client.backend.store(ORBITS, Scope((ORGANIZATION,))).delete(ORBIT),
    )

    assert f"The orbit {ORBIT} was not deleted; 2 of its model artifacts are left" in message
    assert [*platform.models] == models[1:]
    assert platform.server.seen("DELETE", f"{COLLECTIONS}/{COLLECTION}$") == []


def test_a_cancelled_task_deletes_no_more(platform: Platform) -> None:
    for number in range(10, 50):
        platform.add(b"bytes", number=number)
    arrived, gone = threading.Barrier(AT_ONCE + 1), threading.Event()

    def hold(_line: Line, _request: Request, _proper: Callable[[], Reply]) -> None:
        arrived.wait(LONG)
        gone.wait(LONG)
        raise HangUp

    platform.bucket.server.always("DELETE", "", hold)

    async def delete() -> None:
        async with AsyncClient(**settings(platform.server.url)) as client:
            task = asyncio.ensure_future(client.collections.delete(COLLECTION))
            await asyncio.to_thread(arrived.wait, LONG)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    try:
        asyncio.run(delete())
    finally:
        gone.set()
    assert len(platform.bucket.server.seen("DELETE")) == AT_ONCE
    assert len(platform.models) == 40
    see_that_no_thread_is_left()


@pytest.mark.parametrize("reason", ["", "setting", "no tqdm", "no terminal", "one model"])
def test_a_bar_shows_how_many_are_deleted(
    new_client: NewClient, platform: Platform, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    monkeypatch.setattr("dataforce.api._progress._WORTH_A_BAR_AFTER", 0)
    if reason == "no tqdm":
        monkeypatch.setitem(sys.modules, "tqdm", None)
    identifiers = [platform.add(b"bytes", number=number) for number in range(1, 6)]
    client = new_client(progress=reason != "setting")
    stderr = Terminal()
    if reason == "no terminal":
        monkeypatch.setattr(stderr, "isatty", lambda: False)
    with redirect_stderr(stderr):
        if reason == "one model":
            client.model_artifacts.delete(identifiers[0])
        else:
            client.collections.delete(COLLECTION)
    shown = stderr.getvalue()
    assert ("delete collection: 100%" in shown and "5/5" in shown) is (not reason)
    assert bool(shown) is (not reason)
