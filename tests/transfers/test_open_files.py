"""What an open model file asks of the backend, and what it makes of wrong answers."""

from __future__ import annotations

import asyncio
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataforce import AsyncClient, Client, FileDownloadError, ModelArtifact
from dataforce.api import _model_file
from dataforce.testing.packages import build_package
from dataforce.transfer import cancellation
from tests.transfers.conftest import PIECE, Striped

LONG = 3600.0
"""In seconds; nobody waits that long."""


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open file begins with ranges of two pieces and ends with ranges of twenty."""
    monkeypatch.setattr(_model_file, "BUFFER", 2 * PIECE)
    monkeypatch.setattr(_model_file, "LARGEST_RANGE", 20 * PIECE)


@pytest.mark.usefixtures("small_ranges")
def test_whoever_reads_on_asks_seldom(
    client: Client, backend: Striped, model: ModelArtifact, path: Path
) -> None:
    with client.model_artifacts.open(model.id) as file:
        assert b"".join(iter(lambda: file.read(100), b"")) == path.read_bytes()
    lengths = [length for _, length in backend.requests]
    assert lengths[:5] == [2000, 8000, 20_000, 20_000, 20_000]
    assert len(lengths) == 8


def test_everything_is_asked_for_at_once(
    client: Client, backend: Striped, model: ModelArtifact, path: Path
) -> None:
    with client.model_artifacts.open(model.id) as file:
        assert file.read() == path.read_bytes()
    assert backend.requests == [(0, model.size)]


@pytest.mark.usefixtures("small_ranges")
def test_only_what_is_read_is_fetched(
    client: Client, backend: Striped, model: ModelArtifact, path: Path
) -> None:
    content = path.read_bytes()
    with client.model_artifacts.open(model.id) as file:
        assert backend.requests == []
        file.seek(50_000)
        assert file.read(10) == content[50_000:50_010]
        file.seek(50_000)
        assert file.read(10) == content[50_000:50_010]
        file.seek(90_000)
        assert file.read(5000) == content[90_000:95_000]
        file.seek(500)
        assert file.read(10) == content[500:510]
    assert backend.requests == [(50_000, 2000), (90_000, 4000), (94_000, 16_000), (500, 2000)]


@pytest.mark.usefixtures("small_ranges")
def test_a_little_is_skipped_rather_than_asked_for_again(
    client: Client, backend: Striped, model: ModelArtifact, path: Path
) -> None:
    content = path.read_bytes()
    with client.model_artifacts.open(model.id) as file:
        file.read(2500)
        for position in (4500, 6500, 8500):
            file.seek(position)
            assert file.read(10) == content[position : position + 10]
    assert backend.requests == [(0, 2000), (2000, 8000)]


def test_a_member_is_fetched_without_the_rest(
    client: Client, backend: Striped, model: ModelArtifact
) -> None:
    for name, (offset, size) in model.file_index.items():
        with client.model_artifacts.open(model.id, name) as file:
            file.read(1)
        assert backend.requests.pop() == (offset, size)


def test_an_archive_of_many_members_is_listed_in_a_few_requests(
    client: Client, backend: Striped, tmp_path: Path
) -> None:
    path = build_package(tmp_path / "many.fnnx")
    with tarfile.open(path, "a") as archive:
        for number in range(200):
            member = tarfile.TarInfo(f"member-{number}")
            member.size = 1000
            archive.addfile(member, io.BytesIO(bytes(1000)))
    model = client.model_artifacts.upload(path, "many")
    with client.model_artifacts.open(model.id) as file, tarfile.open(fileobj=file) as archive:
        assert len(archive.getnames()) == 202
    assert len(backend.requests) <= 3


@pytest.mark.parametrize(
    ("arrives", "found"),
    [(b"", "Fewer"), (b"short", "Fewer"), (bytes(PIECE + 1), "More"), (bytes(2000), "More")],
)
def test_fewer_or_more_bytes_than_there_are(
    client: Client, backend: Striped, model: ModelArtifact, arrives: bytes, found: str
) -> None:
    backend.meddle = lambda offset, piece: arrives if offset == 122_000 else piece
    with (
        client.model_artifacts.open(model.id) as file,
        pytest.raises(FileDownloadError, match=f"{found} bytes arrived .* says {model.size}"),
    ):
        file.read()


def test_a_read_after_a_broken_one_begins_again(
    client: Client, backend: Striped, model: ModelArtifact, path: Path
) -> None:
    def break_off(offset: int, piece: bytes) -> bytes:
        raise FileDownloadError("The stream broke.")

    with client.model_artifacts.open(model.id) as file:
        assert file.read(10) == path.read_bytes()[:10]
        backend.meddle = break_off
        file.seek(100_000)
        with pytest.raises(FileDownloadError, match="The stream broke"):
            file.read(10)
        backend.meddle = lambda offset, piece: piece
        file.seek(100_000)
        assert file.read(10) == path.read_bytes()[100_000:100_010]


def test_a_stream_is_closed_with_the_file_and_when_it_is_left(
    client: Client, backend: Striped, model: ModelArtifact
) -> None:
    with client.model_artifacts.open(model.id) as file:
        file.read(10)
        assert not backend.closed.acquire(blocking=False)
    assert backend.closed.acquire(blocking=False)
    file.close()


def test_a_stream_need_not_be_a_generator(
    client: Client, model: ModelArtifact, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(content: object, offset: int, length: int | None = None) -> Iterator[bytes]:
        whole = path.read_bytes()[offset:]
        return iter([whole if length is None else whole[:length]])

    monkeypatch.setattr("tests.transfers.conftest.StripedContent.read", read)
    with client.model_artifacts.open(model.id) as file:
        file.seek(1000)
        assert file.read(10) == path.read_bytes()[1000:1010]


def test_files_say_what_they_are(client: Client, model: ModelArtifact) -> None:
    with client.model_artifacts.open(model.id, "manifest.json") as file:
        assert repr(file) == f"<ModelFile 'manifest.json' of {file.size} bytes>"
        assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)


def test_a_cancelled_read_leaves_the_position_and_the_loop(backend: Striped, path: Path) -> None:
    before = threading.active_count()

    async def flow() -> None:
        async with AsyncClient(database_url=":memory:") as client:
            await client.collections.create("", "Flowers", "model")
            model = await client.model_artifacts.upload(path, "model")
            async with await client.model_artifacts.open(model.id) as file:
                assert repr(file) == f"<AsyncModelFile 'model.fnnx' of {model.size} bytes>"
                await file.seek(5)
                loop, waits = asyncio.get_running_loop(), asyncio.Event()

                def stall(offset: int, piece: bytes) -> bytes:
                    loop.call_soon_threadsafe(waits.set)
                    cancellation.sleep(LONG)
                    return piece

                backend.meddle = stall
                read = asyncio.create_task(file.read(10))
                await waits.wait()  # the loop goes on while the read stalls
                read.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await read
                backend.meddle = lambda offset, piece: piece
                assert await file.tell() == 5
                assert await file.read(10) == path.read_bytes()[5:15]

    asyncio.run(flow())
    assert threading.active_count() < before + 10
