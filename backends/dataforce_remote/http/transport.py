"""Single requests and their responses, through pooled connections that all threads share."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.util import Timeout

from dataforce.backend.error_messages import printable
from dataforce.backend.views import view_of
from dataforce.errors import ConfigurationError
from dataforce.transfer import cancellation
from dataforce_remote.http.connections import POOLS, PendingRequest, Resolve, Watchdog
from dataforce_remote.http.transport_errors import ERRORS, TransportError, explain

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool, PoolManager
    from urllib3.response import HTTPResponse

    from dataforce.config import Settings

Headers = Mapping[str, str]
Body = bytes | Iterable[bytes | memoryview]

MINIMUM_RATE = 1024
"""Responses may come this slowly, in bytes a second on average; below, they have stalled."""

_CHUNK = 1024 * 1024
_CONNECTIONS = 256
"""Number of connections to one host that are kept; more threads than that make some anew."""
_log = logging.getLogger("dataforce.http")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Hidden(str):
    """Text that nobody sees who looks at what holds it, such as a debugger."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'**********'"


class ServerResponse:
    """The response of a server. It is read once, to its end, or closed.

    Attributes:
        status: The HTTP status.
        headers: The HTTP headers.
    """

    def __init__(self, raw: HTTPResponse, pending: PendingRequest, watchdog: Watchdog) -> None:
        self.status = raw.status
        self.headers = raw.headers
        self._raw = raw
        self._request = pending
        self._watchdog = watchdog
        self._waited = 0.0

    def chunks(self, allowance: float = 0.0) -> Iterator[bytes]:
        """The body as it comes; `TransportError` if it breaks off or comes too slowly.

        Args:
            allowance: How much longer than usual it may take, in seconds.
        """
        received, is_complete = 0, False
        allowed = self._request.timeout + allowance
        try:
            while chunk := self._next():
                received += len(chunk)
                if self._waited > allowed + received / MINIMUM_RATE:
                    raise TransportError(
                        f"its response came at less than {MINIMUM_RATE} bytes a second"
                    )
                yield chunk
                if self._raw.length_remaining == 0:
                    break  # without asking once more whether there is anything
            is_complete = True
            self._raw.release_conn()
        finally:
            if not is_complete:
                self.close()

    def read(self, limit: int, allowance: float = 0.0) -> bytes | None:
        """The whole body, `None` if it is, or is said to be, larger than `limit` bytes."""
        if (self._raw.length_remaining or 0) > limit:
            self.close()
            return None
        pieces, size = [], 0
        for piece in self.chunks(allowance):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                self.close()
                return None
        return b"".join(pieces)

    def close(self) -> None:
        """Read no more; the connection cannot be used again."""
        self._raw.close()

    def _next(self) -> bytes:
        pending, started = self._request, time.monotonic()
        # A timeout of the socket begins anew with every byte, also of what only announces a chunk.
        pending.deadline = started + pending.timeout
        try:
            with cancellation.interrupting(pending.cut), self._watchdog.watching(pending):
                chunk = self._raw.read1(_CHUNK)
                if not chunk or self._raw.length_remaining == 0:
                    pending.release()
                return chunk
        except ERRORS as error:
            failure = explain(error, pending.timeout, pending.is_late)
        finally:
            pending.deadline = math.inf
            self._waited += time.monotonic() - started
        raise failure


