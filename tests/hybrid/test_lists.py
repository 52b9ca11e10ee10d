"""Lists of both sides, in every order, while either side changes."""

from __future__ import annotations

import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataforce import BadRequestError, Client, Collection, ConfigurationError, ModelArtifact
from dataforce.backend import Page, Query
from dataforce.backend.filters import Condition
from dataforce.models import COLLECTION, MODEL_ARTIFACT
from tests.hybrid.reading import Production, names, registered
from tests.hybrid.reading import any_production as any_production
from tests.hybrid.reading import production as production
from tests.hybrid.sides import STEPS, Sides, order_key

PATIENT = settings(
    deadline=None, derandomize=True, suppress_health_check=[*HealthCheck], max_examples=60
)
SORTS = st.sampled_from([each.replace("*", "accuracy") for each in MODEL_ARTIFACT.sorts])
Wanted = Callable[[ModelArtifact], bool]
FILTERS: dict[str, tuple[Condition, Wanted]] = {
    "name": (
        Condition("model_name", "contains", ("A",)),
        lambda each: "a" in str(each.model_name).lower(),
    ),
    "tag": (Condition("tags[]", "=", ("a", "")), lambda each: each.tags in (["a"], [""])),
    "metric": (
        Condition("metrics.accuracy", ">", (1,)),
        lambda each: each.metrics.get("accuracy") in (2, 3),
    ),
}
ORDERS = st.sampled_from(["asc", "desc"])
LIMITS = st.sampled_from([1, 2, 3, 5, 100, None])
Order = Literal["asc", "desc"]


@pytest.fixture
def hybrid(production: Production) -> Client:
    return production.hybrid()


def new_sides(production: Production, hybrid: Client) -> Sides:
    collection = production.behind.collections.create("", "Models", "model")
    return Sides(production.behind, hybrid, collection)


@PATIENT
@given(
    steps=st.lists(STEPS, max_size=14),
    filters=st.sets(st.sampled_from(sorted(FILTERS)), max_size=2),
    sort_by=SORTS,
    order=ORDERS,
    limit=LIMITS,
)
def test_a_list_is_the_sorted_union_of_what_both_sides_show(
    production: Production,
    hybrid: Client,
    steps: list[Any],
    filters: set[str],
    sort_by: str,
    order: Order,
    limit: int | None,
) -> None:
    sides = new_sides(production, hybrid)
    for step in steps:
        sides.do(*step)
    chosen = [FILTERS[name] for name in sorted(filters)]
    expected = sorted(
        (each for each in sides.merged().values() if all(wants(each) for _, wants in chosen)),
        key=lambda each: order_key(each, sort_by),
        reverse=order == "desc",
    )
    store = hybrid.backend.store(MODEL_ARTIFACT, production.scope(sides.collection))
    where = tuple(condition for condition, _ in chosen)
    query: Query | None = Query(where=where, sort_by=sort_by, order=order, limit=limit)
    found = []
    while query is not None:
        page = store.page(query)
        found += page.items
        is_full = len(page.items) == limit
        assert limit is None or is_full or page.cursor is None
        query = following(query, page)
    assert [each.id for each in found] == [each.id for each in expected]
    assert found == expected


@PATIENT
@given(
    before=st.lists(STEPS, min_size=4, max_size=12),
    between=st.lists(st.lists(STEPS, max_size=2), max_size=8),
    sort_by=SORTS,
    order=ORDERS,
    limit=LIMITS,
)
def test_what_stays_where_it_is_comes_once_whatever_else_changes(
    production: Production,
    hybrid: Client,
    before: list[Any],
    between: list[list[Any]],
    sort_by: str,
    order: Order,
    limit: int | None,
) -> None:
    sides = new_sides(production, hybrid)
    for step in before:
        sides.do(*step)
    store = hybrid.backend.store(MODEL_ARTIFACT, production.scope(sides.collection))
    places = [places_of(sides, sort_by)]
    query: Query | None = Query(sort_by=sort_by, order=order, limit=limit)
    found: Counter[str] = Counter()
    while query is not None:
        page = store.page(query)
        found.update(each.id for each in page.items)
        for step in between.pop(0) if between else []:
            sides.do(*step)
            places.append(places_of(sides, sort_by))
        query = following(query, page)
    stayed = [
        each for each, place in places[0].items() if all(p.get(each) == place for p in places)
    ]
    assert {each: found[each] for each in stayed} == dict.fromkeys(stayed, 1)


def places_of(sides: Sides, sort_by: str) -> dict[str, object]:
    return {key: order_key(each, sort_by) for key, each in sides.merged().items()}


def following(query: Query, page: Page[Any]) -> Query | None:
    if page.cursor is None:
        return None
    return replace(query, cursor=page.cursor)


