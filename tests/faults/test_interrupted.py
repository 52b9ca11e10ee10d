"""Ctrl-C, kill -9 and cancelled tasks: no record is left waiting, and no byte is sent in vain."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dataforce import AsyncClient
from tests.faults import behaviours
from tests.faults.behaviours import Pausing
from tests.faults.conftest import settings, within
from tests.faults.misbehaving import PATIENCE, Behaviour, HangUp, Line, Request
from tests.faults.platform import MODELS, Platform

UPLOAD = """
import sys
from dataforce import Client
from tests.faults.conftest import settings

with Client(**settings(sys.argv[1])) as client:
    print(client.model_artifacts.upload(sys.argv[2], "model").status)
"""


@contextmanager
def uploading(platform: Platform, package: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", UPLOAD, platform.server.url, str(package)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
    finally:
        process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, output, errors


def wait(reached: threading.Event) -> None:
    assert reached.wait(PATIENCE)


kinds = pytest.mark.parametrize(
    "kind", ["s3", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("whole", "azure"))]
)
"""Of uploads: whole or in parts. Each takes a process."""


@kinds
def test_ctrl_c_in_the_middle_of_an_upload(kind: str, platform: Platform, package: Path) -> None:
    platform.kind = kind
    half = Pausing(30_000)
    platform.bucket.server.always("PUT", "", half)

    with uploading(platform, package) as process:
        wait(half.reached)
        process.send_signal(signal.SIGINT)
        code, output, errors = ended(process)

    assert code in (1, -signal.SIGINT)
    assert output == ""
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "CANARY" not in errors
    assert platform.statuses() == ["upload_failed"]


def test_ctrl_c_while_the_record_is_made(platform: Platform, package: Path) -> None:
    made = Pausing()
    platform.server.script("POST", MODELS, made)

    with uploading(platform, package) as process:
        wait(made.reached)
        process.send_signal(signal.SIGINT)
        threading.Event().wait(0.5)  # the answer comes when the interrupt has come
        made.goes_on.set()
        code, _, errors = ended(process)

    assert code in (1, -signal.SIGINT)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert platform.statuses() == ["upload_failed"], errors + str(platform.server.requests)
    assert platform.bucket.server.requests == []


@kinds
def test_a_killed_upload_goes_on(kind: str, platform: Platform, package: Path) -> None:
    platform.kind = kind
    stuck, arrived = Pausing(30_000), threading.Event()

    def count(line: Line, _: Request, proper: behaviours.Proper) -> None:
        line.send(proper().raw())
        if len(next(iter(platform.bucket.parts.values()))) == 3:
            arrived.set()

    if kind == "whole":
        platform.bucket.server.script("PUT", "", stuck)
    else:
        platform.bucket.server.script("PUT", "(partNumber=|block-0000000)[123](&|$)", *[count] * 3)
        platform.bucket.server.script("PUT", "(partNumber=|block-0000000)[45](&|$)", stuck, stuck)

    with uploading(platform, package) as process:
        wait(stuck.reached if kind == "whole" else arrived)
        wait_for_notes(package, 2 if kind == "whole" else 5)
        process.kill()
        assert ended(process)[0] == -signal.SIGKILL
    assert platform.statuses() == ["pending_upload"]

    platform.bucket.server.behave()  # the fifth part may not have been begun
    platform.bucket.server.requests.clear()
    with uploading(platform, package) as process:
        assert ended(process)[1] == "uploaded\n"

    # One record, and of the parts only those that were missing.
    assert platform.statuses() == ["uploaded"]
    (content,) = platform.bucket.objects.values()
    assert content == package.read_bytes()
    sent = sum(
        len(each.body) for each in platform.bucket.server.seen("PUT", "(partN|&blockid|ure[0-9]*$)")
    )
    assert sent == len(content) - (0 if kind == "whole" else 3 * platform.part_size)


def wait_for_notes(package: Path, lines: int) -> None:
    """Until so much is noted: a part that arrived counts when that is on the disk."""
    for _ in range(1000):
        notes = (package.parent / "state").rglob("*.jsonl")
        if sum(note.read_bytes().count(b"\n") for note in notes) >= lines:
            return
        threading.Event().wait(0.01)
    raise AssertionError("nothing was noted")


def test_a_killed_upload_whose_addresses_have_expired_begins_anew(
    platform: Platform, package: Path
) -> None:
    half = Pausing(30_000)
    expired = behaviours.status(403, b"<Error><Code>AccessDenied</Code></Error>")
    platform.bucket.server.script("PUT", "", half, expired)
    with uploading(platform, package) as process:
        wait(half.reached)
        process.kill()

    with uploading(platform, package) as process:
        _, output, errors = ended(process)

    assert output == "uploaded\n"
    assert "An upload that was killed cannot go on, and begins anew" in errors
    assert "403 AccessDenied" in errors
    assert "CANARY" not in errors
    assert sorted(platform.statuses()) == ["upload_failed", "uploaded"]


async def cancelled(work: Awaitable[object], reached: threading.Event) -> None:
    """Cancel the work when the server has come to where it waits; it ends soon."""
    task = asyncio.ensure_future(work)
    assert await asyncio.to_thread(reached.wait, PATIENCE)
    task.cancel()
    with within(3), pytest.raises(asyncio.CancelledError):
        await task


def run(platform: Platform, work: Callable[[AsyncClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with AsyncClient(**settings(platform.server.url, timeout=15)) as client:
            await client.organizations.list()
            await work(client)

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["whole", "s3", "azure"])
def test_a_cancelled_upload(kind: str, platform: Platform, package: Path) -> None:
    platform.kind = kind
    half = Pausing(30_000)
    platform.bucket.server.always("PUT", "", half)

    run(
        platform,
        lambda client: cancelled(client.model_artifacts.upload(package, "model"), half.reached),
    )

    assert platform.statuses() == ["upload_failed"]


def test_an_upload_that_is_cancelled_while_its_record_is_made(
    platform: Platform, package: Path
) -> None:
    made = Pausing()
    platform.server.script("POST", MODELS, made)

    async def work(client: AsyncClient) -> None:
        task = asyncio.ensure_future(client.model_artifacts.upload(package, "model"))
        await asyncio.to_thread(made.reached.wait, PATIENCE)
        task.cancel()
        made.goes_on.set()
        with within(3), pytest.raises(asyncio.CancelledError):
            await task

    run(platform, work)

    assert platform.statuses() == ["upload_failed"]
    assert platform.bucket.server.requests == []


def told(reached: threading.Event, behaviour: Behaviour) -> Behaviour:
    def behave(line: Line, request: Request, proper: Any) -> None:
        reached.set()
        behaviour(line, request, proper)

    return behave


@pytest.mark.parametrize(
    "behaviour",
    [
        behaviours.silent,
        behaviours.dripping_head,
        behaviours.dripping_body,
        behaviours.status(503, retry_after="4"),
    ],
    ids=["silent", "dripping head", "dripping body", "retry sleep"],
)
def test_a_call_that_is_cancelled_while_it_waits(behaviour: Behaviour, platform: Platform) -> None:
    reached = threading.Event()
    platform.server.always("GET", "/orbits$", told(reached, behaviour))

    run(platform, lambda client: cancelled(client.orbits.list(), reached))


def test_an_upload_that_is_cancelled_in_a_retry_sleep(platform: Platform, package: Path) -> None:
    reached = threading.Event()
    behaviour = behaviours.status(503, retry_after="4")
    platform.bucket.server.always("PUT", "", told(reached, behaviour))

    run(
        platform,
        lambda client: cancelled(client.model_artifacts.upload(package, "model"), reached),
    )

    assert platform.statuses() == ["upload_failed"]


def test_an_upload_that_is_cancelled_while_its_record_waits_for_a_retry(
    platform: Platform, package: Path
) -> None:
    reached = threading.Event()
    behaviour = behaviours.status(429, retry_after="4")
    platform.server.always("POST", MODELS, told(reached, behaviour))

    run(
        platform,
        lambda client: cancelled(client.model_artifacts.upload(package, "model"), reached),
    )

    assert platform.models == {}


def test_a_download_that_is_cancelled(platform: Platform, tmp_path: Path) -> None:
    model, reached = platform.add(bytes(1_000_000)), threading.Event()
    target = tmp_path / "old.fnnx"
    target.write_bytes(b"old")

    def half(line: Line, _: Request, proper: behaviours.Proper) -> None:
        reply = proper()
        line.send(reply.head() + reply.content[:500_000])
        reached.set()
        line.silence()
        raise HangUp

    platform.bucket.server.always("GET", "", half)

    run(
        platform,
        lambda client: cancelled(client.model_artifacts.download(model, target), reached),
    )

    assert target.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["old.fnnx"]
