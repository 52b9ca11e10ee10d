"""A real server on a socket that answers as a test says, or does not, and notes what it was sent.

A behaviour is a function of three: the line that a request came over, the request, and what makes
the proper answer. It sends what it likes. When it returns, the next request may come over the same
line; `HangUp` ends it.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

PATIENCE = 20.0
"""For how long a server waits for a client that should come, in seconds; no test waits so long."""

_CONTENT_TYPE = {"Content-Type": "application/json"}


class HangUp(Exception):  # noqa: N818  no error but an end
    """Close the line."""


@dataclass
class Request:
    """What came over a line."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    is_whole: bool = False

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        parsed = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in parsed.items()}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Reply:
    """A proper answer."""

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def head(self, length: int | None = -1) -> bytes:
        """The bytes before the body; `length` is that of the body, or else what is said of it."""
        given = {"Content-Length": str(len(self.content))} if length == -1 else {}
        if length is not None and length != -1:
            given = {"Content-Length": str(length)}
        lines = [f"{name}: {value}" for name, value in {**given, **self.headers}.items()]
        return "\r\n".join([f"HTTP/1.1 {self.status} Words", *lines, "", ""]).encode("latin-1")

    def raw(self) -> bytes:
        return self.head() + self.content


Behaviour: TypeAlias = "Callable[[Line, Request, Callable[[], Reply]], None]"


class Line:
    """One connection, seen from the server."""

    def __init__(self, connected: socket.socket, stopping: threading.Event) -> None:
        self.socket = connected
        self.stopping = stopping
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes, pause: float = 0.03) -> None:
        """Send a byte at a time, until there are no more or the client is gone."""
        for position in range(len(data)):
            self.send(data[position : position + 1])
            if self.stopping.wait(pause):
                raise HangUp

    def silence(self) -> None:
        """Say nothing until the client has gone."""
        while self._receive():
            pass
        raise HangUp

    def deafness(self) -> None:
        """Neither say nor take anything until the server stops."""
        self.stopping.wait(PATIENCE)
        raise HangUp

    def reset(self) -> None:
        """Break the connection, as a machine does that has lost its memory of it."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise HangUp

    def read_request(self) -> Request | None:
        """The head of the next request, `None` when the client has gone."""
        while b"\r\n\r\n" not in self._buffer:
            if not (data := self._receive()):
                return None
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        return Request(method, target, {name.lower(): value.strip() for name, _, value in pairs})

    def read_body(self, request: Request, limit: int | None = None) -> None:
        """The body of the request, or so many bytes of it."""
        size = int(request.headers.get("content-length", "0"))
        assert "transfer-encoding" not in request.headers, "no bucket takes chunks"
        body = bytearray(request.body)
        try:
            while len(body) < (size if limit is None else min(limit, size)):
                data = self._buffer or self._receive()
                if not data:
                    raise HangUp
                missing = size - len(body)
                body += data[:missing]
                self._buffer = data[missing:]
        finally:
            request.body = bytes(body)
        request.is_whole = len(request.body) == size

    def _receive(self) -> bytes:
        return self.socket.recv(65536)


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(value).encode(), {**_CONTENT_TYPE, **(headers or {})})


class Server:
    """Serves each connection in a thread of its own, in the clear or with TLS.

    Args:
        proper: Makes the proper answer to a request.
        tls: For a server that speaks TLS.
        greeting: What to do with a connection before anything is read, in place of serving it.
        host: An address of this machine.
        port: The port, any if not given.
    """

    def __init__(
        self,
        proper: Callable[[Request], Reply] | None = None,
        tls: ssl.SSLContext | None = None,
        greeting: Callable[[Line], None] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.proper = proper or (lambda _: json_reply({"detail": "Not Found"}, 404))
        self.requests: list[Request] = []
        self.connections = 0
        self.faults: list[BaseException] = []
        self._scripts: list[tuple[str, re.Pattern[str], list[Behaviour | None]]] = []
        self._tls = tls
        self._greeting = greeting
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._lines: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((host, port), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._start(self._accept)

    def script(self, method: str, path: str, *behaviours: Behaviour | None) -> None:
        """Let the next requests of that method and path be treated so; `None` is properly.

        Args:
            method: The method.
            path: A regular expression that is found in the path and the query.
            behaviours: One for each request; all later ones are treated properly.
        """
        with self._lock:
            self._scripts.append((method, re.compile(path), list(behaviours)))

    def always(self, method: str, path: str, behaviour: Behaviour) -> None:
        """Treat all such requests so."""
        self.script(method, path, *[behaviour] * 10_000)

    def behave(self) -> None:
        """Treat all requests properly from now on."""
        with self._lock:
            self._scripts.clear()

    def seen(self, method: str = "", path: str = "") -> list[Request]:
        """The requests of that method and path, in order."""
        return [
            each
            for each in self.requests
            if method in ("", each.method) and re.search(path, each.target)
        ]

    def close(self) -> None:
        """End all connections and wait for their threads."""
        self._stopping.set()
        with self._lock:
            for each in (self._listener, *self._lines):
                with suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        if self.faults:
            raise BaseExceptionGroup("the stub server met what no test lets it meet", self.faults)

    def hang_up(self) -> None:
        """Close all lines that are open, without a word."""
        with self._lock:
            for each in self._lines:
                with suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._lines.add(connected)
            self._start(lambda connected=connected: self._serve(connected))  # type: ignore[misc]

    def _serve(self, connected: socket.socket) -> None:
        line = Line(connected, self._stopping)
        connected.settimeout(PATIENCE)
        try:
            self._handle(line)
        except (OSError, HangUp):
            pass
        except BaseException as fault:
            self.faults.append(fault)  # the test fails when it closes the server
        with self._lock:
            self._lines.discard(line.socket)
        line.socket.close()

    def _handle(self, line: Line) -> None:
        if self._greeting is not None:
            self._greeting(line)
        if self._tls is not None:
            with self._lock:
                self._lines.discard(line.socket)
                secured = self._tls.wrap_socket(
                    line.socket, server_side=True, do_handshake_on_connect=False
                )
                self._lines.add(secured)
            line.socket = secured
            secured.do_handshake()
        self._converse(line)

    def _converse(self, line: Line) -> None:
        while (request := line.read_request()) is not None:
            with self._lock:
                self.requests.append(request)
                behaviour = self._behaviour(request)
            if getattr(behaviour, "reads_body", True):
                line.read_body(request)
            if behaviour is None:
                line.send(self.proper(request).raw())
            else:
                behaviour(line, request, lambda: self.proper(request))

    def _behaviour(self, request: Request) -> Behaviour | None:
        for method, path, behaviours in self._scripts:
            if method == request.method and path.search(request.target) and behaviours:
                return behaviours.pop(0)
        return None


def gives(reply: Reply) -> Behaviour:
    """Answers so."""
    return lambda line, _request, _proper: line.send(reply.raw())
