"""Connections whose waiting another thread can end.

A timeout of a socket begins anew with every byte, so a server that sends one byte at a time, in
its TLS handshake or in its headers, keeps a client waiting for as long as it likes. Here every
pending has a deadline, and a watchdog cuts the connection of one that has passed it.
"""

from __future__ import annotations

import http.client
import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

if TYPE_CHECKING:
    from urllib3.response import HTTPResponse

Resolve: TypeAlias = "Callable[[str, int], list[str]]"

_TICK = 0.25
"""How often the watchdog looks, in seconds."""

_thread = threading.local()


class PendingRequest:
    """One request and its response.

    Args:
        timeout: How long connecting may take, and how long the headers of the response, in seconds.
        resolve: Gives the addresses that a host and port may be reached at; any if not given.
    """

    __slots__ = (
        "connection",
        "deadline",
        "is_late",
        "resolve",
        "socket",
        "timeout",
        "was_sent",
    )

    def __init__(self, timeout: float, resolve: Resolve | None = None) -> None:
        self.timeout = timeout
        self.resolve = resolve
        self.deadline = math.inf
        self.is_late = False
        self.was_sent = False
        self.connection: HTTPConnection | None = None
        self.socket: socket.socket | None = None

    def begin(self) -> None:
        """Be the pending that this thread's connection belongs to."""
        _thread.pending = self

    def end(self) -> None:
        """Be that no longer."""
        _thread.pending = None

    def release(self) -> None:
        """Leave the connection to other threads: the response was read."""
        self.connection = self.socket = None

    def cut(self) -> None:
        """End whatever the pending waits for; the thread that waits gets an error."""
        connected = self.socket or (self.connection and self.connection.sock)
        if connected:
            with suppress(OSError):  # it has ended by itself
                # Not the method of a TLS socket, which would forget its state while it is in use.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def expire(self, now: float) -> None:
        """Cut the pending if its deadline has passed."""
        if now > self.deadline:
            self.is_late = True
            self.cut()


class _Head:
    """The headers of a response; knows whether their last line came."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.is_cut = False

    def readline(self, limit: int) -> bytes:
        line = self._file.readline(limit)
        self.is_cut = not line
        return line

    def close(self) -> None:
        self._file.close()


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        # Headers that break off look whole to http.client, and a body of unknown length like none.
        file = self.fp
        head: Any = _Head(file)
        self.fp = head
        try:
            super().begin()
        finally:
            left: Any = self.fp
            self.fp = left and file  # it may have closed itself
        if head.is_cut:
            raise ConnectionResetError
        if self.status >= 500:
            # The platform hangs up after a crash, without saying it.
            self.will_close = True


class _Guarded(HTTPConnection):
    response_class = _Response

    def connect(self) -> None:
        pending: PendingRequest = _thread.pending
        pending.connection = self
        super().connect()
        # How long sending may take depends on how much there is to send.
        pending.deadline = math.inf

    def _new_conn(self) -> socket.socket:
        # Each address of the host has its own time to connect; then a handshake may follow.
        pending: PendingRequest = _thread.pending
        if pending.resolve is None or self.proxy is not None:  # a proxy finds hosts by itself
            connected = super()._new_conn()
        else:
            connected = self._connected(pending.resolve(self._dns_host, self.port))
        pending.deadline = time.monotonic() + pending.timeout
        return connected

    def _connected(self, addresses: list[str]) -> socket.socket:
        """Connect to one of these addresses: a name could have others when asked once more."""
        host = self._dns_host
        try:
            for address in addresses[:-1]:
                self._dns_host = address
                with suppress(NewConnectionError, ConnectTimeoutError):
                    return super()._new_conn()
            self._dns_host = addresses[-1]
            return super()._new_conn()
        finally:
            self._dns_host = host

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _thread.pending.was_sent = True
        super().send(data)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _thread.pending.connection = self
        super().request(*args, **kwargs)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        pending: PendingRequest = _thread.pending
        # A connection that is to be closed lets go of its socket before the body was read.
        pending.socket = self.sock
        pending.deadline = time.monotonic() + pending.timeout
        response = super().getresponse()
        pending.deadline = math.inf
        return response


class _GuardedTLS(_Guarded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS

    def _validate_conn(self, conn: Any) -> None:
        # urllib3 would warn at every request without verification; the backend warns once.
        if conn.is_closed:
            conn.connect()


POOLS = {"http": _Pool, "https": _TLSPool}


def _without_queries(record: logging.LogRecord) -> bool:
    """Cut the signatures off what urllib3 logs of our requests, and of nobody else's."""
    if getattr(_thread, "pending", None) is not None and isinstance(record.args, tuple):
        record.args = tuple(
            each.partition("?")[0] if isinstance(each, str) else each for each in record.args
        )
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_without_queries)


class Watchdog:
    """Cuts the requests that are late, in a thread that sleeps while there are none."""

    def __init__(self) -> None:
        self._pending: set[PendingRequest] = set()
        self._work = threading.Event()
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, pending: PendingRequest) -> None:
        """Cut the pending when it is late, until `forget`."""
        if self._thread is None:
            self._start()
        self._pending.add(pending)
        self._work.set()

    def forget(self, pending: PendingRequest) -> None:
        """Watch the pending no longer."""
        self._pending.discard(pending)

    @contextmanager
    def watching(self, pending: PendingRequest) -> Iterator[None]:
        """Cut the pending when it is late, while the block runs."""
        self.watch(pending)
        try:
            yield
        finally:
            self.forget(pending)

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None:  # pragma: no cover  # another thread was faster
                return
            self._thread = threading.Thread(
                target=self._run, name="dataforce-watchdog", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(_TICK):
            now = time.monotonic()
            for pending in tuple(self._pending):
                pending.expire(now)
            if not self._pending:  # pragma: no branch  # a matter of the moment
                self._work.clear()
                # Nothing came between the two, nor was it the end that woke us.
                if not self._pending and not self._closing.is_set():  # pragma: no branch
                    self._work.wait()
