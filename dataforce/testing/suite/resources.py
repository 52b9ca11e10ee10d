"""Calls of a client for every kind, called and awaited."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from inspect import signature
from typing import Any, TypeAlias

import pytest

from dataforce.backend import AnyKind, Query, identifier_of
from dataforce.backend.filters import conditions_of
from dataforce.backend.paging import page_of
from dataforce.errors import MultipleResourcesFoundError, NotFoundError, UnprocessableEntityError
from dataforce.models import BUCKET_SECRET
from dataforce.testing.assets import Assets, all_records, are_texts, is_text
from dataforce.testing.kinds import for_kinds, is_creatable, name_field
from dataforce.testing.plugin import OrganizationMaker
from dataforce.testing.suite._support import (
    HOSTILE_NAMES,
    UNKNOWN,
    ids,
    refuse_all,
    spellings,
)
from dataforce.testing.suite.queries import fill, sorts_of, wanted_of

GIVEN: dict[str, Callable[[AnyKind, Any], Any]] = {
    "id": lambda kind, record: identifier_of(record),
    "uuid": lambda kind, record: uuid.UUID(identifier_of(record)),
    "object": lambda kind, record: record,
    "name": lambda kind, record: getattr(record, name_field(kind)),
}
BLANK = ("", "   ", "\n")
NO_TEXT = ("a\x00b", "\ud800", 5, b"bytes", ["name"])
NO_TEXTS = ("text", [5], ["a\x00b"], ["\ud800"], [None], {"a": "b"})

Caller: TypeAlias = Any
"""A `Client`, or an `AsyncClient` that is awaited; the calls are the same."""


def resource_of(caller: Caller, kind: AnyKind) -> Any:
    """Return the resource of a kind."""
    return getattr(caller, kind.route.replace("-", "_"))


def update(resource: Any, value: object, **changes: object) -> Any:
    """Update the object that is given, by the name that the resource has for it."""
    identifying = next(iter(signature(resource.delete).parameters))
    return resource.update(**{identifying: value}, **changes)


def check_list(resource: Any, wanted: list[str], page_size: int, **asked: Any) -> None:
    """See that a list, an iterator and pages hold these objects."""
    assert ids(resource.list(**asked)) == wanted
    assert ids(resource.iterate(page_size=page_size, **asked)) == wanted
    assert ids(resource.list(limit=2, **asked)) == wanted[:2]
    page = resource.page(limit=2, **asked)
    assert ids(page.items) == wanted[:2]
    assert page.cursor is not None or len(wanted) <= 2  # the page after the last may be empty


@for_kinds()
def test_an_object_is_found_by_its_id_in_any_spelling(
    caller: Caller, there: Assets, kind: AnyKind
) -> None:
    """Upper case, without dashes, as a URN, in braces."""
    record = there.first(kind)
    for spelling in spellings(identifier_of(record)):
        assert resource_of(caller, kind).get(spelling) == record


@for_kinds(is_creatable)
def test_an_object_is_found_by_its_name(caller: Caller, there: Assets, kind: AnyKind) -> None:
    """Whatever the name is; it comes back as it was given."""
    field, fields = name_field(kind), kind.create.model_fields
    made = {}
    for name in HOSTILE_NAMES:
        texts = {"description": name, "tags": [name], "metrics": {name: name}, field: name}
        given = {key: value for key, value in texts.items() if key in fields}
        record = made[name] = there.create(kind, **given)
        assert {key: getattr(record, key) for key in given} == given
    for name, record in made.items():
        assert resource_of(caller, kind).get(name) == record


@for_kinds()
@pytest.mark.parametrize("value", [UNKNOWN, "nothing", "", "%", "a\x00b", "\ud800"])
def test_what_does_not_exist_is_none(
    caller: Caller, there: Assets, kind: AnyKind, value: str
) -> None:
    """By id or by name; case counts, and nothing in a name is a wildcard."""
    record = there.first(kind)
    name: str = getattr(record, name_field(kind))
    resource = resource_of(caller, kind)
    assert resource.get(value) is None
    assert resource.get(name) == record
    assert resource.get(name.swapcase()) is None
    assert resource.get(f"{name[:-1]}_") is None
    assert resource.get(f"{name} ") is None


@for_kinds(is_creatable)
def test_an_id_wins_over_a_name(caller: Caller, there: Assets, kind: AnyKind) -> None:
    """An object may carry the id of another as its name; the id finds its owner."""
    record = there.create(kind)
    there.create(kind, **{name_field(kind): identifier_of(record)})
    assert resource_of(caller, kind).get(identifier_of(record)) == record


@for_kinds(is_creatable)
def test_objects_of_one_name_are_told_apart_by_id(
    caller: Caller, there: Assets, kind: AnyKind
) -> None:
    """They may have it; the error names them all, and nothing is deleted."""
    resource = resource_of(caller, kind)
    made = [there.create(kind, **{name_field(kind): "Twin"}) for _ in range(3)]
    calls = [partial(resource.get, "Twin"), partial(resource.delete, "Twin")]
    for message in refuse_all(MultipleResourcesFoundError, *calls):
        assert all(identifier in message for identifier in ids(made))
    assert resource.get(identifier_of(made[1])) == made[1]
    assert ids(resource.list())[-3:] == ids(made)


@for_kinds(is_creatable)
@pytest.mark.parametrize("way", GIVEN)
def test_an_object_is_given(caller: Caller, there: Assets, kind: AnyKind, way: str) -> None:
    """To be got, changed and deleted; it is gone then."""
    resource, field = resource_of(caller, kind), name_field(kind)
    kept, made = there.create(kind), there.create(kind)
    before = ids(resource.list())
    assert resource.get(GIVEN[way](kind, made)) == made
    changed = update(resource, GIVEN[way](kind, made), **{field: "another"})
    assert (identifier_of(changed), getattr(changed, field)) == (identifier_of(made), "another")
    assert ids(resource.list()) == before
    resource.delete(GIVEN[way](kind, changed))
    assert resource.get(identifier_of(made)) is None
    assert ids(resource.list())[-1] == identifier_of(kept)


@for_kinds(is_creatable)
def test_what_does_not_exist_is_neither_changed_nor_deleted(
    caller: Caller, there: Assets, kind: AnyKind
) -> None:
    """Deleting by id is forgiving where the platform is; a name must be that of something."""
    there.first(kind)
    resource, field = resource_of(caller, kind), name_field(kind)
    before = resource.list()
    calls = [
        partial(update, resource, UNKNOWN, **{field: "another"}),
        partial(update, resource, "nothing", **{field: "another"}),
        partial(resource.delete, "nothing"),
    ]
    if kind.forgiving_delete:
        resource.delete(UNKNOWN)
    else:
        calls.append(partial(resource.delete, UNKNOWN))
    refuse_all(NotFoundError, *calls)
    assert resource.list() == before


@for_kinds(is_creatable)
def test_the_objects_of_another_parent_are_out_of_reach(
    caller: Caller, there: Assets, kind: AnyKind, request: pytest.FixtureRequest
) -> None:
    """They are neither seen, changed nor deleted from there."""
    assert kind.parent is not None
    record, above = there.create(kind), there.scope(kind).parent
    identifier, field = identifier_of(record), name_field(kind)
    if kind.parent.parent is None:
        make: OrganizationMaker = request.getfixturevalue("organization_maker")
        elsewhere = identifier_of(make(caller.backend, "Elsewhere"))
    else:
        elsewhere = identifier_of(there.create(kind.parent))
    resource = resource_of(caller, kind)
    setattr(caller, kind.parent.name, elsewhere)
    assert resource.list() == []
    assert resource.get(identifier) is None
    assert resource.get(getattr(record, field)) is None
    calls = [partial(update, resource, identifier, **{field: "taken"})]
    if kind.forgiving_delete:
        resource.delete(identifier)
    else:
        calls.append(partial(resource.delete, identifier))
    refuse_all(NotFoundError, *calls)
    setattr(caller, kind.parent.name, above)
    assert resource.get(identifier) == record


@for_kinds(is_creatable)
def test_wrong_text_is_refused(caller: Caller, there: Assets, kind: AnyKind) -> None:
    """With an error that names the argument; nothing is written."""
    record = there.first(kind)
    resource = resource_of(caller, kind)
    before = resource.list()
    fields = kind.update.model_fields
    for field in fields:
        wrong: tuple[object, ...] = ()
        if field in kind.references:
            continue  # takes names and objects, too
        if is_text(fields[field].annotation):
            wrong = (*NO_TEXT, *(BLANK if field in kind.names else ()))
        elif are_texts(fields[field].annotation):
            wrong = NO_TEXTS
        for value in wrong:
            with pytest.raises(UnprocessableEntityError, match=field):
                update(resource, record, **{field: value})
    assert resource.list() == before


@for_kinds(is_creatable)
def test_lists_are_sorted_as_a_user_asks(caller: Caller, there: Assets, kind: AnyKind) -> None:
    """By all that the kind declares."""
    records = fill(there, kind)
    resource = resource_of(caller, kind)
    for field in sorts_of(kind):
        for order in ("asc", "desc"):
            query = Query(sort_by=field, order=order, limit=None)
            wanted = ids(page_of(kind, records, query).items)
            check_list(resource, wanted, 4, sort_by=field, order=order)


@for_kinds(is_creatable)
def test_lists_are_filtered_as_a_user_asks(caller: Caller, there: Assets, kind: AnyKind) -> None:
    """By all that the kind declares; what makes no sense is refused."""
    records = fill(there, kind)
    resource = resource_of(caller, kind)
    for name in kind.filters:
        value = next(wanted_of(kind, name, records))
        query = Query(where=conditions_of(kind, {name: value}), limit=None)
        check_list(resource, ids(page_of(kind, records, query).items), 2, **{name: value})
        with pytest.raises(UnprocessableEntityError, match=name):
            resource.list(**{name: 5})
    with pytest.raises(UnprocessableEntityError, match="colour"):
        resource.list(colour="blue")


@for_kinds()
def test_a_wrong_question_is_refused(caller: Caller, there: Assets, kind: AnyKind) -> None:
    """The error names the argument."""
    there.first(kind)
    resource = resource_of(caller, kind)
    wrong: dict[str, tuple[Any, ...]] = {
        "sort_by": ("colour", "id; DROP TABLE collections", "", 5),
        "order": ("up", "ASC", None),
        "page_size": (0, -1, 1001),
    }
    for field, values in wrong.items():
        for value in values:
            with pytest.raises(UnprocessableEntityError, match=field):
                next(resource.iterate(**{field: value}))


@for_kinds()
def test_a_list_belongs_to_its_caller(caller: Caller, there: Assets, kind: AnyKind) -> None:
    """Changing it changes nothing else."""
    there.first(kind)
    resource = resource_of(caller, kind)
    before = ids(resource.list())
    resource.list().clear()
    assert ids(resource.list()) == before == ids(all_records(there.store(kind)))


def test_pages_follow_each_other(caller: Caller, there: Assets) -> None:
    """Each begins after the cursor of the one before."""

    def cursors() -> Iterator[str | None]:
        cursor = None
        while True:
            page = caller.bucket_secrets.page(cursor, limit=2)
            found.extend(ids(page.items))
            yield (cursor := page.cursor)

    made = ids(fill(there, BUCKET_SECRET))
    found: list[str] = []
    assert None in cursors()
    assert found == made
