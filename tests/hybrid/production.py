"""A platform with a registry behind it, which can be watched, hindered and changed by others."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dataforce import Client
from dataforce.backend import find_backend
from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce.server import Server, UploadLimits, create_app
from dataforce.testing.packages import build_package
from tests.server.serving import KEY, Turntable, running

WRITING = {"POST", "PUT", "PATCH", "DELETE"}
SMALL = UploadLimits(single=30_000, part=20_000)
"""So that most files of these tests go in parts."""


@dataclass
class Watch:
    """What arrives at the platform, and what is to happen then.

    Attributes:
        seen: Method, path and body of each request.
        before: Is called before a request is carried out; what it raises, the client gets as 500.
        after: The same when it was carried out and not answered yet.
        hold: Is awaited before a request is carried out.
        most: How many requests were under way at a time.
    """

    seen: list[tuple[str, str, bytes]] = field(default_factory=list)
    before: Callable[[str, str], object] | None = None
    after: Callable[[str, str], object] | None = None
    hold: Callable[[str, str], Awaitable[object]] | None = None
    most: int = 0
    now: int = 0

    @property
    def written(self) -> list[str]:
        """Method and path of each request that changes something."""
        return [f"{method} {path}" for method, path, _ in self.seen if method in WRITING]


class Watched:
    """An application that is watched."""

    def __init__(self, app: ASGIApp, watch: Watch) -> None:
        self.app = app
        self.watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        method, path = scope["method"], scope["path"]

        async def listen() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.watch.seen.append((method, path, bytes(body)))
                if self.watch.after is not None:
                    self.watch.after(method, path)
            await send(message)

        self.watch.now += 1
        self.watch.most = max(self.watch.most, self.watch.now)
        try:
            if self.watch.before is not None:
                self.watch.before(method, path)
            if self.watch.hold is not None:
                await self.watch.hold(method, path)
            await self.app(scope, listen, answer)
        finally:
            self.watch.now -= 1


@dataclass
class Production:
    """A platform, and a registry for it.

    Attributes:
        settings: Those of a client of the platform.
        watch: What arrives there.
        place: The database.
        plain: A client of the registry, behind everybody's back.
    """

    settings: dict[str, Any]
    watch: Watch
    place: Path
    plain: Client

    def hybrid(self, **changed: Any) -> Client:
        """A client with an overlay."""
        return Client(backend_type="hybrid", **self.settings, **changed)


@contextmanager
def served() -> Iterator[tuple[Turntable, str, Watch]]:
    """A server for whatever backend is put on the turntable."""
    turntable, watch = Turntable(), Watch()
    app = create_app(turntable, api_keys=[KEY], limits=SMALL)
    app.add_middleware(Watched, watch=watch)
    with running(Server(app)) as url:
        yield turntable, url, watch


@contextmanager
def production_at(
    folder: Path, turntable: Turntable, url: str, watch: Watch
) -> Iterator[Production]:
    """A new registry behind that server."""
    watch.seen, watch.before, watch.after, watch.hold = [], None, None, None
    place = folder / "production" / "registry.db"
    place.parent.mkdir(parents=True, exist_ok=True)
    database_url = f"sqlite:///{place}"
    settings: dict[str, Any] = {"base_url": url, "api_key": KEY, "retry_timeout": 0}
    opened = find_backend("local")(load_settings({"database_url": database_url}), REGISTRY)
    with (
        closing(opened) as backend,
        Client(database_url=database_url) as plain,
    ):
        turntable.current = backend
        yield Production(settings, watch, place, plain)


def package_at(folder: Path, name: str, size: int = 100) -> Path:
    """A model file like no other."""
    folder.mkdir(exist_ok=True)
    return build_package(folder / f"{name}.fnnx", content=name.encode() * (size // len(name)))


def shown(client: Client) -> Any:
    """All that a client shows, by names instead of ids, in order."""
    before = client.orbit, client.collection
    buckets = {each.id: each.bucket_name for each in client.bucket_secrets.list()}
    try:
        return {
            "buckets": [_without(each, "type", "region") for each in client.bucket_secrets.list()],
            "orbits": [
                _without(
                    each, "bucket_secret_id", "role", "permissions", "members", "collections_tags"
                )
                | {"bucket": buckets[each.bucket_secret_id], "holds": _collections(client, each.id)}
                for each in client.orbits.list()
            ],
        }
    finally:
        client.orbit, client.collection = before


def _collections(client: Client, orbit: str) -> list[Any]:
    client.orbit, client.collection = orbit, None
    return [
        _without(each, "orbit_id") | {"holds": _models(client, each.id)}
        for each in client.collections.list()
    ]


def _models(client: Client, collection: str) -> list[Any]:
    models = client.model_artifacts.list(collection_id=collection)
    passing = "bucket_location", "unique_identifier", "collection_id", "created_by_user"
    return [
        _without(each, *passing) | {"content": _content(client, collection, each)}
        for each in models
    ]


def _content(client: Client, collection: str, model: Any) -> bytes | None:
    if model.status != "uploaded":
        return None
    with client.model_artifacts.open(model.id, collection_id=collection) as file:
        return file.read()


def _without(record: Any, *names: str) -> dict[str, Any]:
    """What a record says, but for what each registry says in its own way."""
    own = "id", "organization_id", "created_at", "updated_at"
    values: dict[str, Any] = json.loads(record.model_dump_json(exclude={*names, *own}))
    return values


def left(client: Client) -> tuple[int, int, int]:
    """How many objects were created, changed and deleted in an overlay."""
    status = client.overlay.status()
    return status.created, status.changed, status.deleted
