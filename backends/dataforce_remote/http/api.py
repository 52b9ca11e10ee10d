"""Calls of the platform's API: sent, sent again where that is safe, and their answers parsed."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from pydantic import ValidationError

from dataforce import __version__
from dataforce._collector import collector_paused
from dataforce.backend.error_messages import printable, sentence
from dataforce.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    AuthenticationError,
)
from dataforce.transfer import cancellation
from dataforce_remote.http.guard import Guard
from dataforce_remote.http.retries import Budget, Retries, parse_retry_after
from dataforce_remote.http.status_errors import is_page, refusal
from dataforce_remote.http.transport import BrokenExchangeError, Hidden, Transport
from dataforce_remote.http.transport_errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import SecretStr

    from dataforce.config import Settings

T = TypeVar("T")

_MIB = 1024 * 1024
LARGEST_RECORD = 64 * _MIB
LARGEST_PAGE = 128 * _MIB
LARGEST_ARRAY = 512 * _MIB
"""No response with a record, a page or a whole list is larger, in bytes; a list of 100,000 models
takes 200 MB."""

_QUOTED = 100
"""Longest part of a response that a message repeats, in characters."""
_REPEATABLE = ("GET", "PUT", "DELETE")
_TOO_MANY = 429
_PASSING = (408, _TOO_MANY, 502, 503, 504)
_CRASHES_REPEATED = 2
"""How often a call is sent again that the platform crashed on; mostly it will crash again."""
_PATIENCE_WITH_STRANGERS = 10.0
"""For how long to knock at a server that never answered: base_url may be wrong, in seconds."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer.

    Args:
        method: Of the request.
        path: Of the request.
        content: Of the answer.
    """

    method: str
    path: str
    content: bytes

    def parse(self, validate: Callable[[bytes], T]) -> T:
        """The content as what the platform promises; `APIResponseValidationError` if it is not.

        Args:
            validate: Such as a model's `model_validate_json`.
        """
        try:
            with collector_paused():
                return validate(self.content)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False, include_context=False)
        if is_page(self.content):
            what = "a web page, perhaps to sign in"
        else:
            first = faults[0]
            place = printable(".".join(map(str, first["loc"])))[:_QUOTED] or "the whole"
            what = f"no response of the platform: {place}: {printable(first['msg'])[:_QUOTED]}"
        raise APIResponseValidationError(
            sentence(
                f"the response is {what}. Check that base_url is the address of the platform's "
                f"API, and that no proxy responds in its place.",
                f"{self.method} {self.path}: 200",
            )
        )


def required_key(settings: Settings) -> SecretStr:
    """Return the key for the platform; `AuthenticationError` if there is none."""
    if settings.api_key is None:
        raise AuthenticationError(
            f"There is no API key for {settings.base_url}. Set api_key, or the environment "
            f"variable DFS_API_KEY; the platform shows yours in your profile."
        )
    return settings.api_key


class API:
    """The platform, as far as its protocol goes; knows nothing of kinds of assets.

    Args:
        settings: Of the client.

    Attributes:
        settings: As given.
        budget: The retries that all requests of the client share.
        guard: Refuses what writes if the client only reads.

    Raises:
        AuthenticationError: There is no API key.
        ConfigurationError: A certificate is missing.
    """

    def __init__(self, settings: Settings) -> None:
        key = required_key(settings)
        self.settings = settings
        self.budget = Budget()
        self.guard = Guard(settings)
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
        self._has_answered = False

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        patience: float = math.inf,
        repeatable: bool | None = None,
        to_the_end: bool = False,
        largest: int = LARGEST_RECORD,
    ) -> Reply:
        """Send a request until it is answered or cannot be sent again.

        Args:
            method: The HTTP method.
            path: Below `base_url`.
            query: Parameters; their values are quoted here.
            body: JSON.
            repeatable: Whether doing it twice is doing it once; by the method if not given.
            patience: For how long to try again at most, in seconds, if `retry_timeout` is longer.
            to_the_end: Whether to wait for an answer even if the waiting task is cancelled.
            largest: How large the response may be, in bytes.

        Returns:
            The answer, if it is a success.

        Raises:
            APIStatusError: The platform refuses; the class tells why.
            APIConnectionError: It could not be reached, or hung up.
            APIResponseValidationError: Its answer is too large.
            ReadOnlyError: The client only reads, and this may write; nothing was sent.
        """
        self.guard.check_call(method, path)
        retries = Retries(self.budget, min(self.settings.retry_timeout, patience))
        if repeatable is None:
            repeatable = method in _REPEATABLE
        call = _Call(method, path, query, body, repeatable, to_the_end, largest)
        while True:
            failure = None
            try:
                return self._attempt(call, retries)
            except BrokenExchangeError as error:
                failure = error.failure
            except _RepeatError:
                continue
            if not self._may_repeat(call, failure, retries):
                raise self._unreachable(call, failure)
            call.is_in_doubt = call.is_in_doubt or failure.was_sent

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _attempt(self, call: _Call, retries: Retries) -> Reply:
        url = f"{self._origin}{self._prefix}{call.path}"
        if call.query:
            url += "?" + urlencode(call.query, quote_via=quote)
        with cancellation.shielded() if call.to_the_end else nullcontext():
            headers = self._headers_for(call.body)
            answer = self._transport.send(
                call.method,
                url,
                headers,
                call.body,
                host=self._origin,
                attempt=retries.count + 1,
            )
            content = answer.read(call.largest)
        self._has_answered = True
        if content is None:
            raise APIResponseValidationError(
                sentence(
                    f"the response is larger than {call.largest} bytes, which none of the "
                    f"platform's is. Check that base_url is the address of its API.",
                    f"{call.method} {call.path}: {answer.status}",
                )
            )
        if 200 <= answer.status < 300:
            self.budget.earn()
            return Reply(call.method, call.path, content)
        if answer.status == 404 and call.method == "DELETE" and call.is_in_doubt:
            return Reply(call.method, call.path, b"")  # the first attempt did it
        if _is_passing(call, answer.status, retries.count) and retries.wait(
            f"{call.method} {call.path}: {answer.status}",
            parse_retry_after(answer.headers.get("retry-after")),
        ):
            call.is_in_doubt = call.is_in_doubt or answer.status != _TOO_MANY
            raise _RepeatError
        raise refusal(self.settings, call.method, call.path, answer.status, answer.headers, content)

    def _headers_for(self, body: bytes | None) -> dict[str, str]:
        if body is None:
            return self._headers
        more = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        return self._headers | more

    def _may_repeat(self, call: _Call, failure: Failure, retries: Retries) -> bool:
        if failure.is_lasting or (failure.was_sent and not call.repeatable):
            return False
        is_stranger = not (self._has_answered or failure.was_sent)
        return retries.wait(
            f"{call.method} {call.path}: {failure.reason}",
            within=_PATIENCE_WITH_STRANGERS if is_stranger else math.inf,
        )

    def _unreachable(self, call: _Call, failure: Failure) -> APIConnectionError:
        doubt = ""
        if failure.was_sent and call.method not in _REPEATABLE:
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
    body: bytes | None
    repeatable: bool
    to_the_end: bool
    largest: int
    is_in_doubt: bool = False
    """Whether an earlier attempt may have been carried out."""


def _is_passing(call: _Call, status: int, count: int) -> bool:
    """Whether a refusal may be over soon, and sending the call again does no harm."""
    if not call.repeatable:
        return status == _TOO_MANY
    return status in _PASSING or (status == 500 and count < _CRASHES_REPEATED)


class _RepeatError(Exception):
    """The platform asks to come again, and we waited."""
