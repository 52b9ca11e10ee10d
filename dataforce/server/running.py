"""A server that binds an address and runs until it is told to stop."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

from dataforce.errors import ConfigurationError
from dataforce.server.connections import BACKLOG, Connection, unrepeated

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE = 5
"""For how many seconds calls that are under way may go on when the server stops."""


class Server:
    """Serves an application; the address is taken when the server is made.

    Args:
        app: The application.
        host: Name or address of the interface.
        port: The port; 0 takes a free one.

    Attributes:
        url: Where it is reached.

    Raises:
        ConfigurationError: The address cannot be had.

    Example:
        >>> from fastapi import FastAPI
        >>> server = Server(FastAPI())
        >>> server.url.startswith("http://127.0.0.1:")
        True
        >>> server.close()
    """

    def __init__(self, app: FastAPI, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise ConfigurationError(
                f"{host}:{port} cannot be served: {error}. Choose another --host or --port."
            ) from error
        # asyncio does this for sockets it makes itself. Without it answers wait 40 ms for an ACK.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                backlog=BACKLOG,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=GRACE,
                server_header=False,
            )
        )

    def run(self) -> None:
        """Serve until `stop` is called or, in the main thread, a signal comes."""
        try:
            with unrepeated():
                self._server.run([self._socket])
        finally:
            self.close()

    def stop(self) -> None:
        """Let `run` end, as soon as the calls that are under way have been answered."""
        self._server.should_exit = True

    def close(self) -> None:
        """Give the address back, if `run` was never called."""
        self._socket.close()
