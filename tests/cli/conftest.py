"""The command, run in this process on a registry in memory."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from dataforce import Client
from dataforce.backend import Backend, MemoryBackend
from dataforce.cli import main
from dataforce.models import REGISTRY


class Terminal(io.StringIO):
    """A standard input at which somebody types."""

    def isatty(self) -> bool:
        return True


class Command:
    """Runs `dataforce`; called with a line, returns what was printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], backend: Backend | None) -> None:
        self._capsys = capsys
        self.backend = backend

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = main(arguments, backend=self.backend)
        return code, *self._capsys.readouterr()

    def __call__(self, *arguments: str) -> str:
        code, output, errors = self.run(*arguments)
        assert (code, errors) == (0, "")
        return output

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--output", "json"))

    def failure(self, *arguments: str, code: int = 1) -> str:
        """What is said on the standard error by a command that fails."""
        ended, output, errors = self.run(*arguments)
        assert (ended, output) == (code, "")
        return errors


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend(REGISTRY)


@pytest.fixture
def client(backend: MemoryBackend) -> Client:
    return Client(backend=backend)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], backend: MemoryBackend) -> Command:
    return Command(capsys, backend)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The standard input is a terminal; write to it what is typed, then `seek(0)`."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdin", terminal)
    return terminal