class Listed:
    """A list by name, of which the first page was read.

    Args:
        production: The platform.
        theirs: Names of what is there.
        ours: Names of what is made here.
        tagged: Names of what is there, and changed here without getting another name.
        limit: How many records the first page holds.
    """

    def __init__(
        self, production: Production, theirs: str, ours: str, tagged: str, limit: int
    ) -> None:
        self.hybrid, self.limit = production.hybrid(), limit
        self.sides = new_sides(production, self.hybrid)
        self.ids = {name: self.create("there", name) for name in theirs}
        self.ids |= {name: self.create("here", name) for name in ours}
        for name in tagged:
            self.sides.update("here", self.ids[name], tags=["changed"])
        scope = production.scope(self.sides.collection)
        self.store = self.hybrid.backend.store(MODEL_ARTIFACT, scope)
        page = self.store.page(Query(sort_by="model_name", limit=limit))
        self.first, self.cursor = names(page.items), page.cursor

    def create(self, side: str, name: str) -> str:
        return registered(self.sides.clients[side], self.sides.collection, name).id

    def rest(self) -> list[str | None]:
        query: Query | None = Query(sort_by="model_name", limit=self.limit, cursor=self.cursor)
        found: list[str | None] = []
        while query is not None:
            page = self.store.page(query)
            found += names(page.items)
            query = following(query, page)
        return found


def test_the_last_one_read_gets_another_name(production: Production) -> None:
    listed = Listed(production, theirs="ac", ours="b", tagged="", limit=2)
    assert listed.first == ["a", "b"]
    listed.sides.clients["there"].model_artifacts.update(
        listed.ids["a"], collection_id=listed.sides.collection.id, model_name="d"
    )
    assert listed.rest() == ["c", "d"]


def test_one_that_is_to_come_is_reset(production: Production) -> None:
    listed = Listed(production, theirs="ace", ours="b", tagged="c", limit=2)
    assert listed.first == ["a", "b"]
    listed.hybrid.overlay.reset(listed.ids["c"])
    assert listed.rest() == ["c", "e"]


def test_one_that_was_read_is_reset(production: Production) -> None:
    listed = Listed(production, theirs="ace", ours="b", tagged="c", limit=3)
    assert listed.first == ["a", "b", "c"]
    listed.hybrid.overlay.reset(listed.ids["c"])
    assert listed.rest() == ["e"]


def test_one_that_was_read_is_changed(production: Production) -> None:
    listed = Listed(production, theirs="ace", ours="b", tagged="", limit=2)
    assert listed.first == ["a", "b"]
    listed.sides.update("here", listed.ids["a"], tags=["changed"])
    assert listed.rest() == ["c", "e"]


def test_more_come_before_the_last_one_read(production: Production) -> None:
    listed = Listed(production, theirs="ace", ours="b", tagged="", limit=2)
    assert listed.first == ["a", "b"]
    listed.create("there", "A")
    listed.create("there", "B")
    assert listed.rest() == ["c", "e"]


def test_the_last_one_read_goes_and_more_come_before_it(production: Production) -> None:
    listed = Listed(production, theirs="acegik", ours="d", tagged="", limit=3)
    assert listed.first == ["a", "c", "d"]
    for name in "ABC":
        listed.create("there", name)
    listed.sides.clients["there"].model_artifacts.delete(
        listed.ids["c"], collection_id=listed.sides.collection.id
    )
    assert listed.rest() == ["e", "g", "i", "k"]


def test_what_is_hidden_is_looked_through_once(production: Production) -> None:
    sides = new_sides(production, production.hybrid())
    made = [registered(production.behind, sides.collection, "model") for _ in range(30)]
    for record in made:
        sides.update("here", record.id, tags=["changed"])
    production.seen.clear()
    found = sides.clients["here"].model_artifacts.iterate(
        collection_id=sides.collection.id, page_size=5
    )
    assert [each.id for each in found] == [each.id for each in made]
    assert len(production.seen) <= 14  # twelve pages at most, and what leads there


@pytest.mark.parametrize(
    "page_size", [2, *(pytest.param(each, marks=pytest.mark.slow) for each in (1, 3, 7, 100))]
)
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("ages", [[20, 5, 10, 11], [*range(0, 60, 3)], [7, 3, 9, 1, 8, 2, 6, 4, 5]])
def test_a_platform_whose_ids_do_not_tell_the_age(
    production: Production, page_size: int, order: Order, ages: list[int]
) -> None:
    collection = production.behind.collections.create("", "Models", "model")
    hybrid = production.hybrid()
    theirs = insert_by_age(production, collection, ages)
    made = [registered(hybrid, collection, f"made {number}").id for number in range(3)]
    for identifier in theirs[2:4]:
        hybrid.model_artifacts.update(identifier, collection_id=collection.id, tags=["changed"])
    hybrid.model_artifacts.delete(theirs[-1], collection_id=collection.id)
    query: Query | None = Query(order=order, limit=page_size)
    found: list[str] = []
    while query is not None:
        page = hybrid.backend.store(MODEL_ARTIFACT, production.scope(collection)).page(query)
        found += [each.id for each in page.items]
        query = following(query, page)
    left = {*theirs, *made} - {theirs[-1]}
    assert sorted(found) == sorted(left)
    untouched = [each for each in found if each in theirs and each not in theirs[2:4]]
    there = [each for each in theirs if each in untouched]
    assert untouched == (there if order == "asc" else there[::-1])


