"""Errors for the status codes of the platform: one class for each, and what to do next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dataforce.backend.error_messages import MASK, cut, printable, sentence
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
    from dataforce.backend import AnyKind
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
_QUOTED = 200
"""Length of the longest quotation of a server, in characters."""
_OWN_PATH = "/users/me/organizations"
"""A path that every platform has."""


def status_error(
    settings: Settings,
    method: str,
    path: str,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
) -> APIStatusError:
    """Return the error for a response that is no success.

    Args:
        settings: Of the client; hints name its settings.
        method: Of the request.
        path: Of the request, without its query.
        status: Of the response.
        headers: Of the response.
        content: Of the response.
    """
    masked = _Masked(settings)
    body, request_id = _without_input(masked.body(content)), masked.request_id(headers)
    said, is_web_page = _said(body), is_page(content)
    kind = _CLASSES.get(status, InternalServerError if status >= 500 else APIStatusError)
    error = kind(
        "",
        status_code=status,
        method=method,
        path=path,
        request_id=request_id,
        body=body,
    )
    if _is_foreign(status, path, said, is_web_page):
        address = f"{settings.base_url} speaks this API ({status})"
        error.message = f"Nothing at {address}. Check base_url ({settings.origin('base_url')})."
    else:
        hint = _hint(settings, status, headers, said, is_web_page)
        error.message = sentence(f"{_sentence(said)} {hint}".rstrip(), request_of(error))
    error.args = (error.message,)
    return error


def request_of(error: APIStatusError) -> str:
    """Return the request that was refused and its status code, as the end of a message.

    Args:
        error: The error of that request.
    """
    path = error.path or ""
    parts = path.split("/")
    short = path if len(parts) <= 4 else f".../{'/'.join(parts[-2:])}"
    named = f", request {error.request_id}" if error.request_id else ""
    return f"{error.method} {short}: {error.status_code}{named}"


def missing_kind(error: APIStatusError, kinds: Iterable[AnyKind]) -> AnyKind | None:
    """Return the kind of object that the platform says does not exist.

    Args:
        error: The error of that request.
        kinds: The kinds that it may speak of.

    Returns:
        One of the kinds, `None` if it speaks of none of them.
    """
    detail = error.body.get("detail") if isinstance(error.body, dict) else None
    subject, found, _ = str(detail).lower().partition(" not found")
    if not found:
        return None
    # It says "Secret" of bucket secrets and "Model Artifact model" of model artifacts.
    return next((kind for kind in kinds if subject in kind.name or kind.name in subject), None)


def is_page(content: bytes) -> bool:
    """Return whether a response is a web page, which nobody asked for."""
    return content[:200].lstrip()[:1] == b"<"


class _Masked:
    """Return the text of a server without the API key, which a proxy may have repeated.

    Args:
        settings: Of the client.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = settings.api_key.get_secret_value() if settings.api_key else ""

    def body(self, content: bytes) -> object:
        """Return JSON as Python objects, or else text; `None` for nothing."""
        try:
            # In one spelling, in which the key is found however the server spells it.
            text = json.dumps(json.loads(content))
            return json.loads(self._without(text, json.dumps(self._key)[1:-1]))
        except (ValueError, RecursionError):
            return self._without(content.decode(errors="replace"), self._key) or None

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Return what the server or a proxy calls the request."""
        found = next((headers[name] for name in _REQUEST_IDS if name in headers), None)
        return None if found is None else printable(self._without(found, self._key))[: _QUOTED // 2]

    def _without(self, text: str, key: str) -> str:
        return text.replace(key, MASK) if key else text


def _without_input(body: object) -> object:
    """Faults of a request without what was sent: it may be a secret."""
    detail = body.get("detail") if isinstance(body, dict) else None
    for fault in detail if isinstance(detail, list) else ():
        if isinstance(fault, dict):
            fault.pop("input", None)
    return body


def _said(body: object) -> str:
    """The server's own words, without what would not be seen or would do something."""
    if isinstance(body, dict):
        body = body.get("detail", body.get("message", body))
    if isinstance(body, list):
        words = "; ".join(_fault(each) for each in body[:10])
    elif not isinstance(body, str):
        words = "" if body is None else json.dumps(body)
    elif title := _TITLE.search(body):
        return f"a web page titled {printable(title[1])[:_QUOTED]!r}"
    else:
        words = body
    return cut(printable(" ".join(words[: 2 * _QUOTED].split())), _QUOTED)


def _fault(fault: object) -> str:
    """One fault of a request."""
    if not isinstance(fault, dict):
        return str(fault)[:_QUOTED]
    place = fault.get("loc")
    named = ".".join(map(str, place)) if isinstance(place, list) else "somewhere"
    return f"{named}: {fault.get('msg', fault.get('type', 'wrong'))}"[:_QUOTED]


def _sentence(words: str) -> str:
    words = words.strip() or "no reason given"
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def _is_foreign(status: int, path: str, said: str, is_web_page: bool) -> bool:
    """Return whether the server does not know the path, so that it is none of the platform's."""
    if status == 404:
        return is_web_page or path == _OWN_PATH or said in ("", "Not Found")
    return (status, said) == (405, "Method Not Allowed")


def _hint(
    settings: Settings, status: int, headers: Mapping[str, str], said: str, is_web_page: bool
) -> str:
    address = f"base_url ({settings.origin('base_url')}) is {settings.base_url}"
    if 300 <= status < 400:
        return f"It redirects to {_origin(headers.get('location', ''))}, and {address}. {_MOVED}"
    if status == 407:
        return "The proxy wants a user and a password: set proxy to http://user:password@host:port."
    if is_web_page:
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
    if not parts.hostname:
        return "another path there"
    return printable(f"{parts.scheme}://{parts.hostname}{port}")[:_QUOTED]
