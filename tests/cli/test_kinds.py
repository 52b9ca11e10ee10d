"""Commands of kinds: what they do, and that a declaration is enough for them."""

from __future__ import annotations

import re
import sys
from io import StringIO
from pathlib import Path

import click
import pytest

from dataforce import Client
from dataforce.backend import MemoryBackend
from dataforce.backend.kind import Family, Kind
from dataforce.cli import commands
from dataforce.cli.commands import COMMANDS, Entry, load
from dataforce.models import REGISTRY
from dataforce.models.registry.organization import (
    Organization,
    OrganizationCreate,
    OrganizationUpdate,
)
from tests.cli.conftest import Command, Terminal

CHURN = ("collections", "create", "Churn", "--description", "", "--collection-type", "model")


def test_every_kind_of_the_registry_has_commands() -> None:
    entries = [each for each in COMMANDS.values() if each.place == "dataforce.models:REGISTRY"]
    assert {each.route for each in entries} == {kind.route for kind in REGISTRY.kinds}


def test_an_object_from_its_making_to_its_deletion(command: Command, client: Client) -> None:
    made = command.json(*CHURN, "--tag", "crm", "--tags", "sales")
    assert (made["name"], made["tags"]) == ("Churn", ["crm", "sales"])
    changed = command.json("collections", "update", "Churn", "--name", "Churn 2026")
    assert changed == made | {"name": "Churn 2026", "updated_at": changed["updated_at"]}
    assert command.json("collections", "update", made["id"], "--clear", "tags")["tags"] is None
    assert command.json("collections", "get", made["id"])["tags"] is None
    assert command("collections", "delete", "Churn 2026", "--yes") == ""
    assert client.collections.list() == []


def test_lists_are_filtered_sorted_and_limited(command: Command, client: Client) -> None:
    for name, tags in (("Trees", ["a"]), ("Flowers", ["a"]), ("Mushrooms", ["b"])):
        client.collections.create("", name, "model", tags)

    def names(*arguments: str) -> list[str]:
        return [each["name"] for each in command.json("collections", "list", *arguments)]

    assert names() == ["Trees", "Flowers", "Mushrooms"]
    assert names("--sort-by", "name", "--order", "desc") == ["Trees", "Mushrooms", "Flowers"]
    assert names("--tag", "a", "--sort-by", "name", "--limit", "1") == ["Flowers"]
    assert names("--name-contains", "FLOW", "--name-contains", "tree") == ["Trees", "Flowers"]
    assert names("--created-after", "2020-01-01") == ["Trees", "Flowers", "Mushrooms"]
    assert names("--created-before", "2020-01-01T00:00+02:00") == []


def test_models_are_found_by_their_metrics(command: Command, client: Client) -> None:
    client.collections.create("", "Flowers", "model")
    client.model_artifacts.upload("tests/data/iris.fnnx", "iris")
    for comparison, count in (("accuracy>0.9", 1), ("accuracy>0.99", 0)):
        options = ("--metrics", comparison, "--sort-by", "metrics.accuracy")
        assert len(command.json("models", "list", *options)) == count


def test_parents_are_given_by_name(command: Command, client: Client) -> None:
    [secret] = client.bucket_secrets.list()
    orbit = command.json("orbits", "create", "Second", "--bucket-secret-id", "local")
    assert orbit["bucket_secret_id"] == secret.id
    here = ("--organization", "My Organization", "--orbit", "Second")
    assert command.json(*CHURN, *here)["orbit_id"] == orbit["id"]
    assert command.json("collections", "list", "--orbit", "Default Orbit") == []


def test_what_does_not_exist(command: Command) -> None:
    said = command.failure("orbits", "get", "Nowhere")
    assert said.startswith("dataforce: There is no orbit 'Nowhere' in organization ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["collections", "list", "--sort-by", "colour"], "'colour' is not one of created_at, name"),
        (["collections", "list", "--created-after", "soon"], "'soon' is no moment"),
        (["collections", "list", "--limit", "0"], "--limit"),
        (["collections", "create", "Churn"], "Missing option '--description'"),
        (["collections", "update", "Churn"], "Nothing to change"),
        (
            ["collections", "update", "Churn", "--tag", "a", "--clear", "tags"],
            "tags: either give a value or --clear it",
        ),
        (["colections"], "No such command 'colections'"),
        (["bucket-secrets", "update", "local", "--secret-key-file", "none"], "No such file"),
    ],
)
def test_wrong_usage(arguments: list[str], complaint: str, command: Command) -> None:
    assert complaint in " ".join(command.failure(*arguments, code=2).split())


