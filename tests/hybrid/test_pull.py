"""What was pulled is there without a network, and nothing else is."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataforce import AsyncClient, Client, Collection, ModelArtifact, NotFoundError
from dataforce.backend import Query
from dataforce.errors import OfflineError, OfflineWarning
from dataforce.models import MODEL_ARTIFACT
from tests.hybrid.reading import Production, names, registered
from tests.hybrid.reading import any_production as any_production
from tests.hybrid.reading import production as production
from tests.server.serving import KEY


@pytest.fixture(autouse=True)
def _offline_is_meant() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OfflineWarning)
        yield


def filled(production: Production, name: str = "Models") -> Collection:
    """A collection of a model with bytes and one without."""
    collection = production.behind.collections.create("", name, "model")
    production.behind.model_artifacts.upload(
        production.package(), "whole", collection_id=collection.id
    )
    registered(production.behind, collection, "waiting")
    return collection


def content(client: Client, collection: Collection, name: str = "whole") -> bytes:
    return opened(client, model(client, collection, name))


def opened(client: Client, found: ModelArtifact) -> bytes:
    with client.model_artifacts.open(found.id, collection_id=found.collection_id) as file:
        return file.read()


def model(client: Client, collection: Collection, name: str) -> ModelArtifact:
    found = client.model_artifacts.get(name, collection_id=collection.id)
    assert found is not None
    return found


def listed(client: Client, collection: Collection) -> list[str | None]:
    return names(client.model_artifacts.list(collection_id=collection.id))


def test_an_orbit_is_read_and_written_offline(any_production: Production) -> None:
    collection = filled(any_production)
    filled(any_production, "Other")
    report = any_production.hybrid().overlay.pull(orbit=any_production.behind.orbit, content=True)
    assert report.records["collection"] == 2
    assert report.records["model artifact"] == 4
    assert (report.files, report.bytes) == (1, any_production.package().stat().st_size)
    any_production.stop()
    client = any_production.offline()
    assert names(client.collections.list()) == ["Models", "Other"]
    assert listed(client, collection) == ["whole", "waiting"]
    assert content(client, collection) == any_production.package().read_bytes()
    found = client.collections.get("Models")
    assert found is not None
    assert found.total_models == 2
    assert client.collections.get("nothing") is None
    assert client.overlay.status().is_offline

    mine = client.collections.create("", "mine", "model")
    client.model_artifacts.upload(any_production.package(), "mine", collection_id=mine.id)
    client.collections.update(collection_id=collection.id, name="renamed")
    whole = client.model_artifacts.get("whole", collection_id=collection.id)
    assert whole is not None
    client.model_artifacts.delete(whole.id, collection_id=collection.id)
    assert listed(client, collection) == ["waiting"]
    assert names(client.collections.list()) == ["renamed", "Other", "mine"]
    assert {change.action.value for change in client.overlay.diff()} == {
        "created",
        "changed",
        "deleted",
    }
    for call in (client.overlay.push, client.overlay.pull):
        with pytest.raises(OfflineError):
            call()


def test_what_was_not_pulled_is_an_error(production: Production, tmp_path: Path) -> None:
    collection, other = filled(production), filled(production, "Other")
    production.hybrid().overlay.pull(collection=collection.id)
    production.stop()
    client = production.offline()
    assert listed(client, collection) == ["whole", "waiting"]
    with pytest.raises(OfflineError, match=other.id):
        listed(client, other)
    with pytest.raises(OfflineError, match="ago"):
        client.collections.get(other.id)
    with pytest.raises(OfflineError):
        client.collections.get("Other")
    with pytest.raises(OfflineError):
        content(client, collection)
    whole = model(client, collection, "whole")
    with pytest.raises(OfflineError, match=whole.id):
        client.model_artifacts.download(
            whole.id, tmp_path / "whole.fnnx", collection_id=collection.id
        )
    assert not (tmp_path / "whole.fnnx").exists()


def test_some_model_artifacts_are_pulled_by_name_or_number(production: Production) -> None:
    collection = filled(production)
    client = production.hybrid()
    report = client.overlay.pull(collection=collection.id, name="whole", content=True)
    assert (report.records["model artifact"], report.files) == (1, 1)
    report = client.overlay.pull(collection=collection.id, limit=1, order="desc")
    assert (report.records["model artifact"], report.files) == (1, 0)
    production.stop()
    offline = production.offline()
    assert content(offline, collection) == production.package().read_bytes()
    found = offline.model_artifacts.get("waiting", collection_id=collection.id)
    assert found is not None
    with pytest.raises(OfflineError):
        offline.model_artifacts.get("unknown", collection_id=collection.id)


def test_what_was_made_offline_is_found_by_its_name(production: Production) -> None:
    collection = filled(production)
    production.hybrid().overlay.pull(collection=collection.id, name="whole")
    production.stop()
    offline = production.offline()
    made = offline.collections.create("", "Made offline", "model")
    assert offline.collections.get("Made offline") == made
    found = model(offline, collection, "whole")
    offline.model_artifacts.update(
        found.id, model_name="renamed offline", collection_id=collection.id
    )
    assert model(offline, collection, "renamed offline").id == found.id
    with pytest.raises(OfflineError):
        offline.collections.get("Made by nobody")


def test_a_list_of_which_a_part_was_pulled_says_so(production: Production) -> None:
    collection = filled(production)
    client = production.hybrid()
    client.overlay.pull(collection=collection.id, limit=1)
    offline = production.offline(collection=collection.id)
    with pytest.warns(OfflineWarning, match=f"model artifacts of collection {collection.id}"):
        assert names(offline.model_artifacts.list()) == ["whole"]
    with pytest.warns(OfflineWarning, match="only those that were pulled"):
        assert names([*offline.collections.iterate()]) == ["Models"]
    client.overlay.pull(collection=collection.id)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert names(offline.model_artifacts.list()) == ["whole", "waiting"]


async def lists_asynchronously(production: Production, collection: Collection) -> None:
    async with AsyncClient(
        production.url, backend_type="hybrid", offline=True, collection=collection.id
    ) as offline:
        made = await offline.collections.create("", "Made offline", "model")
        assert await offline.collections.get("Made offline") == made
        with pytest.warns(OfflineWarning, match="only those that were pulled"):
            await offline.model_artifacts.list()


def test_the_asynchronous_client_says_so_too(production: Production) -> None:
    collection = filled(production)
    production.hybrid().overlay.pull(collection=collection.id, limit=1)
    production.stop()
    asyncio.run(lists_asynchronously(production, collection))


def test_pulling_again_replaces(production: Production) -> None:
    collection, other = filled(production), filled(production, "Other")
    client = production.hybrid()
    client.overlay.pull(orbit=production.behind.orbit)
    model = production.behind.model_artifacts.list(collection_id=collection.id)[1]
    production.behind.model_artifacts.delete(model.id, collection_id=collection.id)
    production.behind.collections.delete(other.id)
    client.overlay.pull(orbit=production.behind.orbit)
    production.stop()
    offline = production.offline()
    assert names(offline.collections.list()) == ["Models"]
    assert listed(offline, collection) == ["whole"]
    with pytest.raises(NotFoundError):
        listed(offline, other)


def test_what_is_different_here_is_no_part_of_what_is_pulled(production: Production) -> None:
    collection = filled(production)
    client = production.hybrid()
    registered(client, collection, "mine")
    client.collections.update(collection_id=collection.id, name="renamed")
    client.overlay.pull(collection=collection.id)
    production.stop()
    offline = production.offline()
    assert listed(offline, collection) == ["whole", "waiting", "mine"]
    offline.overlay.reset()
    assert listed(offline, collection) == ["whole", "waiting"]
    found = offline.collections.get(collection.id)
    assert found is not None
    assert found.name == "Models"


def test_the_age_is_told(production: Production) -> None:
    collection = filled(production)
    production.hybrid().overlay.pull(collection=collection.id)
    with pytest.warns(OfflineWarning, match="ago"):
        production.offline().collections.list()


def test_an_offline_client_without_anything_pulled_says_so(production: Production) -> None:
    with pytest.raises(OfflineError, match="pull"):
        production.offline().collections.list()


def test_pulled_content_stays_when_room_is_made(production: Production, tmp_path: Path) -> None:
    collection = filled(production)
    client = production.hybrid(cache_size=production.package().stat().st_size)
    client.overlay.pull(collection=collection.id, content=True)
    other = production.behind.model_artifacts.upload(
        production.package(seed=1), "second", collection_id=collection.id
    )
    client.model_artifacts.download(other.id, tmp_path / "second.fnnx", collection_id=collection.id)
    production.stop()
    offline = production.offline()
    assert content(offline, collection) == production.package().read_bytes()


def test_pulled_content_stays_without_a_cache(production: Production) -> None:
    collection = filled(production)
    production.hybrid(cache_size=0).overlay.pull(collection=collection.id, content=True)
    production.stop()
    assert content(production.offline(cache_size=0), collection)


def test_a_pull_that_is_interrupted_leaves_no_shorter_list(production: Production) -> None:
    collection = filled(production)
    client = production.hybrid()
    client.overlay.pull(collection=collection.id)
    registered(production.behind, collection, "third")

    def give_up(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        client.overlay.pull(collection=collection.id, content=True, progress=give_up)
    offline = production.offline()
    assert listed(offline, collection) == ["whole", "waiting"]  # as it was pulled before
    client.overlay.pull(collection=collection.id)
    assert listed(offline, collection) == ["whole", "waiting", "third"]


KILLED = """
import os, signal, sys
from dataforce import Client
url, key, collection = sys.argv[1:]
def kill(done, total):
    os.kill(os.getpid(), signal.SIGKILL)
