"""Lists and lazy iterators."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dataforce import Client, ModelArtifact
from dataforce.testing.plugin import RecordFactory
from dataforce.testing.suite._support import ids


def test_a_list_is_complete(client: Client, register: RecordFactory) -> None:
    """However many pages it takes behind the scenes."""
    made = [register(model_name=str(number)).id for number in range(120)]
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
    made = [register(model_name=str(number)) for number in range(4)]
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
