"""The asynchronous client: the same calls, awaited."""

from __future__ import annotations

import asyncio

import pytest

from dataforce import (
    AsyncClient,
    ConfigurationError,
    DataForceError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.testing.plugin import Asynchronously, ClientSettings
from dataforce.testing.suite._support import UNKNOWN

TASKS = 16


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
