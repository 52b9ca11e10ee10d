"""Progress of transfers, as their callback is told."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, Collection, ModelArtifact, UnprocessableEntityError
from dataforce.testing.plugin import PackageFactory
from dataforce.testing.suite._support import content_of, not_failed

CONTENT = bytes(range(256)) * 10_000


class Listener:
    """A callback that notes what it is told, and whether two threads told it at a time."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self.was_interrupted = False
        self._callers = 0

    def __call__(self, done: int, size: int) -> None:
        """Take note."""
        self._callers += 1
        self.was_interrupted |= self._callers > 1
        self.told.append((done, size))
        self._callers -= 1


class StopError(Exception):
    """The user has seen enough."""


def stop(done: int, size: int) -> None:
    """A callback that ends the transfer."""
    raise StopError(done, size)


@pytest.fixture
def moved_path(package: PackageFactory) -> Path:
    """A package of several chunks."""
    return package("iris.fnnx", content=CONTENT)


@pytest.fixture
def moved_model(client: Client, collection: Collection, moved_path: Path) -> ModelArtifact:
    """The model artifact of that package."""
    return client.model_artifacts.upload(moved_path, "iris")


def see_complete(listener: Listener, size: int) -> None:
    """See that a callback was told of every byte."""
    assert listener.told[-1] == (size, size)
    assert {total for _, total in listener.told} == {size}
    assert all(0 <= done <= size for done, _ in listener.told)
    assert not listener.was_interrupted


def test_an_upload_tells_how_far_it_is(
    client: Client, collection: Collection, moved_path: Path
) -> None:
    """Until all of it is there."""
    listener = Listener()
    model = client.model_artifacts.upload(moved_path, "iris", progress=listener)
    see_complete(listener, model.size)


def test_a_download_tells_how_far_it_is(
    client: Client, moved_model: ModelArtifact, tmp_path: Path
) -> None:
    """Wherever the bytes go."""
    listener = Listener()
    client.model_artifacts.download(moved_model.id, tmp_path / "copy.fnnx", progress=listener)
    see_complete(listener, moved_model.size)
    with (tmp_path / "open.fnnx").open("wb") as file:
        listener = Listener()
        client.model_artifacts.download(moved_model.id, file, progress=listener)
        see_complete(listener, moved_model.size)


def test_what_cannot_be_called_is_no_callback(
    client: Client, moved_model: ModelArtifact, moved_path: Path, tmp_path: Path
) -> None:
    """Nothing is moved, and a sentence says what is wanted."""
    wrong: Any = True  # as for other libraries' bars
    for call in (
        lambda: client.model_artifacts.upload(moved_path, "second", progress=wrong),
        lambda: client.model_artifacts.download(moved_model.id, tmp_path / "x", progress=wrong),
        lambda: client.model_artifacts.download(moved_model.id, BytesIO(), progress=wrong),
    ):
        with pytest.raises(UnprocessableEntityError, match="progress takes a function of two"):
            call()
    assert client.model_artifacts.list() == [moved_model]
    assert not (tmp_path / "x").exists()


def test_a_callback_ends_an_upload(
    client: Client, collection: Collection, moved_path: Path
) -> None:
    """Its error comes out; nothing is stored."""
    with pytest.raises(StopError) as caught:
        client.model_artifacts.upload(moved_path, "iris", progress=stop)
    assert caught.value.args[1] == moved_path.stat().st_size
    assert not_failed(client.model_artifacts.list()) == []
    assert client.model_artifacts.upload(moved_path, "iris").size == moved_path.stat().st_size


def test_a_callback_ends_a_download(
    client: Client, moved_model: ModelArtifact, tmp_path: Path
) -> None:
    """Its error comes out; the old file stays."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "iris.fnnx").write_bytes(b"old")
    with pytest.raises(StopError) as caught:
        client.model_artifacts.download(moved_model.id, folder, progress=stop)
    assert caught.value.args[1] == moved_model.size
    assert content_of(folder) == {"iris.fnnx": b"old"}
