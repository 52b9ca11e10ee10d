"""Orbits and bucket secrets over HTTP, in both versions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.caller import Caller, fetch

UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"
CRASH = (500, "Internal Server Error")
DUPLICATE = (409, "Bucket secret with the given bucket name and endpoint already exists.")


def test_orbits_come_and_go(api: Caller) -> None:
    secret = api.get(api.secrets)[0]["id"]
    made = api.post(api.orbits, {"name": "Second", "bucket_secret_id": secret, "notify": "yes"})
    assert (made["name"], made["bucket_secret_id"], made["total_collections"]) == (
        *("Second", secret),
        0,
    )
    assert ("collections_tags" in made) == api.is_new
    path = f"{api.orbits}/{made['id']}"
    assert api.get(path) == made
    changed = api.patch(path, {"name": "Renamed", "unknown": 1})
    assert changed["name"] == "Renamed"
    assert changed["updated_at"].endswith("Z")
    assert "members" not in changed
    assert api.patch(path, {}) == changed
    assert sorted(orbit["name"] for orbit in api.get(api.orbits)) == ["Default Orbit", "Renamed"]
    api.delete(path)
    api.delete(path)
    assert api.refused("GET", path) == (404, "Orbit not found")


def test_an_orbit_goes_with_all_that_is_in_it(api: Caller) -> None:
    api.new_file(api.new_collection())
    assert api.get(api.orbit)["total_model_artifacts"] == 1
    api.delete(api.orbit)
    assert api.refused("GET", api.collections) == (404, "Orbit not found")


def test_an_orbit_lists_the_tags_of_its_collections(new: Caller) -> None:
    for tags in (["b", "a"], None, ["a", "c"]):
        new.new_collection(tags=tags)
    assert new.get(new.orbit)["collections_tags"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([UNKNOWN], f"Users {{UUID('{UNKNOWN}')}} are not in the organization."),
        ([UNKNOWN, UNKNOWN], "Orbit members should contain only unique values."),
    ],
)
def test_nobody_else_is_a_member(api: Caller, members: list[str], expected: str) -> None:
    invited = [{"user_id": user, "role": "member"} for user in members]
    body = {"name": "New", "bucket_secret_id": UNKNOWN, "members": invited}
    assert api.refused("POST", api.orbits, body) == (400, expected)
    body["members"] = [{"user_id": UNKNOWN, "role": "owner"}]
    assert api.refused("POST", api.orbits, body)[0] == 422


@pytest.mark.parametrize(
    "changes", [{"name": None}, {"bucket_secret_id": None}, {"bucket_secret_id": UNKNOWN}]
)
def test_changes_of_an_orbit_that_crash_the_platform(api: Caller, changes: Any) -> None:
    answer = api.call("PATCH", api.orbit, changes)
    assert (answer.status_code, answer.text) == CRASH
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["connection"] == "close"
    assert api.refused("PATCH", f"{api.orbits}/{UNKNOWN}", changes) == (404, "Orbit not found")


def test_an_orbit_moves_to_another_bucket(api: Caller) -> None:
    other = api.post(api.secrets, api.secret())["id"]
    assert api.patch(api.orbit, {"bucket_secret_id": other})["bucket_secret_id"] == other


def test_what_the_registry_alone_forbids_is_a_fault_of_the_request(api: Caller) -> None:
    status, [fault] = api.refused("PATCH", api.orbit, {"name": " "})
    assert (status, fault["loc"]) == (422, ["body", "name"])
    assert fault["msg"] == "Value error, must not be empty"


@pytest.mark.parametrize("name", ["nul\x00", "\ud800"])
def test_text_that_cannot_be_stored(api: Caller, name: str) -> None:
    status, _ = api.refused("POST", api.collections, {"name": name})
    assert status == 422
    body = {"name": name, "description": "", "collection_type": "model"}
    assert api.refused("POST", api.collections, body)[0] == (500 if "\x00" in name else 422)


def test_bucket_secrets_come_and_go(api: Caller) -> None:
    body = api.secret(endpoint="https://s3.example", access_key="AK", secret_key="SK", secure="on")
    made = api.post(api.secrets, body)
    assert (made["endpoint"], made["secure"], made["region"]) == (
        *("s3.example", True),
        "eu-central-1",
    )
    assert made.get("type") == ("s3" if api.is_new else None)
    assert not {"access_key", "secret_key", "session_token"} & made.keys()
    path = f"{api.secrets}/{made['id']}"
    assert api.get(path) == made
    assert made in api.get(api.secrets)
    assert api.refused("POST", api.secrets, body) == DUPLICATE
    tag = {"type": "s3"} if api.is_new else {}
    changed = api.patch(path, {"id": UNKNOWN, "bucket_name": "other", **tag})
    assert (changed["id"], changed["bucket_name"], changed["secure"]) == (made["id"], "other", True)
    api.delete(path)
    api.delete(path)
    for method, more in (("GET", {}), ("PATCH", {"id": UNKNOWN, **tag})):
        assert api.refused(method, path, more) == (404, "Secret not found")


def test_a_secret_in_use_stays(api: Caller) -> None:
    [secret] = api.get(api.secrets)
    assert api.refused("DELETE", f"{api.secrets}/{secret['id']}") == (
        409,
        "Cannot delete bucket secret that is currently used by orbits",
    )


def test_a_change_of_a_secret_needs_an_id_and_from_2026_on_a_type(api: Caller) -> None:
    path = f"{api.secrets}/{api.get(api.secrets)[0]['id']}"
    status, [fault] = api.refused("PATCH", path, {"type": "s3", "bucket_name": "x"})
    loc = ["body", "s3", "id"] if api.is_new else ["body", "id"]
    assert (status, fault["type"], fault["loc"]) == (422, "missing", loc)
    if api.is_new:
        status, [fault] = api.refused("PATCH", path, {"id": UNKNOWN})
        assert (status, fault["type"]) == (422, "union_tag_not_found")
        assert fault["msg"] == "Unable to extract tag using discriminator 'type'"
    for name in ("endpoint", "bucket_name"):
        body = {"id": UNKNOWN, "type": "s3", name: None}
        assert api.refused("PATCH", path, body) == DUPLICATE


def test_a_region_is_required_from_2026_on(api: Caller) -> None:
    body = api.secret()
    del body["region"]
    if api.is_new:
        status, [fault] = api.refused("POST", api.secrets, body)
        assert (status, fault["loc"]) == (422, ["body", "s3", "region"])
        assert api.get(api.secrets)[0]["region"] == ""
    else:
        assert api.post(api.secrets, body)["region"] is None


def test_secrets_are_not_repeated_to_who_sent_them_wrong(api: Caller) -> None:
    body = api.secret(secret_key="HIDDEN", endpoint="AccountKey=HIDDEN")
    del body["bucket_name"]
    text = api.call("POST", api.secrets, body).text
    assert "bucket_name" in text
    assert "HIDDEN" not in text
    text = api.call("POST", api.secrets, api.secret(access_key=["HIDDEN"])).text
    assert "access_key" in text
    assert "HIDDEN" not in text


def test_a_container_of_azure(new: Caller) -> None:
    endpoint = "DefaultEndpointsProtocol=https;AccountName=me;AccountKey=a2V5"
    body = {"type": "azure", "endpoint": endpoint, "bucket_name": "models"}
    made = new.post(new.secrets, body)
    assert made.keys() == {
        *("id", "type", "endpoint", "bucket_name", "organization_id", "created_at", "updated_at")
    }
    assert (made["type"], made["endpoint"]) == ("azure", endpoint)
    path = f"{new.secrets}/{made['id']}"
    changes = {"type": "azure", "id": made["id"], "bucket_name": "others"}
    assert new.patch(path, changes)["bucket_name"] == "others"
    changes["type"] = "s3"
    assert new.refused("POST", f"{path}/urls", changes) == (400, "Bucket type cannot be changed")
    # Nothing tells a container without a connection string from a bucket of S3.
    assert new.patch(path, {**changes, "endpoint": "s3.example"})["type"] == "s3"


def test_urls_that_show_whether_a_bucket_can_be_used(api: Caller) -> None:
    [secret] = api.get(api.secrets)
    body = api.secret(id=secret["id"])
    stored = api.post(f"{api.secrets}/{UNKNOWN}/urls", body)
    for urls in (stored, api.post("/bucket-secrets/urls", api.secret())):
        assert fetch("GET", urls["download_url"]).status_code == 404
        assert fetch("PUT", urls["presigned_url"], data=b"test").status_code == 200
        assert fetch("GET", urls["download_url"]).content == b"test"
        assert fetch("PUT", urls["presigned_url"], data=bytes(1024**2 + 1)).status_code == 400
        assert fetch("DELETE", urls["delete_url"]).status_code == 204
        assert fetch("GET", urls["download_url"]).status_code == 404
    body["id"] = UNKNOWN
    path = f"{api.secrets}/{secret['id']}/urls"
    assert api.refused("POST", path, body) == (404, "Secret not found")


def test_passing_objects_make_room_for_newer_ones(new: Caller) -> None:
    made = [new.post("/bucket-secrets/urls", new.secret()) for _ in range(17)]
    for urls in made:
        fetch("PUT", urls["presigned_url"], data=b"test")
    statuses = [fetch("GET", urls["download_url"]).status_code for urls in made]
    assert statuses == [404] + [200] * 16
