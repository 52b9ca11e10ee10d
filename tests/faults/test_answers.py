"""Rows 11, 12 and 13: refusals, storms of them, and answers that are none of the platform's."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, CollectionType, ModelArtifactStatus
from dataforce.errors import (
    APIConnectionError,
    APIResponseValidationError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DataForceError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from tests.faults import behaviours
from tests.faults.conftest import NewClient, caught, within
from tests.faults.misbehaving import Behaviour, Line, Reply, Request, gives, json_reply
from tests.faults.platform import API_KEY, COLLECTION, COLLECTIONS, MODELS, Platform

OTHER_COLLECTION = "0199c455-21ee-74c6-b747-19a82f1a1e75"
ORGANIZATIONS = "/users/me/organizations"


@pytest.mark.parametrize(
    "asked",
    [
        "0",
        "0.05",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "-5",
        "NaN",
        "1e309",
        "-inf",
        "soon",
        "",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 31 Feb 2026 99:99:99 +99999999",
    ],
)
@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_taken_with_a_grain_of_salt(
    asked: str, code: int, client: Client, platform: Platform
) -> None:
    platform.server.script("GET", ORGANIZATIONS, behaviours.status(code, retry_after=asked))

    with within(2):
        assert len(client.organizations.list()) == 1

    assert len(platform.server.seen("GET", ORGANIZATIONS)) == 2


@pytest.mark.parametrize(
    "asked",
    ["3600", "Fri, 21 Oct 2095 07:28:00 GMT", "1e300"],
)
def test_nobody_waits_for_longer_than_retry_timeout(
    asked: str, client: Client, platform: Platform
) -> None:
    platform.server.always("GET", ORGANIZATIONS, behaviours.status(429, retry_after=asked))

    with within(2):
        message = caught(RateLimitError, client.organizations.list)

    assert "retry_timeout" in message
    assert len(platform.server.seen("GET", ORGANIZATIONS)) == 1


def test_retry_after_is_waited_for(new_client: NewClient, platform: Platform) -> None:
    behaviour = behaviours.status(503, retry_after="0.3")
    platform.server.script("GET", ORGANIZATIONS, behaviour, behaviour)
    client = new_client(retry_timeout=5)

    started = time.monotonic()
    client.organizations.list()

    assert 0.6 <= time.monotonic() - started < 3


def test_a_write_is_made_again_only_if_the_platform_did_not_take_it(
    client: Client, platform: Platform
) -> None:
    platform.server.script("POST", COLLECTIONS, behaviours.status(429, retry_after="0"))
    client.collections.create("", "Flowers", "model")
    assert len(platform.server.seen("POST", COLLECTIONS)) == 2

    for code in (500, 502, 503):
        platform.server.requests.clear()
        platform.server.script("POST", COLLECTIONS, behaviours.status(code))
        caught(InternalServerError, lambda: client.collections.create("", "Flowers", "model"))
        assert len(platform.server.seen("POST", COLLECTIONS)) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        behaviours.lose_answer,
        behaviours.reset_before_head,
        behaviours.cut_in_head,
        behaviours.cut(0.5),
        behaviours.silent,
    ],
)
def test_a_write_whose_answer_is_lost_is_not_made_again(
    behaviour: Behaviour, new_client: NewClient, platform: Platform
) -> None:
    client = new_client(timeout=0.5 if behaviour is behaviours.silent else 10)
    platform.server.script("POST", COLLECTIONS, behaviour)

    message = caught(APIConnectionError, lambda: client.collections.create("", "Flowers", "model"))

    assert "may have been carried out all the same: look before you send it again" in message
    assert len(platform.server.seen("POST", COLLECTIONS)) == 1


def test_a_storm_of_crashes_ends_by_itself(new_client: NewClient, platform: Platform) -> None:
    client = new_client(retry_timeout=30)
    client.organizations.list()
    platform.server.always("GET", ORGANIZATIONS, behaviours.status(500))

    platform.server.requests.clear()
    with within(3):
        message = caught(InternalServerError, client.organizations.list)

    assert len(platform.server.requests) == 3
    assert "Try again later" in message


def test_a_storm_of_refusals_ends_by_the_budget(new_client: NewClient, platform: Platform) -> None:
    client = new_client(retry_timeout=30)
    client.organizations.list()
    behaviour = behaviours.status(503, retry_after="0")
    platform.server.always("GET", ORGANIZATIONS, behaviour)

    platform.server.requests.clear()
    with within(10):
        caught(InternalServerError, client.organizations.list)
        # The budget is spent: there are no more retries for now.
        first = len(platform.server.requests)
        caught(InternalServerError, client.organizations.list)

    assert first <= 501
    assert len(platform.server.requests) == first + 1


def test_retries_end_in_time(new_client: NewClient, platform: Platform) -> None:
    client = new_client(retry_timeout=0.5)
    platform.server.always("GET", ORGANIZATIONS, behaviours.status(503))

    with within(2):
        caught(InternalServerError, client.organizations.list)

    assert 2 <= len(platform.server.requests) <= 10


@pytest.mark.parametrize(
    ("code", "content", "kind", "words"),
    [
        (400, b'{"detail": "Invalid status"}', BadRequestError, "Invalid status."),
        (401, b'{"detail": "Not authenticated"}', AuthenticationError, "Check api_key (code)"),
        (
            403,
            b'{"detail": "Not enough rights"}',
            PermissionDeniedError,
            "client.organizations.list() shows those",
        ),
        (
            403,
            b'{"detail": "This endpoint requires jwt authentication."}',
            PermissionDeniedError,
            "No API key may do this",
        ),
        (407, b"", DataForceError, "set proxy to"),
        (409, b'{"detail": "In use"}', ConflictError, "In use."),
        (413, b"<html><title>Too large</title>", DataForceError, "a web page titled 'Too large'"),
        (
            422,
            b'{"detail": [{"loc": ["body", "x"], "msg": "y"}]}',
            UnprocessableEntityError,
            "x: y",
        ),
        (418, b"", DataForceError, "no reason given."),
        (500, b"Internal Server Error", InternalServerError, "Internal Server Error. Try again"),
    ],
)
def test_refusals_say_what_to_do(
    code: int,
    content: bytes,
    kind: type[DataForceError],
    words: str,
    client: Client,
    platform: Platform,
) -> None:
    behaviour = behaviours.status(code, content, X_Request_Id="r-17")
    platform.server.always("GET", ORGANIZATIONS, behaviour)

    message = caught(kind, client.organizations.list)

    assert message.startswith("Cannot list organizations: ")
    assert message.endswith(f" (GET {ORGANIZATIONS}: {code}, request r-17)")
    assert words in message
    # A key that is not known is asked for once, and so is whatever will not pass.
    assert len(platform.server.requests) == (3 if code == 500 else 1)


@pytest.mark.parametrize(
    ("code", "content", "kind"),
    [
        (404, b"", NotFoundError),
        (404, b'{"detail": "Not Found"}', NotFoundError),
        (404, b'{"message": "no Route matched"}', NotFoundError),
        (404, b"<html><title>Not here</title>", NotFoundError),
        (405, b'{"detail": "Method Not Allowed"}', DataForceError),
    ],
)
def test_a_server_without_this_api_is_told(
    code: int, content: bytes, kind: type[DataForceError], client: Client, platform: Platform
) -> None:
    platform.server.always("GET", ORGANIZATIONS, behaviours.status(code, content))

    message = caught(kind, client.organizations.list)

    address = f"Nothing at {platform.server.url} speaks this API ({code})."
    assert message == f"{address} Check base_url (code)."


def test_what_a_server_says_does_nothing_and_is_short(client: Client, platform: Platform) -> None:
    words = json.dumps({"detail": f"\x1b[2J\r\n{API_KEY} {'x' * 5_000}"}).encode()
    platform.server.always("GET", ORGANIZATIONS, behaviours.status(400, words))

    message = caught(BadRequestError, client.organizations.list)

    assert message.startswith("Cannot list organizations: \\x1b[2J ********** xxx")
    assert message.endswith("xxx… (GET /users/me/organizations: 400)")
    assert len(message) < 300


NESTED = b"[" * 10_000 + b"]" * 10_000
ODD = {
    "empty": b"",
    "login page": b"<!doctype html><html><title>Sign in</title></html>",
    "text": b"OK",
    "null": b"null",
    "number": b"17",
    "object": b'{"detail": "hello"}',
    "array of numbers": b"[1, 2, 3]",
    "no id": b'[{"name": "Ours"}]',
    "wrong type": b'[{"id": 5, "name": {}, "created_at": "yesterday"}]',
    "nested": NESTED,
    "nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "invalid UTF-8": b'[{"id": "\xff\xfe"}]',
    "half of a character": b'[{"id": "\\ud800"}]',
    "huge number": b'[{"id": ' + b"9" * 100_000 + b"}]",
    "cut": b'[{"id": "0199',
    "bomb": gzip.compress(b"[" + b" " * 10_000_000),
    "NUL": b"\x00" * 100,
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_answers_that_are_none(content: bytes, client: Client, platform: Platform) -> None:
    headers = {"Content-Encoding": "gzip"} if content.startswith(b"\x1f") else {}
    platform.server.always("GET", ORGANIZATIONS, behaviours.body(content, headers))

    message = caught(APIResponseValidationError, client.organizations.list)

    assert message.startswith("Cannot list organizations: the response is ")
    assert message.endswith(f" (GET {ORGANIZATIONS}: 200)")
    assert "base_url" in message
    assert len(message) <= 500
    assert ("a web page" in message) == (b"html" in content)


@pytest.mark.parametrize("code", [400, 403, 422, 500])
@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_refusals_that_say_nothing_of_use(
    content: bytes, code: int, new_client: NewClient, platform: Platform
) -> None:
    platform.server.always("GET", ORGANIZATIONS, behaviours.status(code, content))
    client = new_client(retry_timeout=0)

    message = caught(DataForceError, client.organizations.list)

    assert message.endswith(f" (GET {ORGANIZATIONS}: {code})")
    assert len(message) <= 500


@pytest.mark.parametrize(
    "detail",
    [
        5,
        None,
        {},
        [[]],
        [{"loc": 5, "msg": "x"}],
        [{"loc": None}],
        [{"msg": {"deep": [1]}}],
        [{"type": "missing"}],
        ["x"] * 1000,
        [{"loc": ["x" * 10_000], "msg": "y" * 10_000}],
        {"\ud800": "\ud800"},
    ],
)
def test_refusals_of_a_strange_shape(detail: Any, client: Client, platform: Platform) -> None:
    platform.server.always("GET", ORGANIZATIONS, gives(json_reply({"detail": detail}, 422)))

    message = caught(UnprocessableEntityError, client.organizations.list)

    assert message.isprintable()
    assert len(message) <= 500


def test_more_fields_and_double_ones_do_no_harm(client: Client, platform: Platform) -> None:
    record = json.dumps(platform.collection())[1:-1]
    content = f'{{"items": [{{"name": "first", {record}, "new": [1]}}], "cursor": null, "x": 1}}'
    platform.server.always("GET", f"{COLLECTIONS}\\?", behaviours.body(content.encode()))

    assert [each.name for each in client.collections.list()] == ["Flowers"]


def endless(line: Line, _: Request, __: Callable[[], Reply]) -> None:
    """Sends white space until the client has enough of it."""
    line.send(Reply(200, headers={"Transfer-Encoding": "chunked"}).head(length=None))
    chunk = b"%x\r\n" % (1024 * 1024) + b" " * (1024 * 1024) + b"\r\n"
    while True:
        line.send(chunk)


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_response_larger_than_any(is_announced: bool, client: Client, platform: Platform) -> None:
    def huge(line: Line, _: Request, __: Callable[[], Reply]) -> None:
        line.send(Reply(200).head(length=10**15))

    assert client.collections.list()  # the platform is known to send pages
    behaviour = huge if is_announced else endless
    limits = {f"{COLLECTIONS}/{COLLECTION}$": 64, f"{COLLECTIONS}\\?": 128}
    for path in limits:
        platform.server.always("GET", path, behaviour)

    with within(20):
        one = caught(APIResponseValidationError, lambda: client.collections.get(COLLECTION))
        page = caught(APIResponseValidationError, client.collections.list)

    for message, limit in zip((one, page), limits.values(), strict=True):
        assert f"the response is larger than {limit * 1024 * 1024} bytes" in message


@pytest.mark.parametrize("number", [10**30, -(10**30)])
def test_numbers_that_nobody_has(number: int, client: Client, platform: Platform) -> None:
    record = platform.collection() | {"total_models": number}
    platform.server.always("GET", f"{COLLECTIONS}\\?", gives(json_reply({"items": [record]})))

    assert client.collections.list()[0].total_models == number


def test_a_record_whose_fields_are_nested_too_deep(client: Client, platform: Platform) -> None:
    identifier = platform.add(b"bytes")
    record = json.dumps(platform.models[identifier] | {"metrics": "HERE"})
    content = record.replace('"HERE"', '{"a":' * 10_000 + "1" + "}" * 10_000)
    platform.server.always("GET", f"{MODELS}/", behaviours.body(content.encode()))

    caught(DataForceError, lambda: client.model_artifacts.get(identifier).metrics)  # type: ignore[union-attr]


@pytest.mark.parametrize("cursors", [["a", "a", "a"], ["a", "b", "a", "b"]])
def test_a_list_without_an_end(cursors: list[str], client: Client, platform: Platform) -> None:
    pages = [gives(json_reply({"items": [], "cursor": each})) for each in cursors * 20]
    platform.server.script("GET", f"{COLLECTIONS}\\?", *pages)

    message = caught(APIResponseValidationError, client.collections.list)

    assert "has no end" in message
    assert len(platform.server.seen("GET", f"{COLLECTIONS}\\?")) <= 5


def test_a_search_without_an_end(client: Client, platform: Platform) -> None:
    page = gives(json_reply({"items": [], "cursor": "a"}))
    platform.server.always("GET", f"{COLLECTIONS}\\?", page)

    message = caught(APIResponseValidationError, lambda: client.collections.get("Roses"))

    assert "has no end" in message


def test_a_search_with_ever_new_cursors(client: Client, platform: Platform) -> None:
    def behave(line: Line, request: Request, _: Callable[[], Reply]) -> None:
        cursor = str(int(request.query.get("cursor", "0")) + 1)
        items = [platform.collection()]
        line.send(json_reply({"items": items, "cursor": cursor}).raw())

    platform.server.always("GET", f"{COLLECTIONS}\\?", behave)

    message = caught(APIResponseValidationError, lambda: client.collections.get("Roses"))

    assert "has no end" in message
    assert len(platform.server.seen("GET", f"{COLLECTIONS}\\?")) < 300


def test_an_older_platform_is_known_by_its_405(client: Client, platform: Platform) -> None:
    array = gives(json_reply([platform.collection()]))
    platform.server.always("GET", f"{COLLECTIONS}/{COLLECTION}$", behaviours.status(405))
    platform.server.always("GET", f"{COLLECTIONS}(\\?|$)", array)

    for _ in range(2):
        found = client.collections.get(COLLECTION)
        assert found is not None
        assert found.name == "Flowers"

    assert len(platform.server.seen("GET", f"{COLLECTIONS}/{COLLECTION}$")) == 1


@pytest.mark.parametrize(("pinned", "spoken"), [("2025-12", "2026-01"), ("2026-01", "2025-12")])
def test_a_version_that_the_platform_does_not_speak(
    pinned: str, spoken: str, new_client: NewClient, platform: Platform
) -> None:
    if spoken == "2025-12":
        array = gives(json_reply([platform.collection()]))
        platform.server.always("GET", f"{COLLECTIONS}(\\?|$)", array)
    client = new_client(api_version=pinned, collection="")

    message = caught(APIResponseValidationError, client.collections.list)

    assert f"speaks the API of {spoken}, but api_version is {pinned}" in message


def test_a_delete_whose_answer_is_lost_is_done(client: Client, platform: Platform) -> None:
    path = f"{COLLECTIONS}/{COLLECTION}$"
    platform.server.script(
        "DELETE", path, behaviours.lose_answer, behaviours.status(404, b'{"detail": "gone"}')
    )

    client.collections.delete(COLLECTION)

    assert len(platform.server.seen("DELETE", path)) == 2


def test_words_that_a_newer_platform_adds_are_kept_as_text(
    client: Client, platform: Platform
) -> None:
    newer = {"id": OTHER_COLLECTION, "collection_type": "video"}
    items = [platform.collection(), platform.collection() | newer]
    answer = gives(json_reply({"items": items, "cursor": None}))
    platform.server.script("GET", COLLECTIONS, answer)
    first, second = client.collections.list()
    assert first.collection_type is CollectionType.MODEL
    assert second.collection_type == "video"
    assert "collection_type='video'" in repr(second)

    known, unknown = platform.add(b"known"), platform.add(b"unknown", number=2)
    platform.models[known]["status"] = "uploaded"
    platform.models[unknown]["status"] = "quarantined"
    statuses = {model.id: model.status for model in client.model_artifacts.list()}
    assert statuses[known] is ModelArtifactStatus.UPLOADED
    assert statuses[unknown] == "quarantined"


def test_words_that_nobody_knows_are_not_sent(client: Client, platform: Platform) -> None:
    identifier = platform.add(b"model")
    with pytest.raises(UnprocessableEntityError, match="collection_type takes 'model' or"):
        client.collections.create("", "Films", "video")  # type: ignore[arg-type]
    with pytest.raises(UnprocessableEntityError, match="status takes 'uploaded', "):
        client.model_artifacts.update(identifier, status="quarantined")  # type: ignore[arg-type]
    assert not platform.server.seen("POST", "") + platform.server.seen("PATCH", "")


@pytest.mark.parametrize(
    "identifier", ["..", "../../users/me", "a/b", "x?y=1", "%2e%2e", "", "a b"]
)
def test_an_id_of_the_platform_leads_nowhere_else(
    identifier: str, new_client: NewClient, platform: Platform
) -> None:
    record = platform.collection() | {"id": identifier}
    platform.server.always("GET", f"{COLLECTIONS}\\?", gives(json_reply({"items": [record]})))
    client = new_client(collection="")

    message = caught(APIResponseValidationError, client.model_artifacts.list)

    assert f"the platform calls a collection {identifier!r}, which is no id" in message
    assert [each.path for each in platform.server.seen("GET")][-1] == COLLECTIONS


def test_an_id_longer_than_any_is_none_of_the_platform(
    client: Client, platform: Platform, package: Path
) -> None:
    record = platform.models[platform.add(b"bytes")] | {"id": "x" * 100_000}
    target = {"type": "s3", "url": None, "multipart": True, "bucket_location": "b"}
    registered = {"model": record, "upload_details": target | {"bucket_secret_id": "s"}}
    platform.server.always("GET", f"{MODELS}\\?", gives(json_reply({"items": [record]})))
    platform.server.always("POST", f"{MODELS}$", gives(json_reply(registered)))

    for call in (client.model_artifacts.list, lambda: client.model_artifacts.upload(package, "n")):
        assert "id: String should have at most 100" in caught(APIResponseValidationError, call)


def test_a_long_refusal_at_the_end_of_an_upload_says_what_is_left(
    client: Client, platform: Platform, package: Path
) -> None:
    refusal = json_reply({"detail": "no " * 500}, 403, {"X-Request-Id": "x" * 500})
    platform.server.always("PATCH", f"{MODELS}/", gives(refusal))

    message = caught(DataForceError, lambda: client.model_artifacts.upload(package, "n"))

    assert "still waits for its bytes" in message
    assert message.endswith("xxx)")
    assert len(message) <= 500
