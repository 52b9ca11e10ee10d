"""Files in parts, in a real S3 API, by URLs that are truly presigned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataforce import Client, FileUploadError
from dataforce.config import APIVersion
from dataforce.server import UploadLimits
from dataforce.testing.packages import MANIFEST, build_package
from tests.server.s3 import BucketObjects
from tests.server.s3 import bucket as bucket
from tests.server.s3 import s3_server as s3_server
from tests.server.serving import KEY, serving

PART = 5 * 1024 * 1024
"""S3 takes no smaller one, except for the last."""


@pytest.fixture(params=list(APIVersion))
def client(request: pytest.FixtureRequest, bucket: BucketObjects) -> Iterator[Client]:
    limits = UploadLimits(single=PART, part=PART)
    with (
        serving(api_version=request.param, objects=bucket, limits=limits) as base_url,
        Client(backend_type="remote", base_url=base_url, api_key=KEY) as client,
    ):
        client.collections.create("", "Flowers", "model")
        yield client


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return build_package(tmp_path / "large.fnnx", content=bytes(range(251)) * 50_000)


def test_a_large_file_goes_in_parts_and_comes_back(
    client: Client, bucket: BucketObjects, large: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    model = client.model_artifacts.upload(
        large, "large", progress=lambda done, size: told.append((done, size))
    )
    assert bucket.content(model.bucket_location) == large.read_bytes()
    assert told[-1] == (large.stat().st_size, large.stat().st_size)
    copy = client.model_artifacts.download(model.id, tmp_path / "copy.fnnx")
    assert copy.read_bytes() == large.read_bytes()


def test_a_member_is_read_without_the_rest(client: Client, large: Path) -> None:
    model = client.model_artifacts.upload(large, "large")
    with client.model_artifacts.open(model.id, "variant_artifacts/model.bin") as member:
        member.seek(251 * 40_000)
        assert member.read(4) == bytes(range(4))


def test_a_deleted_model_leaves_nothing_in_the_bucket(
    client: Client, bucket: BucketObjects, large: Path
) -> None:
    model = client.model_artifacts.upload(large, "large")
    client.collections.delete(model.collection_id)
    assert bucket.content(model.bucket_location) is None
    assert client.collections.list() == []


def test_bytes_brought_by_hand_in_parts(client: Client, bucket: BucketObjects) -> None:
    created = client.model_artifacts.create(
        *("a.fnnx", {}, MANIFEST, "0" * 64, {}, 2 * PART + 1, "by hand")
    )
    assert [part.part_size for part in created.url.parts] == [PART, PART, 1]
    assert created.url.complete_url
    assert created.url.upload_id


def test_a_bucket_that_is_gone_is_told(
    client: Client, bucket: BucketObjects, tmp_path: Path
) -> None:
    bucket.client.delete_bucket(Bucket=bucket.bucket)
    with pytest.raises(FileUploadError, match="NoSuchBucket") as caught:
        client.model_artifacts.upload(build_package(tmp_path / "small.fnnx"), "small")
    assert "upload_failed" in str(caught.value)
    assert "Signature" not in str(caught.value)
