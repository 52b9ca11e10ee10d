"""What all tests share: none of them sees how the user's own machine is configured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.messages import held

pytest_plugins = ["dataforce.testing.plugin", "pytester"]

_FOLDERS = ("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA")


@pytest.fixture(autouse=True)
def _a_user_who_configured_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in _FOLDERS:
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("DFS_")]:
        monkeypatch.delenv(name)
    # Nor of what it was warned of: a file of another test may have had the same path.
    monkeypatch.setattr("dataforce.config.notices._given", set())


@pytest.fixture(autouse=True)
def _messages_that_a_person_can_read() -> Iterator[None]:
    with held() as faults:
        yield
    assert not faults
