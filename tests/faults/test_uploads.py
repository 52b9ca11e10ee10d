"""Rows 10, 12 and 19: uploads of which one step fails, and deletions that storage refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client
from dataforce.errors import (
    APIConnectionError,
    APIResponseValidationError,
    BadRequestError,
    ConflictError,
    DataForceError,
    FileDeletionError,
    FileUploadError,
    NotFoundError,
)
from dataforce.testing.packages import build_package
from tests.faults import behaviours
from tests.faults.conftest import NewClient, caught, within
from tests.faults.misbehaving import Behaviour, HangUp, Line, Reply, Request, gives, json_reply
from tests.faults.platform import COLLECTION, COLLECTIONS, MODELS, Platform

COMPLETION = "uploadId=upload-1$"
ERROR = b"<?xml?><Error><Code>%s</Code><Message>Words</Message></Error>"


def check_uploaded(platform: Platform, package: Path, number: int = 1) -> None:
    """So many records, each with its bytes in the bucket."""
    assert platform.statuses() == ["uploaded"] * number
    for identifier in platform.models:
        assert platform.bucket.objects[identifier] == package.read_bytes()


def notes(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "state").rglob("*.jsonl"))


@pytest.mark.parametrize("kind", ["whole", "s3", "azure"])
def test_an_upload(
    kind: str, client: Client, platform: Platform, package: Path, tmp_path: Path
) -> None:
    platform.kind = kind

    model = client.model_artifacts.upload(package, "model")

    assert (model.status, model.size) == ("uploaded", package.stat().st_size)
    check_uploaded(platform, package)
    assert notes(tmp_path) == []
    kinds = {each.headers.get("x-ms-blob-type") for each in platform.bucket.server.seen("PUT")}
    assert kinds == {None}


@pytest.mark.parametrize("kind", ["whole", "s3", "azure"])
@pytest.mark.parametrize(
    "behaviour",
    [
        behaviours.hang_up,
        behaviours.lose_answer,
        behaviours.reset_before_head,
        behaviours.cut_in_head,
        behaviours.refuses_unread(503),
        behaviours.status(500),
        behaviours.status(503, ERROR % b"SlowDown", retry_after="0"),
        behaviours.status(429),
    ],
)
def test_bytes_that_do_not_arrive_are_sent_again(
    kind: str, behaviour: Behaviour, client: Client, platform: Platform, package: Path
) -> None:
    platform.kind = kind
    platform.bucket.server.script("PUT", "", behaviour, behaviour)

    client.model_artifacts.upload(package, "model")

    check_uploaded(platform, package)


@pytest.mark.parametrize("kind", ["whole", "s3", "azure"])
@pytest.mark.parametrize(
    "behaviour", [behaviours.status(403, ERROR % b"AccessDenied"), behaviours.refuses_unread(413)]
)
def test_a_bucket_that_refuses(
    kind: str,
    behaviour: Behaviour,
    client: Client,
    platform: Platform,
    package: Path,
    tmp_path: Path,
) -> None:
    platform.kind = kind
    platform.bucket.server.always("PUT", "", behaviour)

    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))

    assert "model.fnnx could not be uploaded to the bucket: 127.0.0.1" in message
    assert "has the status upload_failed" in message
    assert "Upload it again" in message
    (model,) = platform.models
    assert model in message
    assert platform.statuses() == ["upload_failed"]
    assert notes(tmp_path) == []
    named = f"as the unfinished upload upload-1 of {model}, until somebody aborts it"
    assert (named in message) == (kind == "s3")


@pytest.mark.parametrize("behaviour", [behaviours.deaf, behaviours.silent], ids=["deaf", "silent"])
@pytest.mark.parametrize("kind", ["whole", "s3"])
def test_a_bucket_that_does_not_read_or_does_not_answer(
    behaviour: Behaviour, kind: str, new_client: NewClient, platform: Platform, package: Path
) -> None:
    platform.kind = kind
    platform.bucket.server.always("PUT", "", behaviour)
    client = new_client(timeout=0.5, retry_timeout=0.2)

    with within(8):
        message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))

    assert "within 0.5 seconds" in message
    assert platform.statuses() == ["upload_failed"]


def test_a_completion_that_fails_with_200(
    client: Client, platform: Platform, package: Path
) -> None:
    platform.kind = "s3"
    refusal = behaviours.body(ERROR % b"InvalidPart")
    platform.bucket.server.always("POST", COMPLETION, refusal)

    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))

    assert "127.0.0.1 responded with 200 InvalidPart: Words" in message
    assert "unfinished upload upload-1" in message
    assert platform.statuses() == ["upload_failed"]
    assert len(platform.bucket.server.seen("POST", COMPLETION)) == 1


def test_a_completion_that_fails_with_200_and_passes(
    client: Client, platform: Platform, package: Path
) -> None:
    platform.kind = "s3"
    refusal = behaviours.body(ERROR % b"InternalError")
    platform.bucket.server.script("POST", COMPLETION, refusal, refusal)

    client.model_artifacts.upload(package, "model")

    check_uploaded(platform, package)


@pytest.mark.parametrize("kind", ["s3", "azure"])
def test_a_completion_whose_answer_is_lost(
    kind: str, client: Client, platform: Platform, package: Path
) -> None:
    platform.kind = kind
    method, path = ("POST", COMPLETION) if kind == "s3" else ("PUT", "comp=blocklist")
    platform.bucket.server.script(method, path, behaviours.lose_answer)
    if kind == "azure":
        platform.bucket.server.script(method, path, gives(Reply(201)))

    client.model_artifacts.upload(package, "model")

    check_uploaded(platform, package)


def test_a_completion_of_an_upload_that_somebody_aborted(
    client: Client, platform: Platform, package: Path
) -> None:
    platform.kind = "s3"
    gone = behaviours.status(404, ERROR % b"NoSuchUpload")
    platform.bucket.server.always("POST", COMPLETION, gone)

    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))

    assert "404 NoSuchUpload" in message
    assert platform.statuses() == ["upload_failed"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"<X/>", "began no upload in parts"), (ERROR % b"AccessDenied", "200 AccessDenied")],
)
def test_an_upload_in_parts_that_does_not_begin(
    content: bytes, words: str, client: Client, platform: Platform, package: Path
) -> None:
    platform.kind = "s3"
    platform.bucket.server.always("POST", "uploads=", behaviours.body(content))

    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))

    assert words in message
    assert platform.statuses() == ["upload_failed"]


@pytest.mark.parametrize(
    "behaviour",
    [
        behaviours.status(500),
        behaviours.status(404, b'{"detail": "Secret not found"}'),
        behaviours.lose_answer,
        behaviours.body(b"[]"),
        gives(json_reply({"upload_id": "upload-1", "parts": [], "complete_url": None})),
    ],
)
def test_part_addresses_that_the_platform_does_not_give(
    behaviour: Behaviour, client: Client, platform: Platform, package: Path
) -> None:
    platform.kind = "s3"
    platform.server.always("POST", "/multipart", behaviour)

    message = caught(DataForceError, lambda: client.model_artifacts.upload(package, "model"))

    assert "has the status upload_failed" in message
    assert platform.statuses() == ["upload_failed"]


def test_a_registration_whose_answer_is_lost(
    client: Client, platform: Platform, package: Path
) -> None:
    platform.server.script("POST", MODELS, behaviours.lose_answer)

    message = caught(APIConnectionError, lambda: client.model_artifacts.upload(package, "model"))

    assert "may have been carried out all the same" in message
    assert len(platform.server.seen("POST", MODELS)) == 1
    assert platform.bucket.server.requests == []


def test_a_registration_that_is_refused(client: Client, platform: Platform, package: Path) -> None:
    refusal = behaviours.status(409, b'{"detail": "Organization reached maximum number"}')
    platform.server.script("POST", MODELS, refusal)

    message = caught(ConflictError, lambda: client.model_artifacts.upload(package, "model"))

    assert "reached maximum number" in message


@pytest.mark.parametrize("call", ["upload", "create"])
def test_a_record_whose_url_the_platform_could_not_make_is_named(
    call: str, client: Client, platform: Platform, package: Path
) -> None:
    def behave(line: Line, _: Request, proper: Callable[[], Reply]) -> None:
        proper()  # the record stays behind
        line.send(json_reply({"detail": "Failed to generate upload URL."}, 400).raw())

    there = platform.add(b"other bytes")
    platform.server.script("POST", MODELS, behave)
    values = platform.models[there]
    fields = ("file_name", "metrics", "manifest", "file_hash", "file_index", "size", "model_name")

    def work() -> object:
        if call == "upload":
            return client.model_artifacts.upload(package, "model")
        return client.model_artifacts.create(**{field: values[field] for field in fields})

    message = caught(BadRequestError, work)

    [left] = [each["id"] for each in platform.models.values() if each["status"] != "uploaded"]
    assert "Failed to generate upload URL" in message
    assert f"model artifact {left} waits for bytes that cannot come" in message
    assert there not in message


@pytest.mark.parametrize("listed", [None, behaviours.status(403)])
def test_a_refused_record_that_is_not_found_is_not_named(
    listed: Behaviour | None, client: Client, platform: Platform, package: Path
) -> None:
    platform.add(b"other bytes")
    refusal = gives(json_reply({"detail": "No bucket"}, 400))
    platform.server.script("POST", MODELS, refusal)
    platform.server.script("GET", f"{MODELS}\\?", listed)

    message = caught(BadRequestError, lambda: client.model_artifacts.upload(package, "model"))

    assert "No bucket" in message
    assert "waits for bytes" not in message


@pytest.mark.parametrize(
    "behaviour", [behaviours.lose_answer, behaviours.hang_up, behaviours.cut_in_head]
)
def test_a_last_word_whose_answer_is_lost(
    behaviour: Behaviour, client: Client, platform: Platform, package: Path
) -> None:
    platform.server.script("PATCH", MODELS, behaviour)

    assert client.model_artifacts.upload(package, "model").status == "uploaded"

    check_uploaded(platform, package)


def test_a_platform_that_is_gone_at_the_end_is_told_by_the_next_upload(
    new_client: NewClient, platform: Platform, package: Path, tmp_path: Path
) -> None:
    def vanish(line: Line, _: Request, __: Any) -> None:
        raise HangUp

    client = new_client(retry_timeout=0.3)
    platform.server.script("PATCH", MODELS, *[vanish] * 20)
    platform.server.script("GET", f"{MODELS}/", *[vanish] * 20)

    upload = client.model_artifacts.upload
    message = caught(APIConnectionError, lambda: upload(package, "model"))
    assert "All bytes are in the bucket: make the same upload again to finish it" in message
    assert len(notes(tmp_path)) == 1

    # The platform is still not there: nothing is lost, and nothing left open.
    caught(APIConnectionError, lambda: client.model_artifacts.upload(package, "model"))
    assert len(notes(tmp_path)) == 1

    platform.server.behave()
    client.model_artifacts.upload(package, "model")
    check_uploaded(platform, package)
    assert notes(tmp_path) == []


def test_a_platform_that_cannot_be_told_of_a_failure(
    new_client: NewClient, platform: Platform, package: Path, tmp_path: Path
) -> None:
    def vanish(line: Line, _: Request, __: Any) -> None:
        raise HangUp

    client = new_client(retry_timeout=0.3)
    platform.bucket.server.script("PUT", "", behaviours.status(400))
    platform.server.script("PATCH", MODELS, *[vanish] * 20)

    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))
    assert "still waits for its bytes" in message
    assert "the same upload goes on there when it is made again" in message
    assert len(notes(tmp_path)) == 1

    platform.server.behave()
    client.model_artifacts.upload(package, "model")
    check_uploaded(platform, package)


def test_an_upload_may_take_longer_than_the_timeout(
    new_client: NewClient, platform: Platform, tmp_path: Path
) -> None:
    """The timeout is for silence; here the bucket is only slow."""
    package = build_package(tmp_path / "large.fnnx", content=bytes(24 * 1024**2))
    platform.bucket.server.script("PUT", "", behaviours.unhurried(8, 0.3))
    new_client(timeout=2, retry_timeout=0).model_artifacts.upload(package, "model")
    check_uploaded(platform, package)


def test_a_bucket_may_think_before_it_puts_parts_together(
    new_client: NewClient, platform: Platform, package: Path
) -> None:
    platform.kind = "s3"
    platform.bucket.server.script("POST", "uploadId", behaviours.thoughtful(8, 0.1))
    new_client(timeout=0.4, retry_timeout=0).model_artifacts.upload(package, "model")
    check_uploaded(platform, package)
    assert len(platform.bucket.server.seen("POST", "uploadId")) == 1


def test_a_crash_at_the_last_word_does_not_undo_an_upload(
    client: Client, platform: Platform, package: Path
) -> None:
    platform.server.script("PATCH", MODELS, behaviours.status(503), behaviours.lose_answer)
    client.model_artifacts.upload(package, "model")
    check_uploaded(platform, package)


def test_a_file_that_changes_on_its_way(client: Client, platform: Platform, package: Path) -> None:
    def change(line: Line, request: Request, proper: behaviours.Proper) -> None:
        package.write_bytes(package.read_bytes() + b"x")
        line.send(proper().raw())

    platform.bucket.server.script("PUT", "", change)

    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))

    assert "changed while it was uploaded" in message
    assert platform.statuses() == ["upload_failed"]


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_vanishes_or_shrinks_on_its_way(
    gone: bool, client: Client, platform: Platform, package: Path
) -> None:
    def break_off(line: Line, request: Request, proper: behaviours.Proper) -> None:
        package.unlink() if gone else package.write_bytes(b"")
        raise HangUp

    platform.bucket.server.script("PUT", "", break_off)

    with within(5):
        message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))

    assert ("could not be read" if gone else "became shorter") in message
    assert str(package) in message
    assert platform.statuses() == ["upload_failed"]


def test_storage_that_refuses_to_delete(client: Client, platform: Platform) -> None:
    model = platform.add(b"bytes")
    platform.bucket.server.always("DELETE", "", behaviours.status(403, ERROR % b"AccessDenied"))

    message = caught(FileDeletionError, lambda: client.model_artifacts.delete(model))

    assert f"{model} was not deleted, and its status is deletion_failed" in message
    assert "127.0.0.1 responded with 403 AccessDenied: Words" in message
    assert platform.statuses() == ["deletion_failed"]
    assert platform.bucket.objects[model] == b"bytes"


def test_storage_that_refuses_to_delete_and_a_platform_that_cannot_be_told(
    client: Client, platform: Platform
) -> None:
    model = platform.add(b"bytes")
    platform.bucket.server.always("DELETE", "", behaviours.status(403))
    platform.server.always("PATCH", "", behaviours.status(500))

    message = caught(FileDeletionError, lambda: client.model_artifacts.delete(model))

    assert "its status could not be set to deletion_failed" in message
    assert platform.statuses() == ["pending_deletion"]


@pytest.mark.parametrize(
    "behaviour",
    [
        behaviours.lose_answer,
        behaviours.hang_up,
        behaviours.status(503),
        behaviours.status(404, ERROR % b"NoSuchKey"),
    ],
)
def test_a_deletion_that_breaks_once(
    behaviour: Behaviour, client: Client, platform: Platform
) -> None:
    model = platform.add(b"bytes")
    platform.bucket.server.script("DELETE", "", behaviour)
    platform.server.script("DELETE", MODELS, behaviours.lose_answer)

    client.model_artifacts.delete(model)

    assert platform.models == {}


def test_a_collection_whose_second_model_cannot_be_deleted(
    client: Client, platform: Platform
) -> None:
    models = [platform.add(b"bytes", number=number) for number in range(1, 4)]
    refusal = behaviours.status(403, ERROR % b"AccessDenied")
    platform.bucket.server.always("DELETE", models[1], refusal)

    message = caught(FileDeletionError, lambda: client.collections.delete(COLLECTION))

    assert (
        f"The collection {COLLECTION} was not deleted; 1 of its model artifacts is left: "
        f"{models[1]}."
    ) in message
    assert list(platform.models) == [models[1]]
    assert platform.server.seen("DELETE", f"{COLLECTIONS}/{COLLECTION}$") == []


def test_a_collection_whose_models_somebody_else_deletes(
    client: Client, platform: Platform
) -> None:
    models = [platform.add(b"bytes", number=number) for number in range(1, 13)]
    del platform.models[models[1]]
    listed = gives(json_reply({"items": [platform.models[models[0]], *platform.models.values()]}))
    platform.server.script("GET", "model_artifacts\\?", listed)

    caught(NotFoundError, lambda: client.model_artifacts.delete(models[1]))
    client.collections.delete(COLLECTION)
    assert platform.models == {}


@pytest.mark.parametrize("identifier", ["", "../x", "\x1b[2J"])
def test_a_record_without_an_id_is_refused_and_in_nobodys_way(
    identifier: str, client: Client, platform: Platform, package: Path, tmp_path: Path
) -> None:
    def gives_no_id(line: Line, _: Request, proper: Callable[[], Reply]) -> None:
        answer = json.loads(proper().content)
        platform.models.clear()
        answer["model"]["id"] = identifier
        line.send(json_reply(answer).raw())

    platform.server.script("POST", f"{MODELS}$", gives_no_id)

    message = caught(
        APIResponseValidationError, lambda: client.model_artifacts.upload(package, "model")
    )
    assert "which is no id" in message
    assert notes(tmp_path) == []

    client.model_artifacts.upload(package, "model")
    check_uploaded(platform, package)


def test_what_waits_is_shown_by_nobody(client: Client, platform: Platform) -> None:
    created = client.model_artifacts.create("m.fnnx", {}, _manifest(), "0" * 64, {}, 100, "by hand")

    assert "CANARY" not in f"{created!r} {created} {created.url!r} {client!r} {client.backend!r}"
    assert "CANARYsignature" in created.url.parts[0].url
    signed = client.model_artifacts.download_url(created.model.id)
    assert "CANARY" not in f"{signed!r} {signed}"


def _manifest() -> dict[str, Any]:
    from dataforce.testing.packages import MANIFEST

    return dict(MANIFEST)
