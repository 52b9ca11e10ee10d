"""Totals are those of the merged view, whatever was made, hidden and renamed on either side."""

from __future__ import annotations

from dataforce import Client, Collection
from tests.hybrid.reading import Production, registered
from tests.hybrid.reading import any_production as any_production


def totals(client: Client) -> tuple[int | None, int | None, dict[str, int]]:
    """Of the default orbit and of its collections; listed, these say the same."""
    [listed] = client.orbits.list()
    orbit = client.orbits.get(listed.id)
    assert orbit is not None
    assert orbit.total_model_artifacts == listed.total_model_artifacts
    collections = client.collections.list()
    for each in collections:
        assert client.collections.get(each.id) == each
    counts = {each.name: each.total_models for each in collections}
    return orbit.total_collections, orbit.total_model_artifacts, counts


def filled(client: Client, name: str, number: int) -> Collection:
    collection = client.collections.create("", name, "model")
    for each in range(number):
        registered(client, collection, f"{name} {each}")
    return collection


def first_model(client: Client, collection: Collection) -> str:
    return client.model_artifacts.list(collection_id=collection.id)[0].id


def test_totals_follow_what_is_done_on_both_sides(any_production: Production) -> None:
    behind, hybrid = any_production.behind, any_production.hybrid()
    one, two = filled(behind, "one", 3), filled(behind, "two", 2)
    filled(hybrid, "mine", 1)
    expected = {"one": 3, "two": 2, "mine": 1}
    assert totals(hybrid)[2] == expected

    registered(hybrid, one, "mine")
    hybrid.model_artifacts.delete(first_model(behind, one), collection_id=one.id)
    hybrid.model_artifacts.delete(first_model(hybrid, one), collection_id=one.id)
    assert totals(hybrid)[2] == expected | {"one": 2}

    hybrid.collections.update(collection_id=one.id, name="uno")
    registered(behind, one, "theirs")
    assert totals(hybrid)[2] == {"uno": 3, "two": 2, "mine": 1}

    hybrid.collections.delete(two.id)
    registered(behind, two, "nobody sees it here")
    assert totals(hybrid)[2] == {"uno": 3, "mine": 1}


def test_totals_of_an_orbit_leave_out_what_is_hidden(any_production: Production) -> None:
    behind, hybrid = any_production.behind, any_production.hybrid()
    one, two = filled(behind, "one", 3), filled(behind, "two", 2)
    assert shown(hybrid) == (2, 5)
    hybrid.collections.delete(two.id)
    registered(behind, two, "nobody sees it here")
    assert shown(hybrid) == (1, 3)
    registered(hybrid, one, "mine")
    hybrid.orbits.update("Renamed")
    assert shown(hybrid) == (1, 4)
    behind.collections.delete(two.id)
    assert shown(hybrid) == (1, 4)
    hybrid.overlay.reset()
    assert shown(hybrid) == (1, 3)


def shown(client: Client) -> tuple[int | None, int | None]:
    return totals(client)[:2]


def test_a_collection_deleted_on_both_sides_counts_once(any_production: Production) -> None:
    behind, hybrid = any_production.behind, any_production.hybrid()
    one, two = filled(behind, "one", 3), filled(behind, "two", 2)
    hybrid.model_artifacts.delete(first_model(behind, one), collection_id=one.id)
    hybrid.collections.delete(two.id)
    behind.collections.delete(two.id)
    assert totals(hybrid) == (1, 2, {"one": 2})
    filled(hybrid, "mine", 1)
    assert totals(hybrid) == (2, 3, {"one": 2, "mine": 1})
