"""Files that are read by ranges, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import StreamingResponse

from dataforce.errors import FileDownloadError
from dataforce.server import s3
from dataforce.server.s3 import ObjectError

if TYPE_CHECKING:
    from dataforce.backend import Content


def respond_with(request: Request, content: Content, size: int, etag: str) -> StreamingResponse:
    """Respond with the bytes of a file, or with the range that a request asks for.

    Args:
        request: The request; `Range`, `If-Range` and `If-Match` count.
        content: The bytes.
        size: Their number.
        etag: The tag that tells these bytes from others, in quotes.

    Raises:
        ObjectError: There are no bytes, other ones, or not as many.
    """
    wanted = request.headers.get("if-match", "*")
    if wanted != "*" and etag not in [tag.strip() for tag in wanted.split(",")]:
        raise ObjectError("PreconditionFailed")
    headers = {"etag": etag, "accept-ranges": "bytes"}
    stretch = None
    if request.headers.get("if-range", etag) == etag:
        stretch = s3.wanted_range(request.headers.get("range", ""), size)
    if stretch is not None:
        headers["content-range"] = f"bytes {stretch.start}-{stretch.stop - 1}/{size}"
    chosen = range(size) if stretch is None else stretch
    headers["content-length"] = str(len(chosen))
    return StreamingResponse(
        _started(content.read(chosen.start, len(chosen))),
        200 if stretch is None else 206,
        headers,
        media_type="binary/octet-stream",
    )


def _started(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Return the chunks after reading the first; `ObjectError` if there are no bytes at all."""
    try:
        first = next(chunks, b"")
    except FileDownloadError:
        raise ObjectError("NoSuchKey") from None
    return chain([first], chunks)
