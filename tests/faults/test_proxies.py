"""Row 15: through a proxy, by setting and by environment; its password is never shown."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from dataforce.errors import APIConnectionError, APIStatusError
from tests.faults.conftest import PROXY_PASSWORD, NewClient, caught
from tests.faults.misbehaving import HangUp, Line, Reply, Request, Server
from tests.faults.platform import Bucket, Platform
from tests.faults.test_tls import context_of, secured

ORGANIZATIONS = "/users/me/organizations"
CREDENTIALS = base64.b64encode(f"me:{PROXY_PASSWORD}".encode()).decode()


class Proxy:
    """Passes requests on to whom they name, if the password is right."""

    def __init__(self) -> None:
        self.server = Server(lambda _: Reply(500))
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            self.server.always(method, "", self._pass_on)
        self.server.always("CONNECT", "", self._tunnel)
        self.url = self.server.url.replace("//", f"//me:{PROXY_PASSWORD}@")

    def _pass_on(self, line: Line, request: Request, _: object) -> None:
        self._check(line, request)
        place, path = request.target.removeprefix("http://").split("/", 1)
        headers = {name: value for name, value in request.headers.items() if "proxy" not in name}
        headers["connection"] = "close"
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"{request.method} /{path} HTTP/1.1", *lines, "", ""]).encode()
        with socket.create_connection(_address(place)) as onward:
            onward.sendall(head + request.body)
            onward.shutdown(socket.SHUT_WR)
            while data := onward.recv(65536):
                line.send(data)
        raise HangUp

    def _tunnel(self, line: Line, request: Request, _: object) -> None:
        self._check(line, request)
        with socket.create_connection(_address(request.target)) as onward:
            line.send(b"HTTP/1.1 200 Go on\r\n\r\n")
            back = threading.Thread(target=_pump, args=(onward, line.socket))
            back.start()
            _pump(line.socket, onward)
            back.join()
        raise HangUp

    def _check(self, line: Line, request: Request) -> None:
        if request.headers.get("proxy-authorization") != f"Basic {CREDENTIALS}":
            line.send(Reply(407, b"Who are you?").raw())
            raise HangUp


def _address(place: str) -> tuple[str, int]:
    host, _, port = place.rpartition(":")
    return host, int(port)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    with proxy.server:
        yield proxy


def test_a_proxy_that_the_setting_names(
    proxy: Proxy, new_client: NewClient, platform: Platform, package: Path, tmp_path: Path
) -> None:
    client = new_client(proxy=proxy.url)

    model = client.model_artifacts.upload(package, "model")
    path = client.model_artifacts.download(model.id, tmp_path / "copy.fnnx")

    assert path.read_bytes() == package.read_bytes()
    everything = platform.server.requests + platform.bucket.server.requests
    assert len(proxy.server.requests) == len(everything)
    assert not any("proxy-authorization" in request.headers for request in everything)
    assert PROXY_PASSWORD not in f"{client!r} {client.settings!r}"


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_that_the_environment_names(
    variable: str,
    proxy: Proxy,
    new_client: NewClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, proxy.url)

    assert len(new_client().organizations.list()) == 1

    assert len(proxy.server.requests) == 1


@pytest.mark.parametrize("exception", ["127.0.0.1", "127.0.0.0/8", "*"])
def test_a_host_that_needs_no_proxy(
    exception: str, proxy: Proxy, new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exception)

    assert len(new_client().organizations.list()) == 1

    assert proxy.server.requests == []


def test_a_tunnel(proxy: Proxy, bucket: Bucket, new_client: NewClient, tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with secured(bucket, context_of(authority.issue_cert("127.0.0.1"))) as platform:
        client = new_client(platform.server.url, proxy=proxy.url, ca_bundle=bundle)
        for _ in range(2):
            assert len(client.organizations.list()) == 1
        client.close()

    (request,) = proxy.server.requests
    assert request.method == "CONNECT"
    assert "authorization" not in request.headers
    assert "proxy-authorization" not in platform.server.requests[0].headers


def test_a_proxy_with_another_password(
    proxy: Proxy, bucket: Bucket, new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = proxy.url.replace("//me:", "//you:")

    message = caught(APIStatusError, new_client(proxy=wrong).organizations.list)
    assert ": 407)" in message
    assert "The proxy wants a user and a password" in message

    with secured(bucket, context_of(trustme.CA().issue_cert("127.0.0.1"))) as platform:
        client = new_client(platform.server.url, proxy=wrong, retry_timeout=0.3)
        message = caught(APIConnectionError, client.organizations.list)
    assert "the proxy did not let the request through" in message
    assert "setting proxy" in message


def test_a_proxy_that_is_not_there(
    proxy: Proxy, new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.server.close()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    message = caught(APIConnectionError, new_client(retry_timeout=0.3).organizations.list)

    assert "the proxy did not let the request through" in message
    assert "HTTP_PROXY" in message
