"""Pages of the local backend hold what those made in memory hold, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime

from dataforce import BadRequestError
from dataforce.backend import (
    AnyKind,
    Backend,
    Condition,
    Family,
    Identity,
    Kind,
    MemoryBackend,
    Query,
    Scope,
)
from dataforce.config import load_settings
from dataforce.models._base import AssetRecord, CreateModel, JSONObject, Record, UpdateModel
from dataforce_local import open_backend


class Shelf(AssetRecord):
    """Where the books of one example stand."""

    id: str
    name: str


class ShelfCreate(CreateModel):
    """What a shelf is made of."""

    name: str


class Chapter(Record):
    """A part of a book."""

    title: str | None = None
    pages: int | float | None = None
    authors: list[str] | None = None
    notes: dict[str, Any] | None = None


class Book(AssetRecord):
    """A record with a field of each type."""

    identity_field: ClassVar[str] = "key"

    key: str
    shelf_id: str
    title: str
    subtitle: str | None
    year: int | None
    price: float | None
    is_sold: bool | None
    printed: AwareDatetime | None
    tags: list[str] | None
    scores: dict[str, Any]
    first: Chapter | None
    chapters: list[Chapter]


class BookCreate(CreateModel):
    """What a book is made of."""

    key: str
    title: str
    subtitle: str | None
    year: int | None
    price: float | None
    is_sold: bool | None
    printed: AwareDatetime | None
    tags: list[str] | None
    scores: JSONObject
    first: Chapter | None
    chapters: list[Chapter]


SHELF = Kind("shelf", "shelves", Shelf, ShelfCreate, UpdateModel, default_sort="name")


def books(absent: Literal["first", "last"]) -> AnyKind:
    """The kind of books, with absent values at either end."""
    return Kind(
        name="book",
        route=f"books-{absent}",
        record=Book,
        create=BookCreate,
        update=UpdateModel,
        parent=SHELF,
        identity=Identity("client", "text"),
        names=("subtitle", "title"),
        sorts=("title", "subtitle", "year", "price", "printed", "scores.*", "first.pages"),
        default_sort="title",
        absent=absent,
    )


KINDS = (books("first"), books("last"))
LIBRARY = Family("library", (SHELF, *KINDS))

few_texts = st.sampled_from(["", "a", "A", "ab", "AB", "Ä", "ä", 'say "a"', "a\\b", "%", "_", "1"])
texts = few_texts | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
keys = st.sampled_from(["a", "a.b", 'q"', "back\\", "$.a", "[0]", "é", "", "1"])
integers = st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1)
floats = st.sampled_from([0.0, -0.0, 0.1, 1.0, 2.5, -3.0, 1e-300, 1e17]) | st.floats(
    allow_nan=False, allow_infinity=False
)
moments = st.builds(
    lambda seconds, hours: (
        datetime(2026, 1, 1, tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
        + timedelta(microseconds=seconds)
    ),
    st.integers(-3, 3),
    st.sampled_from([0, 5]),
)
scalars = st.none() | st.booleans() | integers | floats | texts
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(keys, scalars, max_size=2)
dictionaries = st.dictionaries(keys, values, max_size=4)
chapters = st.builds(
    Chapter,
    title=st.none() | texts,
    pages=st.none() | st.integers(-3, 3) | floats,
    authors=st.none() | st.lists(few_texts, max_size=3),
    notes=st.none() | dictionaries,
)
book_fields = st.fixed_dictionaries(
    {
        "title": few_texts,
        "subtitle": st.none() | texts,
        "year": st.none() | integers,
        "price": st.none() | floats,
        "is_sold": st.none() | st.booleans(),
        "printed": st.none() | moments,
        "tags": st.none() | st.lists(texts, max_size=3),
        "scores": dictionaries,
        "first": st.none() | chapters,
        "chapters": st.lists(chapters, max_size=3),
    }
)
paths = st.sampled_from(
    [
        *("key", "title", "subtitle", "year", "price", "is_sold", "printed", "shelf_id", "tags"),
        *("tags[]", "first.title", "first.pages", "first.authors[]", "chapters[].title"),
        *("chapters[].pages", "chapters[].authors[]", "nothing", "first.nothing", "scores"),
    ]
) | st.builds(
    lambda start, key: f"{start}.{key}",
    st.sampled_from(["scores", "first.notes", "chapters[].notes"]),
    keys.filter(bool),
)
numbers = st.integers(-3, 3) | integers | floats | st.sampled_from([2**70, 1e300])
wanted = numbers | few_texts | texts | st.booleans() | moments
conditions = (
    st.builds(Condition, paths, st.just("="), st.lists(wanted, min_size=1, max_size=3).map(tuple))
    | st.builds(Condition, paths, st.just("contains"), st.lists(texts, min_size=1).map(tuple))
    | st.builds(
        Condition,
        paths,
        st.sampled_from(["!=", "<", "<=", ">", ">="]),
        st.tuples(numbers | moments),
    )
)
sorts = st.sampled_from(
    [None, "title", "subtitle", "year", "price", "printed", "first.pages"]
) | keys.filter(bool).map("scores.{}".format)
queries = st.builds(
    Query,
    name=st.none() | few_texts,
    where=st.lists(conditions, max_size=2).map(tuple),
    sort_by=sorts,
    order=st.sampled_from(["asc", "desc"]),
    limit=st.integers(1, 4),
)
shelves = count()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def local(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    given: dict[str, object] = {"database_url": ":memory:"}
    if request.param == "postgresql":
        given["database_url"] = request.getfixturevalue("module_server_url")
        given["storage_url"] = str(tmp_path_factory.mktemp("local") / "files")
    with closing(open_backend(load_settings(given), LIBRARY)) as backend:
        yield backend


@pytest.fixture(scope="module")
def memory() -> MemoryBackend:
    return MemoryBackend(LIBRARY)


def pages_of(backend: Backend, kind: AnyKind, shelf: str, query: Query) -> list[list[str]]:
    """The keys on all pages, or what is said of a cursor that cannot be gone on from."""
    store = backend.store(kind, Scope((shelf,)))
    found: list[list[str]] = []
    while True:
        try:
            page = store.page(query)
        except BadRequestError:
            return [*found, ["refused"]]
        found.append([record.key.rpartition("/")[2] for record in page.items])
        if page.cursor is None:
            return found
        query = replace(query, cursor=page.cursor)


def test_a_truth_value_compares_as_a_number(local: Backend, memory: MemoryBackend) -> None:
    query = Query(where=(Condition("year", "=", (False,)),))
    for backend in (local, memory):
        shelf = backend.store(SHELF, Scope()).create(ShelfCreate(name=str(next(shelves)))).id
        blank = dict.fromkeys(BookCreate.model_fields) | {"title": "", "scores": {}, "chapters": []}
        books = [
            BookCreate.model_validate(blank | {"key": f"{shelf}/{year}", "year": year})
            for year in (0, 1)
        ]
        backend.store(KINDS[0], Scope((shelf,))).create_many(books)
        assert pages_of(backend, KINDS[0], shelf, query) == [["0"]]


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(kind=st.sampled_from(KINDS), given_books=st.lists(book_fields, max_size=8), data=st.data())
def test_pages_are_those_made_in_memory(
    local: Backend,
    memory: MemoryBackend,
    kind: AnyKind,
    given_books: list[dict[str, Any]],
    data: st.DataObject,
) -> None:
    name = str(next(shelves))
    made = [
        BookCreate(key=f"{name}/{number}", **fields) for number, fields in enumerate(given_books)
    ]
    found: dict[Backend, str] = {}
    for backend in (local, memory):
        found[backend] = backend.store(SHELF, Scope()).create(ShelfCreate(name=name)).id
        backend.store(kind, Scope((found[backend],))).create_many(made)
    for query in data.draw(st.lists(queries, min_size=1, max_size=10)):
        one, other = (pages_of(each, kind, found[each], query) for each in (local, memory))
        assert one == other, query
