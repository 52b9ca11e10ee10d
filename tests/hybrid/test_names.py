"""Objects are found by the name that the merged view shows."""

from __future__ import annotations

import pytest

from dataforce import Client, Collection, MultipleResourcesFoundError
from tests.hybrid.reading import Production, registered
from tests.hybrid.reading import any_production as any_production


def identifier_of(client: Client, name: str) -> str | None:
    found = client.collections.get(name)
    return None if found is None else found.id


def test_renames_are_seen_on_both_sides(any_production: Production) -> None:
    behind, hybrid = any_production.behind, any_production.hybrid()
    a, b = (behind.collections.create("", name, "model").id for name in "ab")
    behind.collections.update(collection_id=a, name="there")
    assert [identifier_of(hybrid, name) for name in ("a", "there")] == [None, a]
    hybrid.collections.update(collection_id=b, name="here")
    assert [identifier_of(hybrid, name) for name in ("b", "here")] == [None, b]
    hybrid.collections.update(collection_id=a, name="here")
    hybrid.collections.update(collection_id=b, name="there")
    assert [identifier_of(hybrid, name) for name in ("here", "there")] == [a, b]
    hybrid.overlay.reset(a)
    with pytest.raises(MultipleResourcesFoundError):
        hybrid.collections.get("there")
    hybrid.collections.delete(a)
    assert identifier_of(hybrid, "there") == b


def test_one_on_each_side_are_two(any_production: Production) -> None:
    any_production.behind.collections.create("", "same", "model")
    hybrid = any_production.hybrid()
    hybrid.collections.create("", "same", "model")
    with pytest.raises(MultipleResourcesFoundError):
        hybrid.collections.get("same")


def models(production: Production) -> tuple[Client, Collection, str, str]:
    """One called `x.fnnx`, and one whose file is."""
    collection = production.behind.collections.create("", "Models", "model")
    called = registered(production.behind, collection, "x.fnnx", "other.fnnx")
    named = registered(production.behind, collection, "other", "x.fnnx")
    return production.hybrid(), collection, called.id, named.id


def test_a_hidden_name_leaves_the_other_field(any_production: Production) -> None:
    hybrid, collection, called, named = models(any_production)
    artifacts = hybrid.model_artifacts
    found = artifacts.get("x.fnnx", collection_id=collection.id)
    assert found is not None
    assert found.id == called
    artifacts.update(called, collection_id=collection.id, model_name="renamed")
    found = artifacts.get("x.fnnx", collection_id=collection.id)
    assert found is not None
    assert found.id == named
    hybrid.overlay.reset()
    artifacts.delete(called, collection_id=collection.id)
    found = artifacts.get("x.fnnx", collection_id=collection.id)
    assert found is not None
    assert found.id == named
    mine = registered(hybrid, collection, "x.fnnx")
    found = artifacts.get("x.fnnx", collection_id=collection.id)
    assert found is not None
    assert found.id == mine.id
