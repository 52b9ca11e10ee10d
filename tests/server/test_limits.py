"""What a server reads, and for how long it waits, before it knows who is calling and afterwards."""

from __future__ import annotations

import base64
import json
import logging
import re
import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from dataforce.server import bodies, connections, incoming
from tests.server.caller import Caller, fetch, model
from tests.server.conftest import Serve
from tests.server.serving import KEY

JSON = "Content-Type: application/json\r\n"
GOOD = f"Authorization: Bearer {KEY}\r\n"
MINE = "/users/me/organizations"


class Peer:
    """A client that sends what it likes, when it likes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((str(parts.hostname), parts.port or 80), 10)

    def send(self, text: str) -> None:
        self.socket.sendall(text.encode())

    def begin(self, method: str, path: str, headers: str = "") -> None:
        self.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")

    def status(self) -> int:
        """The status code of the next response, 0 if the server hung up instead."""
        try:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                if not (byte := self.socket.recv(1)):
                    return 0
                head += byte
            length = re.search(rb"content-length: (\d+)", head)
            self.socket.recv(int(length[1]) if length else 0, socket.MSG_WAITALL)
        except ConnectionError:
            return 0
        return int(head.split()[1])


@pytest.fixture
def peers() -> Iterator[Any]:
    """Makes clients of a server."""
    with ExitStack() as opened:

        def connect(url: str) -> Peer:
            peer = Peer(url)
            opened.enter_context(closing(peer.socket))
            return peer

        yield connect


def test_no_large_body_is_read_without_a_key(new: Caller, peers: Any) -> None:
    peer = peers(new.url)
    peer.begin("POST", new.orbits, f"{JSON}Content-Length: 200000000\r\n")
    peer.send("[" * (bodies.UNKNOWN + 1))  # and no more: the answer does not wait for the rest
    assert peer.status() == 401


def test_broken_json_is_told_before_a_missing_key_while_it_is_short(new: Caller) -> None:
    for size, status in ((bodies.UNKNOWN, 422), (bodies.UNKNOWN + 1, 401)):
        headers = {"Authorization": "no", "Content-Type": "application/json"}
        assert (
            new.call("POST", new.orbits, data=b"[".ljust(size), headers=headers).status_code
            == status
        )


def test_a_body_is_limited_by_route(new: Caller) -> None:
    collection = new.new_collection()
    path = f"{collection}/model_artifacts"
    description = "x" * bodies.RECORD
    large = {"name": "x", "description": description, "collection_type": "model"}
    status, detail = new.refused("POST", new.collections, large)
    assert (status, "at most 1048576 bytes" in detail) == (413, True)
    assert new.post(path, model(description=description))["model"]["description"] == description
    assert new.refused("POST", path, model(description=description * 8))[0] == 413


def test_a_body_has_so_many_values_only(new: Caller) -> None:
    path = f"{new.new_collection()}/model_artifacts"
    for count, status in ((bodies.MOST_VALUES - 100, 200), (bodies.MOST_VALUES, 413)):
        body = json.dumps(model(metrics={"values": [1] * count}))
        headers = {"Content-Type": "application/json"}
        assert new.call("POST", path, data=body, headers=headers).status_code == status


@pytest.mark.parametrize(("headers", "status"), [("", 401), (GOOD, 413)])
def test_a_body_that_does_not_come_is_not_waited_for(
    new: Caller, peers: Any, headers: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SECONDS_UNKNOWN", 0.05)
    monkeypatch.setattr(bodies, "SECONDS", 0.05)
    peer = peers(new.url)
    peer.begin("POST", new.orbits, f"{JSON}{headers}Content-Length: 100\r\n")
    assert peer.status() == status


def test_a_file_that_does_not_come_is_not_waited_for(
    new: Caller, peers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "SILENCE", 0.05)
    url = urlsplit(new.upload_url(new.new_model(new.new_collection())))
    peer = peers(new.url)
    peer.begin("PUT", f"{url.path}?{url.query}", "Content-Length: 5\r\n")
    peer.send("mo")
    assert peer.status() == 400


@pytest.mark.parametrize("sent", ["", "GET / HTTP/1.1\r\nX: "])
def test_a_connection_without_a_request_is_closed(
    new: Caller, peers: Any, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    peer = peers(new.url)
    peer.send(sent)
    assert peer.status() == 0


def test_what_is_left_of_a_refused_body_is_not_waited_for(
    new: Caller, peers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    peer = peers(new.url)
    peer.begin("GET", MINE, "Content-Length: 1000000\r\n")
    peer.send("x" * (bodies.UNKNOWN + 1))
    assert peer.status() == 401
    assert peer.status() == 0


def test_requests_in_one_packet_are_all_answered(new: Caller, peers: Any) -> None:
    peer = peers(new.url)
    one = f"GET {MINE} HTTP/1.1\r\nHost: x\r\n{GOOD}"
    peer.send(f"{one}\r\n{one}Connection: close\r\n\r\n")
    with peer.socket.makefile("rb") as stream:
        assert stream.read().count(b"HTTP/1.1 200 OK") == 2


def test_idle_connections_make_room_for_calls(
    new: Caller, peers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 4)
    new.session.close()  # its connection is idle, too
    idle = [peers(new.url) for _ in range(20)]
    assert new.call("GET", MINE).status_code == 200
    assert [peer.status() for peer in idle[:10]] == [0] * 10


def test_uploads_make_no_room_for_idle_connections(
    new: Caller, peers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)
    collection = new.new_collection()
    urls = [urlsplit(new.upload_url(new.new_model(collection))) for _ in range(3)]
    new.session.close()  # its connection would be one more
    uploads = []
    for url, status in zip(urls, (100, 100, 0), strict=True):
        peer = peers(new.url)
        peer.begin(
            "PUT", f"{url.path}?{url.query}", "Expect: 100-continue\r\nContent-Length: 5\r\n"
        )
        assert peer.status() == status  # once both others are let in, the newest has to go
        uploads.append(peer)
    for peer in uploads[:2]:
        peer.send("model")
        assert peer.status() == 200


def test_connections_leave_room_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, most in ((1024, 768), (100, 50), (1_000_000, 1000), (resource.RLIM_INFINITY, 1000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert connections.most_connections() == most
    monkeypatch.setitem(sys.modules, "resource", None)
    assert connections.most_connections() == 1000


def test_a_message_is_logged_once_a_minute(
    new: Caller, peers: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered(count: int) -> None:
        for _ in range(count):
            peer = peers(new.url)
            peer.send("nonsense\r\n\r\n")
            assert peer.status() == 400

    answered(5)
    monkeypatch.setattr(connections, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 0)
    logging.getLogger("uvicorn.error").warning("something else")
    answered_once = [record.getMessage() for record in caplog.records]
    assert answered_once == ["Invalid HTTP request received.", "something else"]


def test_a_repeated_message_tells_how_often_it_was_left_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connections.unrepeated():
        log = logging.getLogger("uvicorn.error")
        for _ in range(3):
            log.warning("No %s", "luck")
        monkeypatch.setattr(connections, "QUIET_SECONDS", 0.0)
        monkeypatch.setattr(connections, "MOST_CONNECTIONS", 0)
        log.warning("No %s", "luck")
    said = [record.getMessage() for record in caplog.records]
    assert said == ["No luck", "No luck (2 times more)"]


def test_positions_of_thousands_of_digits(new: Caller) -> None:
    path = new.new_file(new.new_collection(), b"model")
    url = new.get(f"{path}/download-url")["url"]
    digits = "9" * 5000
    for header, status, content in (
        (f"bytes=1-{digits}", 206, b"odel"),
        (f"bytes=-{digits}", 206, b"model"),
        (f"bytes={'0' * 5000}1-", 206, b"odel"),
        (f"bytes={digits}-", 416, None),
    ):
        answer = fetch("GET", url, headers={"Range": header})
        assert answer.status_code == status
        assert content is None or answer.content == content


def test_a_size_far_below_zero_is_refused(api: Caller) -> None:
    path = f"{api.new_collection()}/model_artifacts"
    for size in (10**30, -(10**30)):
        assert api.refused("POST", path, model(size=size))[0] == 422


def test_an_upload_id_is_ascii(new: Caller) -> None:
    details = new.new_model(new.new_collection())["upload_details"]
    body = {
        "bucket_id": details["bucket_secret_id"],
        "bucket_location": details["bucket_location"],
        "size": 5,
        "upload_id": "\ud800",
    }
    assert new.refused("POST", "/bucket-secrets/upload/multipart", body)[0] == 422


def test_a_cursor_nested_too_deeply_is_none(serve: Serve) -> None:
    new = serve()
    new.new_collection()
    cursor = base64.urlsafe_b64encode(b"[" * 5000).decode()
    found = new.get(new.collections, cursor=cursor, sort_by="total_models")
    assert len(found["items"]) == 1