class Transport:
    """Sends requests; knows neither what they mean nor when to send them again.

    Args:
        settings: `timeout`, `proxy`, `ca_bundle`, `client_certificate` and `insecure` count.
        origin: Scheme, host and port, if all requests go to one server.
        resolve: Gives the addresses that a host and port may be reached at; any if not given.
    """

    def __init__(
        self, settings: Settings, origin: str | None = None, resolve: Resolve | None = None
    ) -> None:
        self._resolve = resolve
        self.timeout = settings.timeout
        self._timeout = Timeout(connect=self.timeout, read=self.timeout)
        self._origin = origin
        self._proxy = settings.proxy and Hidden(settings.proxy.get_secret_value())
        self._verify = _verification(settings)
        self._certificate = _existing(settings, "client_certificate")
        self._proxies: dict[str, dict[str, str]] = {}
        self._is_closed = False
        self._opening = threading.Lock()
        self._process = 0
        self._open()

    def with_timeout(self, timeout: float) -> Transport:
        """Return the same connections with another timeout, in seconds."""
        return view_of(self, timeout=timeout, _timeout=Timeout(connect=timeout, read=timeout))

    def _open(self) -> None:
        with self._opening:
            if self._process != os.getpid():  # pragma: no branch  # another thread was faster
                self._adapter = _Adapter() if self._origin is None else _PinnedAdapter(self._origin)
                self._watchdog = Watchdog()
                self._process = os.getpid()  # last: the others are this process's own by then

    def send(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: Body | None = None,
        *,
        host: str,
        attempt: int = 1,
    ) -> ServerResponse:
        """Send a request once; redirects are responses like any other.

        Args:
            method: The HTTP method.
            url: The whole URL.
            headers: All headers but those of the connection itself. For a body, `Content-Length`
                is among them.
            body: What to send.
            host: Scheme, host and port of `url`.
            attempt: The number of the attempt, for the log.

        Raises:
            TransportError: No response came.
            ConfigurationError: The transport is closed.
        """
        if self._is_closed:
            raise ConfigurationError("This client is closed. Make a new one to go on.")
        if self._process != os.getpid():
            # In a forked child connections and thread belong to the parent.
            self._open()  # pragma: no cover  # nobody measures there
        request = PreparedRequest()
        request.method, request.url, request.body = method, url, body  # type: ignore[assignment]
        request.headers = headers  # type: ignore[assignment]  # the adapter needs no more
        pending = PendingRequest(self.timeout, self._resolve)
        response, failure, started = None, None, time.monotonic()
        self._watchdog.watch(pending)
        try:
            with cancellation.interrupting(pending.cut):
                response = self._perform(request, pending, self._proxies_for(host))
            _log_request(method, url, response.status, started, attempt)
            return response
        except ERRORS as error:
            failure = explain(error, self.timeout, pending.is_late)
            failure.was_sent = failure.was_sent and pending.was_sent
        except cancellation.Cancelled:
            if response is not None:  # it came all the same
                response.close()
            raise
        finally:
            self._watchdog.forget(pending)
            pending.end()
        _log_request(method, url, failure.reason, started, attempt)
        raise failure

    def close(self) -> None:
        """Close all connections; nothing is sent any more."""
        self._is_closed = True
        self._watchdog.close()
        self._adapter.close()

    def _perform(
        self, request: PreparedRequest, pending: PendingRequest, proxies: dict[str, str]
    ) -> ServerResponse:
        pending.begin()
        response = self._adapter.send(
            request,
            stream=True,
            timeout=self._timeout,  # type: ignore[arg-type]
            verify=self._verify,
            cert=self._certificate,
            proxies=proxies,
        )
        return ServerResponse(response.raw, pending, self._watchdog)

    def _proxies_for(self, host: str) -> dict[str, str]:
        proxies = self._proxies.get(host)
        if proxies is None:
            if self._proxy:
                proxies = dict.fromkeys(("http", "https"), self._proxy)
            else:
                found = get_environ_proxies(host)
                proxies = {scheme: Hidden(url) for scheme, url in found.items()}
            self._proxies[host] = proxies
        return proxies


def _log_request(method: str, url: str, outcome: int | str, started: float, attempt: int) -> None:
    """Log a request without its query, which may grant access to a file."""
    if _log.isEnabledFor(logging.DEBUG):
        parts = urlsplit(url)
        place = printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
        passed = (time.monotonic() - started) * 1000
        _log.debug("%s %s: %s in %.0f ms (attempt %d)", method, place, outcome, passed, attempt)


class _Response(Response):
    """A response without what nobody here reads, which takes longer to make than to send."""

    def __init__(self, request: PreparedRequest, raw: HTTPResponse) -> None:
        self.request = request
        self.raw = raw
        self.status_code = raw.status
        self.headers = raw.headers  # type: ignore[assignment]


class _Adapter(HTTPAdapter):
    def __init__(self) -> None:
        super().__init__(pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _guard(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        _guard(manager)
        return manager

    def build_response(self, req: PreparedRequest, resp: Any) -> _Response:
        return _Response(req, resp)


class _PinnedAdapter(_Adapter):
    """An adapter for one server, whose address it takes apart once."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = origin
        self._pool: Any = None

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        if proxies or request.url is None:
            return super().request_url(request, proxies)
        return request.url[len(self._origin) :]

    def cert_verify(self, conn: HTTPConnectionPool, *args: Any) -> None:
        if not hasattr(conn, "is_prepared"):
            super().cert_verify(conn, *args)  # type: ignore[no-untyped-call]
            conn.is_prepared = True  # type: ignore[attr-defined]


def _guard(manager: Any) -> None:
    manager.pool_classes_by_scheme = POOLS


def _verification(settings: Settings) -> bool | str:
    """Return whether certificates are checked, or the certificates to check them with."""
    if settings.insecure:
        return False
    if (bundle := _existing(settings, "ca_bundle")) is not None:
        return bundle
    for variable in _BUNDLES:
        if path := os.environ.get(variable):
            return _checked(path, f"The environment variable {variable}")
    return True


def _existing(settings: Settings, name: str) -> str | None:
    path: str | None = getattr(settings, name)
    if path is None:
        return None
    return _checked(path, f"{name} ({settings.origin(name)})")


def _checked(path: str, what: str) -> str:
    path = os.path.expanduser(path)  # noqa: PTH111  requests takes text
    if not os.path.exists(path):  # noqa: PTH110
        raise ConfigurationError(
            f"{what} names {path}, which does not exist. Give the path of a PEM file."
        )
    return path
