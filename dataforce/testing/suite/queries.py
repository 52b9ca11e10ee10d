"""Lists of every kind, asked of the backend: filters, sorts, pages and cursors.

What a page has to hold is said by `dataforce.backend.paging` and `filters`, in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import pytest

from dataforce.backend import AnyKind, Query, identifier_of
from dataforce.backend.filters import Condition, conditions_of
from dataforce.backend.paging import page_of
from dataforce.backend.paths import values_at
from dataforce.errors import BadRequestError
from dataforce.testing.assets import Assets, all_records
from dataforce.testing.kinds import for_kinds, is_creatable, is_deletable, name_field
from dataforce.testing.suite._support import ids

LIMITS = (1, 2, 3, None)
NUMBERS = (2, None, 0.5, "high", -1, 2.0)
"""What a metric may be: of these, sorts and comparisons take the numbers."""


def fill(assets: Assets, kind: AnyKind) -> list[Any]:
    """Create records with values that repeat and values that are absent; return all there are."""
    sized = [each.size for each in kind.files.values() if each.size in kind.create.model_fields]
    is_unique = kind.unique == (name_field(kind),)
    for number, name in enumerate(("Delta", "beta", "alpha", "Charlie", "alpha", "beta")):
        given = {field: values[number % 4] for field, values in optional(kind).items()}
        given |= {str(size): number // 2 for size in sized}
        given |= tags_and_numbers(kind, number)
        given[name_field(kind)] = f"{name}{number}" if is_unique else name
        assets.create(kind, **given)
    return all_records(assets.store(kind))


def optional(kind: AnyKind) -> dict[str, tuple[Any, ...]]:
    """Return values, some of them absent, of the fields that a list may be sorted by."""
    examples: dict[type, tuple[Any, ...]] = {
        str: ("two", None, "", "one"),
        int: (2, None, -1, 10),
    }
    found: dict[str, tuple[Any, ...]] = {}
    for name in set(kind.sorts) & set(kind.create.model_fields):
        types = get_args(kind.create.model_fields[name].annotation)
        plain = {get_args(each)[0] if get_origin(each) is Annotated else each for each in types}
        if NoneType in plain:
            found[name] = next(values for each, values in examples.items() if each in plain)
    return found


def tags_and_numbers(kind: AnyKind, number: int) -> dict[str, Any]:
    """Return values of the lists and the dictionaries that filters and sorts look into."""
    given: dict[str, Any] = {}
    for path in {each.path for each in kind.filters.values()} - set(kind.references):
        if path.endswith("[]"):
            given[path[:-2]] = (["a", "b"], None, ["b"], [])[number % 4]
    for dictionary in dictionaries(kind):
        value = NUMBERS[number]
        given[dictionary] = {} if value is None else {"top.5": value}
    return {name: value for name, value in given.items() if name in kind.create.model_fields}


def dictionaries(kind: AnyKind) -> set[str]:
    """Return the fields whose keys can be compared or sorted by."""
    compared = {each.path for each in kind.filters.values() if each.takes == "comparison"}
    return compared | {name[:-2] for name in kind.sorts if name.endswith(".*")}


def sorts_of(kind: AnyKind) -> Iterator[str]:
    """Yield what a list may be sorted by, with one key of each dictionary."""
    for name in kind.sorts:
        yield f"{name[:-1]}top.5" if name.endswith(".*") else name


def check(assets: Assets, kind: AnyKind, records: list[Any], query: Query) -> list[str]:
    """See that the pages of a query, of any size, are those made in memory; return the ids."""
    store = assets.store(kind)
    wanted = ids(page_of(kind, records, replace(query, limit=None)).items)
    for limit in LIMITS:
        found: list[str] = []
        asked: Query | None = replace(query, limit=limit)
        while asked is not None:
            page = store.page(asked)
            assert limit is None or len(page.items) <= limit
            found += ids(page.items)
            asked = None if page.cursor is None else replace(asked, cursor=page.cursor)
        assert found == wanted, query
    return wanted


@for_kinds(is_creatable)
def test_lists_are_sorted(assets: Assets, kind: AnyKind) -> None:
    """By all that they can be; downwards is upwards reversed, absent values included."""
    records = fill(assets, kind)
    by_default = check(assets, kind, records, Query())
    assert by_default == check(assets, kind, records, Query(sort_by=kind.default_sort))
    for field in sorts_of(kind):
        upwards = check(assets, kind, records, Query(sort_by=field))
        downwards = check(assets, kind, records, Query(sort_by=field, order="desc"))
        assert downwards == upwards[::-1]


def wanted_of(kind: AnyKind, name: str, records: list[Any]) -> Iterator[Any]:
    """Yield values to give a filter: of what is there, of what is not, and several."""
    declared = kind.filters[name]
    if declared.takes == "comparison":
        signs = ("<", "<=", ">", ">=", "==", "!=")
        yield from (f"top.5{sign}{number}" for sign in signs for number in ("0.5", "2", "7"))
        yield ["top.5 > -1", "top.5 <= 2"]
        yield "nothing > 0"
        return
    values = [each for record in records for each in values_at(record, declared.path)]
    if declared.takes == "datetime":
        yield from values[1:4]
        return
    texts = list(dict.fromkeys(str(getattr(each, "value", each)) for each in values))
    yield from texts[:3]
    yield texts[:2] or "nothing"
    yield from ("nothing", "%", "_", "")
    if declared.operator == "contains":
        yield from (text[1:3].upper() for text in texts[:2])
        yield ["LPH", "eta"]


@for_kinds(lambda kind: is_creatable(kind) and kind.filters)
def test_lists_are_filtered(assets: Assets, kind: AnyKind) -> None:
    """By each filter that the kind declares."""
    records = fill(assets, kind)
    for name in kind.filters:
        for value in wanted_of(kind, name, records):
            where = conditions_of(kind, {name: value})
            check(assets, kind, records, Query(where=where))


@for_kinds(lambda kind: is_creatable(kind) and kind.filters)
def test_filters_names_and_sorts_go_together(assets: Assets, kind: AnyKind) -> None:
    """All conditions hold, in the order asked for."""
    records = fill(assets, kind)
    field = name_field(kind)
    within = Condition(field, "contains", ("A",))
    several = Condition(field, "=", ("alpha", "beta", "Charlie"))
    for sort_by in sorts_of(kind):
        for query in (
            Query(where=(within, several), sort_by=sort_by, order="desc"),
            Query(name="alpha", where=(within,), sort_by=sort_by),
            Query(name="Delta", where=(several,), sort_by=sort_by),
        ):
            check(assets, kind, records, query)


@for_kinds(is_creatable)
def test_a_cursor_belongs_to_its_order(assets: Assets, kind: AnyKind) -> None:
    """In another one it is refused."""
    store = assets.store(kind)
    for _ in range(2):
        assets.create(kind)
    cursor = store.page(Query(limit=1, sort_by=kind.default_sort)).cursor
    assert cursor is not None
    other = next((each for each in sorts_of(kind) if each != kind.default_sort), None)
    wrong = [Query(limit=1, sort_by=kind.default_sort, order="desc", cursor=cursor)]
    if other is not None:
        wrong.append(Query(limit=1, sort_by=other, cursor=cursor))
    for query in wrong:
        with pytest.raises(BadRequestError, match="Begin again without a cursor"):
            store.page(query)


@for_kinds(is_deletable)
def test_a_page_goes_on_where_the_one_before_ended(assets: Assets, kind: AnyKind) -> None:
    """Pages begin after the last record of the one before, not at a number."""
    store = assets.store(kind)
    made = ids(assets.create(kind) for _ in range(5))
    query = Query(limit=2, order="desc")
    page = store.page(query)
    assert ids(page.items) == made[:2:-1]
    for identifier in ids(page.items):
        store.delete(identifier)
    following = store.page(replace(query, cursor=page.cursor))
    assert ids(following.items) == made[2:0:-1]
    assert identifier_of(assets.create(kind)) not in made
    last = store.page(replace(query, cursor=following.cursor)).items
    assert ids(last)[0] == made[0]


@for_kinds(is_creatable)
def test_times_of_a_filter_are_moments(assets: Assets, kind: AnyKind) -> None:
    """What was created at one is neither before nor after it."""
    moments = [each for each in kind.filters.values() if each.takes == "datetime"]
    made = assets.create(kind)
    for declared in moments:
        (moment,) = values_at(made, declared.path)
        assert isinstance(moment, datetime)
        where = (Condition(declared.path, declared.operator, (moment,)),)
        assert identifier_of(made) not in ids(assets.store(kind).page(Query(where=where)).items)
