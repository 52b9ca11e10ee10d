"""Bodies of requests, and responses of the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from dataforce._collector import collector_paused
from dataforce.backend.error_messages import printable, sentence
from dataforce.errors import APIResponseValidationError
from dataforce_remote.http.status_errors import is_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

_QUOTED = 100
"""Longest part of a response that a message repeats, in characters."""


@dataclass(frozen=True)
class Payload:
    """The body of a request that is not in memory.

    Args:
        size: In bytes.
        chunks: Makes the bytes, anew for each attempt.
        type: Value of the header `Content-Type`.
    """

    size: int
    chunks: Callable[[], Iterable[bytes | memoryview]]
    type: str | None = None


@dataclass(frozen=True, slots=True)
class APIResponse:
    """The whole of a response whose status code tells success.

    Args:
        method: Of the request.
        path: Of the request.
        content: The body.
    """

    method: str
    path: str
    content: bytes

    def parse(self, validate: Callable[[bytes], T]) -> T:
        """Return the content as what the platform promises.

        Args:
            validate: Such as a model's `model_validate_json`.

        Raises:
            APIResponseValidationError: It is something else.
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
