"""A copy whose process was killed goes on when it is made again, and nothing is there twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, copy
from dataforce.server import UploadLimits
from dataforce.testing.packages import build_package
from tests.server.serving import KEY, serving

KILLED = """
import json, os, signal, sys

place, target, within, fatal, patch = sys.argv[1:]

from dataforce import Client, copy

lines = 0

def trace(frame, event, argument):
    global lines
    if within not in frame.f_code.co_filename:
        return None
    if event == "line":
        lines += 1
        if lines == int(fatal):
            os.kill(os.getpid(), signal.SIGKILL)
    return trace

source, target = Client(database_url=place), Client(**json.loads(target))
target.backend
exec(patch)
sys.settrace(trace)
copy("Flowers", source=source, target=target)
sys.settrace(None)
print(lines)
"""
AT_THE_LAST_WORD = """
from dataforce_remote.files.checkpoints import Checkpoint
Checkpoint.keep = lambda self: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A registry with one collection of three models; two of them are equal in all they say."""
    url = f"sqlite:///{tmp_path}/source.db"
    with Client(database_url=url) as client:
        client.collections.create("", "Flowers", "model")
        for name in ("iris", "rose", "rose"):
            path = build_package(tmp_path / f"{name}.fnnx", content=name.encode() * 40_000)
            client.model_artifacts.upload(path, name)
    return url


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What killed processes leave behind goes with the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@contextmanager
def targets(kind: str, folder: Path) -> Iterator[Iterator[dict[str, Any]]]:
    """Settings of a client with an empty orbit, as often as they are asked for."""
    if kind == "local":
        folder.mkdir()
        yield (
            {"backend_type": "local", "database_url": f"sqlite:///{folder}/{number}.db"}
            for number in range(1000)
        )
        return
    limits = UploadLimits(single=100_000, part=100_000)
    with serving(limits=limits) as base_url:
        settings: dict[str, Any] = {"backend_type": "remote", "base_url": base_url, "api_key": KEY}
        with Client(**settings) as client:
            secret = client.bucket_secrets.list()[0].id
            yield (
                {**settings, "orbit": client.orbits.create(f"Orbit {number}", secret).id}
                for number in range(1000)
            )


def run(
    place: str, target: dict[str, Any], within: str = "", fatal: int = 0, patch: str = ""
) -> subprocess.CompletedProcess[str]:
    """Copy in a process that is killed at its n-th line of the files named like that."""
    return subprocess.run(
        [sys.executable, "-c", KILLED, place, json.dumps(target), within, str(fatal), patch],
        capture_output=True,
        text=True,
        check=False,
    )


def check_that_it_goes_on(place: str, settings: dict[str, Any]) -> None:
    """Copy again, and find each model as often as it should be there."""
    with Client(database_url=place) as source, Client(**settings) as target:
        report = copy("Flowers", source=source, target=target)
        assert len(report.copied) + len(report.skipped) == 3
        [collection] = target.collections.list()
        models = [model for model in target.model_artifacts.list() if model.status == "uploaded"]
        assert Counter(model.model_name for model in models) == {"iris": 1, "rose": 2}
        assert {*report.copied, *report.skipped} == {model.id for model in models}
        assert (report.id, collection.name) == (collection.id, "Flowers")
        with tempfile.TemporaryDirectory() as folder:
            for model in models:
                target.model_artifacts.download(model.id, folder)
        assert copy("Flowers", source=source, target=target).copied == ()


@pytest.mark.parametrize(
    ("kind", "within", "number"),
    [
        pytest.param("local", "api/_copy.py", 6, marks=pytest.mark.slow),
        pytest.param("local", "dataforce_local/files/blob_store.py", 6, marks=pytest.mark.slow),
        ("remote", "api/_copy.py", 6),
        pytest.param("remote", "dataforce_remote/files/uploads.py", 8, marks=pytest.mark.slow),
    ],
)
def test_killed_at_any_line(
    kind: str, within: str, number: int, place: str, tmp_path: Path
) -> None:
    with targets(kind, tmp_path / "targets") as places:
        counted = run(place, next(places), within)
        assert counted.returncode == 0, counted.stderr
        lines = int(counted.stdout)
        assert lines >= number
        for moment in range(1, lines + 1, max(1, lines // (number - 1))):
            settings = next(places)
            ended = run(place, settings, within, moment)
            assert ended.returncode == -signal.SIGKILL, ended.stderr
            check_that_it_goes_on(place, settings)


def test_killed_when_all_was_done_but_the_note_of_it(place: str, tmp_path: Path) -> None:
    """The note stands for a model that is there, not for the one that is equal to it."""
    with targets("remote", tmp_path) as places:
        settings = next(places)
        for _ in range(2):  # the first iris, then the first rose
            ended = run(place, settings, patch=AT_THE_LAST_WORD)
            assert ended.returncode == -signal.SIGKILL, ended.stderr
        with Client(**settings) as target:
            assert [model.status for model in target.model_artifacts.list()] == ["uploaded"] * 2
        check_that_it_goes_on(place, settings)
