"""Requests to the bucket that model files are in, by URLs that carry their own permission."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from dataforce import __version__
from dataforce.backend.error_messages import printable
from dataforce.backend.views import view_of
from dataforce_remote.http.addresses import Addresses, InternalAddressError, shown_host
from dataforce_remote.http.messages import Payload
from dataforce_remote.http.retries import Retries, RetryBudget, parse_retry_after
from dataforce_remote.http.transport import ServerResponse, Transport
from dataforce_remote.http.transport_errors import TransportError

if TYPE_CHECKING:
    from dataforce.config import Settings
    from dataforce_remote.http.guard import Guard

_ERROR = re.compile(rb"<Error>.*?</Error>", re.S)
_CODE = re.compile(rb"<Code>\s*(.*?)\s*</Code>", re.S)
_MESSAGE = re.compile(rb"<Message>\s*(.*?)\s*</Message>", re.S)
TRANSIENT = (408, 429, 500, 502, 503, 504)
_TRANSIENT_CODES = (b"InternalError", b"SlowDown", b"ServiceUnavailable", b"OperationAborted")
_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 3
_LARGEST_RESPONSE = 16 * 1024 * 1024
_QUOTED = 200


class BucketError(Exception):
    """The bucket did not do what it was asked; the text is fit for a user's eyes.

    Args:
        reason: What happened, as part of a sentence.
        status: The HTTP status, 0 if there was no response.
    """

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class Bucket:
    """The bucket, or whatever the platform's URLs lead to. The API key is never sent there.

    Args:
        settings: Of the client.
        guard: Refuses what writes if the client only reads.
        budget: The retry budget that all requests of the client share.
    """

    def __init__(self, settings: Settings, guard: Guard, budget: RetryBudget) -> None:
        self._is_encrypted = settings.base_url.startswith("https:")
        self._addresses = Addresses(settings)
        self._transport = Transport(settings, resolve=self._addresses.resolve)
        self._guard = guard
        self._retry_timeout = settings.retry_timeout
        self.budget = budget

    def with_settings(self, settings: Settings) -> Bucket:
        """Return the same connections with the timeouts of other settings."""
        transport = self._transport.with_timeout(settings.timeout)
        return view_of(self, _transport=transport, _retry_timeout=settings.retry_timeout)

    def retries(self) -> Retries:
        """The retries of one piece of work."""
        return Retries(self.budget, self._retry_timeout)

    def request(
        self,
        method: str,
        url: str,
        payload: Payload | None = None,
        headers: Mapping[str, str] | None = None,
        allowance: float = 0.0,
    ) -> BucketResponse:
        """Send a request until it succeeds.

        Args:
            method: The HTTP method.
            url: Carries its own permission.
            payload: What to send.
            headers: Beside the usual ones.
            allowance: For how much longer than usual the response may drip, in seconds.

        Raises:
            BucketError: It did not.
            ReadOnlyError: The client only reads, and this is no GET; nothing was sent.
        """
        retries = self.retries()
        while True:
            failure, retry_after = None, None
            try:
                response = self._attempt(
                    method, url, payload, headers or {}, allowance, retries.count + 1
                )
                failure = _failure(response, url)
                if failure is None:
                    self.budget.earn()
                    return response
                is_transient = _is_transient(response)
                retry_after = parse_retry_after(response.headers.get("retry-after"))
            except TransportError as error:
                failure = without_response(error, url)
                is_transient = not error.is_permanent
            if not is_transient or not retries.wait(f"{method}: {failure}", retry_after):
                raise failure

    def open(self, url: str, headers: Mapping[str, str], attempt: int = 1) -> ServerResponse:
        """Send one GET and leave its response, whatever it is, to be read.

        Args:
            url: Carries its own permission.
            headers: Beside the usual ones.
            attempt: The number of the attempt, for the log.

        Raises:
            TransportError: No response came.
            BucketError: It leads to where no file is fetched from.
        """
        return self._send("GET", url, None, headers, attempt)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _attempt(
        self,
        method: str,
        url: str,
        payload: Payload | None,
        headers: Mapping[str, str],
        allowance: float,
        attempt: int,
    ) -> BucketResponse:
        response = self._send(method, url, payload, headers, attempt)
        with closing(response):
            content = response.read(_LARGEST_RESPONSE, allowance)
        return BucketResponse(response.status, response.headers, content or b"")

    def _send(
        self,
        method: str,
        url: str,
        payload: Payload | None,
        headers: Mapping[str, str],
        attempt: int,
    ) -> ServerResponse:
        self._guard.check_transfer(method)
        sent = {"Accept-Encoding": "identity", "User-Agent": f"dataforce/{__version__}", **headers}
        if payload is not None:
            sent["Content-Length"] = str(payload.size)
        elif method == "POST":
            sent["Content-Length"] = "0"  # else it would go in chunks, which no bucket takes
        why = ""
        try:
            return self._followed(method, url, payload, sent, attempt)
        except InternalAddressError as error:
            why = str(error)
        raise BucketError(why)

    def _followed(
        self,
        method: str,
        url: str,
        payload: Payload | None,
        headers: Mapping[str, str],
        attempt: int,
    ) -> ServerResponse:
        """Send a request to where redirects lead."""
        for _ in range(_HOPS + 1):
            parts = self._checked(url)
            body = payload.chunks() if payload else b"" if method == "POST" else None
            origin = _origin(parts)
            response = self._transport.send(
                method, url, headers, body, host=origin, attempt=attempt
            )
            location = response.headers.get("location")
            if response.status not in _REDIRECTS or location is None:
                return response
            response.close()
            after = _redirected(parts, location)
            if method != "GET" and response.status not in (307, 308):
                raise BucketError(f"{_name(url)} redirects a {method}, which would lose its bytes")
            if method != "GET" and _origin(after) != origin:
                raise BucketError(
                    f"{_name(url)} redirects a {method} to {shown_host(after.hostname)}, so "
                    f"nothing tells whether it is done there"
                )
            url = after.geturl()
        raise BucketError(f"{_name(url)} redirects more than {_HOPS} times")

    def _checked(self, url: str) -> SplitResult:
        """The parts of a URL, if that is a place to fetch a file from."""
        parts = _split(url)
        if parts is None or parts.hostname is None:
            raise BucketError("the platform names an address for the file that is no http URL")
        if self._is_encrypted and parts.scheme == "http":
            raise BucketError(
                f"the platform, which is reached over https, leads to "
                f"{shown_host(parts.hostname)} without encryption"
            )
        self._addresses.refuse_literal(parts.hostname)
        return parts


@dataclass(frozen=True)
class BucketResponse:
    """A whole response of the bucket.

    Args:
        status: The HTTP status.
        headers: The HTTP headers.
        content: The body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


