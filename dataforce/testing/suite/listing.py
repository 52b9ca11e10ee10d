"""Lists and lazy iterators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dataforce import Client, ModelArtifact, UnprocessableEntityError
from dataforce.testing.plugin import RecordFactory
from dataforce.testing.suite._support import ids

PAGE_SIZES = (1, 2, 3, 100)

SORTS = {
    "bucket_secrets": ("created_at", "bucket_name"),
    "collections": ("created_at", "name", "collection_type", "description"),
    "model_artifacts": ("created_at", "model_name", "size", "description", "status"),
    "orbits": ("created_at", "name"),
    "organizations": ("created_at", "name"),
}


def fill(client: Client, register: RecordFactory) -> None:
    """Five of everything that can be made, with values that repeat and values that are absent."""
    (secret,) = client.bucket_secrets.list()
    client.orbit = client.orbits.list()[0].id
    names, descriptions = "dbaca", ("second", None, "", "first", None)
    for number, (name, description) in enumerate(zip(names, descriptions, strict=True)):
        client.bucket_secrets.create(f"{number}.example.com", name)
        client.orbits.create(name, secret.id)
        client.collections.create(description or "", name, ("dataset", "model")[number % 2])
        model = register(bytes(number // 2), model_name=name, description=description).model
        if number % 2:
            client.model_artifacts.update(model.id, status="upload_failed")


def sort_key(record: Any, field: str) -> tuple[bool, Any, str]:
    """Absent values first; what is equal in the order of the ids, which is that of creation."""
    value = getattr(record, field)
    return (value is not None, value, record.id)


@pytest.mark.parametrize("resource", SORTS)
def test_everything_is_iterated_in_the_order_asked_for(
    client: Client, register: RecordFactory, resource: str
) -> None:
    """Page by page of any size."""
    fill(client, register)
    for field in SORTS[resource]:
        check_orders(client, resource, field)


def check_orders(client: Client, resource: str, field: str) -> None:
    """See that downwards is upwards reversed, absent values included."""
    records = getattr(client, resource).list()
    present = [record for record in records if getattr(record, field) is not None]
    absent = [record for record in records if getattr(record, field) is None]
    upwards = ids(absent) + ids(sorted(present, key=lambda record: sort_key(record, field)))
    for page_size in PAGE_SIZES:
        iterate = getattr(client, resource).iterate
        assert ids(iterate(sort_by=field, page_size=page_size)) == upwards
        downwards = iterate(sort_by=field, order="desc", page_size=page_size)
        assert ids(downwards) == upwards[::-1]


@pytest.mark.parametrize("resource", ["bucket_secrets", "collections", "model_artifacts", "orbits"])
def test_lists_are_in_the_order_of_creation(
    client: Client, register: RecordFactory, resource: str
) -> None:
    """Changing an object moves it nowhere."""
    fill(client, register)
    records = getattr(client, resource).list()
    assert [record.created_at for record in records] == sorted(
        record.created_at for record in records
    )
    client.collections.update("zzz", collection_id=client.collections.list()[1].id)
    client.model_artifacts.update(client.model_artifacts.list()[1].id, model_name="zzz")
    assert ids(getattr(client, resource).list()) == ids(records)
    assert list(getattr(client, resource).iterate()) == getattr(client, resource).list()


def test_a_list_is_complete(client: Client, register: RecordFactory) -> None:
    """However many pages it takes behind the scenes."""
    made = [register(model_name=str(number)).model.id for number in range(120)]
    assert ids(client.model_artifacts.list()) == made
    assert ids(client.model_artifacts.iterate(page_size=7)) == made


def test_an_iterator_asks_when_it_is_used(client: Client) -> None:
    """What was made since it was made is in it."""
    iterator = client.collections.iterate()
    made = client.collections.create("", "Churn", "model")
    assert list(iterator) == [made]


def test_an_iterator_fetches_a_page_when_it_is_needed(
    client: Client, register: RecordFactory
) -> None:
    """What is deleted before its page came up is not in it."""
    made = [register(model_name=str(number)).model for number in range(4)]
    iterator = client.model_artifacts.iterate(page_size=2)
    assert next(iterator) == made[0]
    client.model_artifacts.delete(made[3].id)
    assert list(iterator) == made[1:3]


@pytest.fixture(
    params=[
        ("created_at", "asc"),
        ("created_at", "desc"),
        ("model_name", "asc"),
        ("model_name", "desc"),
        ("description", "asc"),
        ("description", "desc"),
    ]
)
def under_way(
    request: pytest.FixtureRequest, client: Client, register: RecordFactory
) -> tuple[list[ModelArtifact], Iterator[ModelArtifact]]:
    """Eight models, and an iterator of which three were taken: a page and a half."""
    field, order = request.param
    for number in range(8):
        description = None if number % 2 else f"{number % 3}"
        register(model_name=f"{number % 4}", description=description)
    iterator = client.model_artifacts.iterate(sort_by=field, order=order, page_size=2)
    return [next(iterator) for _ in range(3)], iterator


def test_deleting_what_was_seen_skips_nothing(
    client: Client, under_way: tuple[list[ModelArtifact], Iterator[ModelArtifact]]
) -> None:
    """Pages begin after the last object of the one before, not at a number."""
    seen, iterator = under_way
    everything = ids(client.model_artifacts.list())
    for model in seen:
        client.model_artifacts.delete(model.id)
    rest = ids(iterator)
    assert len(rest) == len(set(rest)) == 5
    assert {*ids(seen), *rest} == set(everything)


def test_adding_while_iterating_repeats_nothing(
    client: Client,
    register: RecordFactory,
    under_way: tuple[list[ModelArtifact], Iterator[ModelArtifact]],
) -> None:
    """What was there throughout is seen once, what is new at most once."""
    seen, iterator = under_way
    everything = ids(client.model_artifacts.list())
    for name in ("0", "1", "3"):
        register(model_name=name, description=name)
        register(model_name=name)
    found = ids(seen) + ids(iterator)
    assert len(found) == len(set(found))
    assert set(everything) <= set(found)


def test_a_wrong_question_is_refused(client: Client, register: RecordFactory) -> None:
    """The error names the argument."""
    register()
    wrong: dict[str, tuple[Any, ...]] = {
        "sort_by": ("colour", "id; DROP TABLE collections", None, ""),
        "order": ("up", "ASC", None),
        "page_size": (0, -1, 1001),
    }
    for resource in SORTS:
        for field, values in wrong.items():
            for value in values:
                with pytest.raises(UnprocessableEntityError, match=field):
                    next(getattr(client, resource).iterate(**{field: value}))


def test_a_list_belongs_to_its_caller(client: Client) -> None:
    """Changing it changes nothing else."""
    client.collections.create("", "Churn", "model")
    client.collections.list().clear()
    assert len(client.collections.list()) == 1
