"""Hybrid clients of those who may not read bucket secrets: the members and admins of an orbit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, PermissionDeniedError
from dataforce.models import BUCKET_SECRET
from dataforce.seam import Backend
from dataforce.seam.backend import AnyKind
from tests.hybrid.production import Production, left, package_at, shown
from tests.server.serving import Turntable


class Forbidden:
    """Records that a key may do nothing with."""

    def refuse(self, *arguments: object) -> None:
        raise PermissionDeniedError("Not enough rights")

    page = get = create = update = delete = refuse


class WithoutSecrets:
    """A backend as one who is no more than an admin of an orbit sees it.

    Args:
        backend: The backend itself.
    """

    mode = "local"

    def __init__(self, backend: Backend) -> None:
        self.content = backend.content
        self.close = backend.close
        self._backend = backend

    def store(self, kind: AnyKind) -> Any:
        """The records of that kind."""
        return Forbidden() if kind is BUCKET_SECRET else self._backend.store(kind)


@pytest.fixture
def production(production: Production, platform: tuple[Turntable, str, Any]) -> Production:
    """A platform that answers 403 to whoever asks for bucket secrets."""
    turntable = platform[0]
    turntable.current = WithoutSecrets(turntable.current)
    return production


@pytest.fixture
def member(production: Production) -> Iterator[Client]:
    with ExitStack() as opened:
        collection = production.plain.collections.create("", "Flowers", "model")
        client = opened.enter_context(production.hybrid())
        client.collection = collection.id
        yield client


def test_an_orbit_is_changed_without_its_bucket_secret(
    production: Production, member: Client, tmp_path: Path
) -> None:
    with pytest.raises(PermissionDeniedError):
        member.bucket_secrets.list()
    orbit = member.orbits.get()
    assert orbit is not None
    model = member.model_artifacts.upload(package_at(tmp_path, "iris"), "iris")
    created = member.collections.create("", "Trees", "model")
    member.model_artifacts.upload(package_at(tmp_path, "oak"), "oak", collection_id=created.id)
    member.collections.update(name="Plants")
    member.orbits.update("Garden", orbit.bucket_secret_id)
    assert [each.name for each in member.collections.list()] == ["Plants", "Trees"]
    assert member.model_artifacts.get("iris") == model
    renamed = member.orbits.get()
    assert renamed is not None
    assert (renamed.name, renamed.bucket_secret_id) == ("Garden", orbit.bucket_secret_id)
    assert left(member) == (3, 2, 0)
    assert len(member.overlay.push(dry_run=True).changes) == 5
    member.overlay.push()
    assert left(member) == (0, 0, 0)
    orbits = shown(production.plain)["orbits"]
    assert [each["name"] for each in orbits] == ["Garden"]
    assert [each["name"] for each in orbits[0]["holds"]] == ["Plants", "Trees"]


def test_an_orbit_is_deleted_without_its_bucket_secret(
    production: Production, member: Client
) -> None:
    plain = production.plain
    other = plain.orbits.create("Other", plain.bucket_secrets.list()[0].id)
    member.orbit = "Default Orbit"
    member.orbits.update("Renamed", orbit_id=other.id)
    member.orbits.delete(other.id)
    assert [each.name for each in member.orbits.list()] == ["Default Orbit"]
    member.overlay.push()
    assert [each.name for each in plain.orbits.list()] == ["Default Orbit"]


def test_changes_above_what_cannot_be_read_are_dropped(member: Client, tmp_path: Path) -> None:
    member.model_artifacts.upload(package_at(tmp_path, "iris"), "iris")
    member.orbits.update("Garden")
    member.overlay.reset()
    assert left(member) == (0, 0, 0)
    orbit = member.orbits.get()
    assert orbit is not None
    assert orbit.name == "Default Orbit"
    member.overlay.push()


@pytest.mark.filterwarnings("ignore::dataforce.errors.OfflineWarning")
def test_an_orbit_is_pulled_without_its_bucket_secret(
    production: Production, member: Client, tmp_path: Path
) -> None:
    production.plain.collection = member.collection
    production.plain.model_artifacts.upload(package_at(tmp_path, "iris"), "iris")
    report = member.overlay.pull(orbit="Default Orbit", content=True)
    assert (report.records.get("bucket secret"), report.files) == (None, 1)
    with production.hybrid(offline=True, collection=member.collection) as offline:
        assert [each.model_name for each in offline.model_artifacts.list()] == ["iris"]
        offline.model_artifacts.upload(package_at(tmp_path, "tulip"), "tulip")
        offline.orbits.update("Garden")
        assert [each.name for each in offline.orbits.list()] == ["Garden"]
    member.overlay.push()
    assert [each.name for each in production.plain.orbits.list()] == ["Garden"]
