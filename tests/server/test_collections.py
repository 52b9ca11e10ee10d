"""Collections over HTTP: their life in both versions, and the pages of 2026-01."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dataforce.backend import Backend, Query, Scope
from dataforce.models import (
    COLLECTION,
    ORBIT,
    ORGANIZATION,
    CollectionCreate,
    CollectionType,
)
from dataforce.server import HostedObjects
from tests.server.caller import Caller
from tests.server.conftest import Serve

UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"
CRASH = (500, "Internal Server Error")
MISSING = (404, "Collection not found")


def test_collections_come_and_go(api: Caller) -> None:
    body = {"name": "Flowers", "description": "", "collection_type": "dataset", "tags": ["b", "b"]}
    made = api.post(api.collections, body)
    assert {name: made[name] for name in body} == body
    assert (made["total_models"], made["updated_at"]) == (0, None)
    path = f"{api.collections}/{made['id']}"
    changed = api.patch(path, {"name": "Trees", "description": "Tall", "collection_type": "model"})
    # Not a partial update: tags that are not sent are erased.
    assert (changed["name"], changed["description"], changed["tags"]) == ("Trees", "Tall", None)
    assert changed["collection_type"] == "dataset"
    assert api.items(api.collections) == [changed]
    api.delete(path)
    assert api.refused("DELETE", path) == MISSING
    assert api.refused("PATCH", path, {"name": "x", "description": ""}) == MISSING
    assert api.refused("POST", f"{api.orbits}/{UNKNOWN}/collections", body) == (
        404,
        "Orbit not found",
    )


@pytest.mark.parametrize("changes", [{"name": "x"}, {"description": "x"}, {}, {"name": None}])
def test_changes_of_a_collection_that_crash_the_platform(api: Caller, changes: Any) -> None:
    path = api.new_collection()
    assert api.refused("PATCH", path, changes) == CRASH
    assert api.refused("PATCH", f"{api.collections}/{UNKNOWN}", changes) == MISSING


def test_a_collection_with_models_stays(api: Caller) -> None:
    path = api.new_collection()
    api.new_model(path)
    assert api.refused("DELETE", path) == (409, "Collection has models and cant be deleted")
    assert api.items(api.collections)[0]["total_models"] == 1


def test_a_wrong_type_is_named(api: Caller) -> None:
    body = {"name": "x", "description": "", "collection_type": "x"}
    status, [fault] = api.refused("POST", api.collections, body)
    assert (status, fault["type"], fault["loc"]) == (422, "enum", ["body", "collection_type"])
    assert fault["ctx"] == {"expected": "'model' or 'dataset'"}


def test_one_collection_is_read_from_2026_on(api: Caller) -> None:
    path = api.new_collection(tags=["own"])
    api.new_model(path, metrics={"f1": 1, "accuracy": {"top": 1}}, tags=["b", "a"])
    api.new_model(path, metrics={"f1": 2}, tags=["a"])
    api.new_model(path)
    if not api.is_new:
        assert api.refused("GET", path) == (405, "Method Not Allowed")
        return
    details = api.get(path)
    assert details["models_tags"] == ["a", "b"]
    assert details["models_metrics"] == ["accuracy", "f1"]
    assert details["total_models"] == 3
    assert api.refused("GET", f"{api.collections}/{UNKNOWN}") == MISSING


def test_the_old_list_is_an_array_that_ignores_its_query(old: Caller) -> None:
    for name in "abc":
        old.new_collection(name)
    listed = old.get(old.collections, limit=0, order="nonsense", search="x")
    assert [found["name"] for found in listed] == ["a", "b", "c"]


def test_an_old_list_has_no_end(old: Caller, new: Caller) -> None:
    for number in range(60):
        old.new_collection(str(number))
        new.new_collection(str(number))
    assert len(old.get(old.collections)) == 60
    first = new.get(new.collections)
    assert len(first["items"]) == 50
    assert first["items"][0]["name"] == "59"
    second = new.get(new.collections, cursor=first["cursor"])
    assert (len(second["items"]), second["cursor"]) == (10, None)


def test_a_list_longer_than_any_page_of_the_backend(serve: Serve) -> None:
    def fill(backend: Backend) -> HostedObjects:
        [organization] = backend.store(ORGANIZATION, Scope()).page(Query()).items
        [orbit] = backend.store(ORBIT, Scope((organization.id,))).page(Query()).items
        scope = Scope((organization.id, orbit.id))
        for number in range(1001):
            values = CollectionCreate(
                name=str(number), description="", collection_type=CollectionType.MODEL
            )
            backend.store(COLLECTION, scope).create(values)
        return HostedObjects(backend)

    api = serve(api_version="2025-12", objects=fill)
    names = [found["name"] for found in api.get(api.collections)]
    assert names == [str(number) for number in range(1001)]


def walk(api: Caller, path: str, field: str, **params: Any) -> list[Any]:
    """A field of all objects of a list, page by page."""
    found, cursor = [], None
    while True:
        page = api.get(path, cursor=cursor, **params)
        found += [item[field] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            return found
        assert len(page["items"]) == params["limit"]


@pytest.fixture
def many(new: Caller) -> Caller:
    """Five collections, of which some hold models."""
    for name, description, models, tags in (
        ("Oak", "tall", 1, ["tree", "green"]),
        ("rose", "", 0, ["flower"]),
        ("Elm", "tall", 2, None),
        ("100%", "b", 0, None),
        ("a_b", "c", 0, []),
    ):
        path = new.new_collection(name, description=description, tags=tags)
        for _ in range(models):
            new.new_model(path)
    return new


@pytest.mark.parametrize(
    ("sort_by", "ascending"),
    [
        ("created_at", ["Oak", "rose", "Elm", "100%", "a_b"]),
        ("name", ["100%", "Elm", "Oak", "a_b", "rose"]),
        ("collection_type", ["Oak", "rose", "Elm", "100%", "a_b"]),
        ("description", ["rose", "100%", "a_b", "Oak", "Elm"]),
        ("total_models", ["rose", "100%", "a_b", "Oak", "Elm"]),
    ],
)
@pytest.mark.parametrize("search", [None, "%"])
def test_orders(many: Caller, sort_by: str, ascending: list[str], search: str | None) -> None:
    wanted = {"sort_by": sort_by, "search": search, "limit": 2}
    assert walk(many, many.collections, "name", order="asc", **wanted) == ascending
    assert walk(many, many.collections, "name", **wanted) == ascending[::-1]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("O", {"Oak", "rose"}),
        ("tree", {"Oak"}),
        ('"', {"Oak", "rose"}),
        ("[", {"Oak", "rose", "a_b"}),
        ("l_", {"Elm", "rose"}),
        ("R%E", {"Oak", "rose"}),
        ("%r%s%", {"rose"}),
        ("s%r%o", set()),
        ("l%_m", set()),
        ("r%%_e", {"Oak", "rose"}),
        ("0%", {"100%"}),
        (".", set()),
        ("", {"Oak", "rose", "Elm", "100%", "a_b"}),
    ],
)
def test_search(many: Caller, search: str, expected: set[str]) -> None:
    assert {item["name"] for item in many.get(many.collections, search=search)["items"]} == expected


def test_a_search_for_many_parts_takes_no_time(new: Caller) -> None:
    new.new_collection("a" * 60)
    assert new.items(new.collections, search="%a" * 8 + "b") == []
    assert len(new.items(new.collections, search="%a" * 60)) == 1


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"limit": 0}, "greater_than"),
        ({"limit": 101}, "less_than_equal"),
        ({"limit": ""}, "int_parsing"),
        ({"order": "up"}, "enum"),
        ({"sort_by": "nope"}, "enum"),
    ],
)
def test_queries_that_are_refused(new: Caller, params: Any, kind: str) -> None:
    status, [fault] = new.refused("GET", new.collections, params=params)
    assert (status, fault["type"], fault["loc"]) == (422, kind, ["query", *params])


def encoded(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "é",
        encoded([]),
        encoded([UNKNOWN, "x", "name"]),
        encoded(["created_at", "desc", None, "\ud800"]),
        encoded(["created_at", "desc", {}, 10**30]),
    ],
)
@pytest.mark.parametrize("sort_by", ["created_at", "total_models"])
def test_a_cursor_of_no_list_begins_at_the_first_page(
    many: Caller, cursor: str, sort_by: str
) -> None:
    params = {"sort_by": sort_by, "limit": 2}
    first = many.get(many.collections, **params)
    assert many.get(many.collections, cursor=cursor, **params) == first


def test_a_cursor_of_another_order_begins_at_the_first_page(many: Caller) -> None:
    cursor = many.get(many.collections, sort_by="total_models", limit=2)["cursor"]
    first = many.get(many.collections, limit=2)
    assert many.get(many.collections, limit=2, cursor=cursor) == first
    wrong = encoded([UNKNOWN, "text", "total_models"])
    first = many.get(many.collections, sort_by="total_models")
    assert many.get(many.collections, sort_by="total_models", cursor=wrong) == first
