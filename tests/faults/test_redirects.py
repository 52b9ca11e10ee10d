"""Row 14: redirects, and that credentials never follow them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataforce import Client
from dataforce.errors import APIStatusError, FileDownloadError, FileUploadError
from tests.faults import behaviours
from tests.faults.conftest import caught
from tests.faults.misbehaving import Reply, Server
from tests.faults.platform import COLLECTIONS, Bucket, Platform

CONTENT = random.Random(2).randbytes(100_000)


@pytest.fixture
def stranger() -> Iterator[Server]:
    with Server(lambda _: Reply(200, CONTENT)) as server:
        yield server


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place",
    ["{stranger}/x", "file:///etc/passwd", "http://169.254.169.254/", "/loop", "http://[", ""],
)
def test_the_platform_is_not_followed(
    code: int, place: str, client: Client, platform: Platform, stranger: Server
) -> None:
    behaviour = behaviours.redirect(place.format(stranger=stranger.url), code)
    platform.server.always("GET", "/users/me/organizations", behaviour)

    message = caught(APIStatusError, client.organizations.list)

    assert message.startswith("Cannot list organizations: ")
    assert message.endswith(f" (GET /users/me/organizations: {code})")
    assert "Set base_url to where it leads if you trust it" in message
    if "stranger" in place:
        assert f"It redirects to {stranger.url}" in message
    assert stranger.requests == []
    assert len(platform.server.requests) == 1


def test_a_write_does_not_become_a_read(client: Client, platform: Platform) -> None:
    behaviour = behaviours.redirect(f"{platform.server.url}{COLLECTIONS}")
    platform.server.always("POST", COLLECTIONS, behaviour)

    caught(APIStatusError, lambda: client.collections.create("", "Flowers", "model"))

    assert len(platform.server.seen("POST", COLLECTIONS)) == 1
    assert platform.server.seen("GET", f"{COLLECTIONS}$") == []


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_bucket_may_lead_elsewhere(
    code: int, client: Client, platform: Platform, bucket: Bucket, stranger: Server, tmp_path: Path
) -> None:
    model = platform.add(CONTENT)
    bucket.server.always("GET", "", behaviours.redirect(f"{stranger.url}/x", code))

    path = client.model_artifacts.download(model, tmp_path / "target.fnnx")

    assert path.read_bytes() == CONTENT
    assert stranger.requests
    for request in stranger.requests + bucket.server.requests:
        assert not {"authorization", "cookie", "referer"} & request.headers.keys()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("file:///etc/passwd", "no http URL"),
        ("ftp://127.0.0.1/x", "no http URL"),
        ("http://[", "no http URL"),
        ("http://127.0.0.1:99999999/", "no http URL"),
        ("http://169.254.169.254/latest/meta-data", "an internal address"),
        ("http://2852039166/latest/meta-data", "an internal address"),
        ("http://0xa9fea9fe/", "an internal address"),
        ("http://[::ffff:169.254.169.254]/", "an internal address"),
        ("http://[fe80::1]/", "an internal address"),
        ("", "redirects more than 3 times"),
        ("/bucket/loop", "redirects more than 3 times"),
    ],
)
def test_where_a_bucket_may_not_lead(
    place: str, words: str, client: Client, platform: Platform, bucket: Bucket, tmp_path: Path
) -> None:
    model = platform.add(CONTENT)
    bucket.server.always("GET", "", behaviours.redirect(place))
    target = tmp_path / "old.fnnx"
    target.write_bytes(b"old")

    message = caught(FileDownloadError, lambda: client.model_artifacts.download(model, target))

    assert words in message
    assert target.read_bytes() == b"old"
    assert len(bucket.server.requests) in (1, 4, 8, 12, 16)


def test_an_upload_follows_only_what_keeps_its_bytes(
    client: Client, platform: Platform, bucket: Bucket, package: Path
) -> None:
    place = bucket.url("moved")
    bucket.server.script("PUT", "", behaviours.redirect(place, 307))
    client.model_artifacts.upload(package, "model")
    assert bucket.objects["moved"] == package.read_bytes()

    bucket.server.always("PUT", "", behaviours.redirect(place, 302))
    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "again"))

    assert "redirects a PUT, which would lose its bytes" in message
    assert platform.statuses() == ["uploaded", "upload_failed"]


@pytest.mark.parametrize("kind", ["whole", "s3", "azure"])
def test_what_was_brought_elsewhere_is_not_uploaded(
    kind: str,
    client: Client,
    platform: Platform,
    bucket: Bucket,
    package: Path,
    stranger: Server,
) -> None:
    platform.kind = kind
    bucket.server.script("PUT", "", behaviours.redirect(f"{stranger.url}/x", 307))

    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "model"))

    assert "redirects a PUT to 127.0.0.1, so nothing tells whether it is done there" in message
    assert stranger.requests == []
    assert platform.statuses() == ["upload_failed"]
