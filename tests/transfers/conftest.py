"""A third-party backend whose content comes in several streams, as somebody else wants it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, FileUploadError, ModelArtifact
from dataforce.backend import Advance, Family, Scope, find_backend
from dataforce.testing.packages import build_package

PIECE = 1000
"""In bytes: what a stream gives at a time."""

Meddle = Callable[[int, bytes], bytes]


class Striped:
    """The local backend; what it gives out is in the hands of a test.

    Attributes:
        streams: How many reads it says are worth while.
        requests: Offset and length of every read.
        meddle: Is given the offset and the bytes of each piece, and gives what arrives of it.
        take_back: How many bytes an upload moves again.
        swallows: Whether an upload tells again what nobody wanted to hear, and then fails itself.
        advance: What the last upload was given.
    """

    mode = "striped"

    def __init__(self) -> None:
        self.streams = 4
        self.requests: list[tuple[int, int | None]] = []
        self.meddle: Meddle = lambda offset, piece: piece
        self.take_back = 0
        self.swallows = False
        self.advance: Advance = lambda count: None
        self.closed = threading.Semaphore(0)

    def open(self, settings: Any, family: Family) -> Striped:
        """The function that an entry point would name."""
        self.family = family
        self.local = find_backend("local")(settings, family)
        return self

    def store(self, kind: Any, scope: Scope) -> Any:
        return self.local.store(kind, scope)

    def files(self, kind: Any, scope: Scope) -> StripedFiles:
        return StripedFiles(self, self.local.files(kind, scope))

    def service(self, protocol: type[Any]) -> Any:
        return self.local.service(protocol)

    def close(self) -> None:
        self.local.close()


class StripedFiles:
    """The files of that backend."""

    def __init__(self, backend: Striped, local: Any) -> None:
        self.backend = backend
        self.local = local

    def advance(self, count: int) -> None:
        try:
            self.backend.advance(count)
        except Exception:
            if self.backend.swallows:
                with suppress(Exception):
                    self.backend.advance(count)
                raise FileUploadError("Something went wrong.") from None
            raise

    def upload(self, values: Any, sources: Any, advance: Advance, **more: Any) -> ModelArtifact:
        self.backend.advance = advance
        if self.backend.take_back:
            advance(self.backend.take_back)
            advance(-self.backend.take_back)
        uploaded: ModelArtifact = self.local.upload(values, sources, self.advance, **more)
        return uploaded

    def open(self, record: ModelArtifact, name: str) -> StripedContent:
        return StripedContent(self.backend, self.local.open(record, name))


class StripedContent:
    """The bytes of one model."""

    def __init__(self, backend: Striped, local: Any) -> None:
        self.streams = backend.streams
        self.backend = backend
        self.local = local

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        content = b"".join(self.local.read(offset, length))
        self.backend.requests.append((offset, length))
        return self._pieces(offset, content)

    def _pieces(self, offset: int, content: bytes) -> Iterator[bytes]:
        try:
            for start in range(0, len(content), PIECE):
                yield self.backend.meddle(offset + start, content[start : start + PIECE])
        finally:
            self.backend.closed.release()


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Striped:
    """The backend of every client of the test."""
    striped = Striped()
    monkeypatch.setattr("dataforce.api._client.find_backend", lambda *_: striped.open)
    return striped


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any file is fetched in several streams, in ranges of ten pieces."""
    monkeypatch.setattr("dataforce.transfer.verified.LARGE", 0)
    monkeypatch.setattr("dataforce.transfer.parallel_fetch.RANGE", 10 * PIECE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A package of 122,880 bytes."""
    return build_package(tmp_path / "model.fnnx", content=bytes(range(241)) * 480)


@pytest.fixture
def client(backend: Striped) -> Iterator[Client]:
    """A client of that backend."""
    with Client(database_url=":memory:") as client:
        client.collections.create("", "Flowers", "model")
        yield client


@pytest.fixture
def model(client: Client, path: Path) -> ModelArtifact:
    """The model artifact of the package."""
    return client.model_artifacts.upload(path, "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where downloads go; there is an old file."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "model.fnnx").write_bytes(b"old")
    return folder
