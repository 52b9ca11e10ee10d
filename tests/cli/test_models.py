"""Model files: stored, fetched and looked into from the command line."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from dataforce import Client
from tests.cli.conftest import Command, Terminal

IRIS = Path(__file__).parent.parent / "data" / "iris.fnnx"


@pytest.fixture(autouse=True)
def _collection(client: Client) -> None:
    client.collections.create("", "Flowers", "model")


@pytest.fixture
def iris(command: Command) -> str:
    made = command.json("models", "upload", str(IRIS), "iris", "--tag", "flowers")
    assert (made["model_name"], made["tags"], made["status"]) == ("iris", ["flowers"], "uploaded")
    return str(made["id"])


def test_a_model_comes_back_as_it_was(command: Command, iris: str, tmp_path: Path) -> None:
    assert command("models", "download", "iris", str(tmp_path)) == f"{tmp_path / 'iris.fnnx'}\n"
    assert (tmp_path / "iris.fnnx").read_bytes() == IRIS.read_bytes()


def test_a_file_is_replaced_once_that_is_confirmed(
    command: Command, iris: str, tmp_path: Path, typed: Terminal
) -> None:
    file = tmp_path / "iris.fnnx"
    file.write_text("mine")
    typed.write("n\n")
    typed.seek(0)
    asked = command.failure("models", "download", "iris", str(tmp_path), code=2)
    assert f"Replace {file}?" in asked
    assert file.read_text() == "mine"
    assert command("models", "download", "iris", str(file), "--yes") == f"{file}\n"
    assert file.read_bytes() == IRIS.read_bytes()


def test_a_model_goes_to_the_standard_output(
    command: Command, iris: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", output)
    assert command.run("models", "download", iris, "-")[0] == 0
    assert output.buffer.getvalue() == IRIS.read_bytes()


def test_what_a_package_tells(command: Command, iris: str) -> None:
    parts = command.json("models", "show", "iris")
    assert [*parts] == ["manifest", "metrics", "members"]
    assert parts["members"][0] == {"name": "manifest.json", "offset": 512, "size": 1437}
    for part, values in parts.items():
        assert command.json("models", "show", "iris", "--part", part) == values
    lines = command("models", "show", "iris", "--part", "members", "-o", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == parts["members"]
    shown = command("models", "show", "iris")
    assert "metrics:\naccuracy  0.9778\n" in shown
    assert "members:\nname " in shown


def test_a_file_that_is_no_package(command: Command, tmp_path: Path) -> None:
    said = command.failure("models", "upload", str(tmp_path / "model.fnnx"), "iris")
    assert said.startswith("dataforce: ")
    assert len(said.splitlines()) == 1
