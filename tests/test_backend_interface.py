from __future__ import annotations

import asyncio
import gc
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dataforce import (
    AsyncClient,
    AsyncDataForceClient,
    AuthenticationError,
    Client,
    ConfigurationError,
    DataForceClient,
    FileDownloadError,
    FileError,
    NotFoundError,
    OrbitResourceNotFoundError,
    UnprocessableEntityError,
)
from dataforce._collector import collector_paused
from dataforce.api._workers import Workers
from dataforce.backend import Scope, available_backends, find_backend
from dataforce.config import Settings
from dataforce.models import ORGANIZATION, REGISTRY, OrganizationCreate

NOWHERE = "0199c455-21ee-74c6-b747-19a82f1a1e75"


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(database_url=":memory:") as opened:
        yield opened


def test_backends_are_found_by_name() -> None:
    assert "local" in available_backends()
    assert find_backend("local").__name__ == "open_backend"


def test_a_backend_that_is_not_there_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(backend_type="nowhere")
    assert caught.value.message == (
        "The backend 'nowhere' (backend_type from code) is not installed. Choose one of those that "
        "are (hybrid, local, remote), or install the package that provides it."
    )


def test_a_backend_that_is_not_there_tells_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DFS_BACKEND_TYPE", "remtoe")
    with pytest.raises(
        ConfigurationError,
        match=r"'remtoe' \(backend_type from environment variable DFS_BACKEND_TYPE\) is not "
        r"installed; did you mean remote\? Choose",
    ):
        Client()


def test_a_backend_that_is_not_there_tells_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[clients.a]\nbackend_type = "remtoe"')
    with pytest.raises(ConfigurationError) as caught:
        AsyncClient(client_name="a", configuration_file=file)
    assert f"(backend_type from clients.a.backend_type in {file}) is" in caught.value.message


def test_a_backend_is_looked_for_without_settings() -> None:
    with pytest.raises(ConfigurationError, match="The backend 'nowhere' is not installed"):
        find_backend("nowhere")


@pytest.mark.parametrize("client_class", [DataForceClient, AsyncDataForceClient])
@pytest.mark.parametrize("backend_type", [None, "remote", "hybrid"])
def test_a_client_of_the_platform_needs_a_key_at_once(
    client_class: Callable[..., object], backend_type: str | None
) -> None:
    with pytest.raises(AuthenticationError, match=r"Set api_key.*DFS_API_KEY") as caught:
        client_class("https://models.example", backend_type=backend_type)
    assert caught.value.status_code == 401


def test_an_offline_client_needs_no_key() -> None:
    with Client(backend_type="hybrid", offline=True) as client:
        assert client.backend.mode == "hybrid"


def test_a_backend_is_not_opened_without_a_key_either() -> None:
    with pytest.raises(AuthenticationError, match="DFS_API_KEY"):
        find_backend("remote")(Settings(), REGISTRY)


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "\n", "", " "])
def test_a_name_that_nothing_can_have_finds_nothing(client: Client, name: str) -> None:
    assert client.collections.get(name) is None


def test_what_is_no_text_is_no_name(client: Client) -> None:
    with pytest.raises(UnprocessableEntityError, match="give its id"):
        client.collections.get(5)  # type: ignore[arg-type]  # users of notebooks have no checker


def test_defaults_below_an_undecided_organization_say_so(client: Client) -> None:
    values = OrganizationCreate(name="Second")
    client.backend.store(ORGANIZATION, Scope()).create(values)
    assert client.organization is None
    with pytest.raises(ConfigurationError, match=r"No default organization is set.*Second"):
        client.orbits.update(name="Renamed")
    client.orbit = "Default Orbit"
    with pytest.raises(ConfigurationError, match=r"'Default Orbit' \(code\) needs a default org"):
        _ = client.orbit
    client.organization = "Second"
    with pytest.raises(OrbitResourceNotFoundError, match="does not exist in organization"):
        _ = client.orbit
    client.organization = client.organizations.list()[0].id
    assert client.orbit == client.orbits.list()[0].id, "the wrong choice was for the other one"


def test_a_name_is_not_looked_up_under_another_parent(client: Client) -> None:
    secret = client.bucket_secrets.list()[0]
    other = client.orbits.create("Other", secret.id)
    client.orbit = "Default Orbit"
    mine = client.collections.create("", "Churn", "model")
    client.orbit = other.id
    client.collections.create("", "Churn", "model")
    client.orbit = "Default Orbit"
    client.collection = "Churn"
    client.orbit = other.id
    assert client.collection != mine.id
    client.orbit = "Default Orbit"
    client.collection = mine.id
    client.orbit = client.orbits.get("Default Orbit").id  # type: ignore[union-attr]  # it is there
    assert client.collection == mine.id, "what belongs to the new parent too is kept"


