"""What it means that the platform refuses a call: one error class for each status, and a hint."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dataforce.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)

if TYPE_CHECKING:
    from dataforce.config import Settings

_CLASSES: dict[int, type[APIStatusError]] = {
    kind.status_code: kind
    for kind in (
        BadRequestError,
        AuthenticationError,
        PermissionDeniedError,
        NotFoundError,
        ConflictError,
        UnprocessableEntityError,
        RateLimitError,
    )
}
_REQUEST_IDS = ("x-request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray")
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.I | re.S)
_QUOTED = 500
"""How much of what a server says is repeated, in characters."""


def refusal(
    settings: Settings,
    method: str,
    path: str,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
) -> APIStatusError:
    """The error for an answer that is no success.

    Args:
        settings: Of the client; hints name its settings.
        method: Of the request.
        path: Of the request, without its query.
        status: Of the answer.
        headers: Of the answer.
        content: Of the answer.
    """
    body = _without_input(_parsed(content))
    said, request_id = _said(body), _request_id(headers)
    hint = _hint(settings, status, headers, said, is_page(content))
    named = f" (request {request_id})" if request_id else ""
    message = f"{method} {path} was answered {status}{named}: {_sentence(said)} {hint}".rstrip()
    kind = _CLASSES.get(status, InternalServerError if status >= 500 else APIStatusError)
    return kind(
        message,
        status_code=status,
        method=method,
        path=path,
        request_id=request_id,
        body=body,
    )


def is_page(content: bytes) -> bool:
    """Whether an answer is a web page, which nobody asked for."""
    return content[:200].lstrip()[:1] == b"<"


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace") or None


def _without_input(body: object) -> object:
    """Faults of a request without what was sent: it may be a secret."""
    detail = body.get("detail") if isinstance(body, dict) else None
    for fault in detail if isinstance(detail, list) else ():
        if isinstance(fault, dict):
            fault.pop("input", None)
    return body


def _said(body: object) -> str:
    """The server's own words."""
    if isinstance(body, dict):
        body = body.get("detail", body.get("message", body))
    if isinstance(body, list):
        return "; ".join(_fault(each) for each in body[:10])
    if not isinstance(body, str):
        return "" if body is None else json.dumps(body)[:_QUOTED]
    if title := _TITLE.search(body):
        return f"a web page titled {title[1][:_QUOTED]!r}"
    return body[:_QUOTED]


def _fault(fault: object) -> str:
    """One fault of a request."""
    if not isinstance(fault, dict):
        return str(fault)[:_QUOTED]
    place = fault.get("loc")
    named = ".".join(map(str, place)) if isinstance(place, list) else "somewhere"
    return f"{named}: {fault.get('msg', fault.get('type', 'wrong'))}"[:_QUOTED]


def _sentence(words: str) -> str:
    words = words.strip() or "no reason given"
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _request_id(headers: Mapping[str, str]) -> str | None:
    return next((headers[name] for name in _REQUEST_IDS if name in headers), None)


def _hint(
    settings: Settings, status: int, headers: Mapping[str, str], said: str, is_web_page: bool
) -> str:
    address = f"base_url ({settings.origin('base_url')}) is {settings.base_url}"
    if 300 <= status < 400:
        return f"It redirects to {_origin(headers.get('location', ''))}, and {address}. {_MOVED}"
    if status == 407:
        return "The proxy wants a user and a password: set proxy to http://user:password@host:port."
    if is_web_page or (status, said) in ((404, "Not Found"), (405, "Method Not Allowed")):
        return f"{address}: check that this is the address of the platform's API."
    if status == 401:
        return f"Check api_key ({settings.origin('api_key')}): the platform does not know this key."
    if status == 403 and "jwt" in said:
        return "No API key may do this; sign in to the platform in a browser."
    if status == 403:
        return (
            "Either your role does not allow it, or the organization does not exist or is not "
            "yours; client.organizations.list() shows those that are."
        )
    return _HINTS.get(status, _HINTS[500] if status >= 500 else "")


_MOVED = "Set base_url to where it leads if you trust it; the API key is not sent there unasked."
_HINTS = {
    404: "It does not exist, or not below the parent that was given.",
    413: "A proxy before the platform takes less; ask who runs it.",
    429: "Call less often, or set retry_timeout to wait longer.",
    500: "Try again later; if it stays, tell those who run the platform.",
}


def _origin(location: str) -> str:
    try:
        parts = urlsplit(location)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "another path there"