def test_organizations_are_made_by_people_only(command: Command) -> None:
    assert "update" not in command("organizations", "--help")


def test_a_deletion_is_confirmed(command: Command, client: Client, typed: Terminal) -> None:
    client.collections.create("", "Churn", "model")
    typed.write("n\ny\n")
    typed.seek(0)
    asked = command.failure("collections", "delete", "Churn", code=2)
    assert re.match(r"Delete collection 'Churn' \([\w-]{36}\) and all below it\? \[y/N\]", asked)
    assert len(client.collections.list()) == 1
    [identifier] = [each.id for each in client.collections.list()]
    code, _, asked = command.run("collections", "delete", identifier)
    assert code == 0
    assert f"Delete collection {identifier} and" in asked
    assert client.collections.list() == []
    client.collections.create("", "Churn", "model")
    command.failure("collections", "delete", "Churn", code=2)  # the input has ended


def test_nothing_is_deleted_where_nobody_can_be_asked(command: Command, client: Client) -> None:
    client.collections.create("", "Churn", "model")
    assert "give --yes" in command.failure("collections", "delete", "Churn", code=2)
    assert len(client.collections.list()) == 1


def test_credentials_are_read_from_files(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text("hidden\n")
    bucket = ("bucket-secrets", "create", "models", "--endpoint", "s3.example.com", "--no-secure")
    monkeypatch.setattr(sys, "stdin", StringIO("hidden too\n"))
    options = ("--access-key-file", str(file), "--secret-key-file", "-")
    made = command.json(*bucket, *options)
    assert (made["bucket_name"], made["secure"]) == ("models", False)
    assert "hidden" not in str(made)
    file.write_bytes(b"\xff")
    said = command.failure("bucket-secrets", "update", "models", *options, code=2)
    assert "it is not UTF-8 text" in said


def test_a_credential_is_asked_for_without_showing_it(
    command: Command, typed: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "hidden")
    command("bucket-secrets", "update", "local", "--secret-key-file", "-")


def test_credentials_in_an_endpoint_are_masked(command: Command, client: Client) -> None:
    endpoint = "https://account.example/?sig=hidden"
    client.bucket_secrets.create(endpoint, "azure")
    for form in ("table", "json", "jsonl", "yaml", "csv"):
        for arguments in (["list"], ["get", "azure"]):
            printed = command("bucket-secrets", *arguments, "--output", form)
            assert "**********" in printed
            assert "hidden" not in printed


class Shelf(Organization):
    """A shelf of books.

    Attributes:
        shape: Of its
            `corners`.
    """


class ShelfCreate(OrganizationCreate):
    """The create model of a shelf."""

    depth: int
    shape: dict[str, int] | None = None


class BookCreate(OrganizationCreate):
    """The create model of a book."""


SHELF = Kind("shelf", "shelves", Shelf, ShelfCreate, OrganizationUpdate)
BOOK = Kind(
    "book",
    "old_books",
    Organization,
    BookCreate,
    OrganizationUpdate,
    parent=SHELF,
    allows=frozenset(["create"]),
)
LIBRARY = Family("library", (SHELF, BOOK))


def test_another_family_has_commands_by_being_declared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(COMMANDS, "library", Entry("Books.", f"{__name__}:LIBRARY"))
    command = Command(capsys, MemoryBackend(LIBRARY))
    assert "shelves" in command("library", "--help")
    assert "A shelf of books." in command("library", "--help")
    assert "Of its corners." in command("library", "shelves", "create", "--help")
    shelf = ("library", "shelves", "create", "Tall", "--depth", "30")
    refused = command.failure(*shelf, "--shape", "{", code=2)
    assert "It is not JSON" in refused
    assert "library" in commands.COMMAND.list_commands(click.Context(commands.COMMAND))
    books = load("library", COMMANDS["library"]).commands["old-books"]  # type: ignore[attr-defined]
    assert [*books.commands] == ["list", "get", "create"]
    assert "--shelf" in command("library", "old-books", "list", "--help")
