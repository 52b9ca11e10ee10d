"""What is asked of the bucket, and what becomes of its answers."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest

from dataforce import BadRequestError, ConfigurationError, FileDownloadError, FileUploadError
from dataforce.backend import Scope
from dataforce.models import MODEL_ARTIFACT
from dataforce.testing.packages import MANIFEST, build_package
from tests.remote.conftest import (
    BASE,
    COLLECTION,
    COLLECTIONS,
    MODEL,
    MODELS,
    ORBIT,
    ORGANIZATION,
    SECRET,
    Open,
    Platform,
    asked,
    collection,
)

BUCKET = "https://bucket.example"
SCOPE = Scope((ORGANIZATION, ORBIT, COLLECTION))


def model(content: bytes = b"model", **changes: Any) -> dict[str, Any]:
    """As the platform answers."""
    record = {"id": MODEL, "collection_id": COLLECTION, "file_name": "model.fnnx"}
    described = {"model_name": "iris", "metrics": {}, "manifest": dict(MANIFEST), "file_index": {}}
    digest = hashlib.sha256(content).hexdigest()
    stored = {"file_hash": digest, "size": len(content), "bucket_location": "a/b"}
    more = {"unique_identifier": "0" * 32, "status": "uploaded"}
    return record | described | stored | more | {"created_at": "2026-11-20T18:17:35Z"} | changes


@pytest.fixture
def served(platform: Platform) -> Platform:
    """A platform with one collection of one model."""
    platform.add("GET", COLLECTIONS, json={"items": [collection()], "cursor": None})
    platform.add("GET", f"{MODELS}/{MODEL}", json=model())
    signed = {"url": f"{BUCKET}/model?X-Amz-Signature=secret"}
    platform.add("GET", f"{MODELS}/{MODEL}/download-url", json=signed)
    return platform


def test_a_redirect_to_another_bucket_is_followed(
    served: Platform, open_client: Open, tmp_path: Path
) -> None:
    elsewhere = "https://elsewhere.example/model"
    served.add("GET", f"{BUCKET}/model", status=307, headers={"Location": elsewhere})
    served.add("GET", elsewhere, body=b"model")
    written = open_client().model_artifacts.download(MODEL, tmp_path)
    assert written.read_bytes() == b"model"
    assert not [
        call
        for call in served.calls
        if "example/model" in str(call.request.url) and "Authorization" in call.request.headers
    ]


def test_a_redirect_never_gives_up_encryption(
    served: Platform, open_client: Open, tmp_path: Path
) -> None:
    plain = "http://bucket.example/model"
    served.add("GET", f"{BUCKET}/model", status=302, headers={"Location": plain})
    with pytest.raises(FileDownloadError, match="without encryption"):
        open_client().model_artifacts.download(MODEL, tmp_path)


def test_a_file_that_was_opened_is_closed_with_its_client(
    served: Platform, open_client: Open
) -> None:
    client = open_client()
    record = client.backend.store(MODEL_ARTIFACT, SCOPE).get(MODEL)
    opened = client.backend.files(MODEL_ARTIFACT, SCOPE).open(record, "file")
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        list(opened.read())


@pytest.fixture
def in_parts(served: Platform, tmp_path: Path) -> Path:
    """A package that goes up in one part of several, as it were."""
    package = build_package(tmp_path / "model.fnnx")
    size = package.stat().st_size
    target = {"type": "s3", "url": f"{BUCKET}/model?uploads=", "multipart": True}
    place = {"bucket_location": "a/b", "bucket_secret_id": SECRET}
    pending = model(size=size, status="pending_upload")
    served.add("POST", MODELS, json={"model": pending, "upload_details": target | place})
    served.add("POST", f"{BUCKET}/model", body="<R><UploadId>one</UploadId></R>")
    part = {"part_number": 1, "url": f"{BUCKET}/part", "start_byte": 0, "end_byte": size - 1}
    details = {"upload_id": "one", "parts": [part | {"part_size": size}]}
    url = f"{BASE}/bucket-secrets/upload/multipart"
    served.add("POST", url, json=details | {"complete_url": f"{BUCKET}/complete"})
    served.add("PATCH", f"{MODELS}/{MODEL}", json=model(status="upload_failed"))
    return package


def test_a_part_without_a_tag_cannot_be_named(
    served: Platform, in_parts: Path, open_client: Open
) -> None:
    served.add("PUT", f"{BUCKET}/part", status=200)
    with pytest.raises(FileUploadError, match="tag") as caught:
        open_client().model_artifacts.upload(in_parts, "iris")
    assert "unfinished upload one of a/b" in str(caught.value)
    assert asked(served)[-1].startswith("PATCH ")


def test_bytes_that_go_nowhere_are_given_up(
    served: Platform, in_parts: Path, open_client: Open
) -> None:
    """Without a note there is nothing that goes on later, and nobody is told so."""
    served.replace("POST", f"{BUCKET}/model", status=404)
    served.replace("PATCH", f"{MODELS}/{MODEL}", status=503)
    create = open_client().model_artifacts.create
    with pytest.raises(FileUploadError, match="still waits for its bytes") as caught:
        create("model.fnnx", {}, MANIFEST, "0" * 64, {}, in_parts.stat().st_size, "iris")
    assert "goes on there" not in str(caught.value)


def test_the_log_of_others_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("urllib3.connectionpool")
    with caplog.at_level(logging.DEBUG, log.name):
        log.debug("%s", "/path?their=own")
    assert "their=own" in caplog.text


def test_a_record_that_fails_at_the_last_word_is_not_said_to_be_uploaded(
    served: Platform, open_client: Open, tmp_path: Path
) -> None:
    package = build_package(tmp_path / "model.fnnx")
    size = package.stat().st_size
    target = {"type": "s3", "url": f"{BUCKET}/model", "multipart": False}
    place = {"bucket_location": "a/b", "bucket_secret_id": SECRET}
    pending = model(size=size, status="pending_upload")
    served.add("POST", MODELS, json={"model": pending, "upload_details": target | place})
    served.add("PUT", f"{BUCKET}/model", status=200)
    refusal = {"detail": "Invalid status transition"}
    served.add("PATCH", f"{MODELS}/{MODEL}", json=refusal, status=400)
    served.replace("GET", f"{MODELS}/{MODEL}", json=model(status="deletion_failed"))
    with pytest.raises(BadRequestError, match="Invalid status transition"):
        open_client().model_artifacts.upload(package, "iris")
