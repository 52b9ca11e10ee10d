"""A push that fails or is stopped half way leaves what the next one finishes."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dataforce import (
    APIError,
    AsyncClient,
    Client,
    ConflictError,
    DataForceError,
    PushConflictError,
)
from dataforce.backend import Scope
from dataforce.config import load_settings
from dataforce.models import COLLECTION, REGISTRY
from dataforce_local import open_overlay_store
from tests.hybrid.production import WRITING, Production, left, shown

Package = Callable[..., Path]


@pytest.fixture
def changed(production: Production, hybrid: Client, package: Package) -> Client:
    """A client with a new collection with two equal models in it, a change, and a deletion."""
    trees = production.plain.collections.create("", "Trees", "model").id
    weeds = production.plain.collections.create("", "Weeds", "model").id
    for name in ("one", "two"):
        production.plain.model_artifacts.upload(package(name), name, collection_id=weeds)
    hybrid.collections.update("Shrubs", collection_id=trees)
    hybrid.collections.delete(weeds)
    flowers = hybrid.collections.create("", "Flowers", "model").id
    for _ in range(2):
        hybrid.model_artifacts.upload(package("iris", 50_000), "iris", collection_id=flowers)
    return hybrid


def at_request(
    number: int, act: Callable[[], object], *, methods: set[str] = WRITING, within: str = ""
) -> Callable[[str, str], None]:
    """A hook that acts at the n-th request of that sort, once."""
    left = [None] * number

    def hook(method: str, path: str) -> None:
        if method in methods and within in path and left:
            left.pop()
            if not left:
                act()

    return hook


def fail() -> None:
    raise ConnectionError("the platform stumbles")


def check_that_the_next_finishes(production: Production, client: Client, view: object) -> None:
    production.watch.before = production.watch.after = None
    client.overlay.push()
    assert shown(production.plain) == view
    assert shown(client) == view
    assert left(client) == (0, 0, 0)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "number",
    [1, 5, 12, *(pytest.param(each, marks=pytest.mark.slow) for each in (2, 3, 7, 9, 13, 15, 17))],
)
def test_the_platform_fails(
    when: str, number: int, production: Production, changed: Client
) -> None:
    view = shown(changed)
    setattr(production.watch, when, at_request(number, fail))
    with pytest.raises(DataForceError):
        changed.overlay.push()
    check_that_the_next_finishes(production, changed, view)


def test_a_deletion_that_was_begun_is_no_change_of_the_platform(
    production: Production, changed: Client
) -> None:
    """Its first steps there, a model the fewer and another marked, do not stop the next push."""
    view = shown(changed)
    production.watch.after = at_request(2, fail, methods={"GET"}, within="delete-url")
    with pytest.raises(APIError):
        changed.overlay.push()
    weeds = next(each for each in production.plain.collections.list() if each.name == "Weeds")
    [model] = production.plain.model_artifacts.list(collection_id=weeds.id)
    assert model.status == "pending_deletion"
    check_that_the_next_finishes(production, changed, view)


def test_a_deletion_that_was_begun_stops_at_other_changes(
    production: Production, changed: Client, package: Package
) -> None:
    production.watch.after = at_request(1, fail, methods={"GET"}, within="delete-url")
    with pytest.raises(APIError):
        changed.overlay.push()
    production.watch.after = None
    weeds = next(each for each in production.plain.collections.list() if each.name == "Weeds")
    production.plain.collections.update("Herbs", collection_id=weeds.id)
    with pytest.raises(PushConflictError, match="Herbs"):
        changed.overlay.push()
    changed.overlay.reset(weeds.id)
    changed.overlay.push()
    changed.collections.delete(weeds.id)
    production.plain.collections.update("Plants", collection_id=weeds.id)
    with pytest.raises(PushConflictError, match="Plants"):
        changed.overlay.push()


def test_an_upload_without_its_note_begins_anew(
    production: Production, changed: Client, tmp_path: Path
) -> None:
    """The record that was begun goes, as nobody can complete it."""
    view = shown(changed)
    stopped = threading.Event()

    def interrupt(_done: int, _size: int) -> None:
        """As Ctrl-C in the middle of a file."""
        if stopped.is_set():
            raise KeyboardInterrupt

    production.watch.after = at_request(3, stopped.set, methods={"PUT"})
    with pytest.raises(KeyboardInterrupt):
        changed.overlay.push(progress=interrupt)
    shutil.rmtree(tmp_path / "state", ignore_errors=True)
    check_that_the_next_finishes(production, changed, view)


def test_what_was_renamed_after_an_interruption_is_not_there_twice(
    production: Production, hybrid: Client
) -> None:
    flowers = hybrid.collections.create("", "Flowers", "model").id
    production.watch.after = at_request(1, fail)
    with pytest.raises(APIError):
        hybrid.overlay.push()
    hybrid.collections.update("Blossoms", tags=["new"], collection_id=flowers)
    production.watch.after = None
    hybrid.overlay.push()
    [collection] = production.plain.collections.list()
    assert (collection.name, collection.tags) == ("Blossoms", ["new"])
    assert left(hybrid) == (0, 0, 0)


def test_keys_that_were_changed_after_an_interruption_arrive(
    production: Production, hybrid: Client
) -> None:
    secret = hybrid.bucket_secrets.create(
        "s3.example.com", "models", "access", "old", region="eu-west-1"
    ).id
    production.watch.after = at_request(1, fail)
    with pytest.raises(APIError):
        hybrid.overlay.push()
    hybrid.bucket_secrets.update(secret, secret_key="newest")
    production.watch.after = None
    hybrid.overlay.push()
    [body] = [body for method, _, body in production.watch.seen if method == "PATCH"]
    assert b"newest" in body
    assert len(production.plain.bucket_secrets.list()) == 2


def test_what_was_deleted_after_an_interruption_is_not_taken_for_the_result(
    production: Production, hybrid: Client
) -> None:
    """The user saw it twice, and chose to delete the one on the platform."""
    flowers = hybrid.collections.create("", "Flowers", "model").id
    production.watch.after = at_request(1, fail)
    with pytest.raises(APIError):
        hybrid.overlay.push()
    production.watch.after = None
    [other] = [each for each in hybrid.collections.list() if each.id != flowers]
    hybrid.collections.delete(other.id)
    hybrid.overlay.push()
    [collection] = production.plain.collections.list()
    assert collection.id != other.id
    assert shown(hybrid) == shown(production.plain)


def test_only_one_pushes_at_a_time(production: Production, changed: Client) -> None:
    """The other is told so, and nothing is there twice."""
    view = shown(changed)
    outcomes: list[object] = []
    with production.hybrid() as other:

        def push_as_well() -> None:
            try:
                other.overlay.push()
            except DataForceError as error:
                outcomes.append(error)

        def meet() -> None:
            thread = threading.Thread(target=push_as_well)
            thread.start()
            threads.append(thread)

        threads: list[threading.Thread] = []
        reached = threading.Event()

        def wait(_done: int, _size: int) -> None:
            """In the middle of the first push, until the second was refused."""
            if not reached.is_set():
                reached.set()
                meet()
                threads[0].join()

        changed.overlay.push(progress=wait)
    assert [type(outcome) for outcome in outcomes] == [ConflictError]
    assert shown(production.plain) == view
    assert left(changed) == (0, 0, 0)


def test_an_asynchronous_client_pushes(production: Production, changed: Client) -> None:
    view = shown(changed)

    async def push() -> str:
        async with AsyncClient(backend_type="hybrid", **production.settings) as client:
            return str(await client.overlay.push())

    assert "3 created" in asyncio.run(push())
    assert shown(production.plain) == view
    assert left(changed) == (0, 0, 0)


@pytest.mark.parametrize("number", [1, 3, 6, 9])
def test_a_push_that_is_cancelled(number: int, production: Production, changed: Client) -> None:
    view = shown(changed)

    async def push() -> None:
        async with AsyncClient(backend_type="hybrid", **production.settings) as client:
            loop = asyncio.get_running_loop()
            task = asyncio.ensure_future(client.overlay.push())
            production.watch.after = at_request(
                number, lambda: loop.call_soon_threadsafe(task.cancel)
            )
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(push())
    check_that_the_next_finishes(production, changed, view)


def test_what_was_edited_after_each_of_two_interruptions_is_there_once(
    production: Production, hybrid: Client
) -> None:
    """The second came after the edit had arrived there, before that was noted here."""
    flowers = hybrid.collections.create("", "Flowers", "model").id
    for method, name in (("POST", "Blossoms"), ("PATCH", "Petals")):
        production.watch.after = at_request(1, fail, methods={method})
        with pytest.raises(APIError):
            hybrid.overlay.push()
        production.watch.after = None
        hybrid.collections.update(name, collection_id=flowers)
    hybrid.overlay.push()
    assert [each.name for each in production.plain.collections.list()] == ["Petals"]
    assert left(hybrid) == (0, 0, 0)
    assert shown(hybrid) == shown(production.plain)


def test_a_model_that_was_edited_after_each_of_two_interruptions_is_there_once(
    production: Production, hybrid: Client, package: Package
) -> None:
    hybrid.collection = production.plain.collections.create("", "Flowers", "model").id
    model = hybrid.model_artifacts.upload(package("iris"), "iris").id
    for name in ("rose", "tulip"):
        production.watch.after = at_request(1, fail, methods={"PATCH"})
        with pytest.raises(DataForceError):
            hybrid.overlay.push()
        production.watch.after = None
        hybrid.model_artifacts.update(model, model_name=name)
    hybrid.overlay.push()
    [there] = production.plain.model_artifacts.list()
    assert (there.model_name, there.status) == ("tulip", "uploaded")
    assert left(hybrid) == (0, 0, 0)
    assert shown(hybrid) == shown(production.plain)


@pytest.mark.parametrize("what", ["change", "deletion"])
def test_a_change_that_others_overtake_is_reported_as_dropped(
    what: str, production: Production, hybrid: Client
) -> None:
    """They come while the push is busy with something else."""
    trees = production.plain.collections.create("", "Trees", "model").id
    if what == "change":
        hybrid.collections.update("Shrubs", collection_id=trees)
    else:
        hybrid.collections.delete(trees)
    hybrid.collections.create("", "Flowers", "model")
    production.watch.after = at_request(
        1, lambda: production.plain.collections.update("Theirs", collection_id=trees)
    )
    report = hybrid.overlay.push(on_conflict="theirs")
    assert [change.name for change in report.changes] == ["Flowers"]
    assert [change.id for change in report.dropped] == [trees]
    names = [each.name for each in production.plain.collections.list()]
    assert names == ["Theirs", "Flowers"]
    assert left(hybrid) == (0, 0, 0)
    assert shown(hybrid) == shown(production.plain)


@pytest.mark.parametrize("what", ["change", "deletion"])
def test_what_is_taken_back_during_a_push_is_not_reported(
    what: str, production: Production, hybrid: Client
) -> None:
    trees = production.plain.collections.create("", "Trees", "model").id
    if what == "change":
        hybrid.collections.update("Shrubs", collection_id=trees)
    else:
        hybrid.collections.delete(trees)
    hybrid.collections.create("", "Flowers", "model")
    with production.hybrid() as other:
        assert left(other)[0] == 1
        production.watch.after = at_request(1, lambda: other.overlay.reset(trees))
        report = hybrid.overlay.push()
    assert [change.name for change in report.changes] == ["Flowers"]
    assert not report.dropped
    names = [each.name for each in production.plain.collections.list()]
    assert names == ["Trees", "Flowers"]
    assert left(hybrid) == (0, 0, 0)
    assert shown(hybrid) == shown(production.plain)


@pytest.mark.filterwarnings("ignore::dataforce.errors.OfflineWarning")
def test_a_deletion_while_a_change_is_sent_is_no_conflict(
    production: Production, hybrid: Client, package: Package
) -> None:
    trees = production.plain.collections.create("", "Trees", "model").id
    production.plain.model_artifacts.upload(package("oak"), "oak", collection_id=trees)
    hybrid.overlay.pull(collection=trees)
    hybrid.collections.update("Shrubs", collection_id=trees)
    with production.hybrid(offline=True) as other:
        production.watch.after = at_request(
            1, lambda: other.collections.delete(trees), methods={"PATCH"}
        )
        hybrid.overlay.push()
    assert left(hybrid) == (0, 0, 1)
    hybrid.overlay.push()
    assert production.plain.collections.list() == []
    assert left(hybrid) == (0, 0, 0)


def test_a_deletion_after_a_change_was_sent_is_no_conflict(
    production: Production, hybrid: Client, package: Package
) -> None:
    """That push never learned that its change had arrived."""
    trees = production.plain.collections.create("", "Trees", "model").id
    production.plain.model_artifacts.upload(package("oak"), "oak", collection_id=trees)
    hybrid.collections.update("Shrubs", collection_id=trees)
    production.watch.after = at_request(1, fail, methods={"PATCH"})
    with pytest.raises(APIError):
        hybrid.overlay.push()
    production.watch.after = None
    hybrid.collections.delete(trees)
    hybrid.overlay.push()
    assert production.plain.collections.list() == []
    assert left(hybrid) == (0, 0, 0)


def test_what_was_begun_of_a_model_deleted_here_goes(
    production: Production, hybrid: Client, package: Package
) -> None:
    hybrid.collection = production.plain.collections.create("", "Flowers", "model").id
    model = hybrid.model_artifacts.upload(package("iris", 90_000), "iris").id

    def stumble(method: str, _path: str) -> None:
        if method in WRITING - {"POST"}:
            fail()

    production.watch.before = stumble
    with pytest.raises(DataForceError):
        hybrid.overlay.push()
    production.watch.before = None
    [begun] = production.plain.model_artifacts.list()
    assert begun.status == "pending_upload"
    hybrid.model_artifacts.delete(model)
    hybrid.overlay.push()
    assert production.plain.model_artifacts.list() == []
    assert shown(hybrid) == shown(production.plain)


def test_what_was_published_of_another_is_never_removed_as_unfinished(
    production: Production, hybrid: Client, package: Package
) -> None:
    """The push of an equal one was interrupted before, and that one is deleted here then."""
    hybrid.collection = production.plain.collections.create("", "Flowers", "model").id
    begun, other = (hybrid.model_artifacts.upload(package("iris"), "iris").id for _ in range(2))
    production.watch.before = at_request(1, fail)
    with pytest.raises(APIError):
        hybrid.overlay.push()
    production.watch.before = None
    hybrid.model_artifacts.delete_url(begun)  # what waits for its deletion is left out
    assert [change.id for change in hybrid.overlay.push().changes] == [other]
    [there] = production.plain.model_artifacts.list(collection_id=hybrid.collection)
    production.plain.model_artifacts.delete_url(there.id, collection_id=hybrid.collection)
    hybrid.model_artifacts.delete(begun)
    hybrid.overlay.push()
    left_there = production.plain.model_artifacts.list(collection_id=hybrid.collection)
    assert [each.id for each in left_there] == [there.id]


@pytest.mark.parametrize("what", ["created", "changed", "deleted"])
def test_what_the_platform_refuses_is_named(
    what: str, production: Production, hybrid: Client
) -> None:
    identifier = production.plain.collections.create("", "Trees", "model").id
    if what == "created":
        identifier = hybrid.collections.create("", "Flowers", "model").id
    elif what == "changed":
        hybrid.collections.update("Flowers", collection_id=identifier)
    else:
        hybrid.collections.delete(identifier)
    production.watch.before = at_request(1, fail)
    with pytest.raises(APIError) as caught:
        hybrid.overlay.push()
    [note] = caught.value.__notes__
    assert identifier in note
    assert ("Trees" if what == "deleted" else "Flowers") in note


def test_a_reset_that_comes_after_a_push_leaves_its_ids(
    production: Production, tmp_path: Path
) -> None:
    """It had looked for what to drop before, and drops it one by one."""
    place = {"database_url": f"sqlite:///{tmp_path}/overlay.db"}
    with (
        production.hybrid(**place) as client,
        closing(open_overlay_store(load_settings(place), REGISTRY, None)) as dropping,
    ):
        flowers = client.collections.create("", "Flowers", "model")
        orbit = client.orbits.get(flowers.orbit_id)
        assert orbit is not None
        client.overlay.push()
        dropping.revert(COLLECTION, Scope((orbit.organization_id, orbit.id)), flowers.id)
        found = client.collections.get(flowers.id)
        assert found is not None
        assert [found.id] == [each.id for each in production.plain.collections.list()]
        assert left(client) == (0, 0, 0)


@pytest.mark.parametrize("is_dry_run", [True, False])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_is_taken_back_while_a_push_looks_is_not_pushed(
    number: int, is_dry_run: bool, production: Production, changed: Client
) -> None:
    with production.hybrid() as other:
        assert left(other) == (3, 1, 1)
        production.watch.after = at_request(number, other.overlay.reset, methods={"GET"})
        report = changed.overlay.push(dry_run=is_dry_run)
    production.watch.after = None
    assert str(report) == "nothing to push"
    assert production.watch.written == []
    assert left(changed) == (0, 0, 0)


@pytest.mark.parametrize("number", range(4, 12))
def test_a_push_goes_on_whatever_is_taken_back(number: int, production: Production) -> None:
    collections = [production.plain.collections.create("", each, "model").id for each in "ab"]
    with production.hybrid() as client, production.hybrid() as other:
        client.collections.create("", "new", "model")
        client.collections.update("renamed", collection_id=collections[0])
        client.collections.delete(collections[1])
        assert left(other) == (1, 1, 1)
        production.watch.after = at_request(
            number, other.overlay.reset, methods={"GET", "POST", "PATCH"}
        )
        client.overlay.push()
        production.watch.after = None
        client.overlay.push()
        assert left(client) == (0, 0, 0)
        assert shown(client) == shown(production.plain)
