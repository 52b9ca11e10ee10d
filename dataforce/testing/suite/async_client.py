"""The asynchronous client: the same calls, awaited."""

from __future__ import annotations

import asyncio

import pytest

from dataforce import (
    CLEAR,
    AsyncClient,
    ConfigurationError,
    ConflictError,
    DataForceError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.testing.plugin import Asynchronously, ClientSettings
from dataforce.testing.suite._support import UNKNOWN, ids

TASKS = 16


def test_organizations_awaited(asynchronously: Asynchronously) -> None:
    """Got, listed, iterated."""

    async def flow(client: AsyncClient) -> None:
        (organization,) = await client.organizations.list()
        assert await client.organizations.get() == organization
        assert await client.organizations.get(organization.name) == organization
        assert [each async for each in client.organizations.iterate()] == [organization]

    asynchronously(flow)


def test_bucket_secrets_awaited(asynchronously: Asynchronously) -> None:
    """Made, got, changed, listed, deleted, refused."""

    async def flow(client: AsyncClient) -> None:
        (first,) = await client.bucket_secrets.list()
        made = await client.bucket_secrets.create("s3.example.com", "models", cert_check=True)
        assert await client.bucket_secrets.get("models") == made
        changed = await client.bucket_secrets.update(made.id, cert_check=CLEAR)
        assert changed.cert_check is None
        assert [each async for each in client.bucket_secrets.iterate()] == [first, changed]
        with pytest.raises(ConflictError):
            await client.bucket_secrets.delete(first.id)
        await client.bucket_secrets.delete(made.id)
        assert await client.bucket_secrets.list() == [first]

    asynchronously(flow)


def test_orbits_awaited(asynchronously: Asynchronously) -> None:
    """Made, got, changed, listed, deleted."""

    async def flow(client: AsyncClient) -> None:
        (first,) = await client.orbits.list()
        await client.setup_config(orbit=first.id)
        made = await client.orbits.create("Research", first.bucket_secret_id)
        assert ids(await client.orbits.list()) == [first.id, made.id]
        assert (await client.orbits.update("Production")).id == first.id
        with pytest.raises(ConflictError):
            await client.orbits.delete(first.id)
        await client.orbits.delete(made.id)
        assert [each.name async for each in client.orbits.iterate()] == ["Production"]

    asynchronously(flow)


def test_collections_awaited(asynchronously: Asynchronously) -> None:
    """Made, got, changed, listed, deleted, refused."""

    async def flow(client: AsyncClient) -> None:
        made = await client.collections.create("Who leaves", "Churn", "model", ["crm"])
        assert await client.collections.get("Churn") == made
        changed = await client.collections.update(tags=CLEAR, collection_id=made.id)
        assert (changed.name, changed.tags) == ("Churn", None)
        assert await client.collections.list() == [changed]
        with pytest.raises(UnprocessableEntityError, match="name"):
            await client.collections.create("", "", "model")
        await client.collections.delete(made.id)
        with pytest.raises(NotFoundError):
            await client.collections.delete(made.id)
        assert await client.collections.get("Churn") is None

    asynchronously(flow)


@pytest.mark.parametrize("page_size", [1, 3, 100])
def test_iteration_awaited(asynchronously: Asynchronously, page_size: int) -> None:
    """In any order, page by page; it may be left before its end."""

    async def flow(client: AsyncClient) -> None:
        for name in "bdace":
            await client.collections.create("", name, "model")
        pages = client.collections.iterate(sort_by="name", order="desc", page_size=page_size)
        assert [each.name async for each in pages] == list("edcba")
        assert (await anext(client.collections.iterate(page_size=page_size))).name == "b"
        assert len(await client.collections.list()) == 5

    asynchronously(flow)


def test_a_wrong_iteration_is_refused_when_awaited(asynchronously: Asynchronously) -> None:
    """With the error of the synchronous one."""

    async def flow(client: AsyncClient) -> None:
        for page_size in (0, -1, 1001):
            with pytest.raises(UnprocessableEntityError, match="page_size"):
                await anext(client.collections.iterate(page_size=page_size))
        with pytest.raises(UnprocessableEntityError, match="sort_by"):
            await anext(client.collections.iterate(sort_by="colour"))  # type: ignore[arg-type]

    asynchronously(flow)


def test_calls_run_side_by_side(asynchronously: Asynchronously) -> None:
    """All of what they make is there, each answer with its own call."""

    async def flow(client: AsyncClient) -> None:
        names = [str(number) for number in range(TASKS)]
        made = await asyncio.gather(
            *(client.collections.create("", name, "model") for name in names)
        )
        assert [each.name for each in made] == names
        found = await asyncio.gather(*(client.collections.get(name) for name in names))
        assert found == made

    asynchronously(flow)


def test_a_failing_call_hinders_no_other(asynchronously: Asynchronously) -> None:
    """Gathered with it."""

    async def flow(client: AsyncClient) -> None:
        answers = await asyncio.gather(
            client.collections.create("", "Churn", "model"),
            client.collections.delete(UNKNOWN),
            client.collections.create("", "", "model"),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers[1:]] == [
            NotFoundError,
            UnprocessableEntityError,
        ]
        assert await client.collections.list() == [answers[0]]

    asynchronously(flow)


def test_a_default_is_set_by_attribute(asynchronously: Asynchronously) -> None:
    """The next call looks it up."""

    async def flow(client: AsyncClient) -> None:
        with pytest.raises(ConfigurationError):
            await client.model_artifacts.list()
        for name in ("Other", "Churn"):
            await client.collections.create("", name, "model")
        client.collection = "Churn"
        assert await client.model_artifacts.list() == []
        assert client.collection == (await client.collections.list())[1].id

    asynchronously(flow)


def test_a_closed_asynchronous_client_refuses_calls(client_settings: ClientSettings) -> None:
    """With an error of ours; closing it again does no harm."""

    async def flow() -> None:
        async with AsyncClient(**client_settings) as client:
            await client.collections.list()
        await client.close()
        with pytest.raises(DataForceError, match="closed"):
            await client.collections.list()
        with pytest.raises(DataForceError, match="closed"):
            await anext(client.collections.iterate())

    asyncio.run(flow())


def test_an_asynchronous_client_that_was_never_used_is_closed(
    client_settings: ClientSettings,
) -> None:
    """It can be made where no loop runs."""
    client = AsyncClient(**client_settings)
    asyncio.run(client.close())
    assert "AsyncClient" in repr(client)


def test_an_asynchronous_client_outlives_its_loop(client_settings: ClientSettings) -> None:
    """Notebooks and test runners make a new one for every step."""
    client = AsyncClient(**client_settings)
    made = asyncio.run(client.collections.create("", "Churn", "model"))
    assert asyncio.run(client.collections.list()) == [made]
    asyncio.run(client.close())
