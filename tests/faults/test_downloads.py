"""Rows 8, 9, 10 and 17: downloads that break off, change, or want to go elsewhere."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataforce import Client
from dataforce.backend import Content, Scope
from dataforce.errors import (
    ChecksumMismatchError,
    ContentChangedError,
    DataForceError,
    FileDownloadError,
)
from dataforce.models import MODEL_ARTIFACT, ModelArtifact
from tests.faults import behaviours
from tests.faults.conftest import NewClient, caught, within
from tests.faults.misbehaving import Behaviour, Line, Reply, Request, gives, json_reply
from tests.faults.platform import COLLECTION, ORBIT, ORGANIZATION, Bucket, Platform

CONTENT = random.Random(2).randbytes(1_000_000)
SCOPE = Scope((ORGANIZATION, ORBIT, COLLECTION))


@pytest.fixture
def model(platform: Platform) -> str:
    return platform.add(CONTENT)


@pytest.fixture
def opened(client: Client, model: str) -> Content:
    """The bytes, read as the facade reads them."""
    return open_content(client, model)


def open_content(client: Client, model: str) -> Content:
    record = client.backend.store(MODEL_ARTIFACT, SCOPE).get(model)
    assert isinstance(record, ModelArtifact)
    return client.backend.files(MODEL_ARTIFACT, SCOPE).open(record, "file")


def joined(chunks: Iterator[bytes]) -> bytes:
    return b"".join(chunks)


@pytest.mark.parametrize(
    ("behaviour", "resumed_at"),
    [
        (behaviours.hang_up, 0),
        (behaviours.reset_before_head, 0),
        (behaviours.cut_in_head, 0),
        (behaviours.cut(0), 0),
        (behaviours.cut(0, reset=True), None),
        (behaviours.cut(1e-6), 1),
        (behaviours.cut(1e-6, reset=True), None),
        (behaviours.cut(0.5), 500_000),
        (behaviours.cut(0.5, reset=True), None),
        (behaviours.cut(0.999999), 999_999),
        (behaviours.cut(0.999999, reset=True), None),
        (behaviours.without_length(0.5), 500_000),
        (behaviours.chunked(0.5), 500_000),
        (behaviours.status(500), 0),
        (behaviours.status(503, b"<Error><Code>SlowDown</Code></Error>"), 0),
    ],
)
def test_a_download_that_breaks_goes_on_where_it_stopped(
    behaviour: Behaviour, resumed_at: int | None, opened: Content, bucket: Bucket
) -> None:
    bucket.server.script("GET", "", behaviour)

    assert joined(opened.read()) == CONTENT

    first, second = bucket.server.seen("GET")
    assert "range" not in first.headers
    # A reset may take bytes with it that were on their way.
    if resumed_at:
        assert second.headers["range"] == f"bytes={resumed_at}-999999"
    elif resumed_at == 0:
        assert "range" not in second.headers
    # What came was this very file, and only the same may be put behind it.
    assert ("if-match" in second.headers) >= bool(resumed_at)


def test_a_download_that_breaks_again_and_again(opened: Content, bucket: Bucket) -> None:
    bucket.server.script("GET", "", *[behaviours.cut(0.3)] * 20)

    assert joined(opened.read()) == CONTENT

    sent = 0
    for request in bucket.server.seen("GET"):
        start = int(request.headers.get("range", "bytes=0-").partition("=")[2].partition("-")[0])
        assert start == sent  # no byte comes twice
        sent += int((len(CONTENT) - start) * 0.3)


def test_a_file_that_is_replaced_between_two_halves(
    opened: Content, bucket: Bucket, model: str
) -> None:
    def replace(line: Line, request: Request, proper: behaviours.Proper) -> None:
        reply = proper()
        bucket.objects[model] = bytes(len(CONTENT))
        line.send(reply.head() + reply.content[:500_000])
        behaviours.hang_up(line, request, proper)

    bucket.server.script("GET", "", replace)

    message = caught(ContentChangedError, lambda: joined(opened.read()))

    assert "was replaced in the bucket" in message
    assert bucket.server.seen("GET")[1].headers["if-match"]


def test_a_download_of_a_file_that_is_replaced_begins_again(
    client: Client, bucket: Bucket, model: str, tmp_path: Path
) -> None:
    """It may be the same one, stored once more."""

    def replace(line: Line, request: Request, proper: behaviours.Proper) -> None:
        reply = proper()
        line.send(reply.head() + reply.content[:500_000])
        behaviours.hang_up(line, request, proper)

    changed = Reply(412)
    bucket.server.script("GET", "", replace, gives(changed))
    told: list[int] = []

    written = client.model_artifacts.download(
        model, tmp_path / "new", progress=lambda done, size: told.append(done)
    )

    assert written.read_bytes() == CONTENT
    assert (min(told), told[-1]) == (0, len(CONTENT))


def test_another_file_in_answer_to_a_range(opened: Content, bucket: Bucket) -> None:
    other = Reply(206, bytes(500_000), {"ETag": '"other"'})
    other.headers = {**other.headers, "Content-Range": "bytes 500000-999999/1000000"}
    bucket.server.script("GET", "", behaviours.cut(0.5), gives(other))

    caught(ContentChangedError, lambda: joined(opened.read()))


def test_a_replaced_file_never_takes_the_place_of_the_old_one(
    client: Client, bucket: Bucket, model: str, tmp_path: Path
) -> None:
    bucket.objects[model] = bytes(len(CONTENT))
    target = tmp_path / "old.fnnx"
    target.write_bytes(b"old")

    caught(ChecksumMismatchError, lambda: client.model_artifacts.download(model, target))

    assert target.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["old.fnnx"]


@pytest.mark.parametrize("tags", [True, False])
def test_a_bucket_that_knows_no_ranges(tags: bool, opened: Content, bucket: Bucket) -> None:
    bucket.has_tags = tags
    whole = gives(Reply(200, CONTENT))
    bucket.server.script("GET", "", behaviours.cut(0.5), whole)

    assert joined(opened.read()) == CONTENT
    assert joined(opened.read(10, 20)) == CONTENT[10:30]

    bucket.server.script("GET", "", whole)
    assert joined(opened.read(999_990)) == CONTENT[999_990:]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(416, b"", {"Content-Range": "bytes */5"}), "holds fewer bytes in place of 1000000"),
        (Reply(200, b"short"), "holds 5 bytes in place of 1000000"),
        (Reply(400, b"<Error><Code>Odd</Code><Message>No</Message></Error>"), "400 Odd: No"),
        (Reply(206, b"xx", {"Content-Range": "bytes 7-8/1000000"}), "other bytes than it was"),
        (Reply(404, b"<Error><Code>NoSuchKey</Code></Error>"), "are not there"),
    ],
)
def test_a_bucket_that_has_something_else(
    reply: Reply, words: str, client: Client, bucket: Bucket, model: str, tmp_path: Path
) -> None:
    bucket.server.always("GET", "", gives(reply))
    target = tmp_path / "old.fnnx"
    target.write_bytes(b"old")

    message = caught(FileDownloadError, lambda: client.model_artifacts.download(model, target))

    assert words in message
    assert model in message
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("length", ["abc", "1000000, 1000000", "-1"])
def test_a_length_that_is_no_number(length: str, opened: Content, bucket: Bucket) -> None:
    def behave(line: Line, request: Request, proper: behaviours.Proper) -> None:
        line.send(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + CONTENT)
        behaviours.hang_up(line, request, proper)

    bucket.server.script("GET", "", behave)

    assert joined(opened.read()) == CONTENT


def test_a_url_that_has_expired_is_asked_for_anew(
    opened: Content, bucket: Bucket, platform: Platform
) -> None:
    expired = behaviours.status(403, b"<Error><Code>AccessDenied</Code></Error>")
    bucket.server.script("GET", "", behaviours.cut(0.5), expired)

    assert joined(opened.read()) == CONTENT

    assert len(platform.server.seen("GET", "download-url")) == 2


def test_a_bucket_that_refuses_every_url(
    opened: Content, bucket: Bucket, platform: Platform
) -> None:
    refusal = b"<Error><Code>AccessDenied</Code><Message>Not you</Message></Error>"
    bucket.server.always("GET", "", behaviours.status(403, refusal))

    message = caught(FileDownloadError, lambda: joined(opened.read()))

    assert "127.0.0.1 responded with 403 AccessDenied: Not you" in message
    assert len(platform.server.seen("GET", "download-url")) == 2


@pytest.mark.parametrize(
    "behaviour",
    [behaviours.silent, behaviours.dripping_head, behaviours.dripping_body],
    ids=["silent", "dripping head", "dripping body"],
)
def test_a_bucket_that_is_slow_once(
    behaviour: Behaviour, new_client: NewClient, bucket: Bucket, model: str
) -> None:
    bucket.server.script("GET", "", behaviour)
    opened = open_content(new_client(timeout=0.5), model)

    with within(5):
        # A dripping body lies about its length, which shows at once.
        if behaviour is behaviours.dripping_body:
            caught(FileDownloadError, lambda: joined(opened.read()))
        else:
            assert joined(opened.read()) == CONTENT


def test_a_bucket_that_stays_slow(new_client: NewClient, bucket: Bucket, model: str) -> None:
    bucket.server.always("GET", "", behaviours.silent)
    opened = open_content(new_client(timeout=0.3, retry_timeout=0.3), model)

    with within(4):
        message = caught(FileDownloadError, lambda: joined(opened.read()))

    assert "127.0.0.1: no complete response within 0.3 seconds" in message


def test_a_reader_who_takes_his_time_is_not_held_against_the_bucket(
    new_client: NewClient, bucket: Bucket, model: str
) -> None:
    chunks = open_content(new_client(timeout=0.2), model).read()
    first = next(chunks)
    threading.Event().wait(0.5)

    assert first + joined(chunks) == CONTENT
    assert len(bucket.server.seen("GET")) == 1


def test_a_bucket_that_is_gone(new_client: NewClient, bucket: Bucket, model: str) -> None:
    opened = open_content(new_client(retry_timeout=0.3), model)
    bucket.server.close()

    message = caught(FileDownloadError, lambda: joined(opened.read()))

    assert "127.0.0.1: it refuses connections" in message


def test_a_compressed_answer_that_nobody_asked_for(opened: Content, bucket: Bucket) -> None:
    bomb = gives(Reply(200, bytes(1000), {"Content-Encoding": "gzip"}))
    bucket.server.always("GET", "", bomb)

    caught(FileDownloadError, lambda: joined(opened.read()))

    assert bucket.server.requests[0].headers["accept-encoding"] == "identity"


def test_nothing_that_proves_who_we_are_goes_to_the_bucket(
    opened: Content, bucket: Bucket, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login me password CANARYnetrc\n")
    (home / ".netrc").chmod(0o600)

    assert joined(opened.read()) == CONTENT

    (request,) = bucket.server.requests
    assert not {"authorization", "cookie", "x-api-key"} & request.headers.keys()


def test_netrc_does_not_take_the_place_of_the_api_key(
    client: Client, platform: Platform, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login me password CANARYnetrc\n")
    (home / ".netrc").chmod(0o600)

    client.organizations.list()

    assert platform.server.requests[0].headers["authorization"].startswith("Bearer dfs_")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("../escaped.fnnx", "escaped.fnnx"),
        ("/tmp/absolute.fnnx", "absolute.fnnx"),
        ("C:\\windows\\x.fnnx", "x.fnnx"),
        ("\\\\server\\share\\x.fnnx", "x.fnnx"),
        ("a/../../b.fnnx", "b.fnnx"),
        ("%2e%2e%2fx.fnnx", "%2e%2e%2fx.fnnx"),
        ("dot.", "dot."),
        ("nul\x00.fnnx", None),
        ("..", None),
        ("a/", None),
        ("x" * 300 + ".fnnx", None),
    ],
)
def test_a_name_that_the_platform_sends_stays_in_the_folder(
    name: str, written: str | None, client: Client, platform: Platform, tmp_path: Path
) -> None:
    model, folder = platform.add(CONTENT, name), tmp_path / "folder"
    folder.mkdir()

    if written is None:
        caught(FileDownloadError, lambda: client.model_artifacts.download(model, folder))
        assert list(folder.iterdir()) == []
    else:
        assert client.model_artifacts.download(model, folder) == folder / written
        assert [each.name for each in folder.iterdir()] == [written]


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://x/y", "http://[", "//x", "x:y"])
def test_an_address_that_nothing_is_fetched_from(
    url: str, client: Client, platform: Platform, model: str
) -> None:
    platform.server.always("GET", "download-url", gives(json_reply({"url": url})))

    message = caught(DataForceError, lambda: joined(open_content(client, model).read()))

    assert "no http URL" in message
