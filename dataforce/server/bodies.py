"""Bodies of requests: read after the API key is known, and no further than it allows.

Signed URLs of files are not looked at here: they stream, and `hosted` checks their signature first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dataforce.backend.http import UPLOAD_TYPE
from dataforce.server.error_handlers import detail

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dataforce.server.authentication import Keys

KIBIBYTE = 1024

UNKNOWN = 16 * KIBIBYTE
"""The largest body that is read of a caller without a good key, in bytes: enough to complain of
broken JSON before the key, as the platform does."""

RECORD = 1024 * KIBIBYTE
MODEL = 8 * 1024 * KIBIBYTE
"""The largest bodies of a record, and of several or of a new model artifact, in bytes."""

MOST_VALUES = 300_000
"""The most values in a body of JSON. Python's parser lets nothing else run meanwhile, not even in
another thread, so this bounds for how long the server is deaf; small values take the longest."""

SECONDS_UNKNOWN = 5
SECONDS = 60
"""Within how many seconds a body must have arrived, without and with a good key."""


class Bodies:
    """ASGI middleware that notes who calls and reads the body, or refuses to.

    Args:
        app: The application behind it, which finds the caller in `request.state.access`.
        keys: The API keys.
        streaming: Prefix of the paths whose bodies the application reads itself.
    """

    def __init__(self, app: ASGIApp, keys: Keys, streaming: str) -> None:
        self._app = app
        self._keys = keys
        self._streaming = streaming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"].startswith(self._streaming):
            return await self._app(scope, receive, send)
        access = self._keys.find(scope)
        state = scope.setdefault("state", {})
        state["access"] = access
        if access is not None:
            state["is_let_in"] = True
        if access is not None and is_upload(scope):
            return await self._app(scope, receive, send)
        is_large = scope["path"].endswith(("/model_artifacts", "/batch"))
        limit = UNKNOWN if access is None else MODEL if is_large else RECORD
        try:
            async with asyncio.timeout(SECONDS_UNKNOWN if access is None else SECONDS):
                body = await read(receive, limit)
        except TimeoutError:
            body = None
        if body is None:
            return await refusal(access is not None, limit)(scope, receive, send)
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        return await self._app(scope, replay, send)


def is_upload(scope: Scope) -> bool:
    """Return whether a request is an upload, whose body its endpoint reads itself."""
    return (
        scope["method"] == "POST"
        and scope["path"].endswith("/upload")
        and (b"content-type", UPLOAD_TYPE.encode()) in scope["headers"]
    )


def refusal(is_known: bool, limit: int) -> Response:
    """Answer a body that was not read to its end."""
    if not is_known:
        return detail(401, "Not authenticated")
    return detail(
        413,
        f"The body is too large or came too slowly: at most {limit} bytes and {MOST_VALUES} JSON "
        f"values are read, within {SECONDS} seconds.",
    )


async def read(receive: Receive, limit: int) -> bytes | None:
    """Return a body, or `None` if it is larger than allowed or broke off."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit or message["type"] == "http.disconnect":
            return None
        more = message.get("more_body", False)
    body = b"".join(chunks)
    return body if body.count(b",") + body.count(b"[") + body.count(b"{") <= MOST_VALUES else None
