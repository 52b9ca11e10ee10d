"""A registry behind HTTP, in a thread of the same process."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from dataforce.backend import AnyKind, Backend, Family
from dataforce.config import APIVersion, load_settings
from dataforce.models import REGISTRY
from dataforce.server import Access, ObjectStore, Server, UploadLimits, create_app
from dataforce_local import open_backend
from tests.server.s3 import BucketObjects

KEY = "dfs_" + "k" * 43

ObjectsFactory = Callable[[Backend], ObjectStore]


@contextmanager
def serving(
    database_url: str = ":memory:",
    storage_url: str | None = None,
    *,
    api_version: str = APIVersion.JANUARY_2026,
    api_key: str = KEY,
    roles: Mapping[str, Access] | None = None,
    objects: ObjectsFactory | None = None,
    limits: UploadLimits | None = None,
    seen: list[str] | None = None,
) -> Iterator[str]:
    """Serve a local registry; gives the base URL.

    `api_key` is that of an owner; `roles` holds other keys with their roles. `objects` makes the
    object store (`HostedObjects` by default), `limits` say when uploads go in parts:
    `UploadLimits(single=..., part=...)`, in bytes. Method and path of each request that arrives,
    for the registry or for a file, are added to `seen`.
    """
    settings = load_settings(
        {"database_url": database_url, "storage_url": storage_url}, environment={}, client_name=""
    )
    is_plain = api_key == KEY and not any([roles, objects, limits, seen is not None])
    holds_files = not isinstance(objects, BucketObjects)
    opened = open_backend(settings, REGISTRY, holds_files=holds_files)
    with closing(opened) as backend, ExitStack() as used:
        if is_plain:
            app = used.enter_context(_application(backend, APIVersion(api_version)))
        else:
            app = create_app(
                backend,
                api_keys={api_key: Access()} | dict(roles or {}),
                api_version=APIVersion(api_version),
                objects=None if objects is None else objects(backend),
                limits=limits,
            )
        if seen is not None:
            app.add_middleware(_Noting, seen=seen)
        with running(Server(app)) as url:
            yield url


_unused: defaultdict[APIVersion, list[tuple[Turntable, FastAPI]]] = defaultdict(list)
"""Applications of earlier tests; making one takes longer than most tests."""


@contextmanager
def _application(backend: Backend, api_version: APIVersion) -> Iterator[FastAPI]:
    """An application without anything special, for that backend."""
    if _unused[api_version]:
        turntable, app = _unused[api_version].pop()
    else:
        turntable = Turntable()
        app = create_app(turntable, api_keys=[KEY], api_version=api_version)
    turntable.current = backend
    yield app
    _unused[api_version].append((turntable, app))


class _Noting:
    def __init__(self, app: ASGIApp, seen: list[str]) -> None:
        self._app = app
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._seen.append(f"{scope['method']} {scope['path']}")
        await self._app(scope, receive, send)


class Turntable:
    """A backend that is another one for each test, behind an application that stays.

    Attributes:
        current: The backend of the test that runs.
    """

    mode = "local"
    current: Backend

    def __init__(self, family: Family = REGISTRY) -> None:
        self.family = family

    def store(self, kind: AnyKind, scope: Any) -> Any:
        """Return what the current backend has, at each call."""
        return _Late(lambda: self.current.store(kind, scope))

    def files(self, kind: AnyKind, scope: Any) -> Any:
        """Return what the current backend has, at each call."""
        return _Late(lambda: self.current.files(kind, scope))

    def service(self, protocol: type[Any]) -> Any:
        """Return what the current backend has, at each call."""
        return _Late(lambda: self.current.service(protocol))

    def close(self) -> None:
        """Nothing: each test closes its own."""


class _Late:
    def __init__(self, find: Callable[[], object]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Any:
        return getattr(self._find(), name)


@contextmanager
def running(server: Server) -> Iterator[str]:
    """Run a server in a thread; gives its URL."""
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()
