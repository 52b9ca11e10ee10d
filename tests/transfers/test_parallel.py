"""A large file is fetched in several streams: all of it, or none."""

from __future__ import annotations

import _thread
import asyncio
import os
import threading
from pathlib import Path

import pytest

from dataforce import (
    AsyncClient,
    ChecksumMismatchError,
    Client,
    FileDownloadError,
    ModelArtifact,
)
from dataforce.testing.packages import build_package
from dataforce.testing.suite._support import content_of
from dataforce.transfer import cancellation
from tests.transfers.conftest import PIECE, Striped

pytestmark = pytest.mark.usefixtures("small_is_large")

LONG = 3600.0
"""In seconds; nobody waits that long."""


def see_nothing_happened(folder: Path) -> None:
    """The old file is there, nothing else, and nobody works on it any more."""
    assert content_of(folder) == {"model.fnnx": b"old"}
    names = [thread.name for thread in threading.enumerate()]
    assert [name for name in names if name.startswith("dataforce-download")] == []


def test_a_file_comes_in_several_streams(
    client: Client, backend: Striped, model: ModelArtifact, path: Path, folder: Path
) -> None:
    together = threading.Barrier(4)

    def meddle(offset: int, piece: bytes) -> bytes:
        if offset < 40 * PIECE and offset % (10 * PIECE) == 0:
            together.wait(LONG)  # until four ranges are on their way at a time
        return piece

    backend.meddle = meddle
    told: list[tuple[int, int]] = []
    client.model_artifacts.download(model.id, folder, progress=lambda *now: told.append(now))
    assert content_of(folder) == {"model.fnnx": path.read_bytes()}
    assert sorted(offset for offset, _ in backend.requests) == list(range(0, model.size, 10_000))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (model.size, model.size)


