"""Connections of the server: for how long they may keep it waiting, and how many there may be.

Uvicorn closes a connection that is idle after a response, but neither one that never sends a
request nor one that sends it byte by byte, and it answers 503 to everybody once there are too many.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""Within how many seconds after the last response the head of the next request must be complete."""

MOST_CONNECTIONS = 1000
FEWEST_CONNECTIONS = 50
RESERVED_FILES = 256
"""Number of open files kept for the registry and for connections that are being closed."""

BACKLOG = 128
"""Number of connections asyncio accepts at a time; all are open before any can be closed."""

QUIET_SECONDS = 60.0
"""For how many seconds a message that was logged is not logged again."""

LOGGERS = ("asyncio", "uvicorn.error", "dataforce.server.error_handlers")


class Connection(H11Protocol):
    """A connection that makes room for newer ones as long as nobody knows who is calling.

    It can be given up unless a request with a good API key or signature is being worked on. When
    there are too many, the one goes that has waited longest.
    """

    _deadline: asyncio.TimerHandle | None = None
    since = 0.0
    """When it began to wait for a request, by the clock of the event loop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, and make room if there are too many connections."""
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > most_connections():
            others = [each for each in self.connections if isinstance(each, Connection)]
            unknown = [each for each in others if not each.is_let_in]
            oldest = min(unknown, key=lambda each: each.since, default=self)
            self.connections.discard(oldest)
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrived; the body of a request that is being worked on has a deadline there."""
        super().data_received(data)
        if self.is_busy:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Wait for the next request, and for what is left of this one's body."""
        self._await_request()
        super().on_response_complete()
        if self.is_busy:  # the next one was here already
            self._stop_waiting()

    @property
    def is_busy(self) -> bool:
        """True while a request is being worked on."""
        return bool(self.cycle) and not self.cycle.response_complete

    @property
    def is_let_in(self) -> bool:
        """True if that request has a good API key or signature."""
        return self.is_busy and "is_let_in" in self.scope["state"]

    def _await_request(self) -> None:
        self._stop_waiting()
        self.since = self.loop.time()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()


def most_connections() -> int:
    """Return how many connections there may be, so that files can still be opened."""
    try:
        import resource
    except ImportError:  # on Windows, which allows more than are needed
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, max(FEWEST_CONNECTIONS, files - RESERVED_FILES))


class Unrepeated(logging.Filter):
    """Lets a message into the log once a minute, and tells how often it was left out."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the message is logged."""
        text = f"{record.getMessage()} {record.exc_info and record.exc_info[1]!r}"
        logged, omitted = self._seen.get(text, (-QUIET_SECONDS, 0))
        now = time.monotonic()
        if now - logged < QUIET_SECONDS:
            self._seen[text] = (logged, omitted + 1)
            return False
        if len(self._seen) > MOST_CONNECTIONS:
            self._seen.clear()
        self._seen[text] = (now, 0)
        if omitted:
            record.msg, record.args = f"{record.getMessage()} ({omitted} times more)", ()
        return True


@contextmanager
def unrepeated() -> Iterator[None]:
    """Keep the log of a server short, whatever is done to it."""
    rule, loggers = Unrepeated(), [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addFilter(rule)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(rule)
