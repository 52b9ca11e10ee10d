"""Model artifacts over HTTP: their life in both versions, and the pages of 2026-01."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dataforce.server import UploadLimits
from tests.server.caller import Caller, fetch, model, put
from tests.server.conftest import Serve
from tests.server.test_collections import walk

UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"
CRASH = (500, "Internal Server Error")
MISSING = (404, "Model Artifact not found")


@pytest.fixture
def collection(api: Caller) -> str:
    return api.new_collection()


def test_the_life_of_a_model(api: Caller, collection: str) -> None:
    created = api.new_model(collection, b"model", description="One", tags=["t"], metrics={"a": [1]})
    record = created["model"]
    assert record["status"] == "pending_upload"
    assert (record["metrics"], record["tags"], record["size"]) == ({"a": [1]}, ["t"], 5)
    place = f"{collection.split('/')[-1]}/{record['unique_identifier']}-model.fnnx"
    assert record["bucket_location"] == f"orbit-{api.orbit.split('/')[-1]}/collection-{place}"
    put(api.upload_url(created), b"model")
    path = f"{collection}/model_artifacts/{record['id']}"
    uploaded = api.patch(path, {"status": "uploaded", "description": None, "size": 7})
    assert (uploaded["status"], uploaded["description"], uploaded["size"]) == ("uploaded", None, 5)
    assert api.items(f"{collection}/model_artifacts") == [uploaded]
    url = api.get(f"{path}/download-url")["url"]
    assert fetch("GET", url).content == b"model"
    assert api.refused("DELETE", path) == (400, "Unable to confirm deletion with status 'uploaded'")
    gone = api.get(f"{path}/delete-url")["url"]
    assert api.items(f"{collection}/model_artifacts")[0]["status"] == "pending_deletion"
    assert fetch("DELETE", gone).status_code == 204
    assert fetch("GET", url).status_code == 404
    api.delete(path)
    assert api.refused("DELETE", path) == MISSING


def test_the_answer_to_a_new_model(api: Caller, collection: str) -> None:
    created = api.new_model(collection)
    if not api.is_new:
        [part] = created["url"]["parts"]
        assert part.pop("url").startswith(f"{api.url}/objects/")
        assert part == {"part_number": 1, "start_byte": 0, "end_byte": 5, "part_size": 5}
        assert (created["url"]["upload_id"], created["url"]["complete_url"]) == (None, None)
        return
    details = created["upload_details"]
    assert details.pop("url").startswith(f"{api.url}/objects/")
    assert details == {
        "type": "s3",
        "multipart": False,
        "bucket_location": created["model"]["bucket_location"],
        "bucket_secret_id": api.get(api.orbit)["bucket_secret_id"],
    }


def test_what_was_brought_must_be_what_was_announced(api: Caller, collection: str) -> None:
    created = api.new_model(collection, b"model")
    put(api.upload_url(created), b"other")
    path = f"{collection}/model_artifacts/{created['model']['id']}"
    status, detail = api.refused("PATCH", path, {"status": "uploaded"})
    assert status == 400
    assert "are not those announced" in detail
    put(api.upload_url(created), b"model")
    assert api.patch(path, {"status": "uploaded"})["status"] == "uploaded"


def test_statuses_follow_each_other(api: Caller, collection: str) -> None:
    path = f"{collection}/model_artifacts/{api.new_model(collection)['model']['id']}"
    assert api.refused("PATCH", path, {"status": "deletion_failed"}) == (
        400,
        "Invalid status transition from pending_upload to deletion_failed",
    )
    assert api.patch(path, {"status": "upload_failed"})["status"] == "upload_failed"
    assert api.refused("PATCH", path, {"status": "uploaded"})[0] == 400
    status, [fault] = api.refused("PATCH", path, {"status": "pending_upload"})
    assert (status, fault["type"]) == (422, "literal_error")
    api.get(f"{path}/delete-url")
    assert api.patch(path, {"status": "deletion_failed"})["status"] == "deletion_failed"
    api.delete(f"{path}/force")
    assert api.refused("DELETE", f"{path}/force") == MISSING


def test_changes_of_a_model(api: Caller, collection: str) -> None:
    path = f"{collection}/model_artifacts/{api.new_model(collection)['model']['id']}"
    changed = api.patch(path, {"model_name": "new", "file_name": "a/b c.x", "tags": ["t"]})
    assert (changed["model_name"], changed["file_name"]) == ("new", "a/b c.x")
    assert api.patch(path, {}) == changed
    assert api.patch(path, {"tags": None})["tags"] is None
    for name in ("model_name", "status", "file_name"):
        assert api.refused("PATCH", path, {name: None}) == CRASH
    unknown = f"{collection}/model_artifacts/{UNKNOWN}"
    for changes in ({}, {"status": None}):
        refused = api.refused("PATCH", unknown, changes)
        assert refused == (404, "Model Artifact model not found")


def test_models_that_do_not_exist(api: Caller, collection: str) -> None:
    path = f"{collection}/model_artifacts/{UNKNOWN}"
    for rest in ("/download-url", "/delete-url"):
        assert api.refused("GET", path + rest) == MISSING
    assert api.refused("DELETE", path) == MISSING
    assert api.refused("GET", path) == (MISSING if api.is_new else (405, "Method Not Allowed"))
    nowhere = f"{api.collections}/{UNKNOWN}/model_artifacts"
    for body in (model(), model(model_name=None)):
        assert api.refused("POST", nowhere, body) == (404, "Collection not found")


@pytest.mark.parametrize(
    "changes",
    [
        {"model_name": None},
        {"model_name": "nul\x00"},
        {"metrics": {"deep": [{"nul\x00": 1}]}},
        {"metrics": {"a": float("nan")}},
        {"metrics": {"a": float("inf")}},
        {"manifest": model()["manifest"] | {"variant": "\x00"}},
    ],
)
def test_new_models_that_crash_the_platform(api: Caller, collection: str, changes: Any) -> None:
    # requests would refuse to send what is no JSON.
    answer = api.call(
        "POST",
        f"{collection}/model_artifacts",
        data=json.dumps(model(**changes)),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.text) == CRASH
    assert api.items(f"{collection}/model_artifacts") == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"file_name": "noext"}, "string_pattern_mismatch"),
        ({"file_name": "a.d fs"}, "string_pattern_mismatch"),
        ({"file_name": "a.b\n"}, "string_pattern_mismatch"),
        ({"size": 5 * 1024**4 + 1}, "value_error"),
        ({"size": 1.5}, "int_from_float"),
        ({"manifest": {}}, "missing"),
        ({"file_hash": 5}, "string_type"),
        ({"file_index": {"a": [1]}}, "missing"),
        ({"file_index": {"a": [1, float("nan")]}}, "finite_number"),
    ],
)
def test_new_models_that_are_refused(api: Caller, collection: str, changes: Any, kind: str) -> None:
    status, faults = api.refused(
        "POST",
        f"{collection}/model_artifacts",
        data=json.dumps(model(**changes)),
        headers={"Content-Type": "application/json"},
    )
    assert (status, faults[0]["type"]) == (422, kind)


def test_metrics_nested_too_deeply_are_refused(api: Caller, collection: str) -> None:
    text = json.dumps(model()).replace(
        '"metrics": {}', f'"metrics": {{"a": {"[" * 300}{"]" * 300}}}'
    )
    answer = api.call(
        "POST",
        f"{collection}/model_artifacts",
        data=text,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422


def test_a_manifest_keeps_what_the_platform_knows(api: Caller, collection: str) -> None:
    item = {"name": "x", "content_type": "NDJSON", "dtype": "Array[float]", "shape": ["n", 4]}
    manifest = model()["manifest"] | {"inputs": [item], "outputs": [], "strange": 1}
    stored = api.new_model(collection, manifest=manifest)["model"]["manifest"]
    assert stored["inputs"] == [item | {"tags": None}]
    assert "strange" not in stored


def test_the_old_list_begins_with_the_oldest(old: Caller) -> None:
    collection = old.new_collection()
    for name in "abc":
        old.new_model(collection, model_name=name)
    listed = old.get(f"{collection}/model_artifacts", limit=0, sort_by="nope")
    assert [found["model_name"] for found in listed] == ["a", "b", "c"]


@pytest.fixture
def many(new: Caller) -> str:
    """The path of four models."""
    path = new.new_collection()
    for name, content, metrics, description in (
        ("b", b"12", {"f1": 0.5, "size": 1}, None),
        ("a", b"1", {"f1": "0.25", "text": "x"}, "x"),
        ("c", b"123", {"f1": None, "text": 1}, "y"),
        ("d", b"", {"text": 1, "flag": True}, None),
    ):
        new.new_model(path, content, model_name=name, metrics=metrics, description=description)
    return f"{path}/model_artifacts"


@pytest.mark.parametrize(
    ("sort_by", "ascending"),
    [
        ("created_at", "bacd"),
        ("model_name", "abcd"),
        ("size", "dabc"),
        ("description", "bdac"),
        ("status", "bacd"),
        ("f1", "cdab"),
    ],
)
def test_orders(new: Caller, many: str, sort_by: str, ascending: str) -> None:
    for limit in (1, 3):
        wanted = {"sort_by": sort_by, "limit": limit}
        assert "".join(walk(new, many, "model_name", order="asc", **wanted)) == ascending
        assert "".join(walk(new, many, "model_name", **wanted)) == ascending[::-1]


@pytest.mark.parametrize(
    ("sort_by", "expected"),
    [
        ("nope", (400, "Invalid sorting column: nope")),
        ("metrics", (400, "Cannot sort by 'metrics'. Pass a metric key")),
        ("text", CRASH),
        ("flag", CRASH),
    ],
)
def test_orders_that_are_refused(new: Caller, many: str, sort_by: str, expected: Any) -> None:
    assert new.refused("GET", many, params={"sort_by": sort_by}) == expected


def test_one_model_is_read_from_2026_on(new: Caller) -> None:
    path = new.new_file(new.new_collection())
    assert new.get(path)["status"] == "uploaded"


def test_files_are_announced_once_and_kept_in_parts_that_are_forgotten(
    serve: Serve, version: str, tmp_path: Path
) -> None:
    api = serve(
        api_version=version,
        database_url=f"sqlite:///{tmp_path}/registry.db",
        limits=UploadLimits(single=4, part=4),
    )
    collection = api.new_collection()
    for rest in ("", "/force"):
        created = api.new_model(collection, b"123456789")
        if api.is_new:
            details = created["upload_details"]
            answer = fetch("POST", details["url"]).text
            upload_id = answer.partition("<UploadId>")[2].partition("<")[0]
            body = {
                "bucket_id": details["bucket_secret_id"],
                "bucket_location": details["bucket_location"],
                "size": 9,
                "upload_id": upload_id,
            }
            parts = api.post("/bucket-secrets/upload/multipart", body)["parts"]
        else:
            parts = created["url"]["parts"]
        put(parts[0]["url"], b"1234")
        incoming = tmp_path / "registry.files" / "incoming"
        assert len([*incoming.rglob("00001")]) == 1
        path = f"{collection}/model_artifacts/{created['model']['id']}"
        if rest:
            api.delete(path + rest)
        else:
            api.patch(path, {"status": "upload_failed"})
        assert [*incoming.rglob("*")] == []


def test_many_at_once(api: Caller, collection: str) -> None:
    names = [str(number) for number in range(24)]

    def upload(name: str) -> str:
        return api.new_file(collection, name.encode(), model_name=name)

    with ThreadPoolExecutor(8) as pool:
        paths = [*pool.map(upload, names)]
        urls = [*pool.map(lambda path: api.get(f"{path}/download-url")["url"], paths)]
        assert [*pool.map(lambda url: fetch("GET", url).text, urls)] == names
        [*pool.map(lambda path: api.delete(f"{path}/force"), paths)]
    api.delete(collection)