def insert_by_age(production: Production, collection: Collection, ages: list[int]) -> list[str]:
    """Model artifacts of so many seconds, in the order of their ids; their ids."""
    template = registered(production.behind, collection, "template")
    table = "dataforce_model_artifacts"
    with closing(sqlite3.connect(production.database)) as database, database:
        database.row_factory = sqlite3.Row
        row = database.execute(f"SELECT * FROM {table}").fetchone()
        ids = [str(uuid.UUID(int=number << 100 | 4 << 76 | 2 << 62)) for number in range(len(ages))]
        for identifier, age in zip(ids, ages, strict=True):
            born = (template.created_at - timedelta(seconds=age)).isoformat(timespec="microseconds")
            changed = dict(row) | {"id": identifier, "created_at": born.replace("+00:00", "Z")}
            marks = ", ".join("?" * len(changed))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", [*changed.values()])
        database.execute(f"DELETE FROM {table} WHERE id = ?", (template.id,))
    return ids


def test_collections_and_orbits_are_merged_too(any_production: Production) -> None:
    behind, hybrid = any_production.behind, any_production.hybrid()
    for name in ("a", "c", "e"):
        behind.collections.create("", name, "model")
    hybrid.collections.create("", "d", "model")
    hybrid.collections.update(collection_id=first(hybrid, "a"), name="f")
    hybrid.collections.delete(first(hybrid, "c"))
    behind.collections.create("", "b", "model")
    for page_size in (1, 2, 100):
        found = hybrid.collections.iterate(sort_by="name", page_size=page_size)
        assert names([*found]) == ["b", "d", "e", "f"]
    secret = hybrid.bucket_secrets.list()[0]
    hybrid.orbits.create("Mine", secret.id)
    behind.orbits.create("Theirs", secret.id)
    assert {each.name for each in hybrid.orbits.list()} == {"Default Orbit", "Mine", "Theirs"}


def first(client: Client, name: str) -> str:
    found = client.collections.get(name)
    assert found is not None
    return found.id


def test_the_only_one_left_is_the_default(production: Production) -> None:
    for name in ("a", "b"):
        production.behind.collections.create("", name, "model")
    hybrid = production.hybrid()
    with pytest.raises(ConfigurationError):
        hybrid.model_artifacts.list()
    hybrid.collections.delete(first(hybrid, "a"))
    assert hybrid.model_artifacts.list() == []
    found = hybrid.collections.get()
    assert found is not None
    assert found.name == "b"


def test_a_cursor_of_another_list_is_refused(production: Production, hybrid: Client) -> None:
    there = production.behind.collections.create("", "There", "model")
    here = hybrid.collections.create("", "Here", "model")
    for collection, client in ((there, production.behind), (here, hybrid), (there, hybrid)):
        for number in range(2):
            registered(client, collection, f"model {number}")
    stores = [
        hybrid.backend.store(MODEL_ARTIFACT, production.scope(each)) for each in (there, here)
    ]
    cursors = [store.page(Query(limit=1)).cursor for store in stores]
    for store, cursor in zip(stores, reversed(cursors), strict=True):
        with pytest.raises(BadRequestError):
            store.page(Query(limit=1, cursor=cursor))
    with pytest.raises(BadRequestError):
        stores[0].page(Query(limit=1, cursor=cursors[0], order="desc"))
    with pytest.raises(BadRequestError):
        stores[0].page(Query(name="model 0", limit=1, cursor=cursors[0]))
    with pytest.raises(BadRequestError):
        stores[0].page(Query(limit=1, cursor="not one at all"))
    forged = Query().cursor_after([[7, None, None], [None, None, None], None], "")
    with pytest.raises(BadRequestError):
        stores[0].page(Query(limit=1, cursor=forged))


def test_pages_of_one_name_go_on_when_something_changes(
    production: Production, hybrid: Client
) -> None:
    made = [production.behind.collections.create("", "same", "model") for _ in range(3)]
    scope = production.scope(made[0])
    store = hybrid.backend.store(COLLECTION, type(scope)(scope.ids[:-1]))
    page = store.page(Query(name="same", limit=1))
    hybrid.collections.create("", "same", "model")
    rest = store.page(Query(name="same", limit=10, cursor=page.cursor))
    assert [len(page.items), len(rest.items), rest.cursor] == [1, 3, None]
