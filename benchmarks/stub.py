"""A platform that only reads, as fast as can be: `python -m benchmarks.stub`.

All answers are made beforehand, nothing of a request is looked at but its path, and one thread
serves all connections without a framework, so that the client is what limits. It listens on two
ports: on one it answers at once, on the other after 20 ms. It prints both as JSON and serves until
its input ends.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import deque
from contextlib import suppress

from benchmarks import wire

DELAY = 0.020
"""After so many seconds the second port answers."""

_END = b"\r\n\r\n"
_LARGEST_REQUEST = 65536


class _Stub:
    """Both ports and all connections; a request carries no content and fits into one packet."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._answers = {path.encode(): answer for path, answer in wire.answers().items()}
        self._not_found = wire.json_answer({"detail": "Not Found"}, 404)
        self._waiting: deque[tuple[float, socket.socket, bytes]] = deque()
        """Answers that are due later, the first that is due in front."""

    def listen(self, delay: float) -> int:
        """Open a port whose answers come after so many seconds."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._selector.register(listener, selectors.EVENT_READ, (self._accept, delay))
        port: int = listener.getsockname()[1]
        return port

    def serve(self) -> None:
        """Answer until the input ends."""
        self._selector.register(sys.stdin, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._selector.select(self._until_due()):
                if key.data is None:
                    return
                action, delay = key.data
                action(key.fileobj, delay)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, connection, answer = self._waiting.popleft()
                self._send(connection, answer)

    def _until_due(self) -> float | None:
        return max(self._waiting[0][0] - time.monotonic(), 0) if self._waiting else None

    def _accept(self, listener: socket.socket, delay: float) -> None:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ, (self._receive, delay))

    def _receive(self, connection: socket.socket, delay: float) -> None:
        try:
            request = connection.recv(_LARGEST_REQUEST)
        except ConnectionError:
            request = b""
        if not request:
            self._selector.unregister(connection)
            connection.close()
            return
        assert request.endswith(_END), request
        path = request.split(b" ", 2)[1].partition(b"?")[0]
        answer = self._answers.get(path, self._not_found)
        if delay:
            self._waiting.append((time.monotonic() + delay, connection, answer))
        else:
            self._send(connection, answer)

    def _send(self, connection: socket.socket, answer: bytes) -> None:
        with suppress(OSError):  # whoever asked is gone
            connection.sendall(answer)


def main() -> None:
    """Serve on both ports."""
    stub = _Stub()
    print(json.dumps([stub.listen(0.0), stub.listen(DELAY)]), flush=True)
    stub.serve()


if __name__ == "__main__":
    main()
