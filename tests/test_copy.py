"""`dataforce.copy`: from any client to any other, and again after it was interrupted."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest

from dataforce import (
    AsyncClient,
    ChecksumMismatchError,
    Client,
    ConfigurationError,
    FileDownloadError,
    FileUploadError,
    ModelArtifact,
    MultipleResourcesFoundError,
    NotFoundError,
    UnprocessableEntityError,
    copy,
)
from dataforce.api._workers import Workers
from dataforce.config import APIVersion
from dataforce.server import UploadLimits
from dataforce.testing.packages import build_package
from tests.server.serving import KEY, serving

NOWHERE = "0199c455-21ee-74c6-b747-19a82f1a1e75"
OpenClient = Callable[..., Client]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return folder


@pytest.fixture
def source(tmp_path: Path, temporary: Path) -> Iterator[Client]:
    """A registry with one collection of two models."""
    (tmp_path / "source").mkdir()
    with Client(database_url=f"sqlite:///{tmp_path}/source/registry.db") as client:
        client.collections.create("Petals and sepals", "Flowers", "model", ["botany", "demo"])
        for name in ("iris", "rose"):
            add(client, tmp_path, name)
        yield client
    assert [*temporary.iterdir()] == []


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "target").mkdir()
    with Client(database_url=f"sqlite:///{tmp_path}/target/registry.db") as client:
        yield client


def add(client: Client, folder: Path, name: str, **described: Any) -> ModelArtifact:
    """A model whose bytes are its own."""
    path = build_package(folder / f"{name}.fnnx", metrics={"f1": 0.5}, content=name.encode() * 9999)
    described = {"description": f"A {name}", "tags": ["flower", name], **described}
    return client.model_artifacts.upload(path, name, **described)


def seen(client: Client, collection: str = "Flowers") -> list[object]:
    """All that a copy must keep of the models of a collection, in their order."""
    found = client.collections.get(collection)
    assert found is not None
    return [
        {
            name: getattr(model, name)
            for name in (
                *("file_name", "model_name", "description", "tags", "metrics", "manifest"),
                *("file_hash", "file_index", "size", "status"),
            )
        }
        for model in client.model_artifacts.list(collection_id=found.id)
    ]


def orbit_beside(client: Client, name: str) -> str:
    """A new orbit, which is the default one now."""
    client.orbit = client.orbits.list()[0].id
    client.orbit = client.orbits.create(name, client.bucket_secrets.list()[0].id).id
    return client.orbit


# What comes


def test_a_collection_is_copied_with_all_that_it_has(source: Client, target: Client) -> None:
    report = copy("Flowers", source=source, target=target)
    [made] = target.collections.list()
    [given] = source.collections.list()
    for name in ("name", "description", "collection_type", "tags", "total_models"):
        assert getattr(made, name) == getattr(given, name)
    assert seen(target) == seen(source)
    models = target.model_artifacts.list()
    assert (report.kind, report.id) == ("collection", made.id)
    assert report.copied == tuple(model.id for model in models)
    assert (report.skipped, report.left_out) == ((), ())
    assert report.bytes == sum(model.size for model in models)


def test_the_bytes_are_those_of_the_source(source: Client, target: Client, tmp_path: Path) -> None:
    copy("Flowers", source=source, target=target)
    model = target.model_artifacts.get("rose")
    assert model is not None
    copied = target.model_artifacts.download(model.id, tmp_path / "copied.fnnx")
    assert copied.read_bytes() == (tmp_path / "rose.fnnx").read_bytes()


def test_what_is_there_already_is_skipped(source: Client, target: Client, tmp_path: Path) -> None:
    first = copy("Flowers", source=source, target=target)
    add(source, tmp_path, "tulip")
    second = copy("Flowers", source=source, target=target)
    assert second.id == first.id
    assert second.skipped == first.copied
    assert len(second.copied) == 1
    assert seen(target) == seen(source)
    third = copy("Flowers", source=source, target=target)
    assert (third.copied, third.bytes) == ((), 0)
    assert set(third.skipped) == {*first.copied, *second.copied}


def test_one_model_is_copied_into_the_default_collection(source: Client, target: Client) -> None:
    more = target.collections.create("", "More", "model")
    given = source.model_artifacts.get("rose")
    assert given is not None
    first, *others = (
        copy(ref, source=source, target=target) for ref in ("rose", given.id, given, "rose.fnnx")
    )
    [made] = target.model_artifacts.list()
    assert (first.kind, first.id, first.copied) == ("model artifact", made.id, (made.id,))
    assert {(report.id, report.skipped) for report in others} == {(made.id, (made.id,))}
    assert made.collection_id == more.id
    assert seen(target, "More") == seen(source)[1:]


def test_as_many_equal_models_as_the_source_has(
    source: Client, target: Client, tmp_path: Path
) -> None:
    copy("Flowers", source=source, target=target)
    for _ in range(2):
        add(source, tmp_path, "iris", tags=["again"])
    report = copy("Flowers", source=source, target=target)
    assert (len(report.copied), len(report.skipped)) == (2, 2)
    for _ in range(3):
        add(target, tmp_path, "rose")
    report = copy("Flowers", source=source, target=target)
    assert (len(report.copied), len(report.skipped)) == (0, 4)


def test_another_name_is_another_model(source: Client, target: Client) -> None:
    copy("Flowers", source=source, target=target)
    rose = source.model_artifacts.get("rose")
    assert rose is not None
    source.model_artifacts.update(rose.id, model_name="Rosa")
    assert len(copy("Flowers", source=source, target=target).copied) == 1
    source.model_artifacts.update(rose.id, file_name="rosa.fnnx")
    assert len(copy("Flowers", source=source, target=target).copied) == 1
    source.model_artifacts.update(rose.id, description="Red", tags=[])
    assert len(copy("Flowers", source=source, target=target).copied) == 0


def waiting_like(client: Client, model: ModelArtifact) -> ModelArtifact:
    """A record like that one whose bytes never came."""
    fields = ("file_name", "metrics", "manifest", "file_hash", "file_index", "size")
    given: dict[str, Any] = {name: getattr(model, name) for name in fields}
    return client.model_artifacts.create(**given, model_name=model.model_name or "").model


def test_what_has_no_bytes_is_left_out(source: Client, target: Client) -> None:
    iris = source.model_artifacts.list()[0]
    waits = waiting_like(source, iris)
    report = copy("Flowers", source=source, target=target)
    assert report.left_out == (waits.id,)
    assert waits.id in str(report)
    assert seen(target) == seen(source)[:2]
    with pytest.raises(FileDownloadError, match=r"has the status pending_upload.*no bytes"):
        copy(waits, source=source, target=target)


def test_a_record_without_bytes_is_no_copy(source: Client, target: Client) -> None:
    target.collections.create("", "Flowers", "model")
    for model in source.model_artifacts.list():
        waiting_like(target, model)
    assert len(copy("Flowers", source=source, target=target).copied) == 2


def test_a_digest_in_capitals_is_the_same(source: Client, target: Client, tmp_path: Path) -> None:
    change(tmp_path / "source", "file_hash = upper(file_hash)")
    assert len(copy("Flowers", source=source, target=target).copied) == 2
    assert len(copy("Flowers", source=source, target=target).skipped) == 2


def change(place: Path, assignment: str) -> None:
    """Change all models of a registry behind its back."""
    with sqlite3.connect(place / "registry.db") as connection:
        connection.execute(f"UPDATE dataforce_model_artifacts SET {assignment}")
    connection.close()


# What is meant


def test_a_collection_is_named_in_several_ways(source: Client, target: Client) -> None:
    flowers = source.collections.list()[0]
    ids = {copy(ref, source=source, target=target).id for ref in ("Flowers", flowers, flowers.id)}
    assert ids == {target.collections.list()[0].id}


def test_a_record_is_found_outside_of_the_defaults(source: Client, target: Client) -> None:
    flowers = source.collections.list()[0]
    source.collections.create("", "Empty", "model")
    rose = source.model_artifacts.get("rose", collection_id=flowers.id)
    assert rose is not None
    target.collections.create("", "Flowers", "model")
    source.collection = "Empty"
    assert len(copy(rose, source=source, target=target).copied) == 1
    orbit_beside(source, "Elsewhere")
    report = copy(flowers, source=source, target=target)
    assert (len(report.copied), len(report.skipped)) == (1, 1)


def test_of_a_shared_name_the_collection_is_meant(
    source: Client, target: Client, tmp_path: Path
) -> None:
    add(source, tmp_path, "Flowers")
    assert copy("Flowers", source=source, target=target).kind == "collection"


def test_a_name_that_looks_like_an_id_is_a_name(source: Client, target: Client) -> None:
    other = target.collections.create("", "Other", "model")
    flowers = source.collections.update(other.id, collection_id=source.collections.list()[0].id)
    assert copy(flowers, source=source, target=target).id != other.id


def test_what_is_not_there_is_said_with_where_it_was_looked_for(
    source: Client, target: Client
) -> None:
    with pytest.raises(NotFoundError) as raised:
        copy("weeds", source=source, target=target)
    assert f"no collection 'weeds' in orbit {source.orbit}" in raised.value.message
    assert f"model artifact in collection {source.collection}" in raised.value.message
    source.collections.create("", "Second", "model")
    source.collection = None
    with pytest.raises(NotFoundError, match="and no default collection to look"):
        copy("weeds", source=source, target=target)
    flowers = source.collections.get("Flowers")
    assert flowers is not None
    with pytest.raises(NotFoundError):
        copy(flowers, source=target, target=source)
    with pytest.raises(UnprocessableEntityError, match="5 is neither a collection or model"):
        copy(5, source=source, target=target)  # type: ignore[arg-type]  # the point
    with pytest.raises(UnprocessableEntityError, match=r"^source takes a client, not 'local'"):
        copy("Flowers", source="local", target=target)  # type: ignore[arg-type]  # the point
    with pytest.raises(UnprocessableEntityError, match=r"^target takes a client, not None"):
        copy("Flowers", source=source, target=None)  # type: ignore[arg-type]  # the point


def test_a_target_of_several_is_not_guessed(source: Client, target: Client) -> None:
    for _ in range(2):
        target.collections.create("", "Flowers", "model")
    with pytest.raises(MultipleResourcesFoundError, match="Several collections of the target are"):
        copy("Flowers", source=source, target=target)
    with pytest.raises(MultipleResourcesFoundError, match="Several collections of the source are"):
        copy("Flowers", source=target, target=source)
    target.collection = None
    with pytest.raises(ConfigurationError, match="No default collection is set"):
        copy("rose", source=source, target=target)


def test_a_copy_onto_itself_is_refused(source: Client) -> None:
    for ref in ("Flowers", "rose"):
        with pytest.raises(UnprocessableEntityError, match="is both source and target"):
            copy(ref, source=source, target=source)
    assert len(source.model_artifacts.list()) == 2


def test_a_copy_to_another_orbit_of_the_same_registry(source: Client, tmp_path: Path) -> None:
    with Client(database_url=f"sqlite:///{tmp_path}/source/registry.db") as target:
        orbit_beside(target, "Production")
        source.orbit = "Default Orbit"
        report = copy("Flowers", source=source, target=target)
        assert len(report.copied) == 2
        assert seen(target) == seen(source)
        assert target.collections.list()[0].orbit_id == target.orbit != source.orbit


# Platforms


@pytest.mark.parametrize("version", list(APIVersion))
def test_to_a_platform_and_back(
    version: APIVersion, source: Client, target: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataforce.transfer.verified.LARGE", 0)  # several streams
    limits = UploadLimits(single=50_000, part=50_000)
    with (
        serving(api_version=version, limits=limits) as base_url,
        Client(backend_type="remote", base_url=base_url, api_key=KEY) as platform,
    ):
        there = copy("Flowers", source=source, target=platform)
        assert seen(platform) == seen(source)
        assert copy("Flowers", source=source, target=platform).skipped == there.copied
        back = copy("Flowers", source=platform, target=target)
        assert len(back.copied) == 2
        assert seen(target) == seen(source)


def test_from_one_platform_to_another(source: Client) -> None:
    with (
        serving() as one,
        serving(api_version=APIVersion.DECEMBER_2025) as other,
        Client(backend_type="remote", base_url=one, api_key=KEY) as staging,
        Client(backend_type="remote", base_url=other, api_key=KEY) as production,
    ):
        copy("Flowers", source=source, target=staging)
        assert len(copy("Flowers", source=staging, target=production).copied) == 2
        assert seen(production) == seen(source)


def test_asynchronous_clients_are_as_good(tmp_path: Path, source: Client) -> None:
    async def flow() -> None:
        place = f"sqlite:///{tmp_path}/source/registry.db"
        async with (
            AsyncClient(database_url=place) as one,
            AsyncClient(database_url=":memory:") as two,
        ):
            report = await asyncio.to_thread(copy, "Flowers", source=one, target=two)
            [made] = await two.collections.list()
            assert (report.id, made.total_models) == (made.id, 2)

    asyncio.run(flow())


# What goes wrong


def test_bytes_that_are_not_those_stored_are_not_copied(
    source: Client, target: Client, tmp_path: Path
) -> None:
    rose = source.model_artifacts.get("rose")
    assert rose is not None
    [file] = tmp_path.glob(f"source/**/{rose.file_hash}")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"!")
    with pytest.raises(ChecksumMismatchError, match=rf"{rose.id}.*Nothing was copied"):
        copy("Flowers", source=source, target=target)
    assert [model.model_name for model in target.model_artifacts.list()] == ["iris"]
    file.write_bytes(whole)
    report = copy("Flowers", source=source, target=target)
    assert (len(report.copied), len(report.skipped)) == (1, 1)


def test_bytes_that_change_on_the_way_are_not_stored(
    source: Client, target: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(_: object, expected: Any, open_file: Callable[[], Any], *__: object) -> None:
        with open_file() as file:
            file.write(bytes(expected.size))

    monkeypatch.setattr("dataforce.transfer.spool.fetch", fetch)
    with pytest.raises(FileUploadError):
        copy("Flowers", source=source, target=target)
    assert target.model_artifacts.list() == []


def test_a_missing_folder_for_temporary_files_is_named(
    source: Client, target: Client, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "gone"))
    with pytest.raises(FileDownloadError, match=r"kept in .*gone.*TMPDIR"):
        copy("Flowers", source=source, target=target)


def test_what_the_target_cannot_keep_is_named(
    source: Client, target: Client, tmp_path: Path
) -> None:
    change(tmp_path / "source", "file_name = 'a:b.fnnx'")
    first = source.model_artifacts.list()[0]
    with pytest.raises(UnprocessableEntityError, match=rf"{first.id} was not copied.*file_name"):
        copy("Flowers", source=source, target=target)


# On the way


def test_progress_counts_what_is_fetched_and_what_is_brought(
    source: Client, target: Client
) -> None:
    told: list[tuple[int, int]] = []
    report = copy(
        "Flowers", source=source, target=target, progress=lambda *moved: told.append(moved)
    )
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (2 * report.bytes, 0)


def test_an_error_of_the_callback_ends_the_copy(source: Client, target: Client) -> None:
    size = source.model_artifacts.list()[0].size

    def stop(done: int, _: int) -> None:
        if done > 2 * size:
            raise OSError("enough")

    with pytest.raises(OSError, match="enough"):
        copy("Flowers", source=source, target=target, progress=stop)
    report = copy("Flowers", source=source, target=target)
    assert (len(report.copied), len(report.skipped)) == (1, 1)
    assert seen(target) == seen(source)


def test_a_copy_that_takes_long_shows_a_bar(
    source: Client, target: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with redirect_stderr(Terminal()) as quick:
        copy("Flowers", source=source, target=target)
    assert quick.getvalue() == ""
    monkeypatch.setattr("dataforce.api._progress._WORTH_A_BAR_AFTER", 0)
    orbit_beside(target, "Again")
    with redirect_stderr(Terminal()) as slow:
        copy("Flowers", source=source, target=target)
    assert "copy: 200kB" in slow.getvalue()
    assert "B/s]" in slow.getvalue()
    assert "%" not in slow.getvalue()


@pytest.mark.parametrize("finished", [0, 1])
def test_a_cancelled_copy_stops(source: Client, target: Client, finished: int) -> None:
    began, may_go_on = threading.Event(), threading.Event()
    size = source.model_artifacts.list()[0].size

    def wait(done: int, _: int) -> None:
        if done > 2 * size * finished and not began.is_set():
            began.set()
            may_go_on.wait()

    async def flow() -> None:
        workers = Workers()
        task = asyncio.create_task(
            workers.run(copy, "Flowers", source=source, target=target, progress=wait)
        )
        await asyncio.to_thread(began.wait)
        task.cancel()
        await asyncio.sleep(0)
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await workers.close(lambda: None)

    asyncio.run(flow())
    assert len(target.model_artifacts.list()) == finished
    assert len(copy("Flowers", source=source, target=target).copied) == 2 - finished
