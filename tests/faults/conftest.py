"""The platform, the bucket and the client of each test."""

from __future__ import annotations

import logging
import os
import random
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from dataforce import Client
from dataforce.testing.packages import build_package
from tests.faults.platform import (
    API_KEY,
    COLLECTION,
    ORBIT,
    ORGANIZATION,
    SIGNATURE,
    Bucket,
    Platform,
)

NewClient: TypeAlias = "Callable[..., Client]"

PROXY_PASSWORD = "CANARYproxypassword"
CANARIES = (API_KEY, SIGNATURE, PROXY_PASSWORD)


def settings(base_url: str, **changed: Any) -> dict[str, Any]:
    """Of a client that gives up soon."""
    return {
        "backend_type": "remote",
        "base_url": base_url,
        "api_key": API_KEY,
        "organization": ORGANIZATION,
        "orbit": ORBIT,
        "collection": COLLECTION,
        "timeout": 10,
        "retry_timeout": 5,
        **changed,
    }


@pytest.fixture(autouse=True)
def _no_proxy_and_no_state_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith(("_CA_BUNDLE", "SSL_CERT_FILE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    with bucket.server:
        yield bucket


@pytest.fixture
def platform(bucket: Bucket) -> Iterator[Platform]:
    platform = Platform(bucket)
    with platform.server:
        yield platform


@pytest.fixture
def new_client(platform: Platform) -> Iterator[NewClient]:
    """Makes clients of the platform, or of another `base_url`; they are closed in the end."""
    clients: list[Client] = []

    def new(base_url: str | None = None, **changed: Any) -> Client:
        clients.append(Client(**settings(base_url or platform.server.url, **changed)))
        return clients[-1]

    yield new
    for client in clients:
        client.close()


@pytest.fixture
def client(new_client: NewClient) -> Client:
    return new_client()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A model file of five parts."""
    return build_package(tmp_path / "model.fnnx", content=random.Random(1).randbytes(300_000))


@pytest.fixture(autouse=True)
def _nothing_logged_is_secret(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert not any(canary in caplog.text for canary in CANARIES)


def caught(kind: type[BaseException], work: Callable[[], object]) -> str:
    """The message of the error that the work ends with; no form of it holds a secret."""
    with pytest.raises(kind) as information:
        work()
    error = information.value
    shown = "".join(traceback.format_exception(error)) + repr(error)
    seen: list[BaseException | None] = [error]
    while (each := seen.pop()) is not None:
        shown += f"{each} {each!r} {each.args} {vars(each)}"
        seen += [None, each.__context__] if each.__cause__ is None else [None, each.__cause__]
    assert not any(canary in shown for canary in CANARIES)
    return str(error)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails if the block takes longer."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds
