"""Transfers awaited: model files in and out, cancelled or not."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import threading
from pathlib import Path

import pytest

from dataforce import AsyncClient, FileError, ModelArtifactStatus, NotFoundError
from dataforce.testing import links
from dataforce.testing.packages import MANIFEST
from dataforce.testing.plugin import Asynchronously, PackageFactory
from dataforce.testing.suite._support import content_of, ids, not_failed

LARGE = 32 * 1024 * 1024
"""More than any machine takes in before the client can say stop."""
AT_ONCE = 0.01
"""In seconds; long enough for the first chunks, not for all of them."""


def test_models_awaited(
    asynchronously: Asynchronously, package: PackageFactory, tmp_path: Path
) -> None:
    """Uploaded, got, listed, iterated, changed, downloaded, deleted."""
    path = package("iris.fnnx", metrics={"accuracy": 0.5})

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        model = await client.model_artifacts.upload(path, "iris", tags=["a"])
        assert (model.status, model.metrics) == (ModelArtifactStatus.UPLOADED, {"accuracy": 0.5})
        assert await client.model_artifacts.get("iris") == model
        assert await client.model_artifacts.list() == [model]
        assert [each async for each in client.model_artifacts.iterate()] == [model]
        written = await client.model_artifacts.download(model.id, tmp_path)
        assert written == tmp_path / "iris.fnnx"
        assert written.read_bytes() == path.read_bytes()
        renamed = await client.model_artifacts.update(model.id, model_name="setosa")
        assert renamed.model_name == "setosa"
        await client.model_artifacts.delete(model.id)
        assert await client.model_artifacts.list() == []

    asynchronously(flow)


@pytest.mark.usefixtures("signed_urls")
def test_bytes_moved_by_hand_awaited(asynchronously: Asynchronously) -> None:
    """Brought, read, deleted."""
    digest = hashlib.sha256(b"model").hexdigest()

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        resource = client.model_artifacts
        created = await resource.create("a.fnnx", {}, MANIFEST, digest, {}, 5, "model")
        await asyncio.to_thread(links.put, created.url.parts[0].url, b"model")
        await resource.update(created.model.id, status="uploaded")
        signed = await resource.download_url(created.model.id)
        assert await asyncio.to_thread(links.get, signed.url) == b"model"
        signed = await resource.delete_url(created.model.id)
        await asyncio.to_thread(links.delete, signed.url)
        await resource.delete(created.model.id)
        assert await resource.list() == []

    asynchronously(flow)


def test_transfers_run_side_by_side(
    asynchronously: Asynchronously, package: PackageFactory, tmp_path: Path
) -> None:
    """Many uploads, then many downloads."""
    paths = [package(f"{number}.fnnx", content=b"%d" % number) for number in range(8)]

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        upload, download = client.model_artifacts.upload, client.model_artifacts.download
        models = await asyncio.gather(*(upload(path, path.stem) for path in paths))
        written = await asyncio.gather(*(download(model.id, tmp_path) for model in models))
        assert [path.read_bytes() for path in written] == [path.read_bytes() for path in paths]

    asynchronously(flow)


def test_the_loop_goes_on_during_an_upload(
    asynchronously: Asynchronously, package: PackageFactory
) -> None:
    """Whoever else runs in it gets their turn."""
    path = package(content=bytes(LARGE // 2))

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        upload = asyncio.create_task(client.model_artifacts.upload(path, "large"))
        turns = 0
        while not upload.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 20
        assert (await upload).size == path.stat().st_size

    asynchronously(flow)


def test_a_cancelled_upload_leaves_nothing(
    asynchronously: Asynchronously, package: PackageFactory
) -> None:
    """No record; and the same file can be uploaded afterwards."""
    path = package(content=bytes(LARGE))

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.model_artifacts.upload(path, "large"), AT_ONCE)
        assert not_failed(await client.model_artifacts.list()) == []
        model = await client.model_artifacts.upload(path, "large")
        assert not_failed(await client.model_artifacts.list()) == [model]

    asynchronously(flow)


def test_a_cancelled_upload_hinders_no_other(
    asynchronously: Asynchronously, package: PackageFactory
) -> None:
    """It is one of several."""
    large, small = package("large.fnnx", content=bytes(LARGE)), package("small.fnnx")

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        cancelled = asyncio.create_task(client.model_artifacts.upload(large, "large"))
        others = [
            asyncio.create_task(client.model_artifacts.upload(small, str(number)))
            for number in range(4)
        ]
        await asyncio.sleep(0)
        cancelled.cancel()
        models = await asyncio.gather(*others)
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        kept = not_failed(await client.model_artifacts.list())
        assert sorted(ids(kept)) == sorted(ids(models))

    asynchronously(flow)


def test_a_cancelled_download_leaves_the_old_file(
    asynchronously: Asynchronously, package: PackageFactory, tmp_path: Path
) -> None:
    """And nothing beside it."""
    path = package("large.fnnx", content=bytes(LARGE))
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "large.fnnx").write_bytes(b"old")

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        model = await client.model_artifacts.upload(path, "large")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.model_artifacts.download(model.id, folder), AT_ONCE)
        assert content_of(folder) == {"large.fnnx": b"old"}

    asynchronously(flow)


def test_a_failed_upload_is_told_when_awaited(
    asynchronously: Asynchronously, tmp_path: Path
) -> None:
    """With the error of the synchronous one."""

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        with pytest.raises(FileError, match=r"missing\.fnnx"):
            await client.model_artifacts.upload(tmp_path / "missing.fnnx", "iris")
        assert await client.model_artifacts.list() == []

    asynchronously(flow)


def test_a_model_is_opened_and_read_awaited(
    asynchronously: Asynchronously, package: PackageFactory
) -> None:
    """The whole of it, and a member; several at a time."""
    path = package("iris.fnnx", content=bytes(range(256)) * 10_000)
    content = path.read_bytes()

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        model = await client.model_artifacts.upload(path, "iris")
        async with await client.model_artifacts.open(model.id) as file:
            assert (file.name, file.size) == ("iris.fnnx", len(content))
            assert await file.read(1000) == content[:1000]
            assert await file.seek(-5, io.SEEK_END) == len(content) - 5
            assert await file.read() == content[-5:]
            assert await file.tell() == len(content)
        with pytest.raises(ValueError, match="closed"):
            await file.read()
        async with await client.model_artifacts.open(model.id, "manifest.json") as file:
            assert json.loads(await file.read()) == MANIFEST
        with pytest.raises(NotFoundError, match=r"manifest\.json"):
            await client.model_artifacts.open(model.id, "manifest")
        files = await asyncio.gather(*(client.model_artifacts.open(model.id) for _ in range(4)))
        assert await asyncio.gather(*(file.read() for file in files)) == [content] * 4
        for file in files:
            await file.close()

    asynchronously(flow)


def test_a_download_that_is_cancelled_on_its_way_leaves_the_old_file(
    asynchronously: Asynchronously, package: PackageFactory, tmp_path: Path
) -> None:
    """It stops, and nothing is told of it any more."""
    path = package("iris.fnnx", content=bytes(range(256)) * 40_000)
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "iris.fnnx").write_bytes(b"old")

    async def flow(client: AsyncClient) -> None:
        await client.collections.create("", "Flowers", "model")
        model = await client.model_artifacts.upload(path, "iris")
        loop, cancelled, told = asyncio.get_running_loop(), threading.Event(), list[int]()

        async def cancel() -> None:
            download.cancel()
            for _ in range(10):  # turns of the loop, in one of which the task hears of it
                await asyncio.sleep(0)
            cancelled.set()

        def progress(done: int, size: int) -> None:
            told.append(done)
            asyncio.run_coroutine_threadsafe(cancel(), loop)
            assert cancelled.wait(60)

        download = asyncio.create_task(
            client.model_artifacts.download(model.id, folder, progress=progress)
        )
        with pytest.raises(asyncio.CancelledError):
            await download
        # One more at most: what another stream had fetched by then.
        assert len(told) < 5
        assert told[-1] < model.size
        assert content_of(folder) == {"iris.fnnx": b"old"}

    asynchronously(flow)
