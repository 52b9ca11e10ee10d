"""The registry in front of a real bucket: truly presigned URLs, and bytes that pass it by."""

from __future__ import annotations

import pytest

from dataforce.server import UploadLimits
from tests.server.caller import Caller, fetch, parts_xml
from tests.server.conftest import Serve
from tests.server.s3 import BucketObjects

PART = 5 * 1024**2
LARGE = bytes(range(256)) * (PART // 256) + b"tail"


@pytest.fixture
def api(serve: Serve, version: str, bucket: BucketObjects, s3_server: str) -> Caller:
    limits = UploadLimits(single=PART, part=PART)
    return serve(api_version=version, objects=bucket, limits=limits)


def test_a_small_file_goes_to_the_bucket(
    api: Caller, bucket: BucketObjects, s3_server: str
) -> None:
    created = api.new_model(collection := api.new_collection())
    url, location = api.upload_url(created), created["model"]["bucket_location"]
    assert url.startswith(s3_server)
    assert fetch("PUT", url, data=b"model").status_code == 200
    assert bucket.content(location) == b"model"
    path = f"{collection}/model_artifacts/{created['model']['id']}"
    assert api.patch(path, {"status": "uploaded"})["status"] == "uploaded"
    assert fetch("GET", api.get(f"{path}/download-url")["url"]).content == b"model"
    assert fetch("DELETE", api.get(f"{path}/delete-url")["url"]).status_code == 204
    assert bucket.content(location) is None
    api.delete(path)


def test_a_large_file_goes_to_the_bucket_in_parts(api: Caller, bucket: BucketObjects) -> None:
    collection = api.new_collection()
    created = api.new_model(collection, LARGE)
    location = created["model"]["bucket_location"]
    if api.is_new:
        begun = fetch("POST", created["upload_details"]["url"]).text
        details = api.post(
            "/bucket-secrets/upload/multipart",
            {
                "bucket_id": created["upload_details"]["bucket_secret_id"],
                "bucket_location": location,
                "size": len(LARGE),
                "upload_id": begun.partition("<UploadId>")[2].partition("<")[0],
            },
        )
    else:
        details = created["url"]
    assert [part["part_size"] for part in details["parts"]] == [PART, 4]
    slices = (LARGE[:PART], LARGE[PART:])
    etags = [
        fetch("PUT", part["url"], data=content).headers["etag"]
        for part, content in zip(details["parts"], slices, strict=True)
    ]
    assert fetch("POST", details["complete_url"], data=parts_xml(etags)).status_code == 200
    assert bucket.content(location) == LARGE
    api.delete(f"{collection}/model_artifacts/{created['model']['id']}/force")
    assert bucket.content(location) == LARGE


def test_urls_of_a_passing_object(api: Caller) -> None:
    urls = api.post("/bucket-secrets/urls", api.secret())
    assert fetch("PUT", urls["presigned_url"], data=b"test").status_code == 200
    assert fetch("GET", urls["download_url"]).content == b"test"
    assert fetch("DELETE", urls["delete_url"]).status_code == 204