@pytest.mark.parametrize("value", [5, b"bytes", ["list"]])
def test_a_default_is_text(client: Client, value: object) -> None:
    with pytest.raises(UnprocessableEntityError, match="give its id"):
        client.organization = value  # type: ignore[assignment]  # that is the point


def test_a_default_that_somebody_else_deleted_is_none(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/registry.db"
    with Client(database_url=place) as mine, Client(database_url=place) as theirs:
        made = mine.collections.create("", "Churn", "model")
        assert mine.collection == made.id
        theirs.collections.delete(made.id)
        assert mine.collections.get() is None


def test_a_set_up_that_fails_leaves_the_defaults_as_they_were() -> None:
    async def flow() -> None:
        async with AsyncClient(database_url=":memory:") as client:
            await client.setup_config(orbit="Default Orbit")
            before = client.orbit
            with pytest.raises(OrbitResourceNotFoundError):
                await client.setup_config(orbit="nowhere")
            assert client.orbit == before

    asyncio.run(flow())


def test_a_page_has_a_whole_number_of_things(client: Client) -> None:
    for size in ("10", 1.5, True, 0, 1001):
        with pytest.raises(UnprocessableEntityError, match="page_size takes 1 to 1000"):
            list(client.orbits.iterate(page_size=size))  # type: ignore[arg-type]  # the point


def test_what_is_no_path_is_no_file(client: Client) -> None:
    client.collections.create("", "Churn", "model")
    with pytest.raises(UnprocessableEntityError, match="not the path of a file"):
        client.model_artifacts.upload(None, "iris")
    with pytest.raises(UnprocessableEntityError, match="give its id"):
        client.model_artifacts.get(None)  # type: ignore[arg-type]  # the point
    with pytest.raises(FileError, match="cannot be opened"):
        client.model_artifacts.upload(f"{'x' * 300}.fnnx", "iris")


def test_a_collection_that_is_not_there_is_known_before_the_file_is_read(client: Client) -> None:
    with pytest.raises(NotFoundError, match=r"Collection .* does not exist in orbit"):
        client.model_artifacts.upload("no-such-file.fnnx", "iris", collection_id=NOWHERE)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder nobody can write: /proc")
def test_a_target_that_cannot_be_written_is_explained(client: Client) -> None:
    client.collections.create("", "Models", "model")
    iris = Path(__file__).parent / "data" / "iris.fnnx"
    model = client.model_artifacts.upload(iris, "iris")
    with pytest.raises(FileDownloadError, match="could not be written"):
        client.model_artifacts.download(model.id, "/proc")


def test_a_task_that_is_cancelled_twice_still_waits_for_its_call() -> None:
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        began.set()
        may_end.wait()
        ended.set()

    async def flow() -> None:
        workers = Workers()
        task = asyncio.create_task(workers.run(call))
        await asyncio.to_thread(began.wait)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()
        await workers.close(lambda: None)

    asyncio.run(flow())


def test_a_closed_client_says_so(client: Client) -> None:
    client.orbits.list()
    client.close()
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        client.orbits.list()


def test_a_client_that_was_never_used_can_be_closed() -> None:
    Client(database_url=":memory:").close()


def test_clients_and_resources_tell_what_they_are(client: Client) -> None:
    assert repr(client) == "Client(backend_type='local')"
    orbit = client.orbit
    assert f"orbit='{orbit}'" in repr(client)
    assert repr(client.orbits) == "<OrbitResource of the local backend>"
    assert client.settings.database_url is not None
    assert client.backend.mode == "local"


def test_a_client_stays_in_its_process(client: Client) -> None:
    with pytest.raises(TypeError, match="Make one in each process"):
        pickle.dumps(client)


def test_threads_open_one_backend(tmp_path: Path) -> None:
    with Client(database_url=f"sqlite:///{tmp_path}/registry.db") as client:
        seen: list[object] = []
        threads = [threading.Thread(target=lambda: seen.append(client.backend)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seen) == 16
    assert len({id(backend) for backend in seen}) == 1


def test_the_collector_runs_again_after_the_last_pause() -> None:
    assert gc.isenabled()
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_program_without_the_collector_stays_without() -> None:
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
