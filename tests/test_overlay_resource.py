"""`client.overlay`, over a backend that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from dataforce import (
    AsyncClient,
    Change,
    Client,
    CollectionResourceNotFoundError,
    ConfigurationError,
    Conflict,
    DataForceError,
    MultipleResourcesFoundError,
    NotFoundError,
    OrbitResourceNotFoundError,
    PushConflictError,
    Resolution,
    UnprocessableEntityError,
)
from dataforce.backend import Query, Scope
from dataforce.models import COLLECTION, MODEL_ARTIFACT, ORBIT
from dataforce.overlay import Action
from dataforce.overlay.layered import LayeredBackend
from tests.layered import NAME, Layered, Pulled, install

NOWHERE = "0199c455-21ee-74c6-b747-19a82f1a1e75"


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(install(tmp_path / "installed")))


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(backend_type=NAME, database_url=":memory:") as opened:
        yield opened


@pytest.fixture
def backend(client: Client) -> Layered:
    assert isinstance(client.backend, Layered)
    return client.backend


def scope_of(client: Client, *more: str) -> Scope:
    assert client.organization is not None
    return Scope((client.organization, *more))


def other_orbit(client: Client) -> str:
    """A second orbit; the first stays the default one."""
    client.orbit = "Default Orbit"
    assert client.orbit is not None
    return client.orbits.create("Other", client.bucket_secrets.list()[0].id).id


def test_a_backend_with_overlays_is_known_by_what_it_offers(backend: Layered) -> None:
    assert isinstance(backend, LayeredBackend)


def test_the_overlay_is_that_of_the_default_organization(client: Client, backend: Layered) -> None:
    made = client.collections.create("", "Flowers", "model")
    assert client.overlay.status().created == 1
    assert [change.id for change in client.overlay.diff()] == [made.id]
    assert backend.roots == [client.organization] * 2
    assert repr(client.overlay) == "<OverlayResource of the layered backend>"
    assert client.overlay is client.overlay


def test_one_change_or_all_can_be_dropped(client: Client) -> None:
    first, second, _ = (client.collections.create("", name, "model") for name in "abc")
    client.overlay.reset(first.id.upper())
    assert [change.name for change in client.overlay.diff()] == ["b", "c"]
    with pytest.raises(NotFoundError):
        client.overlay.reset(first.id)
    client.overlay.reset()
    assert not client.overlay.diff()
    assert client.collections.get(second.id) is None


@pytest.mark.parametrize(
    "way",
    [
        lambda made, _: made,
        lambda made, _: UUID(made.id),
        lambda made, _: made.name,
        lambda _, change: change,
    ],
)
def test_what_is_reset_is_given_in_any_way(client: Client, way: Callable[..., Any]) -> None:
    client.collections.create("", "Trees", "model")
    made = client.collections.create("", "Flowers", "model")
    client.overlay.reset(way(made, client.overlay.diff()[1]))
    assert [change.name for change in client.overlay.diff()] == ["Trees"]


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        ("Trees", NotFoundError, "no change of an object called 'Trees'"),
        ("", NotFoundError, "no change of an object called ''"),
        (5, UnprocessableEntityError, "^5 is no object of the registry: give its id"),
        ("Flowers", MultipleResourcesFoundError, "^The overlay .* 'Flowers': collection .* 1 more"),
    ],
)
def test_what_is_no_changed_object_is_not_reset(
    client: Client, value: Any, error: type[DataForceError], said: str
) -> None:
    for _ in range(6):
        client.collections.create("", "Flowers", "model")
    with pytest.raises(error, match=said) as raised:
        client.overlay.reset(value)
    assert len(str(raised.value)) <= 500
    assert len(client.overlay.diff()) == 6


def test_a_collection_is_pulled_from_the_orbit_that_it_says(
    client: Client, backend: Layered
) -> None:
    orbit = client.orbits.get()
    assert orbit is not None
    other = client.orbits.create("Other", orbit.bucket_secret_id)
    client.orbit = other
    there = client.collections.create("", "Flowers", "model")
    client.orbit = orbit
    client.overlay.pull(collection=there)
    client.overlay.pull(orbit=UUID(other.id))
    assert backend.pulled == [
        Pulled(COLLECTION, scope_of(client, other.id), there.id, content=False),
        Pulled(ORBIT, scope_of(client), other.id, content=False),
    ]


# Pull


def test_with_no_arguments_the_default_is_pulled(client: Client, backend: Layered) -> None:
    orbit = client.orbit
    assert orbit is not None
    assert str(client.overlay.pull()) == "pulled 1 orbit; 0 files (0 B)"
    made = client.collections.create("", "Flowers", "model")
    client.collection = made.id
    client.overlay.pull(content=True)
    assert backend.pulled == [
        Pulled(ORBIT, scope_of(client), orbit, content=False),
        Pulled(COLLECTION, scope_of(client, orbit), made.id, content=True),
    ]


def test_orbits_and_collections_are_pulled_by_id_or_name(client: Client, backend: Layered) -> None:
    orbit, other = client.orbit, other_orbit(client)
    assert orbit is not None
    made = client.collections.create("", "Flowers", "model")
    client.overlay.pull(orbit="Default Orbit")
    client.overlay.pull(orbit=other.upper())
    client.overlay.pull(collection="Flowers")
    client.overlay.pull(orbit=orbit, collection=made.id)
    assert backend.pulled == [
        Pulled(ORBIT, scope_of(client), orbit, content=False),
        Pulled(ORBIT, scope_of(client), other, content=False),
        Pulled(COLLECTION, scope_of(client, orbit), made.id, content=False),
        Pulled(COLLECTION, scope_of(client, orbit), made.id, content=False),
    ]


def test_name_and_limit_choose_among_model_artifacts(client: Client, backend: Layered) -> None:
    orbit, other = client.orbit, other_orbit(client)
    assert orbit is not None
    flowers = client.collections.create("", "Flowers", "model").id
    client.orbit = other
    trees = client.collections.create("", "Trees", "model").id
    client.orbit = orbit
    client.overlay.pull(name="iris")
    client.overlay.pull(orbit="Default Orbit", limit=3, sort_by="size", order="desc")
    client.overlay.pull(orbit="Other", collection="Trees", name="oak", limit=1, content=True)
    asked = [(pulled.scope, pulled.wanted, pulled.content) for pulled in backend.pulled]
    here = scope_of(client, orbit, flowers)
    assert asked == [
        (here, Query(name="iris", sort_by="created_at", limit=None), False),
        (here, Query(sort_by="size", order="desc", limit=3), False),
        (scope_of(client, other, trees), Query(name="oak", sort_by="created_at", limit=1), True),
    ]
    assert {pulled.kind for pulled in backend.pulled} == {MODEL_ARTIFACT}


def test_a_collection_is_needed_for_name_and_limit(client: Client, backend: Layered) -> None:
    other_orbit(client)
    asked: list[dict[str, Any]] = [{"name": "iris"}, {"limit": 1, "orbit": "Default Orbit"}]
    for each in asked:
        with pytest.raises(ConfigurationError, match="There is no collection in orbit"):
            client.overlay.pull(**each)
    client.collections.create("", "Flowers", "model")
    with pytest.raises(ConfigurationError, match="Give collection as well"):
        client.overlay.pull(orbit="Other", name="iris")
    assert backend.pulled == []


def test_what_is_not_there_is_not_pulled(client: Client, backend: Layered) -> None:
    with pytest.raises(
        OrbitResourceNotFoundError,
        match=r"The orbit 'Lost' does not exist in organization .* Give the .*'Default Orbit'",
    ):
        client.overlay.pull(orbit="Lost")
    with pytest.raises(
        CollectionResourceNotFoundError,
        match=rf"'{NOWHERE}' does not exist in orbit 'Default Orbit'",
    ):
        client.overlay.pull(collection=NOWHERE)
    for _ in range(2):
        client.collections.create("", "Flowers", "model")
    with pytest.raises(MultipleResourcesFoundError):
        client.overlay.pull(collection="Flowers")
    assert backend.pulled == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sort_by": "name"}, "cannot be sorted by 'name'"),
        ({"order": "up"}, "order takes 'asc' or 'desc'"),
        ({"limit": 0}, "limit takes 1 to 1000, not 0"),
        ({"limit": 1001}, "limit takes 1 to 1000"),
        ({"limit": "3"}, "limit takes 1 to 1000"),
        ({"name": 5}, "5 is not the name of a model artifact: give text"),
        ({"name": "\ud800"}, "is not the name"),
        ({"orbit": 5}, "^5 is no orbit: give its id, its name, or the object itself.$"),
        ({"collection": 5}, "^5 is no collection: give its id"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    client: Client, backend: Layered, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnprocessableEntityError, match=said):
        client.overlay.pull(**asked)
    assert backend.pulled == []


# Push


def test_a_push_publishes_unless_it_is_dry(client: Client, backend: Layered) -> None:
    client.collections.create("", "Flowers", "model")
    dry = client.overlay.push(dry_run=True)
    assert dry.is_dry_run
    assert client.overlay.push().changes == dry.changes
    assert str(client.overlay.push()) == "nothing to push"
    assert backend.pushed == [Resolution.STOP] * 3


def test_a_conflict_comes_out_as_it_is(client: Client, backend: Layered) -> None:
    change = Change(Action.CHANGED, "collection", NOWHERE, (), "Flowers")
    backend.conflict = Conflict(change, "it was deleted there")
    with pytest.raises(PushConflictError) as raised:
        client.overlay.push()
    assert raised.value.conflicts == (backend.conflict,)
    client.overlay.push(on_conflict="mine")
    client.overlay.push(on_conflict=Resolution.THEIRS)
    assert backend.pushed == [Resolution.STOP, Resolution.MINE, Resolution.THEIRS]


@pytest.mark.parametrize("value", ["yours", "", None, ["mine"]])
def test_whose_side_to_take_is_one_of_three(client: Client, backend: Layered, value: Any) -> None:
    with pytest.raises(
        UnprocessableEntityError, match=r"on_conflict takes 'stop', 'theirs', 'mine', not "
    ):
        client.overlay.push(on_conflict=value)
    assert backend.pushed == []


def test_progress_is_told_without_a_total(client: Client) -> None:
    told: list[tuple[int, int]] = []
    client.overlay.pull(progress=lambda done, size: told.append((done, size)))
    client.overlay.push(progress=lambda done, size: told.append((done, size)))
    assert told == [(3, 0), (7, 0), (5, 0)]


# Where there is none


def test_a_client_without_an_overlay_says_how_to_have_one() -> None:
    with (
        Client(database_url=":memory:") as client,
        pytest.raises(ConfigurationError, match=r"backend is 'local'.*backend_type=\"hybrid\""),
    ):
        client.overlay.status()


def test_a_client_that_only_reads_says_why_it_has_none() -> None:
    with (
        Client(database_url=":memory:", read_only=True) as client,
        pytest.raises(ConfigurationError, match=r"set to read only \(code\)"),
    ):
        client.overlay.diff()


def test_everything_can_be_awaited() -> None:
    async def flow() -> None:
        async with AsyncClient(backend_type=NAME, database_url=":memory:") as client:
            made = await client.collections.create("", "Flowers", "model")
            assert (await client.overlay.status()).created == 1
            await client.overlay.reset(made.id)
            assert not await client.overlay.diff()
            assert (await client.overlay.pull(orbit="Default Orbit")).records == {"orbit": 1}
            assert str(await client.overlay.push(on_conflict="theirs")) == "nothing to push"

    asyncio.run(flow())
