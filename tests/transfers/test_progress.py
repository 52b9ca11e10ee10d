"""Whoever waits at a terminal sees a bar; whoever gave a callback is told."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import nullcontext, redirect_stderr
from pathlib import Path

import pytest

from dataforce import Client, ModelArtifact
from dataforce.testing.packages import build_package
from tests.transfers.conftest import Striped

LARGE = 8 * 1024 * 1024


class Terminal(io.StringIO):
    """What a user sees."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return build_package(tmp_path / "large.fnnx", content=bytes(LARGE))


def open_client(**settings: bool) -> Client:
    client = Client(database_url=":memory:", **settings)  # type: ignore[arg-type]  # one of them
    client.collections.create("", "Flowers", "model")
    return client


def test_large_transfers_show_a_bar_on_a_terminal(path: Path, tmp_path: Path) -> None:
    with open_client() as client:
        with redirect_stderr(Terminal()) as upload:
            model = client.model_artifacts.upload(path, "large")
        with redirect_stderr(Terminal()) as download:
            client.model_artifacts.download(model.id, tmp_path / "copy.fnnx")
    for shown in (upload.getvalue(), download.getvalue()):
        assert "large.fnnx: 100%" in shown
        assert "8.01M/8.01M" in shown


@pytest.mark.parametrize("reason", ["setting", "callback", "no tqdm", "no terminal", "no stderr"])
def test_nothing_is_shown_to_whoever_does_not_want_it(
    path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    if reason == "no tqdm":
        monkeypatch.setitem(sys.modules, "tqdm", None)
    told: list[int] = []
    listener = (lambda done, size: told.append(done)) if reason == "callback" else None
    with (
        open_client(progress=reason != "setting") as client,
        redirect_stderr(io.StringIO() if reason == "no terminal" else Terminal()) as stderr,
        # As with pythonw.
        redirect_stderr(None) if reason == "no stderr" else nullcontext(),
    ):
        model = client.model_artifacts.upload(path, "large", progress=listener)
    assert stderr.getvalue() == ""
    assert told[-1:] == ([model.size] if reason == "callback" else [])


SMALL = """
import sys
from dataforce import Client

with Client(database_url=":memory:") as client:
    client.collections.create("", "Flowers", "model")
    model = client.model_artifacts.upload(sys.argv[1], "small")
    client.model_artifacts.download(model.id, sys.argv[2])
assert sys.stderr.isatty()
print("tqdm" in sys.modules)
"""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_small_transfers_do_not_load_what_draws_bars(tmp_path: Path) -> None:
    small = build_package(tmp_path / "small.fnnx")
    command = [sys.executable, "-c", SMALL, str(small), str(tmp_path / "copy.fnnx")]
    ours, theirs = os.openpty()
    try:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    finally:
        os.close(theirs)
        os.close(ours)
    assert (ended.returncode, ended.stdout) == (0, "False\n")


def test_bytes_that_are_moved_again_are_taken_back(
    client: Client, backend: Striped, path: Path
) -> None:
    backend.take_back = 700
    told: list[tuple[int, int]] = []
    size = path.stat().st_size
    client.model_artifacts.upload(path, "large", progress=lambda *now: told.append(now))
    assert told[:2] == [(700, size), (0, size)]
    assert told[-1] == (size, size)


def test_nobody_is_told_after_the_call_has_ended(
    client: Client, backend: Striped, model: ModelArtifact, path: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    client.model_artifacts.upload(path, "large", progress=lambda *now: told.append(now))
    before = len(told)
    backend.advance(1000)
    assert len(told) == before


class ToldError(Exception):
    """The callback's own."""


def test_the_error_of_a_callback_comes_out_whatever_the_backend_makes_of_it(
    client: Client, backend: Striped, path: Path
) -> None:
    told: list[int] = []

    def fail(done: int, size: int) -> None:
        told.append(done)
        raise ToldError

    backend.swallows = True
    with pytest.raises(ToldError):
        client.model_artifacts.upload(path, "large", progress=fail)
    assert client.model_artifacts.list() == []
    assert len(told) == 1, "whoever has failed is not called again"


def test_the_error_of_a_transfer_is_not_that_of_its_callback(
    client: Client, backend: Striped, model: ModelArtifact, tmp_path: Path
) -> None:
    def fail(offset: int, piece: bytes) -> bytes:
        raise ToldError

    backend.meddle = fail
    with pytest.raises(ToldError):
        client.model_artifacts.download(model.id, tmp_path, progress=lambda *_: None)
