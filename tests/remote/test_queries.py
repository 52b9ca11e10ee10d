"""Conditions and orders: what the platform is asked for, and what is done with its pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from responses import CallbackResponse

from dataforce import BadRequestError, Client, ConflictError, InternalServerError
from dataforce.backend import Condition, Query, Scope, Store
from dataforce.backend.paging import page_of, records_of
from dataforce.models import COLLECTION as COLLECTION_KIND
from dataforce.models import MODEL_ARTIFACT, Collection, CollectionCreate, ModelArtifact
from tests.remote.conftest import (
    COLLECTION,
    COLLECTIONS,
    MODELS,
    ORBIT,
    ORGANIZATION,
    Open,
    Platform,
    collection,
)
from tests.remote.test_bucket import model

SCOPE = Scope((ORGANIZATION, ORBIT))
NAMES = [f"{'Flow' if number % 7 else 'Tree'}-{number:03}" for number in range(250)]
Asked = list[dict[str, str]]


def identifier(number: int) -> str:
    return f"0199c455-21ee-74c6-b747-{number:012}"


class Listing:
    """A list of the platform of 2026-01, in its own order.

    Args:
        records: Its records in ascending order.

    Attributes:
        asked: The parameters of each request.
    """

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records
        self.asked: Asked = []
        self.refuses: tuple[int, str] | None = None

    def respond(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        asked = {name: each[0] for name, each in parse_qs(urlsplit(str(request.url)).query).items()}
        self.asked.append(asked)
        is_metric = "sort_by" in asked and asked["sort_by"] not in MODEL_ARTIFACT.sorts
        if self.refuses and is_metric:
            return self.refuses[0], {}, self.refuses[1]
        records = self.records if asked["order"] == "asc" else self.records[::-1]
        after = (
            [each["id"] for each in records].index(asked["cursor"]) + 1 if "cursor" in asked else 0
        )
        page = records[after : after + int(asked["limit"])]
        more = after + len(page) < len(records)
        cursor = page[-1]["id"] if more and page else None
        return 200, {}, json.dumps({"items": page, "cursor": cursor})


@pytest.fixture
def listed(platform: Platform) -> Callable[[str, list[dict[str, Any]]], Listing]:
    def add(url: str, records: list[dict[str, Any]]) -> Listing:
        listing = Listing(records)
        platform.add(CallbackResponse("GET", url, listing.respond))
        return listing

    return add


@pytest.fixture
def collections(listed: Callable[..., Listing]) -> Listing:
    moments = (f"2026-11-20T18:{each // 60:02}:{each % 60:02}Z" for each in count())
    records = [
        collection(id=identifier(number), name=name, created_at=next(moments))
        for number, name in enumerate(NAMES)
    ]
    return listed(COLLECTIONS, records)


@pytest.fixture
def store(open_client: Open) -> Store[Collection, Any, Any]:
    return open_client().backend.store(COLLECTION_KIND, SCOPE)


def contains(text: str) -> Condition:
    return Condition("name", "contains", (text,))


def names(store: Any, query: Query) -> list[str]:
    return [each.name for each in records_of(store, COLLECTION_KIND, query)]


@pytest.mark.parametrize("limit", [1, 7, 36, None])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_are_filtered_as_they_come(
    collections: Listing, store: Any, limit: int | None, order: Any
) -> None:
    found = names(store, Query(where=(contains("tree"),), order=order, limit=limit))
    trees = [each for each in NAMES if "Tree" in each]
    assert found == (trees if order == "asc" else trees[::-1])
    assert {each["limit"] for each in collections.asked} == {"100"}
    assert {each["search"] for each in collections.asked} == {"tree"}


def test_a_page_without_conditions_is_as_long_as_asked(collections: Listing, store: Any) -> None:
    assert names(store, Query(limit=60)) == NAMES
    assert [each["limit"] for each in collections.asked] == ["60"] * 5


@pytest.mark.parametrize(
    ("condition", "searched"),
    [
        (Condition("name", "=", ("Tree-007",)), "Tree-007"),
        (Condition("name", "contains", (r"a\longer",)), "longer"),
        (Condition("name", "contains", ("Tree", "Flow")), None),
        (Condition("description", "=", ("Tree",)), None),
        (Condition("tags[]", "contains", ("Tree",)), None),
        (Condition("name", "contains", ("\\",)), None),
    ],
    ids=str,
)
def test_the_platform_searches_what_it_can(
    collections: Listing, store: Any, condition: Condition, searched: str | None
) -> None:
    names(store, Query(where=(condition,)))
    assert {each.get("search") for each in collections.asked} == {searched}


def test_a_record_that_a_page_ended_with_may_be_deleted(collections: Listing, store: Any) -> None:
    query = Query(where=(contains("tree"),), limit=3)
    page = store.page(query)
    last = page.items[-1]
    collections.records = [each for each in collections.records if each["id"] != last.id]
    rest = names(store, Query(where=query.where, limit=3, cursor=page.cursor))
    assert [each.name for each in page.items] + rest == [each for each in NAMES if "Tree" in each]


@pytest.mark.parametrize(
    ("value", "identifier"),
    [
        (1, ""),
        ([None], "x"),
        ([None, []], "x"),
        (["a", "b", "c"], "x"),
        ([None, "text"], "x"),
    ],
)
def test_a_cursor_that_was_made_up_is_refused(
    collections: Listing, store: Any, value: Any, identifier: str
) -> None:
    query = Query(where=(contains("tree"),))
    cursor = query.cursor_after(value, identifier)
    with pytest.raises(BadRequestError, match="not made for this list"):
        store.page(Query(where=query.where, cursor=cursor))


def test_an_older_platform_does_not_know_the_cursor_of_a_newer_one(
    platform: Platform, store: Any
) -> None:
    platform.add("GET", COLLECTIONS, json=[collection()])
    cursor = Query().cursor_after("abc", "")
    with pytest.raises(BadRequestError, match="not made for this list"):
        store.page(Query(cursor=cursor))


# --- Metrics ------------------------------------------------------------------------------------


def models_of(values: list[Any]) -> list[dict[str, Any]]:
    return [
        model(id=identifier(number), metrics={} if value is None else {"accuracy": value})
        for number, value in enumerate(values)
    ]


def expected(records: list[dict[str, Any]], query: Query) -> list[str]:
    found = [ModelArtifact.model_validate(each) for each in records]
    return [each.id for each in page_of(MODEL_ARTIFACT, found, query).items]


def listed_ids(client: Client, query: Query) -> list[str]:
    store = client.backend.store(MODEL_ARTIFACT, SCOPE.child(COLLECTION))
    return [each.id for each in records_of(store, MODEL_ARTIFACT, query)]


@pytest.fixture
def client(open_client: Open) -> Client:
    return open_client()


NUMBERS = [None, None, *(each / 100 for each in range(150))]


@pytest.mark.parametrize("limit", [1, 40, 100])
def test_the_platform_sorts_by_a_metric_downwards(
    listed: Callable[..., Listing], client: Client, limit: int
) -> None:
    listing = listed(MODELS, models_of(NUMBERS))
    query = Query(sort_by="metrics.accuracy", order="desc", limit=limit)
    found = listed_ids(client, query)
    assert found == expected(
        listing.records, Query(sort_by=query.sort_by, order="desc", limit=None)
    )
    assert {each["sort_by"] for each in listing.asked} == {"accuracy"}


def test_the_best_model_takes_one_request(listed: Callable[..., Listing], client: Client) -> None:
    listing = listed(MODELS, models_of(NUMBERS))
    store = client.backend.store(MODEL_ARTIFACT, SCOPE.child(COLLECTION))
    [best] = store.page(Query(sort_by="metrics.accuracy", order="desc", limit=1)).items
    assert best.metrics == {"accuracy": 1.49}
    assert [each["limit"] for each in listing.asked] == ["1"]


@pytest.mark.parametrize(
    "refusal",
    [(500, "Internal Server Error"), (400, '{"detail": "Invalid sorting column: accuracy"}')],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("place", [0, 75])
def test_text_among_the_numbers_counts_as_absent(
    listed: Callable[..., Listing], client: Client, refusal: Any, order: Any, place: int
) -> None:
    """The platform takes "0.5" for a number, and crashes on other text."""
    values: list[Any] = [*NUMBERS]
    values.insert(len(values) - place, "0.755")
    listing = listed(MODELS, models_of(values))
    if place == 0:
        listing.refuses = refusal
    query = Query(sort_by="metrics.accuracy", order=order, limit=30)
    everything = Query(sort_by="metrics.accuracy", order=order, limit=None)
    assert listed_ids(client, query) == expected(listing.records, everything)


def test_a_metric_called_as_a_column_is_sorted_here(
    listed: Callable[..., Listing], client: Client
) -> None:
    listing = listed(MODELS, models_of([1, 2]))
    listed_ids(client, Query(sort_by="metrics.size", order="desc"))
    assert [each.get("sort_by") for each in listing.asked] == [None]


@pytest.mark.parametrize(("status", "error"), [(500, InternalServerError), (400, BadRequestError)])
def test_another_error_is_passed_on(
    platform: Platform, client: Client, status: int, error: type[Exception]
) -> None:
    platform.add("GET", MODELS, json={"detail": "Something else"}, status=status)
    with pytest.raises(error):
        listed_ids(client, Query(sort_by="metrics.accuracy", order="desc"))
    with pytest.raises(error):
        listed_ids(client, Query())


# --- Several at once ----------------------------------------------------------------------------


def test_what_was_made_is_deleted_if_another_cannot_be(
    platform: Platform, store: Store[Collection, CollectionCreate, Any]
) -> None:
    values = [CollectionCreate(name=name, description="", collection_type="model") for name in "ab"]
    platform.add("POST", COLLECTIONS, json=collection())
    platform.add("POST", COLLECTIONS, json={"detail": "No more"}, status=409)
    platform.add("GET", f"{COLLECTIONS}/{COLLECTION}", json=collection())
    platform.add("DELETE", f"{COLLECTIONS}/{COLLECTION}", status=204)
    with pytest.raises(ConflictError, match="No more") as caught:
        store.create_many(values)
    assert "could not be deleted" not in caught.value.message
    assert [call.request.method for call in platform.calls][-1] == "DELETE"


def test_what_could_not_be_deleted_again_is_named(
    platform: Platform, store: Store[Collection, CollectionCreate, Any]
) -> None:
    values = [CollectionCreate(name=name, description="", collection_type="model") for name in "ab"]
    platform.add("POST", COLLECTIONS, json=collection())
    platform.add("POST", COLLECTIONS, json={"detail": "No more"}, status=409)
    platform.add("GET", f"{COLLECTIONS}/{COLLECTION}", json={"detail": "Broken"}, status=500)
    with pytest.raises(ConflictError, match=f"could not be deleted: {COLLECTION}"):
        store.create_many(values)