with Client(backend_type="hybrid", base_url=url, api_key=key) as client:
    client.overlay.pull(collection=collection, content=True, progress=kill)
"""


def test_a_pull_that_is_killed_leaves_no_shorter_list(production: Production) -> None:
    collection = filled(production)
    production.hybrid().overlay.pull(collection=collection.id)
    registered(production.behind, collection, "third")
    command = [sys.executable, "-c", KILLED, production.url, KEY, collection.id]
    assert subprocess.run(command, check=False, env=dict(os.environ)).returncode == -signal.SIGKILL
    assert listed(production.offline(), collection) == ["whole", "waiting"]
    production.hybrid().overlay.pull(collection=collection.id)
    assert listed(production.offline(), collection) == ["whole", "waiting", "third"]


def test_offline_pages_are_those_of_the_merged_view(production: Production) -> None:
    collection = filled(production)
    production.hybrid().overlay.pull(collection=collection.id)
    production.stop()
    client = production.offline()
    registered(client, collection, "mine")
    store = client.backend.store(MODEL_ARTIFACT, production.scope(collection))
    page = store.page(Query(sort_by="model_name", limit=2))
    rest = store.page(Query(sort_by="model_name", limit=2, cursor=page.cursor))
    assert names(page.items) + names(rest.items) == ["mine", "waiting", "whole"]


@pytest.mark.parametrize("what", ["changed", "deleted"])
def test_what_was_different_here_and_never_pulled_is_in_nobodys_way(
    what: str, production: Production
) -> None:
    collection, other = filled(production), filled(production, "Other")
    client = production.hybrid()
    client.overlay.pull(collection=collection.id)
    if what == "changed":
        client.collections.update("Another", collection_id=other.id)
    else:
        client.collections.delete(other.id)
    production.stop()
    offline = production.offline()
    shown = {"changed": ["Models", "Another"], "deleted": ["Models"]}
    assert names(offline.collections.list()) == shown[what]
    assert [each.name for each in offline.orbits.list()] == ["Default Orbit"]
    assert listed(offline, collection) == ["whole", "waiting"]
