"""What tests of the hybrid backend have in common."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dataforce import Client
from tests.hybrid.production import Production, package_at, production_at, served
from tests.hybrid.production import Watch as Watch
from tests.server.serving import Turntable


@pytest.fixture(scope="session")
def platform() -> Iterator[tuple[Turntable, str, Watch]]:
    """A server; making one takes longer than most tests."""
    with served() as platform:
        yield platform


@pytest.fixture
def production(
    platform: tuple[Turntable, str, Watch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Production]:
    """A platform that holds nothing but the default orbit."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with production_at(tmp_path, *platform) as production:
        yield production


@pytest.fixture
def hybrid(production: Production) -> Iterator[Client]:
    """A client with an overlay."""
    with production.hybrid() as client:
        yield client


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """Makes model files."""

    def make(name: str, size: int = 100) -> Path:
        return package_at(tmp_path / "packages", name, size)

    return make
