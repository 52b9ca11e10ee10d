"""Filters of lists: their grammar, and what they mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforce import Client, UnprocessableEntityError
from dataforce.backend import Condition, Kind, MemoryBackend
from dataforce.backend.filters import parse_comparison
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    REGISTRY,
    AssetFilters,
    CollectionFilters,
    ModelArtifactFilters,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def client() -> Client:
    return Client(backend=MemoryBackend(REGISTRY))


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (ORGANIZATION, AssetFilters),
        (BUCKET_SECRET, AssetFilters),
        (ORBIT, AssetFilters),
        (COLLECTION, CollectionFilters),
        (MODEL_ARTIFACT, ModelArtifactFilters),
    ],
)
def test_the_types_name_the_filters_that_are_declared(
    kind: Kind[Any, Any, Any], typed: type
) -> None:
    assert set(get_type_hints(typed)) == set(kind.filters)


@pytest.mark.parametrize(
    ("text", "operator", "number"),
    [
        ("accuracy>0.9", ">", 0.9),
        (" accuracy >= 0.9 ", ">=", 0.9),
        ("accuracy<1e-3", "<", 1e-3),
        ("accuracy<=-1", "<=", -1.0),
        ("accuracy==1", "=", 1.0),
        ("accuracy=1", "=", 1.0),
        ("accuracy!=0", "!=", 0.0),
    ],
)
def test_a_comparison_is_a_key_an_operator_and_a_number(
    text: str, operator: str, number: float
) -> None:
    assert parse_comparison("metrics", text) == Condition(
        "metrics.accuracy",
        operator,  # type: ignore[arg-type]  # one of the operators
        (number,),
    )


@pytest.mark.parametrize(
    "text", ["", "accuracy", ">0.9", "accuracy>", "accuracy>high", "accuracy>nan", "a>inf", "a>1 2"]
)
def test_what_is_no_comparison_is_refused_with_an_example(client: Client, text: str) -> None:
    client.collections.create("", "Flowers", "model")
    with pytest.raises(UnprocessableEntityError, match=r"metrics takes .* such as 'accuracy>0\.9'"):
        client.model_artifacts.list(metrics=text)


@given(
    key=st.text(st.characters(blacklist_characters="<>=!", blacklist_categories=("Cs", "Z", "C"))),
    number=st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_key_without_an_operator_can_be_compared(key: str, number: float) -> None:
    if key.strip():
        condition = parse_comparison("metrics", f"{key}>={number!r}")
        assert condition.path == f"metrics.{key.strip()}"
        assert condition.values == (number,)
        assert condition.matches(SimpleNamespace(metrics={key.strip(): number}))


@pytest.mark.parametrize("value", [1, [], ["a", 1], {"a"}, "a\x00"])
def test_a_filter_of_text_takes_text(client: Client, value: Any) -> None:
    with pytest.raises(UnprocessableEntityError, match=r"^name takes text, or a list of texts"):
        client.collections.list(name=value)


@pytest.mark.parametrize("value", [NOON.replace(tzinfo=None), "2026-11-20", 5])
def test_a_filter_of_time_takes_a_moment_with_its_time_zone(client: Client, value: Any) -> None:
    with pytest.raises(UnprocessableEntityError, match=r"^created_after takes a datetime with a"):
        client.collections.list(created_after=value)


def test_a_filter_that_is_none_leaves_nothing_out(client: Client) -> None:
    made = client.collections.create("", "Flowers", "model")
    assert client.collections.list(name=None, tag=None) == [made]


def test_an_unknown_filter_is_refused_with_those_there_are(client: Client) -> None:
    with pytest.raises(UnprocessableEntityError) as caught:
        client.orbits.list(tag="a")  # type: ignore[call-arg]  # orbits have no tags
    assert caught.value.message == (
        "Orbits have no filter 'tag'; there are: name, name_contains, created_after, "
        "created_before."
    )


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "5"])
def test_a_limit_is_a_whole_number_from_one_up(client: Client, limit: Any) -> None:
    with pytest.raises(UnprocessableEntityError, match=r"^limit takes a whole number from 1 up"):
        client.collections.list(limit=limit)


def test_the_order_of_text_is_not_that_of_a_number() -> None:
    assert not Condition("a", ">", (1.0,)).matches({"a": "2"})
    assert not Condition("a", "!=", (1.0,)).matches({"a": True})
    assert Condition("a", "=", (1.0,)).matches({"a": 1})
    assert not Condition("a", "=", ("1",)).matches({"a": 1})


def test_letters_beyond_the_alphabet_keep_their_case() -> None:
    assert Condition("a", "contains", ("ÄB",)).matches({"a": "xÄbx"})
    assert not Condition("a", "contains", ("äb",)).matches({"a": "xÄbx"})


def test_moments_are_compared_in_any_time_zone() -> None:
    later = Condition("at", ">", (NOON,))
    assert later.matches({"at": NOON + timedelta(microseconds=1)})
    assert not later.matches({"at": NOON.astimezone()})
