"""Refusals of the platform whose reason cannot be looked up, or that no other backend has."""

from __future__ import annotations

import pytest

from dataforce import BadRequestError, Client, ConflictError, NotFoundError
from tests.remote.conftest import (
    BASE,
    COLLECTION,
    COLLECTIONS,
    MODEL,
    ORBIT,
    ORBITS,
    SECRET,
    SECRETS,
    Open,
    Platform,
    collection,
    orbit,
    secret,
)

DUPLICATE = {"detail": "Bucket secret with the given bucket name and endpoint already exists."}
USED = {"detail": "Cannot delete bucket secret that is currently used by orbits"}


@pytest.fixture
def client(open_client: Open) -> Client:
    return open_client()


def test_a_duplicate_tells_its_id_and_hides_an_account_key(
    platform: Platform, open_client: Open
) -> None:
    azure = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=CANARY"
    platform.add("GET", SECRETS, json=[secret(type="azure", endpoint=azure)])
    platform.add("POST", SECRETS, json=DUPLICATE, status=409)
    with pytest.raises(ConflictError) as caught:
        open_client(api_version="2026-01").bucket_secrets.create(azure, "models")
    assert str(caught.value) == (
        f"A bucket secret for endpoint ********** and bucket name 'models' exists already "
        f"(id {SECRET}). (POST {SECRETS.removeprefix(BASE)}: 409)"
    )
    assert (caught.value.status_code, caught.value.body) == (409, DUPLICATE)


@pytest.mark.parametrize("status", [200, 403])
def test_a_duplicate_that_cannot_be_found_is_told_all_the_same(
    platform: Platform, client: Client, status: int
) -> None:
    others = [secret(id=MODEL, bucket_name="data"), secret(endpoint="another.example")]
    platform.add("GET", SECRETS, json=others, status=status)
    platform.add("GET", f"{SECRETS}/{MODEL}", json=others[0])
    platform.add("POST", SECRETS, json=DUPLICATE, status=409)
    platform.add("PATCH", f"{SECRETS}/{MODEL}", json=DUPLICATE, status=409)
    what = "there is another bucket secret with that endpoint and bucket name already"
    with pytest.raises(ConflictError, match=f"^Cannot create a new bucket secret: {what}"):
        client.bucket_secrets.create("s3.example.com", "models")
    with pytest.raises(ConflictError, match=f"^Cannot update bucket secret {MODEL}: {what}"):
        client.bucket_secrets.update(MODEL, bucket_name="models")


def test_who_uses_a_bucket_secret_is_told_as_far_as_it_is_known(
    platform: Platform, client: Client
) -> None:
    platform.add("GET", f"{SECRETS}/{SECRET}", json=secret())
    platform.add("DELETE", f"{SECRETS}/{SECRET}", json=USED, status=409)
    with pytest.raises(ConflictError, match=f"^Cannot delete .*: orbit {ORBIT} uses it"):
        client.bucket_secrets.delete(SECRET)
    platform.replace("GET", ORBITS, json=[orbit(bucket_secret_id=MODEL)])
    with pytest.raises(ConflictError, match=r"^Cannot delete .*: one of the orbits uses it"):
        client.bucket_secrets.delete(SECRET)
    platform.replace("GET", ORBITS, json={"detail": "no"}, status=403)
    with pytest.raises(ConflictError, match=r"^Cannot delete .*: one of the orbits uses it"):
        client.bucket_secrets.delete(SECRET)


def test_what_only_the_platform_knows_stays_in_its_words(
    platform: Platform, client: Client
) -> None:
    has_models = {"detail": "Collection has models and cant be deleted"}
    at_limit = {"detail": "Organization reached maximum number of orbits"}
    platform.add("GET", f"{COLLECTIONS}/{COLLECTION}", json=collection())
    platform.add("DELETE", f"{COLLECTIONS}/{COLLECTION}", json=has_models, status=409)
    platform.add("POST", ORBITS, json=at_limit, status=409)
    platform.add("PATCH", f"{ORBITS}/{ORBIT}", json={"detail": "Members not found"}, status=404)
    platform.add("GET", f"{ORBITS}/{ORBIT}", json=orbit())
    with pytest.raises(ConflictError, match=r"^Cannot delete collection .*: Collection has models"):
        client.collections.delete(COLLECTION)
    with pytest.raises(ConflictError, match=r"^Cannot create a new orbit: Organization reached"):
        client.orbits.create("Research", SECRET)
    with pytest.raises(NotFoundError, match=r"^Cannot update orbit .*: Members not found\."):
        client.orbits.update("New")


def test_a_missing_parent_is_not_taken_for_the_object(platform: Platform, client: Client) -> None:
    missing = {"detail": "Orbit not found"}
    platform.add("GET", COLLECTIONS, json=missing, status=404)
    with pytest.raises(NotFoundError, match=rf"^Cannot list collections: orbit {ORBIT} does not"):
        client.collections.list()


def test_a_long_reason_is_cut_and_the_request_stays(platform: Platform, client: Client) -> None:
    platform.add("GET", COLLECTIONS, json={"detail": "x" * 1000}, status=400)
    with pytest.raises(BadRequestError) as caught:
        client.collections.list()
    assert str(caught.value).endswith(f"xx… (GET .../{ORBIT}/collections: 400)")
    assert len(str(caught.value)) < 350
