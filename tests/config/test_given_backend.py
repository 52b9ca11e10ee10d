"""A client of a backend that is open already, and views of a client with other settings."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dataforce import AsyncClient, Client, ConfigurationError, NotOfferedError, ReadOnlyError
from dataforce.backend import Family, MemoryBackend
from dataforce.models import ORGANIZATION, REGISTRY


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend(REGISTRY)


def test_a_given_backend_is_used_and_stays_open(backend: MemoryBackend) -> None:
    with Client(backend=backend) as client:
        client.collections.create("", "Flowers", "model")
    with Client(backend=backend) as another:
        assert another.backend is backend
        assert [each.name for each in another.collections.list()] == ["Flowers"]
        assert "backend_type='memory'" in repr(another)


def test_an_asynchronous_client_takes_one_as_well(backend: MemoryBackend) -> None:
    async def main() -> list[str]:
        async with AsyncClient(backend=backend) as client:
            await client.collections.create("", "Flowers", "model")
            view = client.with_options(progress=False)
            return [each.name for each in await view.collections.list()]

    assert asyncio.run(main()) == ["Flowers"]


@pytest.mark.parametrize(
    "given", [{"backend_type": "local"}, {"base_url": "https://a.example"}, {"timeout": 5}]
)
def test_what_opens_a_backend_is_refused_beside_one(
    backend: MemoryBackend, given: dict[str, Any]
) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"^The backend 'memory' is open .* {next(iter(given))}"
    ):
        Client(backend=backend, **given)


def test_the_environment_does_not_choose_another_backend(
    backend: MemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFS_BACKEND_TYPE", "remote")
    assert Client(backend=backend).orbits.list()


def test_a_backend_of_another_family_is_refused() -> None:
    other = MemoryBackend(Family("organizations", (ORGANIZATION,)))
    with pytest.raises(NotOfferedError, match="keeps the organizations, not the registry"):
        Client(backend=other).orbits.list()


def test_a_view_shares_the_defaults_and_the_backend(backend: MemoryBackend) -> None:
    client = Client(backend=backend)
    view = client.with_options(progress=False)
    assert (view.settings.progress, client.settings.progress) == (False, True)
    assert type(view) is Client
    view.collection = client.collections.create("", "Flowers", "model")
    assert client.collection == view.collection
    view.close()
    assert client.collections.list()


def test_a_read_only_view_does_not_write_and_stays_so(backend: MemoryBackend) -> None:
    client = Client(backend=backend)
    view = client.with_options(read_only=True)
    for each in (view, view.with_options(read_only=False)):
        with pytest.raises(ReadOnlyError, match=r"this client is read-only \(code\)"):
            each.collections.create("", "Flowers", "model")
    assert client.collections.create("", "Flowers", "model").name == "Flowers"


def test_a_wrong_value_is_refused_at_once(backend: MemoryBackend) -> None:
    with pytest.raises(ConfigurationError, match=r"timeout \(code\): expected a number of seconds"):
        Client(backend=backend).with_options(timeout=0)


def test_a_backend_without_timeouts_says_so(backend: MemoryBackend) -> None:
    with pytest.raises(NotOfferedError, match="The backend 'memory' takes no other timeout"):
        Client(backend=backend).with_options(timeout=5).orbits.list()
