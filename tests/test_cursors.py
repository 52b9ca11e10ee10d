"""A cursor that a list did not give is refused, whatever it holds and whatever keeps the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from dataforce import BadRequestError, Client
from dataforce.backend import Query, Scope
from dataforce.models import COLLECTION, MODEL_ARTIFACT
from tests.cursors import HUGE, cursors, deep, encoded
from tests.hybrid.reading import registered
from tests.local.conftest import new_schema
from tests.server.caller import Caller
from tests.server.serving import KEY, serving

OFTEN = settings(deadline=None, suppress_health_check=[*HealthCheck], max_examples=150)
CRAFTED = [
    ("created_at", deep(100_000)),
    ("created_at", HUGE),
    ("created_at", encoded(["created_at", "asc", 5, "x"])),
    ("size", encoded(["size", "asc", 10**30, "x"])),
    ("size", encoded(["size", "asc", True, "x"])),
    ("size", encoded(["size", "asc", "5", "x"])),
    ("size", encoded(["size", "asc", 5.5, "x"])),
    ("model_name", encoded(["model_name", "asc", "\0", "x"])),
    ("model_name", encoded(["model_name", "asc", "a", "\0"])),
    ("model_name", encoded(["model_name", "asc", "\ud800", "x"])),
    ("model_name", encoded(["model_name", "asc", ["a"], "x"])),
    ("size", encoded(["size", "asc", [[None] * 3, [None, [True, "a", "x"], None], None], ""])),
    ("size", encoded(["size", "asc", [[None] * 3, [None] * 3, [False, 1, "x"]], ""])),
    ("size", encoded(["size", "asc", [[None] * 3, [None] * 3, [False, 0, "\0"]], ""])),
    ("size", encoded(["size", "asc", [[None] * 3, [None] * 4, None], ""])),
]
"""What once ended in other errors than this one, or in a page."""


@pytest.fixture(
    params=["sqlite", "postgresql", "remote", "older remote", "hybrid", "touched hybrid"]
)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """A client over a collection of two models, of which one may have been made in an overlay."""
    url = f"sqlite:///{tmp_path}/registry.db"
    if request.param == "sqlite":
        with Client(database_url=url) as client:
            yield filled(client)
    elif request.param == "postgresql":
        with new_schema() as schema, Client(database_url=schema, storage_url=tmp_path) as client:
            yield filled(client)
    else:
        backend_type = request.param.rpartition(" ")[2]
        version = "2025-12" if request.param.startswith("older") else "2026-01"
        with (
            serving(url, api_version=version) as base_url,
            Client(base_url, KEY, backend_type=backend_type) as client,
        ):
            with Client(database_url=url) as behind:
                filled(behind)
            client.collection = "Models"
            if request.param == "touched hybrid":
                registered(client, client.collections.list()[0], "made here")
            yield client


def filled(client: Client) -> Client:
    collection = client.collections.create("", "Models", "model")
    for name in ("one", "two"):
        registered(client, collection, name, size=1)
    client.collection = collection.id
    return client


def pages(client: Client) -> Callable[[Query], object]:
    collection = client.collections.list()[0]
    scope = Scope((str(client.organization), collection.orbit_id, collection.id))
    return client.backend.store(MODEL_ARTIFACT, scope).page


def test_a_crafted_cursor_is_refused(client: Client) -> None:
    page = pages(client)
    for sort_by, cursor in CRAFTED:
        with pytest.raises(BadRequestError, match="Begin again without a cursor") as caught:
            page(Query(sort_by=sort_by, cursor=cursor))
        assert len(caught.value.message) <= 500


@pytest.mark.parametrize("client", ["sqlite", "postgresql", "hybrid"], indirect=True)
def test_what_every_record_has_is_not_absent(client: Client) -> None:
    with pytest.raises(BadRequestError):
        pages(client)(Query(sort_by="status", cursor=encoded(["status", "asc", None, "x"])))


@pytest.mark.parametrize("client", ["remote"], indirect=True)
def test_a_number_is_no_cursor_of_the_platform(client: Client) -> None:
    with pytest.raises(BadRequestError):
        pages(client)(Query(sort_by="size", cursor=encoded(["size", "asc", 5, ""])))


def test_any_cursor_is_answered_or_refused(client: Client) -> None:
    page = pages(client)

    @OFTEN
    @given(cursors(MODEL_ARTIFACT.sorts))
    def answered_or_refused(asked: tuple[str, str]) -> None:
        with suppress(BadRequestError):
            page(Query(sort_by=asked[0], cursor=asked[1], limit=1))

    answered_or_refused()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_server_serves_the_first_page_instead(database: str, tmp_path: Path) -> None:
    def answered(url: str) -> None:
        with serving(url, str(tmp_path)) as base_url:
            api = Caller(base_url, "2026-01", KEY)
            with Client(database_url=url, storage_url=tmp_path) as client:
                filled(client)

            @OFTEN
            @given(cursors(COLLECTION.sorts))
            def first_page(asked: tuple[str, str]) -> None:
                parameters = {"sort_by": asked[0], "order": "asc", "cursor": asked[1]}
                answer = api.call("GET", api.collections, params=parameters)
                assert answer.status_code == 200

            first_page()

    if database == "sqlite":
        answered(f"sqlite:///{tmp_path}/registry.db")
    else:
        with new_schema() as schema:
            answered(schema)
