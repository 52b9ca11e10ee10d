"""A push publishes all that was done here, and says before what it will do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, ModelArtifactStatus
from dataforce.overlay import Diff, PushReport
from dataforce_hybrid.push.write_ahead_log import Intent
from tests.hybrid.garden import KEYS, change_everything, collection_called, fill
from tests.hybrid.production import Production, left, shown

Package = Callable[..., Path]


def without_new_ids(report: PushReport) -> PushReport:
    return replace(report, changes=Diff(replace(each, new_id=None) for each in report.changes))


def test_everything_at_once(production: Production, hybrid: Client, tmp_path: Path) -> None:
    fill(production, tmp_path / "packages")
    made = change_everything(hybrid, tmp_path / "packages")
    before, view = shown(production.plain), shown(hybrid)
    production.watch.seen.clear()
    told = hybrid.overlay.push(dry_run=True)
    assert production.watch.written == []
    assert shown(production.plain) == before
    assert left(hybrid) == (6, 3, 4)

    report = hybrid.overlay.push()
    assert without_new_ids(report) == replace(told, is_dry_run=False)
    assert str(report) == str(told).replace("would be pushed", "pushed")
    assert len(report.changes) == 13
    assert shown(production.plain) == view
    assert shown(hybrid) == view
    assert left(hybrid) == (0, 0, 0)
    assert str(hybrid.overlay.push()) == "nothing to push"

    new = {change.id: change.new_id for change in report.changes if change.new_id}
    assert {*made.values()} <= {*new}
    check_that_old_ids_still_lead_there(production, hybrid, made, new)


def check_that_old_ids_still_lead_there(
    production: Production, hybrid: Client, made: dict[str, str], new: dict[str, str]
) -> None:
    for each in made.values():
        assert new[each] != each
    secret, orbit = hybrid.bucket_secrets.get(made["secret"]), hybrid.orbits.get(made["orbit"])
    assert secret is not None
    assert orbit is not None
    assert (secret.id, orbit.id) == (new[made["secret"]], new[made["orbit"]])
    flowers = collection_called(hybrid, "Blossoms")
    model = hybrid.model_artifacts.get(made["model"], collection_id=flowers)
    assert model is not None
    assert model.id == new[made["model"]]
    with production.hybrid(orbit=made["orbit"], collection=made["collection"]) as client:
        assert [each.model_name for each in client.model_artifacts.list()] == ["one", "two"]
        client.model_artifacts.update(client.model_artifacts.list()[0].id, description="newer")
        client.orbits.create("Another", made["secret"])
        client.collections.create("", "Below", "model")
        report = client.overlay.push()
    assert {change.name for change in report.changes} == {"one", "Another", "Below"}
    [another] = [each for each in production.plain.orbits.list() if each.name == "Another"]
    assert another.bucket_secret_id == new[made["secret"]]


def test_a_dry_run_does_not_touch_the_registry(
    production: Production, hybrid: Client, package: Package
) -> None:
    hybrid.collections.create("", "Flowers", "model")
    hybrid.model_artifacts.upload(package("iris"), "iris")
    before = {path: path.read_bytes() for path in production.place.parent.rglob("*.db*")}
    hybrid.overlay.push(dry_run=True)
    assert {path: path.read_bytes() for path in production.place.parent.rglob("*.db*")} == before


def test_keys_arrive_and_are_seen_nowhere_else(
    production: Production, hybrid: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        known = production.plain.bucket_secrets.create("s3.example.com", "known")
        hybrid.bucket_secrets.create("s3.example.com", "new", *KEYS, region="eu-west-1")
        hybrid.bucket_secrets.update(known.id, secret_key=KEYS[1])
        diff = hybrid.overlay.diff()
        report = hybrid.overlay.push()
    said = [f"{each}{each!r}" for each in (diff, report, hybrid, *diff, *report.changes)]
    assert not any("CANARY" in text for text in (*said, caplog.text))
    sent = {path: body for method, path, body in production.watch.seen if method == "POST"}
    [[_, body]] = sent.items()
    assert all(key.encode() in body for key in KEYS)
    [changed] = [body for method, _, body in production.watch.seen if method == "PATCH"]
    assert KEYS[1].encode() in changed
    assert KEYS[0].encode() not in changed
    assert left(hybrid) == (0, 0, 0)
    assert str(hybrid.overlay.push()) == "nothing to push"


def test_what_is_noted_of_an_object_under_way_is_not_printed() -> None:
    assert "CANARY" not in repr(Intent("bucket-secrets", ("organization",), '"CANARY"'))


@pytest.mark.parametrize(
    "status",
    [
        ModelArtifactStatus.UPLOAD_FAILED,
        ModelArtifactStatus.PENDING_DELETION,
        ModelArtifactStatus.DELETION_FAILED,
    ],
)
def test_what_cannot_be_published_stays_here(
    status: ModelArtifactStatus, production: Production, hybrid: Client, package: Package
) -> None:
    hybrid.collection = hybrid.collections.create("", "Flowers", "model").id
    if status == "upload_failed":
        model = pending(hybrid, package("iris"))
    else:
        model = hybrid.model_artifacts.upload(package("iris"), "iris").id
        hybrid.model_artifacts.delete_url(model)
    if status != "pending_deletion":
        hybrid.model_artifacts.update(model, status=status)
    report = hybrid.overlay.push()
    assert [change.id for change in report.left_out] == [model]
    assert left(hybrid) == (1, 0, 0)
    assert production.plain.model_artifacts.list(collection_id=only_collection(production)) == []
    again = hybrid.overlay.push()
    assert not again.changes
    assert "left out" in str(again)
    hybrid.overlay.reset(model)
    assert left(hybrid) == (0, 0, 0)


def test_a_deletion_by_hand_of_a_model_of_the_platform_stays_here(
    production: Production, hybrid: Client, package: Package
) -> None:
    collection = production.plain.collections.create("", "Flowers", "model")
    model = production.plain.model_artifacts.upload(package("iris"), "iris")
    hybrid.collection = collection.id
    hybrid.model_artifacts.delete_url(model.id)
    hybrid.model_artifacts.update(model.id, description="new")
    report = hybrid.overlay.push()
    assert [change.id for change in report.left_out] == [model.id]
    assert production.watch.written == []
    hybrid.model_artifacts.delete(model.id)
    assert len(hybrid.overlay.push().changes) == 1
    assert production.plain.model_artifacts.list() == []


def test_a_record_that_waits_for_its_bytes_waits_here(
    production: Production, hybrid: Client, package: Package
) -> None:
    hybrid.collections.create("", "Flowers", "model")
    waiting = pending(hybrid, package("iris"))
    report = hybrid.overlay.push()
    assert [change.id for change in report.left_out] == [waiting]
    assert left(hybrid) == (1, 0, 0)
    collection = only_collection(production)
    assert production.plain.model_artifacts.list(collection_id=collection) == []
    [model] = hybrid.model_artifacts.list(collection_id=collection)
    assert (model.id, model.status) == (waiting, "pending_upload")


def test_equal_models_are_each_published(
    production: Production, hybrid: Client, package: Package
) -> None:
    """An equal one that was there before is none of them."""
    collection = production.plain.collections.create("", "Flowers", "model")
    first = production.plain.model_artifacts.upload(package("iris", 50_000), "iris")
    hybrid.collection = collection.id
    for _ in range(2):
        hybrid.model_artifacts.upload(package("iris", 50_000), "iris")
    ids = {change.new_id for change in hybrid.overlay.push().changes}
    assert len({*ids, first.id}) == 3
    assert {each.id for each in production.plain.model_artifacts.list()} == {*ids, first.id}


def test_a_bucket_secret_in_place_of_one_deleted(production: Production, hybrid: Client) -> None:
    old = production.plain.bucket_secrets.create("s3.example.com", "models")
    orbit = production.plain.orbits.create("Garden", old.id)
    default = next(each.id for each in hybrid.bucket_secrets.list() if each.id != old.id)
    hybrid.orbits.update(bucket_secret_id=default, orbit_id=orbit.id)
    hybrid.bucket_secrets.delete(old.id)
    hybrid.bucket_secrets.create("s3.example.com", "models", region="eu-west-1")
    view = shown(hybrid)
    told = hybrid.overlay.push(dry_run=True)
    report = hybrid.overlay.push()
    assert without_new_ids(report) == replace(told, is_dry_run=False)
    assert shown(production.plain) == view == shown(hybrid)


def test_bucket_secrets_that_take_the_place_of_one_another(
    production: Production, hybrid: Client
) -> None:
    first = production.plain.bucket_secrets.create("s3.example.com", "first")
    second = production.plain.bucket_secrets.create("s3.example.com", "second")
    hybrid.bucket_secrets.update(second.id, bucket_name="third", region="eu-west-1")
    hybrid.bucket_secrets.update(first.id, bucket_name="second", region="eu-west-1")
    hybrid.bucket_secrets.create("s3.example.com", "first", region="eu-west-1")
    view = shown(hybrid)
    hybrid.overlay.push()
    assert shown(production.plain) == view == shown(hybrid)


def test_changes_that_were_taken_back_are_none(production: Production, hybrid: Client) -> None:
    collection = production.plain.collections.create("", "Flowers", "model")
    hybrid.collections.update(name="Trees", collection_id=collection.id)
    hybrid.collections.update(name="Flowers", collection_id=collection.id)
    made = hybrid.collections.create("", "Weeds", "model")
    hybrid.collections.delete(made.id)
    assert str(hybrid.overlay.push()) == "nothing to push"
    assert production.watch.written == []


def test_two_overlays_push_one_after_the_other(production: Production) -> None:
    collection = production.plain.collections.create("", "Flowers", "model")
    with production.hybrid(overlay="a") as one, production.hybrid(overlay="b") as two:
        one.collections.update(name="Trees", collection_id=collection.id)
        two.collections.update(description="by two", collection_id=collection.id)
        one.collections.create("", "Of one", "model")
        two.collections.create("", "Of two", "model")
        one.overlay.push()
        two.overlay.push()
        assert shown(one) == shown(two) == shown(production.plain)
    names = [each.name for each in production.plain.collections.list()]
    assert names == ["Trees", "Of one", "Of two"]
    assert production.plain.collections.list()[0].description == "by two"


def pending(client: Client, package: Path) -> str:
    """A model that waits for its bytes."""
    values: dict[str, Any] = {"metrics": {}, "file_index": {}, "file_hash": "0" * 64, "size": 3}
    manifest = {
        "variant": "pyfunc",
        "producer_name": "tests",
        "producer_version": "1",
        "producer_tags": [],
        "inputs": [],
        "outputs": [],
        "dynamic_attributes": [],
        "env_vars": [],
    }
    created = client.model_artifacts.create(
        package.name, manifest=manifest, model_name="iris", **values
    )
    return created.model.id


def only_collection(production: Production) -> str:
    [collection] = production.plain.collections.list()
    return collection.id


def test_values_are_told_plainly(production: Production, hybrid: Client, package: Package) -> None:
    hybrid.collection = production.plain.collections.create("", "Flowers", "model").id
    model = pending(production.plain, package("iris"))
    hybrid.model_artifacts.update(model, status="upload_failed")
    told = hybrid.overlay.push(dry_run=True)
    for said in (hybrid.overlay.diff(), told, hybrid.overlay.push()):
        assert "status: 'pending_upload' → 'upload_failed'" in str(said)


def test_many_versions_of_one_model_take_few_requests(
    production: Production, hybrid: Client, package: Package
) -> None:
    """As many for each as without an overlay."""
    hybrid.collection = production.plain.collections.create("", "Flowers", "model").id
    number = 30
    for version in range(number):
        hybrid.model_artifacts.upload(package(f"iris {version}"), "iris")
    production.watch.seen.clear()
    hybrid.overlay.push()
    assert len(production.watch.seen) <= 3 * number + 12
    assert len(production.plain.model_artifacts.list(collection_id=hybrid.collection)) == number
