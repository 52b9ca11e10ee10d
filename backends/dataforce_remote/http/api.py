"""Requests to the platform's API, with retries where they are safe."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from dataforce import __version__
from dataforce.backend.error_messages import sentence
from dataforce.backend.views import view_of
from dataforce.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
)
from dataforce.transfer import cancellation
from dataforce_remote.http.guard import Guard
from dataforce_remote.http.messages import APIResponse, Payload
from dataforce_remote.http.retries import Retries, RetryBudget, parse_retry_after
from dataforce_remote.http.status_errors import status_error
from dataforce_remote.http.transport import Hidden, Transport
from dataforce_remote.http.transport_errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from dataforce.backend import Family
    from dataforce.config import Settings
    from dataforce_remote.http.transport import ServerResponse

_MIB = 1024 * 1024
LARGEST_RECORD = 64 * _MIB
LARGEST_PAGE = 128 * _MIB
LARGEST_ARRAY = 512 * _MIB
"""No response with a record, a page or a whole list is larger, in bytes; a list of 100,000 models
takes 200 MB."""

_IDEMPOTENT = ("GET", "PUT", "DELETE")
_TOO_MANY = 429
_TRANSIENT = (408, _TOO_MANY, 502, 503, 504)
_RETRIES_OF_CRASHES = 2
"""Number of retries of a request that the platform crashed on; mostly it will crash again."""
_FIRST_CONNECT_TIMEOUT = 10.0
"""Retry limit before the first response, in seconds: base_url may be wrong."""


def required_key(settings: Settings) -> SecretStr:
    """Return the key for the platform; `AuthenticationError` if there is none."""
    if settings.api_key is None:
        raise AuthenticationError(
            f"There is no API key for {settings.base_url}. Set api_key, or the environment "
            f"variable DFS_API_KEY; the platform shows yours in your profile."
        )
    return settings.api_key


class API:
    """The platform, as far as its protocol goes.

    Args:
        settings: Of the client.
        family: The kinds whose records a read-only client may ask for.

    Attributes:
        settings: As given.
        budget: The retry budget that all requests of the client share.
        guard: Refuses what writes if the client only reads.

    Raises:
        AuthenticationError: There is no API key.
        ConfigurationError: A certificate is missing.
    """

    def __init__(self, settings: Settings, family: Family) -> None:
        key = required_key(settings)
        self.settings = settings
        self.budget = RetryBudget()
        self.guard = Guard(settings, family)
        parts = urlsplit(settings.base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path
        self._transport = Transport(settings, self._origin)
        self._headers: dict[str, str] = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": Hidden(f"Bearer {key.get_secret_value()}"),
            "User-Agent": f"dataforce/{__version__}",
        }
        self._has_responded = False

    def with_settings(self, settings: Settings) -> API:
        """Return the same connections with the timeouts of other settings."""
        transport = self._transport.with_timeout(settings.timeout)
        return view_of(self, settings=settings, _transport=transport)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | Payload | None = None,
        headers: Mapping[str, str] | None = None,
        retry_timeout: float = math.inf,
        is_idempotent: bool | None = None,
        uncancellable: bool = False,
        largest: int = LARGEST_RECORD,
    ) -> APIResponse:
        """Send a request until it has succeeded or cannot be sent again.

        Args:
            method: The HTTP method.
            path: Below `base_url`.
            query: Parameters; their values are quoted here.
            body: JSON, or bytes that are not in memory.
            headers: Beside the usual ones.
            is_idempotent: Whether doing it twice is doing it once; by the method if not given.
            retry_timeout: Limit of the retries in seconds, if the setting allows more.
            uncancellable: Whether to wait for the response even if the waiting task is cancelled.
            largest: Size of the largest response, in bytes.

        Returns:
            The response.

        Raises:
            APIStatusError: The status code tells of no success; the class tells why.
            APIConnectionError: No response came.
            APIResponseValidationError: The response is too large.
            ReadOnlyError: The client only reads, and this may write; nothing was sent.
        """
        self.guard.check_call(method, path)
        retries = Retries(self.budget, min(self.settings.retry_timeout, retry_timeout))
        if is_idempotent is None:
            is_idempotent = method in _IDEMPOTENT
        call = _Call(
            method, path, query, body, headers or {}, is_idempotent, uncancellable, largest
        )
        while True:
            failure = None
            try:
                return self._attempt(call, retries)
            except TransportError as error:
                failure = error
            except _RetryError:
                continue
            if not self._may_retry(call, failure, retries):
                raise self._unreachable(call, failure)
            call.is_in_doubt = call.is_in_doubt or failure.was_sent

    def open(self, path: str, headers: Mapping[str, str], attempt: int = 1) -> ServerResponse:
        """Send one GET and leave its response, whatever it is, to be read.

        Args:
            path: Below `base_url`.
            headers: Beside the usual ones.
            attempt: The number of the attempt, for the log.

        Raises:
            TransportError: No response came.
        """
        self.guard.check_call("GET", path)
        return self._transport.send(
            "GET",
            f"{self._origin}{self._prefix}{path}",
            self._headers | dict(headers),
            host=self._origin,
            attempt=attempt,
        )

    def retries(self) -> Retries:
        """Return the retries of one piece of work."""
        return Retries(self.budget, self.settings.retry_timeout)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _attempt(self, call: _Call, retries: Retries) -> APIResponse:
        url = f"{self._origin}{self._prefix}{call.path}"
        if call.query:
            url += "?" + urlencode(call.query, quote_via=quote)
        body = call.body.chunks() if isinstance(call.body, Payload) else call.body
        with cancellation.shielded() if call.uncancellable else nullcontext():
            response = self._transport.send(
                call.method,
                url,
                self._headers_for(call),
                body,
                host=self._origin,
                attempt=retries.count + 1,
            )
            content = response.read(call.largest)
        self._has_responded = True
        if content is None:
            raise APIResponseValidationError(
                sentence(
                    f"the response is larger than {call.largest} bytes, which none of the "
                    f"platform's is. Check that base_url is the address of its API.",
                    f"{call.method} {call.path}: {response.status}",
                )
            )
        if 200 <= response.status < 300:
            self.budget.earn()
            return APIResponse(call.method, call.path, content)
        if response.status == 404 and call.method == "DELETE" and call.is_in_doubt:
            return APIResponse(call.method, call.path, b"")  # the first attempt did it
        if _is_transient(call, response.status, retries.count) and retries.wait(
            f"{call.method} {call.path}: {response.status}",
            parse_retry_after(response.headers.get("retry-after")),
        ):
            call.is_in_doubt = call.is_in_doubt or response.status != _TOO_MANY
            raise _RetryError
        raise self.status_error(call.method, call.path, response, content)

    def status_error(
        self, method: str, path: str, response: ServerResponse, content: bytes
    ) -> APIStatusError:
        """Return the error for a response that is no success."""
        return status_error(self.settings, method, path, response.status, response.headers, content)

    def _headers_for(self, call: _Call) -> Mapping[str, str]:
        if call.body is None:
            return self._headers | dict(call.headers) if call.headers else self._headers
        if isinstance(call.body, Payload):
            size, media_type = call.body.size, call.body.type or "application/octet-stream"
        else:
            size, media_type = len(call.body), "application/json"
        more = {"Content-Type": media_type, "Content-Length": str(size)}
        return self._headers | more | dict(call.headers)

    def _may_retry(self, call: _Call, failure: TransportError, retries: Retries) -> bool:
        if failure.is_permanent or (failure.was_sent and not call.is_idempotent):
            return False
        is_first = not (self._has_responded or failure.was_sent)
        return retries.wait(
            f"{call.method} {call.path}: {failure.reason}",
            within=_FIRST_CONNECT_TIMEOUT if is_first else math.inf,
        )

    def _unreachable(self, call: _Call, failure: TransportError) -> APIConnectionError:
        doubt = ""
        if failure.was_sent and not call.is_idempotent:
            doubt = " It may have been carried out all the same: look before you send it again."
        elif not failure.was_sent:
            doubt = f" Check base_url ({self.settings.origin('base_url')})."
        kind = APITimeoutError if failure.is_timeout else APIConnectionError
        hint = f" {failure.hint}" if failure.hint else ""
        return kind(
            sentence(
                f"no response from {self._origin}: {failure.reason}.{doubt}{hint}",
                f"{call.method} {call.path}",
            )
        )


@dataclass(slots=True)
class _Call:
    method: str
    path: str
    query: Mapping[str, str] | None
    body: bytes | Payload | None
    headers: Mapping[str, str]
    is_idempotent: bool
    uncancellable: bool
    largest: int
    is_in_doubt: bool = False
    """Return whether an earlier attempt may have been carried out."""


def _is_transient(call: _Call, status: int, count: int) -> bool:
    """Return whether a status may be another one soon, and a retry does no harm."""
    if not call.is_idempotent:
        return status == _TOO_MANY
    return status in _TRANSIENT or (status == 500 and count < _RETRIES_OF_CRASHES)


class _RetryError(Exception):
    """The status code is transient, and we waited."""
