"""What a platform answered before, at once: `python -m benchmarks.replay <port of the platform>`.

The first request of each address goes on to the platform; whoever asks the same again gets the same
bytes without any work, so that the client is what limits. It prints its port as JSON and serves
until its input ends.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
from contextlib import closing, suppress
from http.client import HTTPConnection
from typing import cast

from benchmarks import wire

_END = b"\r\n\r\n"
_LARGEST_REQUEST = 65536


class _Replay:
    """One port; a request only reads, carries no content and fits into one packet."""

    def __init__(self, platform: int) -> None:
        self._platform = platform
        self._selector = selectors.DefaultSelector()
        self._answers: dict[bytes, bytes] = {}

    def serve(self) -> None:
        """Print the port, and answer until the input ends."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        print(json.dumps([listener.getsockname()[1]]), flush=True)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is listener:
                    self._accept(listener)
                else:
                    self._receive(cast("socket.socket", key.fileobj))

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, connection: socket.socket) -> None:
        try:
            request = connection.recv(_LARGEST_REQUEST)
        except ConnectionError:
            request = b""
        if not request:
            self._selector.unregister(connection)
            connection.close()
            return
        method, target, _ = request.split(b" ", 2)
        assert method == b"GET", request
        assert request.endswith(_END), request
        if target not in self._answers:
            self._answers[target] = self._asked(target.decode())
        with suppress(OSError):  # whoever asked is gone
            connection.sendall(self._answers[target])

    def _asked(self, target: str) -> bytes:
        headers = {"Authorization": f"Bearer {wire.API_KEY}"}
        # Kept open, the platform would close it one day.
        with closing(HTTPConnection("127.0.0.1", self._platform)) as platform:
            platform.request("GET", target, headers=headers)
            response = platform.getresponse()
            kind = response.headers["content-type"]
            return wire.answer(response.read(), response.status, {"content-type": kind})


if __name__ == "__main__":
    _Replay(int(sys.argv[1])).serve()
