"""The overlay of a hybrid client, and copies, from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataforce import Client
from tests.cli.conftest import Command, Terminal
from tests.server.serving import KEY, serving

IRIS = Path(__file__).parent.parent / "data" / "iris.fnnx"


@pytest.fixture
def others() -> Iterator[Client]:
    """A client of those who see the platform as it is."""
    with (
        serving() as url,
        Client(url, KEY, backend_type="remote", client_name="") as client,
    ):
        client.collections.create("", "Flowers", "model")
        yield client


@pytest.fixture
def command(
    others: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    monkeypatch.setenv("DFS_BACKEND_TYPE", "hybrid")
    monkeypatch.setenv("DFS_BASE_URL", others.settings.base_url)
    monkeypatch.setenv("DFS_API_KEY", KEY)
    return Command(capsys, None)


@pytest.fixture
def iris(command: Command) -> str:
    return str(command.json("models", "upload", str(IRIS), "iris")["id"])


def test_changes_are_looked_at_and_published(command: Command, iris: str, others: Client) -> None:
    assert command.json("overlay", "status")["created"] == 1
    assert "1 created" in command("overlay", "status")
    [change] = command.json("overlay", "diff")
    assert (change["action"], change["kind"], change["id"]) == ("created", "model artifact", iris)
    assert json.loads(command("overlay", "diff", "-o", "jsonl")) == change
    assert command("overlay", "diff").startswith("action ")
    dry = command.json("overlay", "push", "--dry-run")
    assert (dry["is_dry_run"], [each["name"] for each in dry["changes"]]) == (True, ["iris"])
    assert others.model_artifacts.list() == []
    assert command("overlay", "push").startswith("pushed:")
    assert [each.model_name for each in others.model_artifacts.list()] == ["iris"]
    assert command("overlay", "push", "--on-conflict", "mine") == "nothing to push\n"


def test_reports_are_cut_to_the_terminal(
    command: Command, iris: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert command("overlay", "diff").splitlines()[0] == "action   kind      …"


def test_changes_are_dropped(command: Command, iris: str, typed: Terminal) -> None:
    assert command("overlay", "reset", "iris", "--yes") == ""
    assert command.json("overlay", "diff") == []
    command("collections", "create", "Trees", "--description", "", "--collection-type", "model")
    typed.write("n\n")
    typed.seek(0)
    asked = command.failure("overlay", "reset", code=2)
    assert "Drop all changes that were not pushed?" in asked
    assert len(command.json("overlay", "diff")) == 1


def test_records_are_pulled(command: Command, others: Client) -> None:
    others.model_artifacts.upload(IRIS, "iris")
    pulled = command.json("overlay", "pull", "--collection", "Flowers", "--content")
    assert (pulled["files"], pulled["records"]["model artifact"]) == (1, 1)
    assert command.json("overlay", "status")["pulled_at"].startswith("20")
    assert "1 model artifact" in command("overlay", "pull", "--name", "iris", "--limit", "1")


def test_a_client_without_an_overlay(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DFS_BACKEND_TYPE", "remote")
    assert "This client has no overlay" in command.failure("overlay", "status")


def test_a_copy_to_another_client(
    command: Command, iris: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFS_ARCHIVE_BACKEND_TYPE", "local")
    monkeypatch.setenv("DFS_ARCHIVE_DATABASE_URL", f"sqlite:///{tmp_path}/archive.db")
    for copied, skipped in ((1, 0), (0, 1)):
        report = command.json("copy", "Flowers", "archive")
        assert (len(report["copied"]), len(report["skipped"])) == (copied, skipped)
    assert "1 there already" in command("copy", "Flowers", "archive")