@pytest.mark.parametrize("size", [1, 64 * 1024 * 1024])
def test_files_of_any_size(
    client: Client,
    backend: Striped,
    tmp_path: Path,
    folder: Path,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("tests.transfers.conftest.PIECE", 1024 * 1024)
    path = build_package(tmp_path / "sized.fnnx", content=b"12345678" * (size // 8))
    model = client.model_artifacts.upload(path, "sized")
    client.model_artifacts.download(model.id, folder / "model.fnnx")
    assert (folder / "model.fnnx").read_bytes() == path.read_bytes()
    assert (len(backend.requests) > 4) is (size > 1)


def wait_for_the_other_streams() -> None:
    """Wait until all other threads of the download have come to their end."""
    for thread in threading.enumerate():
        if thread.name.startswith("dataforce-download") and thread != threading.current_thread():
            thread.join(LONG)


def test_a_range_is_hashed_as_it_was_fetched_however_late_it_comes(
    client: Client,
    backend: Striped,
    model: ModelArtifact,
    path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dataforce.transfer.parallel_fetch.RANGE", PIECE)  # less than a buffer
    backend.streams = 2
    both = threading.Barrier(2)

    def meddle(offset: int, piece: bytes) -> bytes:
        if offset in (0, PIECE):
            both.wait(LONG)
        if offset == PIECE:
            wait_for_the_other_streams()
        return piece

    backend.meddle = meddle
    client.model_artifacts.download(model.id, folder)
    assert content_of(folder) == {"model.fnnx": path.read_bytes()}


def test_a_file_that_somebody_cuts_off_is_not_kept(
    client: Client, backend: Striped, model: ModelArtifact, folder: Path
) -> None:
    backend.streams = 2
    both = threading.Barrier(2)

    def meddle(offset: int, piece: bytes) -> bytes:
        if offset in (0, 10 * PIECE):
            both.wait(LONG)
        if offset == 0:
            wait_for_the_other_streams()
            [partial] = folder.glob(".*.part")
            os.truncate(partial, 0)
        return piece

    backend.meddle = meddle
    with pytest.raises(ChecksumMismatchError, match=f"got {model.size - 10 * PIECE} too few"):
        client.model_artifacts.download(model.id, folder)
    see_nothing_happened(folder)


def test_a_stream_that_breaks_stops_the_others(
    client: Client, backend: Striped, model: ModelArtifact, folder: Path
) -> None:
    begun = threading.Semaphore(0)

    def meddle(offset: int, piece: bytes) -> bytes:
        if offset < 23 * PIECE:
            return piece
        if offset == 23 * PIECE:
            assert all(begun.acquire(timeout=LONG) for _ in range(3))
            raise FileDownloadError("The stream broke.")
        begun.release()
        cancellation.sleep(LONG)
        raise AssertionError("nobody woke this stream")

    backend.meddle = meddle
    with pytest.raises(FileDownloadError, match="The stream broke"):
        client.model_artifacts.download(model.id, folder)
    see_nothing_happened(folder)


def test_a_stream_that_waits_is_shut_down_when_another_breaks(
    client: Client, backend: Striped, model: ModelArtifact, folder: Path
) -> None:
    waiting, shut_down = threading.Event(), threading.Event()

    def meddle(offset: int, piece: bytes) -> bytes:
        if offset == 10 * PIECE:
            assert waiting.wait(LONG)
            raise FileDownloadError("The stream broke.")
        if offset == 0:
            with cancellation.interrupting(shut_down.set):
                waiting.set()
                assert shut_down.wait(LONG)
        return piece

    backend.meddle = meddle
    with pytest.raises(FileDownloadError, match="The stream broke"):
        client.model_artifacts.download(model.id, folder)
    see_nothing_happened(folder)


@pytest.mark.parametrize(
    ("where", "arrives"),
    [
        (0, bytes(PIECE)),
        (77 * PIECE, bytes(PIECE)),
        (77 * PIECE, b"short"),
        (9 * PIECE, bytes(PIECE + 1)),
        (122 * PIECE, bytes(PIECE)),
        (122 * PIECE, b""),
    ],
    ids=["wrong", "wrong later", "too short", "too long", "beyond the end", "before the end"],
)
def test_bytes_that_were_not_stored_are_not_kept(
    client: Client,
    backend: Striped,
    model: ModelArtifact,
    folder: Path,
    where: int,
    arrives: bytes,
) -> None:
    backend.meddle = lambda offset, piece: arrives if offset == where else piece
    with pytest.raises(ChecksumMismatchError, match=f"expected {model.size} bytes"):
        client.model_artifacts.download(model.id, folder)
    see_nothing_happened(folder)


def test_more_bytes_than_expected_end_a_download_in_one_stream(
    client: Client, backend: Striped, model: ModelArtifact, folder: Path
) -> None:
    backend.streams = 1
    pieces: list[int] = []

    def meddle(offset: int, piece: bytes) -> bytes:
        pieces.append(offset)
        return piece * 100

    backend.meddle = meddle
    with pytest.raises(ChecksumMismatchError, match="got more"):
        client.model_artifacts.download(model.id, folder)
    see_nothing_happened(folder)
    assert len(pieces) == 2, "what follows was not fetched"


def test_empty_pieces_are_no_end(
    client: Client, backend: Striped, model: ModelArtifact, path: Path, folder: Path
) -> None:
    backend.meddle = lambda offset, piece: b"" if offset == 122_000 else piece
    for backend.streams in (1, 4):
        with pytest.raises(ChecksumMismatchError):
            client.model_artifacts.download(model.id, folder)
        see_nothing_happened(folder)


def test_ctrl_c_stops_every_stream(
    client: Client, backend: Striped, model: ModelArtifact, folder: Path
) -> None:
    begun = threading.Semaphore(0)

    def meddle(offset: int, piece: bytes) -> bytes:
        begun.release()
        if offset == 0:
            assert all(begun.acquire(timeout=LONG) for _ in range(4))
            _thread.interrupt_main()
        cancellation.sleep(LONG)
        return piece

    backend.meddle = meddle
    with pytest.raises(KeyboardInterrupt):
        client.model_artifacts.download(model.id, folder)
    see_nothing_happened(folder)


def test_a_callback_that_fails_stops_every_stream(
    client: Client, backend: Striped, model: ModelArtifact, folder: Path
) -> None:
    error = OSError("of the callback")

    def fail(done: int, size: int) -> None:
        if done > 30 * PIECE:
            raise error

    with pytest.raises(OSError, match="of the callback") as caught:
        client.model_artifacts.download(model.id, folder, progress=fail)
    assert caught.value is error
    see_nothing_happened(folder)


@pytest.mark.usefixtures("backend")
def test_a_cancelled_task_stops_every_stream(backend: Striped, path: Path, folder: Path) -> None:
    async def flow() -> None:
        loop = asyncio.get_running_loop()
        async with AsyncClient(database_url=":memory:") as client:
            await client.collections.create("", "Flowers", "model")
            model = await client.model_artifacts.upload(path, "model")
            download = asyncio.create_task(client.model_artifacts.download(model.id, folder))

            def meddle(offset: int, piece: bytes) -> bytes:
                if offset == 30 * PIECE:
                    loop.call_soon_threadsafe(download.cancel)
                if offset >= 30 * PIECE:
                    cancellation.sleep(LONG)
                return piece

            backend.meddle = meddle
            with pytest.raises(asyncio.CancelledError):
                await download
            see_nothing_happened(folder)

    asyncio.run(flow())


def test_every_stream_is_closed(
    client: Client, backend: Striped, model: ModelArtifact, folder: Path
) -> None:
    backend.meddle = lambda offset, piece: piece if offset else piece[1:]
    with pytest.raises(ChecksumMismatchError):
        client.model_artifacts.download(model.id, folder)
    assert all(backend.closed.acquire(blocking=False) for _ in backend.requests)


def test_no_room_on_the_disk(
    client: Client, model: ModelArtifact, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dataforce.transfer.atomic_file.reserve", full)
    with pytest.raises(FileDownloadError, match="No space left"):
        client.model_artifacts.download(model.id, folder)
    see_nothing_happened(folder)
