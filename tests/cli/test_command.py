"""What all commands share: exit codes, messages, completion, the reference."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from warnings import warn

import pytest

from dataforce.cli import main
from dataforce.cli.messages import shown_warnings
from dataforce.config.notices import warn_once
from tests.cli.conftest import Command, Terminal

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def reference() -> ModuleType:
    path = ROOT / "tools" / "generate_cli_reference.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_commands_say(
    reference: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["generate_cli_reference", "--check"])
    assert reference.main() == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["orbits", "get", "Nowhere", "--debug"], ["--debug", "orbits", "get", "Nowhere"]]
)
def test_debug_shows_where_an_error_comes_from(arguments: list[str], command: Command) -> None:
    said = command.failure(*arguments)
    assert said.startswith("Traceback")
    assert said.splitlines()[-1].startswith("dataforce: There is no orbit")


def test_errors_are_red_on_a_terminal(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert command.failure("orbits", "get", "Nowhere").startswith("\x1b[31mdataforce: ")
    monkeypatch.setenv("NO_COLOR", "1")
    assert command.failure("orbits", "get", "Nowhere").startswith("dataforce: ")


def warned() -> None:
    with shown_warnings():
        warn_once("Take care.")
        warn("Somebody else's.", stacklevel=1)


def test_warnings_of_ours_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(UserWarning, match="Somebody else's"):
        warned()
    assert capsys.readouterr().err == "dataforce: warning: Take care.\n"


def test_ctrl_c(command: Command, monkeypatch: pytest.MonkeyPatch, typed: Terminal) -> None:
    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(typed, "readline", interrupt)
    monkeypatch.setattr("builtins.input", interrupt)
    assert command.run("orbits", "delete", "Default Orbit")[0] == 130
    monkeypatch.setattr("dataforce.backend.memory.MemoryBackend.store", interrupt)
    assert command.run("orbits", "list")[0] == 130


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_to_complete(shell: str, command: Command) -> None:
    assert "_DATAFORCE_COMPLETE" in command("completion", shell)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("dataforce col", ["collections"]),
        ("dataforce collections cr", ["create"]),
        ("dataforce models list --sort-by metr", ["metrics."]),
        ("dataforce collections list --order d", ["desc"]),
        ("dataforce --vers", ["--version"]),
    ],
)
def test_words_are_completed(
    words: str,
    completed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("_DATAFORCE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert main([]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[2] for line in printed] == completed


def test_help_loads_no_kind_of_asset() -> None:
    code = (
        "import sys; from dataforce.cli import main; main(['--help']);"
        "print({'pydantic', 'sqlalchemy', 'requests', 'fsspec', 'tqdm', 'yaml', 'asyncio',"
        " 'dataforce.models', 'dataforce.config', 'dataforce.api'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines()[-1] == "set()"
