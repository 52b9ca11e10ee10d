"""What is asked of the platform, in both versions of its API, and what never is."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dataforce import (
    CLEAR,
    APIResponseValidationError,
    Client,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableEntityError,
)
from dataforce_remote.http.messages import APIResponse
from tests.remote.conftest import (
    COLLECTION,
    COLLECTIONS,
    KEY,
    MODEL,
    ORBIT,
    ORBITS,
    ORGANIZATION,
    ORGANIZATIONS,
    SECRET,
    SECRETS,
    Open,
    Platform,
    asked,
    collection,
    orbit,
    organization,
    secret,
)

AZURE = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b"
FOUND = ["GET /users/me/organizations", "GET /orbits"]
"""What it takes to find the defaults."""


def sent(platform: Platform, number: int = -1) -> Any:
    """The JSON that a request brought."""
    return json.loads(platform.calls[number].request.body or "null")


@pytest.fixture
def client(open_client: Open) -> Client:
    return open_client()


def test_defaults_are_found_with_one_request_for_each_level(
    platform: Platform, client: Client
) -> None:
    platform.add("GET", COLLECTIONS, json=[collection()])
    client.collections.list()
    client.collections.list()
    lists = [request.partition("?")[0] for request in asked(platform)]
    assert lists == [*FOUND, f"GET /orbits/{ORBIT}/collections", f"GET /orbits/{ORBIT}/collections"]


def test_the_older_version_is_told_by_its_array(platform: Platform, client: Client) -> None:
    platform.add("GET", COLLECTIONS, json=[collection()])
    client.collections.list()
    assert client.collections.get(COLLECTION) == client.collections.list()[0]
    # It has no call for a single collection, and none was tried.
    assert [each for each in asked(platform) if each.endswith(COLLECTION)] == []


def test_the_newer_version_is_told_by_its_page(platform: Platform, client: Client) -> None:
    platform.add("GET", COLLECTIONS, json={"items": [collection()], "cursor": None})
    details = {"models_tags": ["a"], "models_metrics": ["accuracy"]}
    platform.add("GET", f"{COLLECTIONS}/{COLLECTION}", json=collection() | details)
    [listed] = client.collections.list()
    assert client.collections.get(COLLECTION) == listed


def test_the_older_version_is_told_by_its_refusal(platform: Platform, client: Client) -> None:
    refusal = {"detail": "Method Not Allowed"}
    platform.add("GET", f"{COLLECTIONS}/{COLLECTION}", json=refusal, status=405)
    platform.add("GET", COLLECTIONS, json=[collection()])
    for _ in range(2):
        found = client.collections.get(COLLECTION)
        assert found is not None
    single = [each for each in asked(platform) if each.endswith(COLLECTION)]
    assert len(single) == 1


@pytest.mark.parametrize(
    ("pinned", "answer"),
    [("2025-12", {"items": [collection()], "cursor": None}), ("2026-01", [collection()])],
)
def test_a_version_that_is_pinned_must_be_the_right_one(
    platform: Platform, open_client: Open, pinned: str, answer: Any
) -> None:
    platform.add("GET", COLLECTIONS, json=answer)
    with pytest.raises(APIResponseValidationError, match="api_version"):
        open_client(api_version=pinned).collections.list()


def test_the_address_of_a_known_platform_tells_its_version(
    platform: Platform, open_client: Open
) -> None:
    client = open_client(base_url="https://api.dataforce.studio")
    home = "https://api.dataforce.studio"
    for url, answer in (
        (
            "/users/me/organizations",
            [{"id": ORGANIZATION, "name": "A", "created_at": "2026-01-01T00:00:00Z"}],
        ),
        (f"/organizations/{ORGANIZATION}/orbits", [orbit()]),
        (f"/organizations/{ORGANIZATION}/orbits/{ORBIT}/collections", [collection()]),
    ):
        platform.add("GET", f"{home}{url}", json=answer)
    assert client.collections.get(COLLECTION) is not None
    assert [each for each in asked(platform) if each.endswith(COLLECTION)] == []


def test_a_change_of_a_collection_says_all_of_it(platform: Platform, client: Client) -> None:
    platform.add("GET", f"{COLLECTIONS}/{COLLECTION}", json=collection())
    platform.add("PATCH", f"{COLLECTIONS}/{COLLECTION}", json=collection(name="New"))
    client.collections.update("New", collection_id=COLLECTION)
    assert sent(platform) == {"name": "New", "description": "Who leaves", "tags": ["sales"]}
    client.collections.update(description=CLEAR, tags=CLEAR, collection_id=COLLECTION)
    assert sent(platform) == {"name": "Churn", "description": "", "tags": None}


def test_a_collection_is_searched_for_by_its_name(platform: Platform, client: Client) -> None:
    similar = collection(id=MODEL, name="churning")
    platform.add("GET", COLLECTIONS, json={"items": [similar, collection()], "cursor": None})
    found = client.collections.get("Churn")
    assert found is not None
    assert found.id == COLLECTION
    query = parse_qs(urlsplit(platform.calls[-1].request.url or "").query)
    assert query["search"] == ["Churn"]
    assert len(platform.calls) == len(FOUND) + 1


def test_the_search_means_what_it_says(platform: Platform, client: Client) -> None:
    name = "100 % of\\the half"
    found = {"items": [collection(name=name)], "cursor": None}
    platform.add("GET", COLLECTIONS, json=found)
    assert client.collections.get(name) is not None
    # What follows a backslash is taken literally by the platform, and the backslash is not.
    query = parse_qs(urlsplit(platform.calls[-1].request.url or "").query)
    assert query["search"] == ["100 % of"]


def test_pages_that_repeat_are_no_endless_list(platform: Platform, client: Client) -> None:
    platform.add("GET", COLLECTIONS, json={"items": [collection()], "cursor": "again"})
    with pytest.raises(APIResponseValidationError, match="collection"):
        client.collections.list()
    with pytest.raises(APIResponseValidationError, match="collections has no end"):
        client.collections.get("Churn")


def test_a_bucket_secret_says_its_kind(platform: Platform, client: Client) -> None:
    platform.add("POST", SECRETS, json=secret())
    client.bucket_secrets.create("s3.example.com", "models", secret_key="hidden")
    assert sent(platform) == {
        "endpoint": "s3.example.com",
        "bucket_name": "models",
        "secret_key": "hidden",
        "type": "s3",
    }
    platform.add("GET", SECRETS, json=[secret(type="s3")])
    client.bucket_secrets.create(AZURE, "models")
    assert sent(platform)["type"] == "azure"


@pytest.mark.parametrize("pinned", ["2025-12", None])
def test_an_older_platform_is_sent_no_azure_bucket(
    platform: Platform, open_client: Open, pinned: str | None
) -> None:
    # It would keep the connection string as the host of an S3 bucket, and show it to everybody.
    client = open_client(api_version=pinned)
    platform.add("GET", SECRETS, json=[secret()])
    platform.add("GET", f"{SECRETS}/{SECRET}", json=secret())
    calls: list[Callable[[], object]] = [
        lambda: client.bucket_secrets.create(AZURE, "models"),
        lambda: client.bucket_secrets.update(SECRET, endpoint=AZURE),
    ]
    for refused in calls:
        with pytest.raises(UnprocessableEntityError, match="2025-12") as caught:
            refused()
        assert "AccountKey" not in str(caught.value)
    assert {each.split()[0] for each in asked(platform)} == {"GET"}


def test_no_azure_bucket_goes_to_a_platform_whose_version_nothing_tells(
    platform: Platform, client: Client, open_client: Open
) -> None:
    platform.add("GET", SECRETS, json=[])
    with pytest.raises(UnprocessableEntityError, match="Set api_version"):
        client.bucket_secrets.create(AZURE, "models")
    assert not [each for each in asked(platform) if each.startswith("POST")]
    platform.add("POST", SECRETS, json=secret(type="azure"))
    made = open_client(api_version="2026-01").bucket_secrets.create(AZURE, "models")
    assert made.type == "azure"


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("minio.example:9000", "us-east-1"),
        ("s3.eu-central-1.amazonaws.com", "eu-central-1"),
        ("s3.amazonaws.com", "us-east-1"),
    ],
)
def test_a_newer_platform_is_told_a_region(
    platform: Platform, client: Client, endpoint: str, region: str
) -> None:
    missing = {"type": "missing", "loc": ["body", "s3", "region"], "msg": "Field required"}
    platform.add("POST", SECRETS, json={"detail": [missing]}, status=422)
    platform.add("POST", SECRETS, json=secret(type="s3", region=region))
    made = client.bucket_secrets.create(endpoint, "models")
    assert made.region == region
    assert sent(platform)["region"] == region


def test_a_change_of_a_bucket_secret_names_it_again(platform: Platform, client: Client) -> None:
    platform.add("GET", f"{SECRETS}/{SECRET}", json=secret(type="s3", region="eu"))
    platform.add("PATCH", f"{SECRETS}/{SECRET}", json=secret(type="s3", region="eu"))
    client.bucket_secrets.update(SECRET, secure=False)
    assert sent(platform) == {"id": SECRET, "type": "s3", "secure": False}
    client.bucket_secrets.update(SECRET, region=CLEAR)
    assert sent(platform)["region"] == "us-east-1"  # there, every bucket has one


def test_a_bucket_secret_of_others_is_not_found(platform: Platform, client: Client) -> None:
    # The platform would show, and change, it.
    platform.add("GET", f"{SECRETS}/{SECRET}", json=secret(organization_id=MODEL))
    platform.add("GET", SECRETS, json=[])
    assert client.bucket_secrets.get(SECRET) is None
    with pytest.raises(NotFoundError):
        client.bucket_secrets.update(SECRET, secure=False)
    assert not [each for each in asked(platform) if each.startswith("PATCH")]


def test_an_orbit_never_moves_to_a_bucket_that_does_not_exist(
    platform: Platform, client: Client
) -> None:
    platform.add("GET", f"{ORBITS}/{ORBIT}", json=orbit())
    platform.add("GET", f"{SECRETS}/{SECRET}", json={"detail": "Secret not found"}, status=404)
    with pytest.raises(NotFoundError):
        client.orbits.update(bucket_secret_id=SECRET)
    assert not [each for each in asked(platform) if each.startswith("PATCH")]


def test_an_update_without_changes_changes_nothing(platform: Platform, client: Client) -> None:
    platform.add("GET", f"{ORBITS}/{ORBIT}", json=orbit())
    platform.add("GET", f"{COLLECTIONS}/{COLLECTION}", json=collection())
    platform.add("GET", f"{SECRETS}/{SECRET}", json=secret())
    assert client.orbits.update().id == ORBIT
    assert client.collections.update(collection_id=COLLECTION).id == COLLECTION
    assert client.bucket_secrets.update(SECRET).id == SECRET
    assert {each.split()[0] for each in asked(platform)} == {"GET"}


def test_what_else_is_wrong_with_a_bucket_secret_is_told(
    platform: Platform, client: Client
) -> None:
    fault = {"loc": ["body", "secret_key"], "msg": "too short", "input": "CANARY"}
    platform.add("POST", SECRETS, json={"detail": [fault]}, status=422)
    with pytest.raises(UnprocessableEntityError, match="secret_key: too short") as caught:
        client.bucket_secrets.create("s3.example.com", "models", secret_key="CANARY")
    assert "CANARY" not in repr(vars(caught.value))


def test_a_bucket_secret_that_is_gone_is_deleted(platform: Platform, client: Client) -> None:
    gone = {"detail": "Secret not found"}
    platform.add("GET", f"{SECRETS}/{SECRET}", json=secret())
    platform.add("DELETE", f"{SECRETS}/{SECRET}", json=gone, status=404)
    client.bucket_secrets.delete(SECRET)
    assert asked(platform)[-1].startswith("DELETE ")
    platform.replace("GET", f"{SECRETS}/{SECRET}", json=gone, status=404)
    client.bucket_secrets.delete(SECRET)
    assert asked(platform)[-1].startswith("GET ")


def test_a_bucket_secret_of_others_is_not_deleted(platform: Platform, client: Client) -> None:
    # The platform would delete it.
    platform.add("GET", f"{SECRETS}/{SECRET}", json=secret(organization_id=MODEL))
    client.bucket_secrets.delete(SECRET)
    assert not [each for each in asked(platform) if each.startswith("DELETE")]


@pytest.mark.parametrize(
    ("known", "role", "is_deleted"),
    [
        ({"permissions": {"orbit": ["read", "delete"]}}, "admin", True),
        ({"permissions": {"orbit": ["read"]}}, "owner", False),
        ({"role": "admin"}, "member", True),
        ({}, "owner", True),
        ({}, "admin", False),
    ],
)
def test_an_orbit_is_not_emptied_by_who_may_not_delete_it(
    platform: Platform, client: Client, known: dict[str, Any], role: str, is_deleted: bool
) -> None:
    platform.add("GET", f"{ORBITS}/{ORBIT}", json=orbit())
    platform.replace("GET", ORGANIZATIONS, json=[organization(role=role)])
    other = f"{ORBITS}/{MODEL}"
    platform.add("GET", other, json=orbit(id=MODEL, **known))
    platform.add("GET", f"{other}/collections", json=[collection(orbit_id=MODEL)])
    platform.add("DELETE", f"{other}/collections/{COLLECTION}", status=204)
    platform.add("DELETE", other, status=204)
    client.orbit = ORBIT
    if is_deleted:
        client.orbits.delete(MODEL)
    else:
        with pytest.raises(PermissionDeniedError, match="nothing in it"):
            client.orbits.delete(MODEL)
    deleted = [each for each in asked(platform) if each.startswith("DELETE")]
    assert len(deleted) == (2 if is_deleted else 0)


def test_what_was_never_there_is_not_deleted_by_waiting(
    platform: Platform, open_client: Open
) -> None:
    client = open_client(retry_timeout=5)
    wait = {"Retry-After": "0"}
    platform.add("GET", COLLECTIONS, json={"items": [collection()], "cursor": None})
    platform.add("GET", f"{COLLECTIONS}/{COLLECTION}", json=collection())
    platform.add("DELETE", f"{COLLECTIONS}/{COLLECTION}", status=429, headers=wait)
    platform.add("DELETE", f"{COLLECTIONS}/{COLLECTION}", json={"detail": "no"}, status=404)
    with pytest.raises(NotFoundError):
        client.collections.delete(COLLECTION)


def test_a_debugger_shows_no_secrets(platform: Platform, open_client: Open) -> None:
    client = open_client(proxy="http://me:CANARY@proxy.example:3128")
    client.organizations.list()
    api = vars(client.backend)["_api"]
    shown = f"{vars(client.backend)} {vars(api)} {vars(vars(api)['_transport'])}"
    assert KEY not in shown
    assert "CANARY" not in shown


def test_certificates_that_the_environment_names_must_be_there(
    open_client: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE names /nowhere"):
        open_client().organizations.list()


def test_the_collector_is_paused_while_a_page_is_parsed_and_not_while_one_is_waited_for(
    platform: Platform, client: Client
) -> None:
    waited: list[bool] = []

    def answer(_: object) -> tuple[int, dict[str, str], str]:
        waited.append(gc.isenabled())
        return 200, {}, json.dumps([collection()])

    platform.add_callback("GET", COLLECTIONS, answer)
    assert len(client.collections.list()) == 1
    assert waited == [True]
    assert not APIResponse("GET", "/", b"").parse(lambda _: gc.isenabled())
    assert gc.isenabled()
