"""Requests to the bucket that model files are in, by URLs that carry their own permission."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from dataforce import __version__
from dataforce.backend.error_messages import printable
from dataforce_remote.http.addresses import Addresses, InternalAddressError, shown_host
from dataforce_remote.http.guard import Guard
from dataforce_remote.http.retries import Budget, Retries, parse_retry_after
from dataforce_remote.http.transport import Answer, BrokenExchangeError, Transport
from dataforce_remote.http.transport_errors import Failure

if TYPE_CHECKING:
    from dataforce.config import Settings

_ERROR = re.compile(rb"<Error>.*?</Error>", re.S)
_CODE = re.compile(rb"<Code>\s*(.*?)\s*</Code>", re.S)
_MESSAGE = re.compile(rb"<Message>\s*(.*?)\s*</Message>", re.S)
PASSING = (408, 429, 500, 502, 503, 504)
_PASSING_CODES = (b"InternalError", b"SlowDown", b"ServiceUnavailable", b"OperationAborted")
_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 3
_LARGEST_DOCUMENT = 16 * 1024 * 1024
_QUOTED = 200


class BucketError(Exception):
    """The bucket did not do what it was asked; the text is fit for a user's eyes.

    Args:
        reason: What happened, as part of a sentence.
        status: The HTTP status, 0 if there was no answer.
    """

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Payload:
    """What a request brings.

    Args:
        size: In bytes.
        chunks: Makes the bytes, anew for each attempt.
    """

    size: int
    chunks: Callable[[], Iterable[memoryview]]


class Bucket:
    """The bucket, or whatever the platform's URLs lead to. The API key is never sent there.

    Args:
        settings: Of the client.
        budget: The retries that all requests of the client share.
    """

    def __init__(self, settings: Settings, budget: Budget) -> None:
        self._is_encrypted = settings.base_url.startswith("https:")
        self._addresses = Addresses(settings)
        self._transport = Transport(settings, resolve=self._addresses.resolve)
        self._guard = Guard(settings)
        self._patience = settings.retry_timeout
        self.budget = budget

    def retries(self) -> Retries:
        """The retries of one piece of work."""
        return Retries(self.budget, self._patience)

    def request(
        self,
        method: str,
        url: str,
        payload: Payload | None = None,
        headers: Mapping[str, str] | None = None,
        allowance: float = 0.0,
    ) -> Document:
        """Send a request until it succeeds.

        Args:
            method: The HTTP method.
            url: Carries its own permission.
            payload: What to send.
            headers: Beside the usual ones.
            allowance: For how much longer than usual the answer may drip, in seconds.

        Raises:
            BucketError: It did not.
            ReadOnlyError: The client only reads, and this is no GET; nothing was sent.
        """
        retries = self.retries()
        while True:
            fault, retry_after = None, None
            try:
                document = self._attempt(
                    method, url, payload, headers or {}, allowance, retries.count + 1
                )
                fault = _fault(document, url)
                if fault is None:
                    self.budget.earn()
                    return document
                is_passing = _is_passing(document)
                retry_after = parse_retry_after(document.headers.get("retry-after"))
            except BrokenExchangeError as error:
                fault = broken(error.failure, url)
                is_passing = not error.failure.is_lasting
            if not is_passing or not retries.wait(f"{method}: {fault}", retry_after):
                raise fault

    def open(self, url: str, headers: Mapping[str, str], attempt: int = 1) -> Answer:
        """Send one GET and leave its answer, whatever it is, to be read.

        Args:
            url: Carries its own permission.
            headers: Beside the usual ones.
            attempt: The number of the attempt, for the log.

        Raises:
            BrokenExchangeError: No answer came.
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
    ) -> Document:
        answer = self._send(method, url, payload, headers, attempt)
        with closing(answer):
            content = answer.read(_LARGEST_DOCUMENT, allowance)
        return Document(answer.status, answer.headers, content or b"")

    def _send(
        self,
        method: str,
        url: str,
        payload: Payload | None,
        headers: Mapping[str, str],
        attempt: int,
    ) -> Answer:
        self._guard.check_transfer(method)
        sent = {"Accept-Encoding": "identity", "User-Agent": f"dataforce/{__version__}", **headers}
        if payload is not None:
            sent["Content-Length"] = str(payload.size)
        elif method == "POST":
            sent["Content-Length"] = "0"  # else it would go in chunks, which no bucket takes
        fault = ""
        try:
            return self._followed(method, url, payload, sent, attempt)
        except InternalAddressError as error:
            fault = str(error)
        raise BucketError(fault)

    def _followed(
        self,
        method: str,
        url: str,
        payload: Payload | None,
        headers: Mapping[str, str],
        attempt: int,
    ) -> Answer:
        """Send a request to where redirects lead."""
        for _ in range(_HOPS + 1):
            parts = self._checked(url)
            body = payload.chunks() if payload else b"" if method == "POST" else None
            origin = _origin(parts)
            answer = self._transport.send(method, url, headers, body, host=origin, attempt=attempt)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            answer.close()
            after = _redirected(parts, location)
            if method != "GET" and answer.status not in (307, 308):
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
class Document:
    """A whole answer.

    Args:
        status: The HTTP status.
        headers: The HTTP headers.
        content: The body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


def refused(status: int, content: bytes, url: str) -> BucketError:
    """What an answer that is no success means."""
    code, message = _CODE.search(content), _MESSAGE.search(content)
    said = b": ".join(found[1] for found in (code, message) if found).decode(errors="replace")
    said = printable(said[:_QUOTED])
    return BucketError(f"{_name(url)} answered {status} {said}".rstrip(), status)


def _fault(document: Document, url: str) -> BucketError | None:
    is_success = 200 <= document.status < 300
    # S3 begins to answer before it has put the parts of a file together, and may fail after that.
    error = _ERROR.search(document.content)
    if is_success and error is None:
        return None
    return refused(document.status, document.content, url)


def _is_passing(document: Document) -> bool:
    code = _CODE.search(document.content)
    return document.status in PASSING or (
        document.status == 200 and code is not None and code[1] in _PASSING_CODES
    )


def broken(failure: Failure, url: str) -> BucketError:
    """What it means that no whole answer came."""
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
