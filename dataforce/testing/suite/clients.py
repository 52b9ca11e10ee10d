"""Clients: opened, shared by threads, used side by side, closed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataforce import (
    AsyncClient,
    Client,
    Collection,
    ConfigurationError,
    DataForceError,
    NotFoundError,
    UnknownAttributeError,
)
from dataforce.testing.plugin import Asynchronously, OpenClient, PackageFactory, RecordFactory
from dataforce.testing.suite._support import ids

THREADS = 16


def test_threads_create_side_by_side(client: Client) -> None:
    """All of it is there afterwards."""
    with ThreadPoolExecutor(THREADS) as threads:
        made = threads.map(
            lambda number: client.collections.create("", str(number), "model"), range(THREADS * 2)
        )
        expected = sorted(ids(made))
    assert sorted(ids(client.collections.list())) == expected


def test_threads_upload_the_same_file_side_by_side(
    client: Client, collection: Collection, package: PackageFactory, tmp_path: Path
) -> None:
    """Each gets a model of its own, with all the bytes."""
    path = package(content=b"x" * 3_000_000)
    with ThreadPoolExecutor(THREADS) as threads:
        made = list(
            threads.map(lambda name: client.model_artifacts.upload(path, str(name)), range(THREADS))
        )
        written = threads.map(
            lambda model: client.model_artifacts.download(model.id, tmp_path / model.id), made
        )
        contents = {each.read_bytes() for each in written}
    assert sorted(ids(client.model_artifacts.list())) == sorted(ids(made))
    assert contents == {path.read_bytes()}


def test_one_thread_deletes_what_others_upload(
    client: Client, collection: Collection, package: PackageFactory, tmp_path: Path
) -> None:
    """A file that somebody just uploaded is not lost with its twins."""
    path = package()

    def upload_and_delete(number: int) -> None:
        client.model_artifacts.delete(client.model_artifacts.upload(path, str(number)).id)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(upload_and_delete, range(THREADS)))
        kept = client.model_artifacts.upload(path, "kept")
    assert client.model_artifacts.list() == [kept]
    written = client.model_artifacts.download(kept.id, tmp_path / "model.fnnx")
    assert written.read_bytes() == path.read_bytes()


def test_threads_change_one_object_side_by_side(client: Client, collection: Collection) -> None:
    """It ends as one of them left it, and no change of another field is lost."""
    with ThreadPoolExecutor(THREADS) as threads:
        named = threads.map(lambda name: client.collections.update(str(name)), range(THREADS))
        tagged = client.collections.update(tags=["kept"])
        list(named)
    found = client.collections.get(collection.id)
    assert found is not None
    assert found.name in {str(number) for number in range(THREADS)}
    assert found.tags == tagged.tags


def test_of_threads_that_delete_one_object_one_succeeds(
    client: Client, register: RecordFactory
) -> None:
    """The others learn that it is gone."""
    model = register()

    def delete(_: int) -> bool:
        try:
            client.model_artifacts.delete(model.id)
        except NotFoundError:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as threads:
        assert sum(threads.map(delete, range(THREADS))) == 1


def test_two_clients_see_what_the_other_does(
    client: Client, open_another: OpenClient, package: PackageFactory, tmp_path: Path
) -> None:
    """At once."""
    other = open_another()
    made = client.collections.create("", "Churn", "model")
    assert other.collections.list() == [made]
    model = other.model_artifacts.upload(package(), "iris")
    assert client.model_artifacts.list() == [model]
    client.model_artifacts.download(model.id, tmp_path / "model.fnnx")
    client.model_artifacts.delete(model.id)
    assert other.model_artifacts.list() == []


def test_what_was_made_outlives_the_client(client: Client, open_another: OpenClient) -> None:
    """The next one finds it."""
    made = client.collections.create("", "Churn", "model")
    client.close()
    assert open_another().collections.get("Churn") == made


def test_a_closed_client_refuses_calls(client: Client, package: PackageFactory) -> None:
    """With an error of ours; closing it again does no harm."""
    client.collections.create("", "Churn", "model")
    client.close()
    client.close()
    path = package()
    for call in (
        client.organizations.list,
        client.bucket_secrets.list,
        client.orbits.get,
        client.collections.list,
        lambda: client.model_artifacts.upload(path, "iris"),
        lambda: next(client.model_artifacts.iterate()),
    ):
        with pytest.raises(DataForceError, match="closed"):
            call()


def test_a_client_that_was_never_used_is_closed(open_client: OpenClient) -> None:
    """It cannot be used afterwards either."""
    client = open_client()
    client.close()
    with pytest.raises(DataForceError, match="closed"):
        client.collections.list()


def test_a_client_is_closed_at_the_end_of_its_block(open_client: OpenClient) -> None:
    """Also by an error."""
    client = open_client()
    with pytest.raises(ZeroDivisionError), client:
        client.collections.create("", str(1 // 0), "model")
    with pytest.raises(DataForceError, match="closed"):
        client.collections.list()


def test_a_client_and_its_resources_say_what_they_are(
    open_client: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the defaults that were set, without the key."""
    key = "dfs_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
    monkeypatch.setenv("DFS_API_KEY", key)
    client = open_client(orbit="Somewhere")
    shown = f"{client!r} {client.collections!r}"
    assert "orbit='Somewhere'" in shown
    assert str(client.settings.backend_type) in shown
    assert "CollectionResource" in shown
    assert key not in f"{shown} {client.settings!r}"


def test_a_typing_error_in_a_setting_is_refused(open_client: OpenClient) -> None:
    """With the name that was probably meant."""
    with pytest.raises(ConfigurationError, match="'tiemout'; did you mean 'timeout'"):
        open_client(tiemout=5)


def test_a_typing_error_in_a_default_is_refused(
    client: Client, asynchronously: Asynchronously
) -> None:
    """With the name that was probably meant; nothing is changed."""

    async def flow(client: AsyncClient) -> None:
        mistype(client)

    def mistype(client: Client | AsyncClient) -> None:
        for name in ("colection", "collections"):
            with pytest.raises(UnknownAttributeError, match="did you mean 'collection'"):
                setattr(client, name, "Churn")

    mistype(client)
    assert client.collections.list() == []
    asynchronously(flow)
