"""A platform whose answers are written down beside each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
import responses

from dataforce import Client

BASE = "https://models.example"
KEY = "dfs_" + "k" * 43
ORGANIZATION = "0199c455-21ec-7c74-8efe-41470e29bae5"
ORBIT = "0199c455-21ed-7aba-9fe5-5231611220de"
COLLECTION = "0199c455-21ee-74c6-b747-19a82f1a1e75"
MODEL = "0199c455-21ef-7d51-93d7-2f7a14f4a8a1"
SECRET = "0199c455-21eb-7a01-a3f4-1b7f0cf3b6d2"

ORGANIZATIONS = f"{BASE}/users/me/organizations"
SECRETS = f"{BASE}/organizations/{ORGANIZATION}/bucket-secrets"
ORBITS = f"{BASE}/organizations/{ORGANIZATION}/orbits"
COLLECTIONS = f"{ORBITS}/{ORBIT}/collections"
MODELS = f"{COLLECTIONS}/{COLLECTION}/model_artifacts"

Platform: TypeAlias = responses.RequestsMock
Open: TypeAlias = Callable[..., Client]


def organization(**changes: Any) -> dict[str, Any]:
    """As the platform answers."""
    return {"id": ORGANIZATION, "name": "Ours", "created_at": "2026-11-20T18:17:35Z"} | changes


def secret(**changes: Any) -> dict[str, Any]:
    """As the platform answers."""
    record = {"id": SECRET, "endpoint": "s3.example.com", "bucket_name": "models"}
    parents = {"organization_id": ORGANIZATION, "created_at": "2026-11-20T18:17:35Z"}
    return record | parents | changes


def orbit(**changes: Any) -> dict[str, Any]:
    """As the platform answers."""
    record = {"id": ORBIT, "name": "Default Orbit", "bucket_secret_id": SECRET}
    parents = {"organization_id": ORGANIZATION, "created_at": "2026-11-20T18:17:35Z"}
    return record | parents | changes


def collection(**changes: Any) -> dict[str, Any]:
    """As the platform answers."""
    record = {"id": COLLECTION, "orbit_id": ORBIT, "name": "Churn", "description": "Who leaves"}
    more = {"collection_type": "model", "tags": ["sales"], "total_models": 0}
    return record | more | {"created_at": "2026-11-20T18:17:35Z", "updated_at": None} | changes


@pytest.fixture
def platform() -> Iterator[Platform]:
    """Answers what a test tells it to, each at least once."""
    with responses.RequestsMock() as platform:
        platform.add("GET", ORGANIZATIONS, json=[organization()])
        platform.add("GET", ORBITS, json=[orbit()])
        platform.assert_all_requests_are_fired = False
        yield platform


@pytest.fixture
def open_client(platform: Platform) -> Iterator[Open]:
    """Opens clients of that platform."""
    opened: list[Client] = []

    def open_client(**settings: Any) -> Client:
        given: dict[str, Any] = {"base_url": BASE, "api_key": KEY, "retry_timeout": 0} | settings
        opened.append(Client(backend_type="remote", **given))
        return opened[-1]

    yield open_client
    for client in opened:
        client.close()


def asked(platform: Platform) -> list[str]:
    """Method and path of every request, without what is the same for all."""
    return [
        f"{call.request.method} {(call.request.url or '').removeprefix(BASE)}".replace(
            f"/organizations/{ORGANIZATION}/orbits", "/orbits"
        )
        for call in platform.calls
    ]
