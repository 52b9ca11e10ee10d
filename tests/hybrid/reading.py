"""A production behind HTTP, a client that changes it directly, and hybrid clients over it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, Collection, ModelArtifact
from dataforce.backend import Scope
from dataforce.config import APIVersion
from dataforce.server import Access, OrganizationRole
from dataforce.testing.packages import MANIFEST, build_package
from tests.server.serving import KEY, serving

MEMBER = "dfs_" + "m" * 43


class Production:
    """A registry that a platform serves.

    Args:
        folder: Where it is.
        opened: Closes what was opened.
        api_version: That the platform speaks.

    Attributes:
        url: The platform's.
        database: The file of its records.
        seen: Method and path of every request that arrived.
        behind: A client of the registry itself.
        member: The roles of one who has the key `MEMBER`, at first none in any orbit.
    """

    def __init__(self, folder: Path, opened: ExitStack, api_version: str) -> None:
        self._opened = opened
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.database = folder / "registry.db"
        self.seen: list[str] = []
        self.member = Access(OrganizationRole.MEMBER)
        self._platform = opened.enter_context(ExitStack())
        self.url = self._platform.enter_context(
            serving(
                f"sqlite:///{self.database}",
                api_version=api_version,
                roles={MEMBER: self.member},
                seen=self.seen,
            )
        )
        self.behind = opened.enter_context(Client(database_url=f"sqlite:///{self.database}"))

    def stop(self) -> None:
        """Take the platform down; its registry stays."""
        self._platform.close()

    def hybrid(self, **settings: Any) -> Client:
        """A hybrid client, closed in the end."""
        given = {"base_url": self.url, "api_key": KEY, "retry_timeout": 0, **settings}
        return self._opened.enter_context(Client(backend_type="hybrid", **given))

    def offline(self, **settings: Any) -> Client:
        """A hybrid client without a network and without a key."""
        return self.hybrid(offline=True, api_key=None, **settings)

    def package(self, size: int = 100, seed: int = 0) -> Path:
        """A model package that holds so many random bytes."""
        path = self.folder / f"{size}-{seed}.fnnx"
        return build_package(path, content=random.Random(seed).randbytes(size))

    def scope(self, collection: Collection) -> Scope:
        """Of what stands in a collection."""
        organization = self.behind.organization
        assert organization is not None
        return Scope((organization, collection.orbit_id, collection.id))

    def files(self) -> int:
        """How many requests for a file arrived."""
        return sum(each.startswith("GET /objects") for each in self.seen)


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Production]:
    """A platform of the newest version."""
    with ExitStack() as opened:
        yield Production(tmp_path / "production", opened, APIVersion.JANUARY_2026)


@pytest.fixture(params=[*APIVersion])
def any_production(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Production]:
    """A platform of each version."""
    with ExitStack() as opened:
        yield Production(tmp_path / "production", opened, request.param)


def registered(
    client: Client, collection: Collection, name: str, file_name: str = "a.fnnx", **values: Any
) -> ModelArtifact:
    """A model artifact without bytes."""
    return client.model_artifacts.create(
        collection_id=collection.id,
        file_name=file_name,
        metrics=values.pop("metrics", {}),
        manifest=MANIFEST,
        file_hash="0" * 64,
        file_index={},
        size=values.pop("size", 0),
        model_name=name,
        **values,
    ).model


def names(records: Sequence[Collection] | Sequence[ModelArtifact]) -> list[str | None]:
    """What they are called."""
    return [each.name if isinstance(each, Collection) else each.model_name for each in records]
