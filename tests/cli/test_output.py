"""What is printed, in every form, on a terminal and elsewhere."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest
import yaml

from dataforce import Client
from dataforce.cli.output import print_object
from dataforce.cli.table import cells, table
from tests.cli.conftest import Command


@pytest.fixture
def flowers(client: Client) -> str:
    return client.collections.create("On\nmeadows", "花 Flowers", "model", ["a", "b"]).id


def test_every_form_says_the_same_and_all(command: Command, flowers: str) -> None:
    [expected] = command.json("collections", "list")
    assert expected["id"] == flowers
    assert expected["description"] == "On\nmeadows"
    lines = command("collections", "list", "-o", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == [expected]
    assert yaml.safe_load(command("collections", "list", "-o", "yaml")) == [expected]
    [row] = csv.DictReader(io.StringIO(command("collections", "list", "-o", "csv"), newline=""))
    assert row == {
        name: "" if value is None else json.dumps(value) if name == "tags" else str(value)
        for name, value in expected.items()
    }


def test_one_object_in_every_form(command: Command, flowers: str) -> None:
    expected = command.json("collections", "get", flowers)
    get = ("collections", "get", flowers, "-o")
    assert json.loads(command(*get, "jsonl")) == expected
    assert yaml.safe_load(command(*get, "yaml")) == expected
    assert len(list(csv.reader(io.StringIO(command(*get, "csv"))))) == 2
    shown = command(*get, "table").splitlines()
    assert shown[:4] == [
        f"id               {flowers}",
        f"orbit_id         {expected['orbit_id']}",
        r"description      On\nmeadows",
        "name             花 Flowers",
    ]


def test_a_table_is_cut_to_the_terminal(
    command: Command, flowers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = command("collections", "list")
    monkeypatch.setenv("COLUMNS", "100")
    assert command("collections", "list") == whole  # no terminal
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    heading, row = command("collections", "list").splitlines()
    assert flowers in row
    assert "created_at" not in heading
    assert max(map(cells, (heading, row))) <= 100


def test_columns_are_chosen(command: Command, client: Client, flowers: str) -> None:
    model = client.model_artifacts.upload("tests/data/iris.fnnx", "iris", tags=["a"])
    chosen = ("--column", "model_name", "--column", "metrics.accuracy", "--column", "metrics.none")
    listed = ("models", "list", *chosen, "-o")
    assert command(*listed, "table").splitlines() == [
        "model_name  metrics.accuracy  metrics.none",
        "iris        0.9778",
    ]
    assert command(*listed, "csv").splitlines()[1] == "iris,0.9778,"
    assert json.loads(command(*listed, "jsonl")) == {
        "model_name": "iris",
        "metrics.accuracy": 0.9778,
        "metrics.none": None,
    }
    [row] = command.json("models", "list", "--column", "created_at", "--column", "status")
    assert row["created_at"] == model.created_at.isoformat().replace("+00:00", "Z")
    said = command.failure("models", "list", "--column", "colour", code=2)
    assert "'colour' is not one of id, " in said


def test_a_list_of_nothing(command: Command) -> None:
    assert command.run("collections", "list") == (0, "", "No collections.\n")
    assert command("collections", "list", "-o", "json") == "[]\n"
    assert command("collections", "list", "-o", "csv").startswith("id,")


def test_an_object_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_object({}, "table")
    assert capsys.readouterr().out == ""


def test_yaml_needs_an_extra(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    said = command.failure("orbits", "list", "-o", "yaml")
    assert 'pip install "dataforce[yaml]"' in said


def test_columns_give_way_before_the_first_does() -> None:
    name = "花" * 12
    rows = [["id", "name", "text"], ["0123456789", name, "e\u0301 or more and more"]]
    for width in range(3, 70):
        assert max(map(cells, table(rows, width, kept=1).splitlines())) <= max(width, 4)
    assert "…" in table(rows, 50, kept=1)
    assert table(rows, 40, kept=1).splitlines()[1] == f"0123456789  {name}"
    assert table(rows, 20, kept=1).splitlines()[1].startswith("0123")
    assert table(rows, None).splitlines()[1].endswith("e\u0301 or more and more")


def test_empty_columns_are_left_out_on_a_terminal(
    command: Command, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.collections.create("", "Flowers", "model")
    assert "description" in command("collections", "list")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "description" not in command("collections", "list")
    assert "description" in command("collections", "list", "--column", "description")
