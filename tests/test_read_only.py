"""A client that only reads, whatever backend it has."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from inspect import Parameter, isfunction, signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataforce import AsyncClient, Client, ReadOnlyError
from dataforce.backend import FileStore, Query, ReadOnlyBackend, Scope, Store, find_backend
from dataforce.config import load_settings
from dataforce.models import COLLECTION, MODEL_ARTIFACT, ORGANIZATION, REGISTRY, SignedURLs
from dataforce.overlay.layered import LayeredBackend
from tests.writes import IRIS, WRITES, Made, call, methods

State = dict[Path, tuple[int, bytes]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of a registry."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.fixture
def url(place: Path) -> str:
    return f"sqlite:///{place}/registry.db"


@pytest.fixture
def made(url: str) -> Made:
    with Client(database_url=url) as client:
        return Made.by(client)


@pytest.fixture
def client(url: str, made: Made) -> Iterator[Client]:
    with Client(database_url=url, read_only=True) as client:
        yield client


def state(place: Path) -> State:
    """When each file of a registry was written last, and what is in it."""
    files = [path for path in place.rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_the_calls_that_write_are_these() -> None:
    assert methods() == set(WRITES)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_refused_and_leaves_the_registry_as_it_was(
    name: str, place: Path, url: str, made: Made
) -> None:
    before = state(place)
    assert place / "registry.db" in before
    with (
        Client(database_url=url, read_only=True) as client,
        pytest.raises(ReadOnlyError, match=r"^Cannot .+: this client is read-only \(code\)\."),
    ):
        call(client, name, made)
    assert state(place) == before


def test_an_asynchronous_write_is_refused_too(place: Path, url: str, made: Made) -> None:
    async def flow() -> None:
        async with AsyncClient(database_url=url, read_only=True) as client:
            for name in WRITES:
                with pytest.raises(ReadOnlyError):
                    await call(client, name, made)

    before = state(place)
    asyncio.run(flow())
    assert state(place) == before


def test_reads_are_answered(client: Client, made: Made, tmp_path: Path) -> None:
    for resource in (client.organizations, client.bucket_secrets, client.orbits):
        assert [*resource.iterate()] == resource.list() != []
    assert [each.id for each in client.collections.iterate()] == [made.collection]
    assert client.model_artifacts.get("iris") == client.model_artifacts.get(made.model)
    assert client.model_artifacts.download(made.model, tmp_path).read_bytes() == IRIS.read_bytes()
    client.model_artifacts.download(made.model, taken := io.BytesIO())
    assert taken.getvalue() == IRIS.read_bytes()
    with client.model_artifacts.open(made.model) as file:
        assert file.read() == IRIS.read_bytes()
    assert client.model_artifacts.download_url(made.model).url.startswith("file:")


def test_the_refusal_names_the_object_and_the_setting(
    url: str, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFS_READ_ONLY", "yes")
    with Client(database_url=url) as client, pytest.raises(ReadOnlyError) as caught:
        client.model_artifacts.delete(made.model)
    assert caught.value.message == (
        f"Cannot delete model artifact {made.model}: this client is read-only (environment "
        f"variable DFS_READ_ONLY). Use a client without read_only to write."
    )


def test_a_file_is_refused_before_it_is_looked_at(client: Client) -> None:
    with pytest.raises(ReadOnlyError, match=r"Cannot upload no-such-file\.fnnx: "):
        client.model_artifacts.upload("no-such-file.fnnx", "iris")


class Foreign:
    """A backend of somebody else, with overlays.

    Attributes:
        is_closed: Whether it was closed.
    """

    mode = "foreign"
    family = REGISTRY

    def __init__(self) -> None:
        self.is_closed = False

    def __repr__(self) -> str:
        return "<Foreign>"

    def store(self, *_: Any) -> Any:
        """Fails a test that uses it."""
        return SimpleNamespace(page=None, get=None, open=None)

    files = service = overlay = store

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


def writes(protocol: type) -> list[tuple[str, list[None]]]:
    """The methods of a part of a backend that are not for reading, with something to give each."""
    reads = ("page", "get", "open", "download_url")
    return [
        (name, [None] * (len(_positional(method)) - 1))
        for name, method in vars(protocol).items()
        if isfunction(method) and not name.startswith("_") and name not in reads
    ]


def _positional(method: Callable[..., object]) -> list[Parameter]:
    parameters = signature(method).parameters.values()
    return [each for each in parameters if each.kind is not Parameter.KEYWORD_ONLY]


def refused() -> AbstractContextManager[object]:
    return pytest.raises(ReadOnlyError, match=r"^Cannot .+: this client is read-only \(code\)\.")


def test_what_a_backend_offers_to_write_with() -> None:
    assert [name for name, _ in writes(Store)] == ["create", "create_many", "update", "delete"]
    assert [name for name, _ in writes(FileStore)] == ["upload"]
    assert [name for name, _ in writes(SignedURLs)] == ["create", "delete_url"]


def test_no_backend_is_asked_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = Foreign()
    monkeypatch.setattr("dataforce.api._client.find_backend", lambda *_: lambda *_: foreign)
    with Client(backend_type="foreign", read_only=True) as client:
        backend = client.backend
        assert (backend.mode, repr(backend)) == ("foreign", "<ReadOnlyBackend before <Foreign>>")
        assert isinstance(foreign, LayeredBackend)
        assert not isinstance(backend, LayeredBackend)
        for kind in REGISTRY.kinds:
            parts = {Store: backend.store(kind, Scope()), FileStore: backend.files(kind, Scope())}
            for protocol, part in (parts | {SignedURLs: backend.service(SignedURLs)}).items():
                for method, arguments in writes(protocol):
                    with refused():
                        getattr(part, method)(*arguments)
    assert foreign.is_closed


def test_another_timeout_does_not_let_it_write(client: Client, made: Made) -> None:
    patient = client.with_options(timeout=60)
    assert patient.collections.get(made.collection) is not None
    with refused():
        patient.collections.delete(made.collection)


def test_a_client_that_writes_has_the_backend_itself(url: str) -> None:
    with Client(database_url=url, read_only=False) as client:
        assert not isinstance(client.backend, ReadOnlyBackend)


def test_a_backend_can_be_wrapped_by_hand(url: str, made: Made) -> None:
    local = find_backend("local")(load_settings({"database_url": url}), REGISTRY)
    with closing(ReadOnlyBackend(local)) as backend:
        [organization] = backend.store(ORGANIZATION, Scope()).page(Query()).items
        scope = Scope((organization.id, made.orbit))
        assert backend.store(COLLECTION, scope).get(made.collection).name == "Flowers"
        inside = scope.child(made.collection)
        record = backend.store(MODEL_ARTIFACT, inside).get(made.model)
        content = backend.files(MODEL_ARTIFACT, inside).open(record, "file")
        assert b"".join(content.read()) == IRIS.read_bytes()
        with pytest.raises(ReadOnlyError, match=r"^Cannot delete .+: this client is read-only\."):
            backend.store(COLLECTION, scope).delete(made.collection)
