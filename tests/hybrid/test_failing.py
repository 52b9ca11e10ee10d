"""A platform that fails is an error, never a shorter list."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from dataforce import APITimeoutError, Client, DataForceError, InternalServerError
from tests.hybrid.reading import Production, registered
from tests.hybrid.reading import production as production
from tests.server.serving import KEY

MODELS = 6


class Between:
    """What stands between a client and the platform, and fails on command.

    Attributes:
        url: To be asked in place of the platform's.
        failure: How the next answers fail: `500`, `cut`, `slow` or, for all pages of a list but the
            first, `later`; `None` passes them on.
        is_over: Set when nobody waits for slow answers any more.
    """

    def __init__(self, target: str) -> None:
        between = self
        self.failure: str | None = None
        self.is_over = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                between.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
                """Nothing."""

        self.target = target
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        headers = {
            name: value for name, value in handler.headers.items() if name in ("Authorization",)
        }
        with urlopen(Request(self.target + handler.path, headers=headers)) as answer:
            body, kind = answer.read(), answer.headers["Content-Type"]
        body = body.replace(self.target.encode(), self.url.encode())
        if self.failure == "slow":
            self.is_over.wait()
        is_later = self.failure == "later" and "cursor=" in handler.path
        handler.send_response(500 if self.failure == "500" or is_later else 200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if self.failure == "cut" else body)
        handler.close_connection = True


@contextmanager
def between(production: Production) -> Iterator[Between]:
    opened = Between(production.url)
    thread = threading.Thread(target=opened.server.serve_forever)
    thread.start()
    try:
        yield opened
    finally:
        opened.is_over.set()
        opened.server.shutdown()
        opened.server.server_close()
        thread.join()


CALLS: dict[str, Callable[[Client, str, str, Path], object]] = {
    "orbits": lambda client, *_: client.orbits.list(),
    "collections": lambda client, *_: client.collections.list(),
    "collection": lambda client, collection, *_: client.collections.get(collection),
    "by name": lambda client, *_: client.collections.get("Models"),
    "unknown name": lambda client, *_: client.collections.get("nothing"),
    "models": lambda client, collection, *_: client.model_artifacts.list(collection_id=collection),
    "pages": lambda client, collection, *_: [
        *client.model_artifacts.iterate(collection_id=collection, page_size=2)
    ],
    "model": lambda client, collection, model, _: client.model_artifacts.get(
        model, collection_id=collection
    ),
    "model name": lambda client, collection, *_: client.model_artifacts.get(
        "waiting 1", collection_id=collection
    ),
    "download": lambda client, collection, model, folder: client.model_artifacts.download(
        model, folder / "m.fnnx", collection_id=collection
    ),
    "pull": lambda client, collection, *_: client.overlay.pull(collection=collection, content=True),
}


@pytest.mark.parametrize("failure", ["500", "cut", "down"])
@pytest.mark.parametrize("is_touched", [True, False])
def test_every_read_call_fails(
    production: Production, tmp_path: Path, failure: str, is_touched: bool
) -> None:
    behind = production.behind
    collection = behind.collections.create("", "Models", "model")
    model = behind.model_artifacts.upload(
        production.package(), "whole", collection_id=collection.id
    )
    for number in range(MODELS):
        registered(behind, collection, f"waiting {number}")
    with between(production) as platform:
        client = Client(
            backend_type="hybrid", base_url=platform.url, api_key=KEY, retry_timeout=0, timeout=5
        )
        with client:
            client.orbits.list()
            assert client.collections.list() == behind.collections.list()
            if is_touched:
                registered(client, collection, "mine")
                client.model_artifacts.update(
                    model.id, model_name="renamed", collection_id=collection.id
                )
                client.collections.update(collection_id=collection.id, description="changed")
                client.collections.delete(client.collections.create("", "gone", "model").id)
            middle = client.model_artifacts.iterate(collection_id=collection.id, page_size=2)
            next(middle)
            if failure == "down":
                production.stop()
            else:
                platform.failure = failure
            for name, call in CALLS.items():
                if (name, is_touched) != ("model", True):
                    with pytest.raises(DataForceError):
                        call(client, collection.id, model.id, tmp_path)
            with pytest.raises(DataForceError):
                list(middle)


@pytest.fixture(params=[True, False], ids=["touched", "untouched"])
def over(
    request: pytest.FixtureRequest, production: Production
) -> Iterator[tuple[Between, Client]]:
    """What stands between, and a client of a collection with more models than a page holds."""
    collection = production.behind.collections.create("", "Models", "model")
    for number in range(101):
        registered(production.behind, collection, f"model {number}")
    with (
        between(production) as platform,
        Client(
            platform.url,
            KEY,
            backend_type="hybrid",
            collection=collection.id,
            retry_timeout=0,
            timeout=2,
        ) as client,
    ):
        if request.param:
            registered(client, collection, "mine")
        client.model_artifacts.get("model 0")
        yield platform, client


def test_a_list_that_fails_half_way_is_no_shorter_list(over: tuple[Between, Client]) -> None:
    platform, client = over
    platform.failure = "later"
    with pytest.raises(InternalServerError):
        client.model_artifacts.list()
    with pytest.raises(InternalServerError):
        list(client.model_artifacts.iterate(page_size=40))
    with pytest.raises(InternalServerError):
        client.model_artifacts.get("nothing")
    with pytest.raises(InternalServerError):
        client.overlay.pull()
    platform.failure = None
    pulled = client.overlay.pull().records["model artifact"]
    assert pulled == 101


def test_a_platform_that_is_slow_is_no_shorter_list(over: tuple[Between, Client]) -> None:
    platform, client = over
    platform.failure = "slow"
    for call in (
        client.model_artifacts.list,
        client.collections.list,
        lambda: client.model_artifacts.get("nothing"),
    ):
        with pytest.raises(APITimeoutError):
            call()
