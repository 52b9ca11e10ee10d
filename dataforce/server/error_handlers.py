"""Errors as the platform answers them."""

from __future__ import annotations

import json
import logging
import math
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import compile_path

from dataforce.errors import (
    APIStatusError,
    DataForceError,
    FileDownloadError,
    FileError,
    NotOfferedError,
    StoreCorruptedError,
    StorePermissionError,
    StoreVersionError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

B = TypeVar("B", bound=BaseModel)

MASK = "**********"
SECRETS = ("access_key", "secret_key", "session_token", "endpoint")
"""Fields that are not repeated to whoever sent them wrong; an Azure endpoint holds a key."""

LASTING = (StoreCorruptedError, StorePermissionError, StoreVersionError)
"""Faults of a registry that somebody must mend: to try again, as after a 503, is of no use."""

MISSING = ("kind", "identifier")
"""Fields of a response that tell which object does not exist."""

log = logging.getLogger(__name__)


class PlatformCrashError(Exception):
    """The platform answers this request with a crash, so a client must not send it."""


def convert(model: type[B], values: Mapping[str, Any]) -> B:
    """Make what a backend takes of what a request held.

    Args:
        model: What the backend takes.
        values: The fields that the request set.

    Returns:
        The validated model.

    Raises:
        PlatformCrashError: A value that the platform crashes on.
        RequestValidationError: A value that the registry does not take, such as a blank name.
    """
    refuse_what_crashes(values)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = [
            {**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)
        ]
    raise RequestValidationError(faults)


def refuse_what_crashes(values: object) -> None:
    """Refuse a NUL in any text, and numbers that JSON does not have."""
    waiting = [values]
    while waiting:  # not recursive: metrics may be nested deeply
        match waiting.pop():
            case dict() as table:
                waiting += [*table, *table.values()]
            case list() | tuple() as items:
                waiting += items
            case str() as text if "\x00" in text:
                raise PlatformCrashError
            case float() as number if not math.isfinite(number):
                raise PlatformCrashError


def handle_faults(app: FastAPI) -> None:
    """Let an application answer every error as the platform does."""
    app.add_exception_handler(DataForceError, answer_error)
    app.add_exception_handler(PlatformCrashError, answer_crash)
    app.add_exception_handler(RequestValidationError, answer_validation)
    app.add_exception_handler(405, answer_method)


def answer_error(request: Request, error: Exception) -> Response:
    """Answer what the registry refused; what is wrong with itself goes into its own log."""
    match error:
        case APIStatusError():
            body = error.body if isinstance(error.body, dict) else {}
            more = {name: body[name] for name in MISSING if name in body}
            return JSONResponse(more | {"detail": error.message}, error.status_code)
        case FileError():
            # A client of ours raises the same error again.
            content = {"detail": str(error), "error": type(error).__name__}
            return JSONResponse(content, 404 if isinstance(error, FileDownloadError) else 400)
        case NotOfferedError():
            return detail(501, str(error))
    log.error("%s %s: %s", request.method, request.url.path, error)
    if isinstance(error, LASTING):
        return detail(500, "The registry cannot be used; the log of its server says why.")
    return detail(503, "The registry cannot be used at present; the log of its server says why.")


def detail(status: int, text: object) -> Response:
    """An error in the platform's form."""
    return JSONResponse({"detail": text}, status)


def answer_crash(request: Request, error: Exception) -> Response:
    """Answer as the platform's server does when it crashes."""
    return PlainTextResponse("Internal Server Error", 500, {"connection": "close"})


async def answer_method(request: Request, error: Exception) -> Response:
    """Answer with all methods that a path has; Starlette knows those of one endpoint only."""
    assert isinstance(error, HTTPException)
    allowed = [
        method.upper()
        for path, methods in request.app.openapi()["paths"].items()
        if compile_path(path)[0].match(request.url.path)
        for method in methods
    ]
    headers = {"allow": ", ".join(allowed)} if allowed else error.headers
    return JSONResponse({"detail": error.detail}, 405, headers)


def answer_validation(request: Request, error: Exception) -> Response:
    """Answer a list of what is wrong with a request."""
    assert isinstance(error, RequestValidationError)
    faults = [masked(fault) for fault in error.errors()]
    try:
        content = json.dumps({"detail": jsonable_encoder(faults)}, allow_nan=False)
    except (ValueError, RecursionError):  # the input is what cannot be repeated
        bare = [{key: fault[key] for key in ("type", "loc", "msg")} for fault in faults]
        content = json.dumps({"detail": bare})
    return Response(content, 422, media_type="application/json")


def masked(fault: Mapping[str, Any]) -> dict[str, Any]:
    """One fault without the secrets of the request that it repeats."""
    given = fault.get("input")
    if fault["loc"] and fault["loc"][-1] in SECRETS:
        given = MASK
    elif isinstance(given, dict):
        given = {name: MASK if name in SECRETS else value for name, value in given.items()}
    context = {name: str(value) for name, value in fault.get("ctx", {}).items()}
    return {**fault, "input": given} | ({"ctx": context} if context else {})
