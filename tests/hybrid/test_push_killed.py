"""A push that was interrupted anywhere is finished by the next one, and nothing is there twice."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client
from tests.hybrid.garden import change_everything, collection_called, fill
from tests.hybrid.production import (
    WRITING,
    Production,
    Watch,
    left,
    package_at,
    production_at,
    shown,
)
from tests.server.serving import Turntable

PUSH = """
import itertools, json, os, signal, sys, threading

settings, within, fatal = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])

from dataforce import Client

lines = itertools.count(1)

def trace(frame, event, argument):
    if within not in frame.f_code.co_filename:
        return None
    if event == "line" and next(lines) == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return trace

with Client(**settings) as client:
    client.overlay
    if within:
        sys.settrace(trace)
        threading.settrace(trace)  # several objects are published at a time
    client.overlay.push()
    sys.settrace(None)
print(next(lines) - 1)
"""


@dataclass
class Template:
    """A platform and an overlay with changes of all sorts, to be copied for each interruption.

    Attributes:
        folder: Where both are.
        view: What the client of the overlay shows.
        writes: How many writing requests a push of it takes.
    """

    folder: Path
    platform: tuple[Turntable, str, Watch]
    monkeypatch: pytest.MonkeyPatch
    view: Any = None
    writes: int = 0

    @contextmanager
    def copied(self, name: object) -> Iterator[tuple[Production, dict[str, Any]]]:
        """The platform, and the settings of a client with the overlay."""
        folder = self.folder.with_name(f"{self.folder.name} {name}")
        if self.folder.exists():
            shutil.copytree(self.folder, folder)
        else:
            folder = self.folder
        self.monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        with production_at(folder, *self.platform) as production:
            overlay = f"sqlite:///{folder}/overlay.db"
            yield (
                production,
                {
                    "backend_type": "hybrid",
                    "database_url": overlay,
                    **production.settings,
                },
            )


@pytest.fixture
def template(
    platform: tuple[Turntable, str, Watch],
    production: Production,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Template:
    template = Template(tmp_path / "garden", platform, monkeypatch)
    with template.copied("itself") as (garden, settings):
        fill(garden, tmp_path / "packages")
        with Client(**settings) as client:
            change_everything(client, tmp_path / "packages")
            # Two that are equal, and equal to one that was there before.
            weeds = collection_called(client, "Weeds")
            again = package_at(tmp_path / "packages", "Weeds-rose")
            for _ in range(2):
                client.model_artifacts.upload(
                    again, "rose", "as before", ["old"], collection_id=weeds
                )
            template.view = shown(client)
    with template.copied("counted") as (garden, settings), Client(**settings) as client:
        client.overlay.push()
        template.writes = len(garden.watch.written)
        assert shown(garden.plain) == template.view
    return template


def check_that_it_is_finished(
    template: Template, production: Production, settings: dict[str, Any]
) -> None:
    """By one more push; production holds what the overlay showed, each once."""
    production.watch.before = production.watch.after = production.watch.hold = None
    with Client(**settings) as client:
        client.overlay.push()
        assert shown(production.plain) == template.view
        assert shown(client) == template.view
        assert left(client) == (0, 0, 0)
        assert str(client.overlay.push()) == "nothing to push"


def child(settings: dict[str, Any], within: str = "", fatal: int = 0) -> subprocess.Popen[str]:
    """A process that pushes, and dies at its n-th line of the files named like that."""
    return subprocess.Popen(
        [sys.executable, "-c", PUSH, json.dumps(settings), within, str(fatal)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def at_write(number: int, act: Callable[[], object]) -> Callable[[str, str], None]:
    """A hook that acts at the n-th writing request."""
    count = 0

    def hook(method: str, _path: str) -> None:
        nonlocal count
        count += method in WRITING
        if method in WRITING and count == number:
            act()

    return hook


def moments(number: int, of: int, seed: int) -> list[int]:
    return sorted(random.Random(seed).sample(range(1, of + 1), number))


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_a_request(template: Template, when: str) -> None:
    """Before the platform carries it out, or before it answers."""
    for moment in moments(5, template.writes, seed=len(when)):
        with template.copied(moment) as (production, settings):
            process = child(settings)

            def kill(process: subprocess.Popen[str] = process) -> None:
                process.kill()
                process.wait()
                if when == "before":
                    raise ConnectionError("the client is gone")

            setattr(production.watch, when, at_write(moment, kill))
            _, said = process.communicate()
            assert process.returncode == -signal.SIGKILL, said
            check_that_it_is_finished(template, production, settings)


@pytest.mark.parametrize(
    ("within", "number"),
    [
        pytest.param("dataforce_hybrid/push/push.py", 5, marks=pytest.mark.slow),
        ("dataforce_hybrid/push/creator.py", 4),
        pytest.param("dataforce_local/overlay/store.py", 4, marks=pytest.mark.slow),
    ],
)
def test_killed_at_any_line(template: Template, within: str, number: int) -> None:
    """Such as between the answer of the platform and the note of it here."""
    with template.copied("lines") as (_, settings):
        counted, said = child(settings, within).communicate()
        assert counted, said
    # Threads may take a few lines less the next time.
    for moment in moments(number, int(counted) * 9 // 10, seed=number):
        with template.copied(moment) as (production, settings):
            process = child(settings, within, moment)
            _, said = process.communicate()
            assert process.returncode == -signal.SIGKILL, said
            check_that_it_is_finished(template, production, settings)


@pytest.mark.slow
def test_killed_again_and_again(template: Template) -> None:
    """Each time after one to three more requests, as long as something is left to be pushed."""
    chance, kills = random.Random(0), 0
    with template.copied("often") as (production, settings):
        for _ in range(6):
            process = child(settings)

            def kill(process: subprocess.Popen[str] = process) -> None:
                process.kill()
                process.wait()

            production.watch.after = at_write(chance.randint(1, 3), kill)
            _, said = process.communicate()
            if process.returncode == 0:  # what was under way at a kill may have been the rest
                break
            assert process.returncode == -signal.SIGKILL, said
            kills += 1
        assert kills > 1
        check_that_it_is_finished(template, production, settings)
