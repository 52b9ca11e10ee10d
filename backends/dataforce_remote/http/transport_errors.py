"""Transport errors, in words that hold no secret.

The texts of urllib3 and requests hold the whole URL, and with it the signature that grants access
to a file, so none of them is ever repeated, neither in a message nor as a cause.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator

import requests
from urllib3 import exceptions

from dataforce.backend.error_messages import LONGEST, cut, printable
from dataforce.errors import APIStatusError, DataForceError
from dataforce_remote.http.status_errors import request_of


class TransportError(Exception):
    """No whole response came; whoever sent the request knows what that means.

    Args:
        reason: What happened, as part of a sentence.
        hint: What to do next, as a sentence; may be empty.
        was_sent: Whether the server may have seen the request.
        is_timeout: Whether it is a matter of time.
        is_permanent: Whether a retry is of no use.
        retry_after: How long the server asks to wait, in seconds.
    """

    def __init__(
        self,
        reason: str,
        hint: str = "",
        *,
        was_sent: bool = True,
        is_timeout: bool = False,
        is_permanent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.was_sent = was_sent
        self.is_timeout = is_timeout
        self.is_permanent = is_permanent
        self.retry_after = retry_after


ERRORS = (requests.RequestException, exceptions.HTTPError, OSError)
"""Whatever comes out of a connection that does not do its work."""

_KEPT = 200
"""Length of what stays of a message when words are added, in characters."""
_NO_HOST = (
    exceptions.NameResolutionError,
    exceptions.LocationParseError,
    requests.exceptions.InvalidURL,
    socket.gaierror,
)


def explain(error: BaseException, timeout: float, is_late: bool = False) -> TransportError:
    """Say what an error of the libraries below means.

    Args:
        error: One of `ERRORS`.
        timeout: What was waited for, in seconds.
        is_late: Whether we cut the connection ourselves because it took too long.
    """
    causes = list(_causes(error))
    connecting = any(isinstance(each, exceptions.ConnectTimeoutError) for each in causes)
    if any(isinstance(each, exceptions.ProxyError) for each in causes):
        return TransportError(
            "the proxy did not let the request through",
            "Check the setting proxy, with its user and password, or the environment variables "
            "HTTP_PROXY and HTTPS_PROXY.",
            was_sent=False,
            is_permanent=any("407" in str(each) for each in causes),
        )
    if is_late or any(map(_is_timeout, causes)):
        what = "no connection" if connecting else "no complete response"
        return TransportError(
            f"{what} within {timeout:g} seconds",
            "The setting timeout allows more.",
            was_sent=not connecting,
            is_timeout=True,
        )
    for cause in causes:
        if isinstance(cause, ssl.SSLError | exceptions.SSLError):
            return _explain_tls(cause)
        if isinstance(cause, _NO_HOST):
            return _explain_name(cause)
    return TransportError(_words(causes), was_sent=not connecting)


def _explain_tls(error: BaseException) -> TransportError:
    certificate = next(
        (each for each in _causes(error) if isinstance(each, ssl.SSLCertVerificationError)), None
    )
    if certificate is not None:
        return TransportError(
            f"its certificate is not trusted ({certificate.verify_message})",
            "If it is signed by an authority of your own, set ca_bundle to its PEM file.",
            was_sent=False,
            is_permanent=True,
        )
    # A server that wants a client's certificate says so when the request was on its way.
    reasons = (each.reason for each in _causes(error) if isinstance(each, ssl.SSLError))
    reason = next(filter(None, reasons), "no reason given").replace("_", " ").lower()
    return TransportError(
        f"no secure connection could be made ({reason})",
        "Check that base_url begins with the right one of http:// and https://, and whether the "
        "server asks for a client_certificate.",
        is_permanent="eof" not in reason,
    )


def _explain_name(error: BaseException) -> TransportError:
    codes = [each.errno for each in _causes(error) if isinstance(each, socket.gaierror)]
    return TransportError(
        "its name is not known",
        "Check the host for typing errors, and the network of this machine.",
        was_sent=False,
        is_permanent=socket.EAI_AGAIN not in codes,
    )


def _words(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, OSError) and isinstance(cause.errno, int):
            code = errno.errorcode.get(cause.errno, "")
            return "it refuses connections" if code == "ECONNREFUSED" else os.strerror(cause.errno)
        if isinstance(cause, exceptions.IncompleteRead):
            return "the response broke off"
    return "it closed the connection"


def _is_timeout(error: BaseException) -> bool:
    # urllib3 counts a refused connection among its timeouts.
    return isinstance(error, exceptions.TimeoutError | TimeoutError) and not isinstance(
        error, exceptions.NewConnectionError
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it is made from, the outermost first."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or any(each is other for other in seen):
            continue
        seen.append(each)
        yield each
        waiting += [getattr(each, "reason", None), each.__cause__, each.__context__, *each.args]


def extend(error: DataForceError, words: str) -> None:
    """Let an error say more, whatever its class; the request that was refused stays at the end.

    Args:
        error: The error.
        words: One or more sentences. Where there is no room for both, what the error said is
            shortened first.
    """
    request = ""
    if isinstance(error, APIStatusError) and error.method is not None:
        request = f" ({request_of(error)})"
    room = LONGEST - len(request) - 1
    words = printable(words)
    message = cut(error.message.removesuffix(request), max(room - len(words), _KEPT))
    error.message = f"{message} {cut(words, room - len(message))}{request}"
    error.args = (error.message,)
