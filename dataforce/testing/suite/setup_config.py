"""Defaults that `setup_config` chooses and verifies, with and without `await`."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

from dataforce import (
    AsyncClient,
    Client,
    Collection,
    CollectionResourceNotFoundError,
    DataForceError,
    Orbit,
    OrbitResourceNotFoundError,
    OrganizationResourceNotFoundError,
    UnprocessableEntityError,
)
from dataforce.testing.plugin import Asynchronously, ClientSettings

UNKNOWN_DEFAULTS = pytest.mark.parametrize(
    ("name", "error"),
    [
        ("organization", OrganizationResourceNotFoundError),
        ("orbit", OrbitResourceNotFoundError),
        ("collection", CollectionResourceNotFoundError),
    ],
)


def test_set_up_chooses_and_verifies(client: Client, collection: Collection) -> None:
    """By position or by name of the argument, by id or by name of the object."""
    client.collections.create("", "Other", "model")
    organization, orbit = client.organizations.list()[0], client.orbits.list()[0]
    for by in ("id", "name"):
        values = [getattr(each, by) for each in (organization, orbit, collection)]
        client.organization = None
        client.setup_config(*values)
        assert client.collections.get() == collection
    client.setup_config(collection="Other")
    assert client.orbit == orbit.id
    assert client.collection != collection.id


@UNKNOWN_DEFAULTS
def test_set_up_that_fails_keeps_the_earlier_choice(
    client: Client, collection: Collection, name: str, error: type[DataForceError]
) -> None:
    """All of it, also what was right."""
    client.collections.create("", "Other", "model")
    right = {"orbit": "Default Orbit", "collection": "Other"}
    with pytest.raises(error, match="nobody"):
        client.setup_config(**(right | {name: "nobody"}))
    assert client.collection == collection.id
    with pytest.raises(UnprocessableEntityError):
        client.setup_config("nobody", collection=5)  # type: ignore[arg-type]  # that is the point
    assert client.collection == collection.id


def test_set_up_awaited_by_position(asynchronously: Asynchronously) -> None:
    """As the platform's own examples call it; also as a task."""

    async def flow(client: AsyncClient) -> None:
        organization, orbit = (await client.organizations.list())[0], await client.orbits.get()
        assert orbit is not None
        await client.collections.create("", "Churn", "model")
        made = await client.collections.create("", "Other", "model")
        await client.setup_config(organization.id, orbit.id, made.id)
        assert client.collection == made.id
        await asyncio.create_task(client.setup_config(collection="Churn"))
        assert client.collection != made.id

    asynchronously(flow)


def test_defaults_are_set_and_found_at_once(asynchronously: Asynchronously) -> None:
    """By id or by name; they are shown as ids."""

    async def flow(client: AsyncClient) -> None:
        organization, orbit = (await client.organizations.list())[0], await client.orbits.get()
        assert orbit is not None
        for name in ("Churn", "Other"):
            await client.collections.create("", name, "model")
        await client.setup_config(
            organization=organization.name, orbit=orbit.name, collection="Churn"
        )
        collection = await client.collections.get("Churn")
        assert collection is not None
        assert client.organization == organization.id
        assert client.orbit == orbit.id
        assert client.collection == collection.id
        assert await client.collections.get() == collection

    asynchronously(flow)


def test_without_arguments_the_only_ones_are_the_defaults(asynchronously: Asynchronously) -> None:
    """As far as there are any."""

    async def flow(client: AsyncClient) -> None:
        await client.setup_config()
        assert client.organization == (await client.organizations.list())[0].id
        assert client.orbit == (await client.orbits.list())[0].id
        assert client.collection is None

    asynchronously(flow)


@UNKNOWN_DEFAULTS
def test_defaults_that_do_not_exist_are_refused_at_once(
    asynchronously: Asynchronously, name: str, error: type[DataForceError]
) -> None:
    """By the call that sets them."""

    async def flow(client: AsyncClient) -> None:
        with pytest.raises(error, match="nobody"):
            await client.setup_config(**{name: "nobody"})

    asynchronously(flow)


def test_set_up_takes_effect_without_await(client_settings: ClientSettings) -> None:
    """Outside of a loop, as the platform's own examples call it; Python misses no `await`."""

    async def flow() -> None:
        async with client:
            (first,) = await client.orbits.list()
            made = await client.orbits.create("Research", first.bucket_secret_id)
            client.setup_config(orbit="Research")
            assert client.orbit == "Research"
            assert await client.orbits.get() == made

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = AsyncClient(**client_settings)
        client.setup_config(orbit="Default Orbit")
        assert client.orbit == "Default Orbit"
        client.setup_config().close()
        gc.collect()
        asyncio.run(flow())


@UNKNOWN_DEFAULTS
def test_set_up_without_await_fails_at_the_first_call(
    asynchronously: Asynchronously, name: str, error: type[DataForceError]
) -> None:
    """Nothing was verified before."""

    async def flow(client: AsyncClient) -> None:
        client.setup_config(**{name: "nobody"})
        with pytest.raises(error, match="nobody"):
            await client.model_artifacts.list()

    asynchronously(flow)


def test_a_failed_set_up_undoes_no_later_choice(asynchronously: Asynchronously) -> None:
    """A choice between the call and its `await` stays."""

    async def flow(client: AsyncClient) -> None:
        for name in ("Churn", "Other"):
            await client.collections.create("", name, "model")
        verified = client.setup_config(orbit="nowhere")
        client.collection = "Other"
        with pytest.raises(OrbitResourceNotFoundError):
            await verified
        found = await client.collections.get()
        assert found is not None
        assert found.name == "Other"

    asynchronously(flow)


def test_a_cancelled_set_up_ends(asynchronously: Asynchronously, orbit: Orbit) -> None:
    """Before it has begun: the choice stands, as if it had not been awaited."""

    async def flow(client: AsyncClient) -> None:
        task = asyncio.create_task(client.setup_config(orbit="Default Orbit"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.orbit == "Default Orbit"
        assert await client.collections.list() == []

    asynchronously(flow)
