"""A registry behind HTTP, in a thread of the same process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from dataforce.config import APIVersion, load_settings
from dataforce.seam import Backend, find_backend
from dataforce.server import ObjectStore, Server, UploadLimits, create_app

KEY = "dfs_" + "k" * 43

ObjectsFactory = Callable[[Backend], ObjectStore]


@contextmanager
def serving(
    database_url: str = ":memory:",
    storage_url: str | None = None,
    *,
    api_version: str = APIVersion.JANUARY_2026,
    api_key: str = KEY,
    objects: ObjectsFactory | None = None,
    limits: UploadLimits | None = None,
) -> Iterator[str]:
    """Serve a local registry; gives the base URL.

    `objects` makes the object store (`HostedObjects` by default), `limits` say when uploads go in
    parts: `UploadLimits(single=..., part=...)`, in bytes.
    """
    settings = load_settings(
        {"database_url": database_url, "storage_url": storage_url}, environment={}, client_name=""
    )
    with closing(find_backend("local")(settings)) as backend:
        app = create_app(
            backend,
            api_keys=[api_key],
            api_version=APIVersion(api_version),
            objects=None if objects is None else objects(backend),
            limits=limits,
        )
        with running(Server(app)) as url:
            yield url


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
