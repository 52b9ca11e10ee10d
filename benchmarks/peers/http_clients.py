"""HTTP clients that read one thing over and over; each loads its library only when it is opened.

Every peer parses the answer as JSON, sends the same `Authorization` and keeps its connections.
None of them validates the answer, maps errors, retries or fills in defaults, as ours does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from importlib import import_module
from typing import Any, TypeAlias

from benchmarks import wire

Call: TypeAlias = Callable[[], object]
AsyncCall: TypeAlias = Callable[[], Awaitable[object]]

PATHS: Mapping[str, str] = {"get": wire.COLLECTION_PATH, "list": wire.COLLECTIONS_PATH}
"""What each call reads: one collection, or the page of all of them."""

_HEADERS = {"Authorization": f"Bearer {wire.API_KEY}"}


def settings(base_url: str) -> dict[str, Any]:
    """What our remote client is told: whole ids, so that no default has to be found out."""
    return {
        "base_url": base_url,
        "api_key": wire.API_KEY,
        "organization": wire.ORGANIZATION,
        "orbit": wire.ORBIT,
        "collection": wire.COLLECTION,
        "backend_type": "remote",
        "api_version": wire.API_VERSION,
        "retry_timeout": 5,
    }


@contextmanager
def _ours(base_url: str, call: str) -> Iterator[Call]:
    dataforce = import_module("dataforce")
    with dataforce.Client(**settings(base_url)) as client:
        collections = client.collections
        yield collections.list if call == "list" else lambda: collections.get(wire.COLLECTION)


@contextmanager
def _requests(base_url: str, call: str) -> Iterator[Call]:
    requests, url = import_module("requests"), base_url + PATHS[call]
    with requests.Session() as session:
        session.headers.update(_HEADERS)
        yield lambda: session.get(url).json()


@contextmanager
def _httpx(base_url: str, call: str) -> Iterator[Call]:
    httpx, url = import_module("httpx"), base_url + PATHS[call]
    with httpx.Client(headers=_HEADERS) as client:
        yield lambda: client.get(url).json()


@contextmanager
def _http_client(base_url: str, call: str) -> Iterator[Call]:
    path = PATHS[call]
    connection = import_module("http.client").HTTPConnection(base_url.removeprefix("http://"))

    def read() -> object:
        connection.request("GET", path, headers=_HEADERS)
        return json.loads(connection.getresponse().read())

    yield read
    connection.close()


@asynccontextmanager
async def _ours_asynchronous(base_url: str, call: str) -> AsyncIterator[AsyncCall]:
    dataforce = import_module("dataforce")
    async with dataforce.AsyncClient(**settings(base_url)) as client:
        collections = client.collections
        yield collections.list if call == "list" else lambda: collections.get(wire.COLLECTION)


@asynccontextmanager
async def _httpx_asynchronous(base_url: str, call: str) -> AsyncIterator[AsyncCall]:
    httpx, url = import_module("httpx"), base_url + PATHS[call]
    # With its own limits: larger pools, and most smaller ones, make it slower still.
    async with httpx.AsyncClient(headers=_HEADERS) as client:

        async def read() -> object:
            return (await client.get(url)).json()

        yield read


@asynccontextmanager
async def _aiohttp(base_url: str, call: str) -> AsyncIterator[AsyncCall]:
    aiohttp, url = import_module("aiohttp"), base_url + PATHS[call]
    async with aiohttp.ClientSession(headers=_HEADERS) as session:

        async def read() -> object:
            async with session.get(url) as response:
                return await response.json()

        yield read


OURS = "dataforce"

ONE_BY_ONE: Mapping[str, Callable[[str, str], AbstractContextManager[Call]]] = {
    OURS: _ours,
    "requests.Session": _requests,
    "httpx.Client": _httpx,
    "http.client": _http_client,
}
"""Synchronous clients: each takes the address of the platform and what to read."""

AT_ONCE: Mapping[str, Callable[[str, str], AbstractAsyncContextManager[AsyncCall]]] = {
    OURS: _ours_asynchronous,
    "httpx.AsyncClient": _httpx_asynchronous,
    "aiohttp": _aiohttp,
}
"""Asynchronous clients."""
