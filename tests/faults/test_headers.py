"""Rows 10 and 13: headers, hosts and numbers that no honest server sends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from dataforce import Client
from dataforce.errors import (
    APIResponseValidationError,
    DataForceError,
    FileDownloadError,
    FileUploadError,
)
from tests.faults import behaviours
from tests.faults.conftest import NewClient, caught, within
from tests.faults.misbehaving import Behaviour, HangUp, Line, Reply, Request, gives, json_reply
from tests.faults.platform import Bucket, Platform

CONTENT = b"x" * 1000
DIGITS = "9" * 5000
"""More than Python makes a number of."""
HEADERS = {
    "Content-Length": [DIGITS, "9" * 60_000, f"-{DIGITS}", str(10**30), "-1", "0x3e8", "1_000", ""],
    "Content-Range": [
        f"bytes 0-4/{DIGITS}",
        f"bytes {DIGITS}-{DIGITS}9/1000",
        f"bytes */{DIGITS}",
        f"bytes {'0' * 60_000}-1/1",
        "bytes 5-3/1000",
        "bytes -5-3/1000",
        "items 0-4/9",
        "",
    ],
    "ETag": ["", "x" * 60_000, '\x0b"', "\xff\xfe", "a\x00b"],
    "Retry-After": [DIGITS, f"Mon, 01 Jan {DIGITS} 00:00:00 GMT", "(" * 60_000],
    "Location": [f"http://127.0.0.1:{DIGITS}/", "http://[v1.x]/", "http://" + "x" * 60_000],
    "Transfer-Encoding": ["chunked, chunked", "gzip"],
    "Content-Encoding": [", ".join(["gzip"] * 200), "x" * 60_000],
}
STATUSES = {
    "Content-Length": (200, 206, 416, 503),
    "Content-Range": (200, 206, 416),
    "Location": (302,),
    "Retry-After": (503,),
}
HEADS = [
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"HTTP/1.1 " + b"9" * 5000 + b" OK\r\n\r\n",
    b"HTTP/1.1 2\xb20 OK\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\nx",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n" + b"T" * 100_000,
]
HOSTS = ["...", "a..b", "a\0b", "a" * 70 + ".example", "[::1%25" + "x" * 100 + "]"]
"""Hosts that cannot even be asked for."""


def sends(raw: bytes) -> Behaviour:
    """Sends just these bytes and closes."""

    def behave(line: Line, _request: Request, _proper: behaviours.Proper) -> None:
        line.send(raw)
        raise HangUp

    return behave


def replies() -> list[bytes]:
    found = list(HEADS)
    for name, values in HEADERS.items():
        for value in values:
            length = "" if name == "Content-Length" else "Content-Length: 2\r\n"
            for status in STATUSES.get(name, (200, 206)):
                head = f"HTTP/1.1 {status} Words\r\n{length}{name}: {value}\r\n\r\n"
                found.append(head.encode("latin-1") + b"[]")
    return found


@pytest.mark.parametrize("reply", replies(), ids=lambda reply: f"{reply[:60]!r}")
def test_a_head_that_is_none(
    reply: bytes, new_client: NewClient, platform: Platform, bucket: Bucket, tmp_path: Path
) -> None:
    """It is refused in our words, or waited out; what is downloaded is the file."""
    client = new_client(retry_timeout=1, timeout=2)
    model = platform.add(CONTENT)
    platform.server.script("GET", "/users", sends(reply))
    bucket.server.script("GET", "", sends(reply))
    with within(5):
        with suppress(DataForceError):
            client.organizations.list()
        with suppress(FileDownloadError):
            written = client.model_artifacts.download(model, tmp_path / "model.fnnx")
            assert written.read_bytes() == CONTENT


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_cannot_be(
    host: str,
    new_client: NewClient,
    platform: Platform,
    bucket: Bucket,
    package: Path,
    tmp_path: Path,
) -> None:
    client, model = new_client(retry_timeout=1), platform.add(CONTENT)
    url = f"http://{host}/x"

    def download() -> object:
        return client.model_artifacts.download(model, tmp_path / "model.fnnx")

    bucket.server.script("GET", "", behaviours.redirect(url))
    assert "its name is not known" in caught(FileDownloadError, download)

    platform.server.script("GET", "download-url", gives(json_reply({"url": url})))
    assert "its name is not known" in caught(FileDownloadError, download)

    bucket.server.script("PUT", "", behaviours.redirect(url, 307))
    message = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "n"))
    assert "redirects a PUT" in message


def test_a_host_is_shown_as_far_as_it_is_short_and_printable(
    client: Client, platform: Platform, tmp_path: Path
) -> None:
    model = platform.add(CONTENT)
    for host, shown in ((".".join("a" * 200), "a.a.: its name"), ("\xad", r"\xad: its name")):
        url = gives(json_reply({"url": f"http://{host}/"}))
        platform.server.script("GET", "download-url", url)
        message = caught(
            FileDownloadError, lambda: client.model_artifacts.download(model, tmp_path)
        )
        assert shown in message
        assert message.isprintable()
        assert len(message) <= 500


@pytest.mark.parametrize("size", [2**63, 10**30, 10**4000])
def test_a_size_that_no_file_has(
    size: int, new_client: NewClient, platform: Platform, bucket: Bucket, tmp_path: Path
) -> None:
    client, model = new_client(retry_timeout=0), platform.add(CONTENT)
    platform.models[model]["size"] = size
    target = tmp_path / "model.fnnx"
    message = caught(DataForceError, lambda: client.model_artifacts.download(model, target))
    assert message.startswith(f"{target} could not be written: File too large")
    assert not target.exists()


@pytest.mark.parametrize(
    "values", [{"file_hash": "\x1b[2J" + "x" * 100_000}, {"size": 10**4000}, {"size": -1}]
)
@pytest.mark.parametrize("backend_type", ["remote", "hybrid"])
def test_a_checksum_or_size_that_no_file_has_is_told_in_short(
    values: dict[str, object],
    backend_type: str,
    new_client: NewClient,
    platform: Platform,
    tmp_path: Path,
) -> None:
    database = f"sqlite:///{tmp_path}/overlay.db" if backend_type == "hybrid" else None
    client = new_client(retry_timeout=0, backend_type=backend_type, database_url=database)
    model = platform.add(CONTENT)
    platform.models[model] |= values

    with suppress(DataForceError), client.model_artifacts.open(model) as file:
        file.read()

    target = tmp_path / "model.fnnx"
    message = caught(DataForceError, lambda: client.model_artifacts.download(model, target))
    assert message.isprintable()
    assert len(message) <= 500


def test_what_a_record_holds_does_nothing_to_a_terminal(client: Client, platform: Platform) -> None:
    model = platform.add(CONTENT)
    manifest = platform.models[model]["manifest"]
    manifest["inputs"] = [{"content_type": "\x1b[2J"}]
    message = caught(APIResponseValidationError, lambda: client.model_artifacts.get(model))
    assert message.isprintable()


def test_a_range_that_is_too_large_is_another_file(
    client: Client, platform: Platform, bucket: Bucket, tmp_path: Path
) -> None:
    model = platform.add(CONTENT)
    reply = Reply(206, CONTENT, {"Content-Range": f"bytes 0-4/{DIGITS}"})
    bucket.server.script("GET", "", gives(reply))
    message = caught(FileDownloadError, lambda: client.model_artifacts.download(model, tmp_path))
    assert "in place of 1000" in message
