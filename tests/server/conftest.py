"""What the tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from tests.server.caller import Caller
from tests.server.s3 import bucket, s3_server
from tests.server.serving import KEY, serving

__all__ = ["bucket", "s3_server"]

VERSIONS = ("2025-12", "2026-01")


class Serve(Protocol):
    """Serves a registry for the time of a test."""

    def __call__(self, **settings: Any) -> Caller:
        """Somebody who calls it; the settings are those of `serving`."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as opened:

        def start(**settings: Any) -> Caller:
            url = opened.enter_context(serving(**settings))
            version = settings.get("api_version", "2026-01")
            caller = Caller(url, version, settings.get("api_key", KEY))
            opened.enter_context(caller.session)
            return caller

        yield start


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """The version of the API."""
    return str(request.param)


@pytest.fixture
def api(serve: Serve, version: str) -> Caller:
    """Calls a registry in memory."""
    return serve(api_version=version)


@pytest.fixture
def old(serve: Serve) -> Caller:
    """Calls a registry in memory that speaks 2025-12."""
    return serve(api_version="2025-12")


@pytest.fixture
def new(serve: Serve) -> Caller:
    """Calls a registry in memory that speaks 2026-01."""
    return serve(api_version="2026-01")
