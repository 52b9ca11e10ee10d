"""A remote client that is offline, before a platform that answers nothing."""

from __future__ import annotations

import asyncio

import pytest

from dataforce import AsyncClient, OfflineError
from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce_remote.files.bucket import Bucket
from dataforce_remote.http.api import API
from dataforce_remote.http.guard import Guard
from dataforce_remote.http.retries import RetryBudget
from tests.remote.conftest import BASE, COLLECTION, KEY, MODEL, ORBIT, ORGANIZATION, Open, Platform
from tests.writes import IRIS

REFUSED = rf"^Cannot ask {BASE}: this client is offline \(code\)\. Use a client without offline"


def test_an_offline_client_sends_nothing(platform: Platform, open_client: Open) -> None:
    client = open_client(offline=True, organization=ORGANIZATION, orbit=ORBIT)
    for call in (
        client.organizations.list,
        lambda: client.collections.get(COLLECTION),
        lambda: client.model_artifacts.list(collection_id=COLLECTION),
        lambda: client.model_artifacts.upload(IRIS, "iris", collection_id=COLLECTION),
        lambda: client.model_artifacts.download(MODEL, collection_id=COLLECTION),
        lambda: client.collections.create("", "Churn", "model"),
        lambda: client.orbits.delete(ORBIT),
    ):
        with pytest.raises(OfflineError, match=REFUSED):
            call()
    assert list(platform.calls) == []


def test_an_offline_asynchronous_client_sends_nothing(platform: Platform) -> None:
    async def flow() -> None:
        async with AsyncClient(BASE, KEY, backend_type="remote", offline=True) as client:
            with pytest.raises(OfflineError, match=REFUSED):
                await client.organizations.list()

    asyncio.run(flow())
    assert list(platform.calls) == []


def test_nothing_is_sent_whoever_asks(platform: Platform) -> None:
    settings = load_settings({"base_url": BASE, "api_key": KEY, "offline": True})
    with pytest.raises(OfflineError, match=REFUSED):
        API(settings, REGISTRY).call("GET", "/users/me/organizations")
    with pytest.raises(OfflineError, match=REFUSED):
        Bucket(settings, Guard(settings, REGISTRY), RetryBudget()).request(
            "GET", "https://bucket.example/x"
        )
    assert list(platform.calls) == []
