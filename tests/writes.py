"""Every call of a client that writes, each with arguments that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataforce import Client
from dataforce.api._resources import Resources
from dataforce.testing.packages import MANIFEST

IRIS = Path(__file__).parent / "data" / "iris.fnnx"
READS = (
    *("get", "list", "iterate", "page", "versions"),
    *("load", "extract", "download", "download_url", "open"),
)


@dataclass(frozen=True)
class Made:
    """The ids of what a registry of one of each holds."""

    secret: str
    orbit: str
    collection: str
    model: str

    @classmethod
    def by(cls, client: Client) -> Made:
        """Make them, and be sure that they are the client's defaults."""
        collection = client.collections.create("", "Flowers", "model")
        model = client.model_artifacts.upload(IRIS, "iris")
        orbit = client.orbit
        assert orbit is not None
        return cls(client.bucket_secrets.list()[0].id, orbit, collection.id, model.id)


WRITES: Mapping[str, Callable[[Made], tuple[Any, ...]]] = {
    "bucket_secrets.create": lambda made: ("s3.example.com", "models"),
    "bucket_secrets.update": lambda made: (made.secret, "s3.example.org"),
    "bucket_secrets.delete": lambda made: (made.secret,),
    "orbits.create": lambda made: ("Trees", made.secret),
    "orbits.update": lambda made: ("Trees",),
    "orbits.delete": lambda made: (made.model,),  # there is none, and the default is refused anyhow
    "collections.create": lambda made: ("", "Trees", "model"),
    "collections.update": lambda made: ("Trees",),
    "collections.delete": lambda made: (made.collection,),
    "model_artifacts.create": lambda made: (
        "iris.fnnx",
        {},
        MANIFEST,
        "0" * 64,
        {},
        1,
        "another",
    ),
    "model_artifacts.upload": lambda made: (IRIS, "another"),
    "model_artifacts.update": lambda made: (made.model, "another.fnnx"),
    "model_artifacts.delete": lambda made: (made.model,),
    "model_artifacts.delete_url": lambda made: (made.model,),
}


def call(client: Any, name: str, made: Made) -> Any:
    """Do one of them; what it gives is awaitable if the client is asynchronous."""
    resource, method = name.split(".")
    return getattr(getattr(client, resource), method)(*WRITES[name](made))


def methods() -> set[str]:
    """All calls of all resources but those that read; a client that only reads has no overlay."""
    with Client(database_url=":memory:") as client:
        resources = [
            name for name in vars(Resources) if not name.startswith("_") and name != "overlay"
        ]
        return {
            f"{resource}.{method}"
            for resource in resources
            for method in dir(getattr(client, resource))
            if not method.startswith("_") and method not in READS
        }