def bucket_error(status: int, content: bytes, url: str) -> BucketError:
    """Return the error that a response without success stands for."""
    code, message = _CODE.search(content), _MESSAGE.search(content)
    said = b": ".join(found[1] for found in (code, message) if found).decode(errors="replace")
    said = printable(said[:_QUOTED])
    return BucketError(f"{_name(url)} responded with {status} {said}".rstrip(), status)


def _failure(response: BucketResponse, url: str) -> BucketError | None:
    is_success = 200 <= response.status < 300
    # S3 begins to response before it has put the parts of a file together, and may fail after that.
    error = _ERROR.search(response.content)
    if is_success and error is None:
        return None
    return bucket_error(response.status, response.content, url)


def _is_transient(response: BucketResponse) -> bool:
    code = _CODE.search(response.content)
    return response.status in TRANSIENT or (
        response.status == 200 and code is not None and code[1] in _TRANSIENT_CODES
    )


def without_response(failure: TransportError, url: str) -> BucketError:
    """Return the error for a request without a whole response."""
    hint = f" ({failure.hint.rstrip('.')})" if failure.hint else ""
    return BucketError(f"{_name(url)}: {failure.reason}{hint}")


def _split(url: str, base: str = "") -> SplitResult | None:
    """The parts of a URL, which may be relative to `base`; `None` if it is no http URL."""
    with suppress(ValueError):
        parts = urlsplit(urljoin(base, url))
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    return None


def _redirected(before: SplitResult, location: str) -> SplitResult:
    """Return the URL that a redirect leads to."""
    after = _split(location, before.geturl())
    if after is None:
        raise BucketError(
            f"{shown_host(before.hostname)} redirects to an address that is no http URL"
        )
    if before.scheme == "https" and after.scheme == "http":
        raise BucketError(
            f"{shown_host(before.hostname)} redirects to {shown_host(after.hostname)} without "
            f"encryption"
        )
    return after


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"


def _name(url: str) -> str:
    """The host, without the rest of a URL that grants access to whoever sees it."""
    return shown_host(urlsplit(url).hostname or "the bucket")
