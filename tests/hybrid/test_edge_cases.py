"""What seldom happens to an overlay."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataforce import (
    CLEAR,
    ChecksumMismatchError,
    Client,
    Collection,
    ConfigurationError,
    DataForceError,
    NotFoundError,
    OfflineError,
    PermissionDeniedError,
)
from dataforce.backend import Page, Query, Scope, find_overlay_store
from dataforce.backend.paging import records_of
from dataforce.backend.references import all_below, lists_of
from dataforce.models import (
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    REGISTRY,
    OrganizationCreate,
    OrganizationUpdate,
)
from dataforce_hybrid import HybridBackend
from dataforce_hybrid.records.merging import Mark, Side, merged_page
from dataforce_hybrid.records.totals import _Hidden
from dataforce_local import open_backend
from tests.hybrid.production import Production, left

Package = Callable[..., Path]
NOWHERE = "0199c455-21ee-74c6-b747-19a82f1a1e75"


def backend_of(client: Client) -> HybridBackend:
    assert isinstance(client.backend, HybridBackend)
    return client.backend


def scope_of(client: Client, *below: str) -> Scope:
    assert client.organization is not None
    return Scope((client.organization, *below))


def test_organizations_are_not_changed_in_an_overlay(hybrid: Client) -> None:
    store = hybrid.backend.store(ORGANIZATION, Scope())
    identifier = str(hybrid.organization)
    for call in (
        lambda: store.create(OrganizationCreate(name="new")),
        lambda: store.create_many([OrganizationCreate(name="new")]),
        lambda: store.update(identifier, OrganizationUpdate(name="new")),
        lambda: store.delete(identifier),
    ):
        with pytest.raises(PermissionDeniedError, match="on the platform"):
            call()


def test_what_is_not_in_the_overlay_cannot_be_reset(hybrid: Client) -> None:
    with pytest.raises(NotFoundError, match=r"diff\(\) lists"):
        hybrid.overlay.reset(NOWHERE)


def test_a_change_that_was_changed_back_is_none(production: Production, hybrid: Client) -> None:
    theirs = production.plain.collections.create("as it was", "Flowers", "model")
    hybrid.collection = theirs.id
    hybrid.collections.update(description="new")
    hybrid.collections.update(description="as it was")
    assert not hybrid.overlay.diff()
    assert not hybrid.overlay.push().changes


def test_an_overlay_store_that_is_not_installed_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'nowhere' is not installed"):
        find_overlay_store("nowhere")


def test_a_closed_backend_opens_no_overlay(production: Production) -> None:
    client = production.hybrid()
    backend = client.backend
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        backend.store(COLLECTION, Scope((NOWHERE, NOWHERE))).page(Query())


def test_files_go_where_the_storage_is(
    production: Production, package: Package, tmp_path: Path
) -> None:
    with production.hybrid(storage_url=str(tmp_path / "storage")) as client:
        client.collections.create("", "Flowers", "model")
        client.model_artifacts.upload(package("iris"), "iris")
        assert client.organization is not None
        files = tmp_path / "storage" / client.organization / "default" / "sha256"
        assert [path for path in files.rglob("*") if path.is_file()]


def test_a_file_that_was_damaged_here_is_not_pushed(
    production: Production, hybrid: Client, package: Package, tmp_path: Path
) -> None:
    hybrid.collections.create("", "Flowers", "model")
    hybrid.model_artifacts.upload(package("iris"), "iris")
    [stored] = [path for path in tmp_path.rglob("sha256/*/*") if path.is_file()]
    content = stored.read_bytes()
    stored.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(ChecksumMismatchError, match="not pushed"):
        hybrid.overlay.push()
    assert left(hybrid)[0] >= 1


def test_a_record_of_before_a_push_leads_to_its_file(
    production: Production, hybrid: Client, package: Package
) -> None:
    path = package("iris")
    collection = hybrid.collections.create("", "Flowers", "model")
    record = hybrid.model_artifacts.upload(path, "iris")
    hybrid.overlay.push()
    assert hybrid.orbit is not None
    scope = scope_of(hybrid, hybrid.orbit, collection.id)
    opened = hybrid.backend.files(MODEL_ARTIFACT, scope).open(record, "file")
    assert b"".join(opened.read()) == path.read_bytes()


def test_a_deletion_by_hand_of_what_was_changed(
    production: Production, hybrid: Client, package: Package
) -> None:
    collection = production.plain.collections.create("", "Flowers", "model")
    production.plain.collection = hybrid.collection = collection.id
    model = production.plain.model_artifacts.upload(package("iris"), "iris")
    hybrid.model_artifacts.update(model.id, tags=["checked"])
    hybrid.model_artifacts.delete_url(model.id)
    found = hybrid.model_artifacts.get(model.id)
    assert found is not None
    assert (found.status, found.tags) == ("pending_deletion", ["checked"])


def test_an_orbit_keeps_what_it_refers_to_though_that_is_hidden_here(
    production: Production, hybrid: Client
) -> None:
    secret = production.plain.bucket_secrets.create("s3.example.com", "models", region="r").id
    hybrid.bucket_secrets.delete(secret)
    orbit = production.plain.orbits.create("Garden", secret)
    hybrid.orbits.update("Park", orbit_id=orbit.id)
    assert secret not in [each.id for each in hybrid.bucket_secrets.list()]
    changed = hybrid.orbits.get("Park")
    assert changed is not None
    assert changed.bucket_secret_id == secret
    assert left(hybrid) == (0, 1, 1)


def test_a_change_that_was_dropped_meanwhile_is_made_anew(
    production: Production, hybrid: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = production.plain.bucket_secrets.create("s3.example.com", "old", region="r").id
    hybrid.bucket_secrets.update(secret, bucket_name="mine")
    with production.hybrid() as other:
        other.overlay.status()

        assert hybrid.organization is not None
        store = backend_of(hybrid)._overlay_at(hybrid.organization).store
        change = store.change

        def overtaken(*arguments: Any) -> bool:
            monkeypatch.setattr(store, "change", change)
            other.overlay.reset()
            return change(*arguments)

        monkeypatch.setattr(store, "change", overtaken)
        hybrid.bucket_secrets.update(secret, bucket_name="new")
    found = hybrid.bucket_secrets.get(secret)
    assert found is not None
    assert found.bucket_name == "new"
    assert production.plain.bucket_secrets.get("old") is not None


def test_a_list_is_of_one_moment(production: Production, hybrid: Client) -> None:
    theirs = production.plain.collections.create("", "theirs", "model")
    hybrid.collections.update("mine", collection_id=theirs.id)
    with production.hybrid() as other:
        other.overlay.status()

        def drop(method: str, path: str) -> None:
            production.watch.before = None
            other.overlay.reset()

        assert hybrid.orbit is not None
        production.watch.before = drop
        assert [each.name for each in hybrid.collections.list()] == ["theirs"]


def test_many_pages(production: Production, hybrid: Client) -> None:
    """More than the platform puts on one."""
    made = [
        production.plain.collections.create("", f"{number:03}", "model") for number in range(101)
    ]
    hybrid.collections.update("changed", collection_id=made[0].id)
    names = ["changed", *(each.name for each in made[1:])]
    assert [each.name for each in hybrid.collections.list()] == names
    assert hybrid.orbit is not None
    store = hybrid.backend.store(COLLECTION, scope_of(hybrid, hybrid.orbit))
    found = records_of(store, COLLECTION)
    assert [each.name for each in found] == names
    report = hybrid.overlay.pull(orbit=hybrid.orbit)
    assert report.records["collection"] == 101


@pytest.mark.parametrize("sizes", [(2, 2), (2, 5), (5, 2)])
def test_pages_of_both_sides_end_a_page(sizes: tuple[int, int]) -> None:
    def record(number: int) -> Collection:
        moment = f"2026-11-21T00:00:{number:02}Z"
        fields = {"id": str(number), "orbit_id": "o", "description": "", "name": str(number)}
        return Collection.model_validate(
            {**fields, "collection_type": "model", "created_at": moment}
        )

    def pages(numbers: range, size: int) -> Callable[[str | None], Page[Collection]]:
        def fetch(cursor: str | None) -> Page[Collection]:
            begin = int(cursor or 0)
            taken = [*numbers][begin : begin + size]
            rest = str(begin + size) if begin + size < len(numbers) else None
            return Page([record(number) for number in taken], rest)

        return fetch

    query = Query(limit=None)
    evens, odds = pages(range(10, 30, 2), sizes[0]), pages(range(11, 31, 2), sizes[1])
    sides = [
        Side(fetch, Mark(), lambda _: True, COLLECTION, query, None) for fetch in (evens, odds)
    ]
    page = merged_page(query, *sides)
    assert 0 < len(page.items) < 20
    assert page.cursor is not None
    assert [each.name for each in page.items] == [str(10 + n) for n in range(len(page.items))]


def test_what_stands_below_is_counted_where_no_total_tells(
    production: Production, hybrid: Client, package: Package
) -> None:
    collection = production.plain.collections.create("", "Flowers", "model")
    production.plain.collection = collection.id
    for name in ("iris", "rose"):
        production.plain.model_artifacts.upload(package(name), name)
    hybrid.collections.delete(collection.id)
    assert hybrid.organization is not None
    overlay = backend_of(hybrid)._overlay_at(hybrid.organization)
    overlay.index.refresh()
    entry = overlay.index.get(COLLECTION, collection.id)
    assert entry is not None
    hidden = _Hidden(overlay.remote, overlay.store, overlay.index)
    silent = replace(COLLECTION, totals={})
    assert overlay.view.totals._held(silent, entry, MODEL_ARTIFACT, hidden) == 2
    found = all_below(lists_of(overlay.remote.store), MODEL_ARTIFACT, scope_of(hybrid))
    assert [each.model_name for each in found] == ["iris", "rose"]


def test_what_several_refer_to_is_pulled_once(production: Production, hybrid: Client) -> None:
    secret = production.plain.bucket_secrets.list()[0].id
    production.plain.orbits.create("Garden", secret)
    assert hybrid.organization is not None
    report = (
        backend_of(hybrid)
        .overlay(hybrid.organization)
        .pull(ORBIT, scope_of(hybrid), Query(), content=False, advance=lambda _: None)
    )
    assert report.records == {"organization": 1, "orbit": 2, "bucket secret": 1}


def test_a_file_whose_hash_is_none_is_not_pulled(production: Production, hybrid: Client) -> None:
    collection = production.plain.collections.create("", "Flowers", "model")
    hybrid.collection = production.plain.collection = collection.id
    manifest: dict[str, Any] = {
        "variant": "pyfunc",
        "producer_name": "tests",
        "producer_version": "1",
        "producer_tags": [],
        "inputs": [],
        "outputs": [],
        "dynamic_attributes": [],
        "env_vars": [],
    }
    models = production.plain.model_artifacts
    made = models.create("a.fnnx", {}, manifest, "no hash", {}, 1, "strange")
    # As a platform has it, which does not look whether the file is there.
    settings = production.plain.settings
    with closing(open_backend(settings, REGISTRY, holds_files=False)) as backend:
        client = Client(backend=backend, collection=collection.id)
        client.model_artifacts.update(made.model.id, status="uploaded")
    report = hybrid.overlay.pull(content=True)
    assert (report.records["model artifact"], report.files) == (1, 0)


def test_a_url_of_a_file_needs_the_network(
    production: Production, hybrid: Client, package: Package
) -> None:
    collection = production.plain.collections.create("", "Flowers", "model")
    production.plain.collection = hybrid.collection = collection.id
    model = production.plain.model_artifacts.upload(package("iris"), "iris")
    hybrid.overlay.pull()
    with (
        pytest.warns(match="pulled"),
        production.hybrid(offline=True, collection=collection.id) as offline,
        pytest.raises(OfflineError, match="offline"),
    ):
        offline.model_artifacts.download_url(model.id)


def test_what_a_killed_pull_left_behind_goes(production: Production, hybrid: Client) -> None:
    collection = production.plain.collections.create("", "Flowers", "model")
    hybrid.collection = collection.id
    hybrid.overlay.pull()
    assert hybrid.organization is not None
    key_values = backend_of(hybrid)._overlay_at(hybrid.organization).store.key_values
    key_values.write("pulled/model_artifacts/nowhere/half", {"id": "{}"})
    before = key_values.namespaces("pulled/")
    hybrid.overlay.pull()
    assert len(key_values.namespaces("pulled/")) == len(before) - 1


def test_an_upload_that_failed_begins_anew_after_a_change(
    production: Production, hybrid: Client, package: Package
) -> None:
    hybrid.collections.create("", "Flowers", "model")
    model = hybrid.model_artifacts.upload(package("iris"), "iris", description="first")

    def refuse(method: str, path: str) -> None:
        if method == "PUT":
            raise RuntimeError(path)

    production.watch.before = refuse
    with pytest.raises(Exception, match=r"iris|bucket|500"):
        hybrid.overlay.push()
    production.watch.before = None
    hybrid.model_artifacts.update(model.id, description=CLEAR, tags=["second"])
    hybrid.overlay.push()
    [collection] = production.plain.collections.list()
    [found] = production.plain.model_artifacts.list(collection_id=collection.id)
    assert (found.status, found.tags) == ("uploaded", ["second"])


def test_what_was_begun_of_a_model_that_is_left_out_goes_in_the_end(
    production: Production, hybrid: Client, package: Package
) -> None:
    hybrid.collections.create("", "Flowers", "model")
    model = hybrid.model_artifacts.upload(package("iris"), "iris")

    def refuse(method: str, path: str) -> None:
        if method == "PUT":
            raise RuntimeError(path)

    production.watch.before = refuse
    with pytest.raises(DataForceError):
        hybrid.overlay.push()
    production.watch.before = None
    [collection] = production.plain.collections.list()
    assert len(production.plain.model_artifacts.list(collection_id=collection.id)) == 1
    hybrid.model_artifacts.delete_url(model.id)
    assert [change.id for change in hybrid.overlay.push().left_out] == [model.id]
    hybrid.model_artifacts.delete(model.id)
    hybrid.overlay.push()
    assert production.plain.model_artifacts.list(collection_id=collection.id) == []


def test_what_failed_and_was_deleted_here_leaves_no_note(
    production: Production, hybrid: Client
) -> None:
    collection = hybrid.collections.create("", "Flowers", "model")

    def refuse(method: str, path: str) -> None:
        if method == "POST":
            raise RuntimeError(path)

    production.watch.before = refuse
    with pytest.raises(DataForceError):
        hybrid.overlay.push()
    production.watch.before = None
    hybrid.collections.delete(collection.id)
    assert not hybrid.overlay.push().changes
    assert production.plain.collections.list() == []


AT_THE_LAST_WORD = """
import json, os, signal, sys
from dataforce import Client
from dataforce_remote.files import uploads
uploads.Attempt.has_ended = lambda self: os.kill(os.getpid(), signal.SIGKILL)
with Client(**json.loads(sys.argv[1])) as client:
    client.overlay.push()
"""


def test_the_checkpoint_of_an_upload_stands_for_no_equal_one(
    production: Production, hybrid: Client, package: Package
) -> None:
    hybrid.collections.create("", "Flowers", "model")
    path = package("iris")
    hybrid.model_artifacts.upload(path, "iris")
    settings = json.dumps({"backend_type": "hybrid", **production.settings})
    command = [sys.executable, "-c", AT_THE_LAST_WORD, settings]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    hybrid.model_artifacts.upload(path, "iris")
    assert len(hybrid.overlay.push().changes) == 2
    [collection] = production.plain.collections.list()
    found = production.plain.model_artifacts.list(collection_id=collection.id)
    assert [each.status for each in found] == ["uploaded"] * 2
