"""Overlays are files of their own, which outlive clients and are shared by them."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, ConfigurationError
from dataforce.backend import Scope
from dataforce.config import APIVersion
from dataforce.models import ORGANIZATION, OrganizationCreate
from tests.hybrid.reading import Production, registered
from tests.hybrid.reading import production as production
from tests.local.conftest import server_url as server_url
from tests.server.serving import KEY


def overlays(folder: Path) -> list[Path]:
    return sorted((folder / "home").rglob("overlays/*/*/*.db"))


def listed(client: Client) -> list[str]:
    return [each.name for each in client.collections.list()]


def test_an_overlay_survives_its_client(production: Production) -> None:
    with production.hybrid() as client:
        client.collections.create("", "mine", "model")
    assert listed(production.hybrid()) == ["mine"]
    assert listed(production.behind) == []


def test_each_organization_has_a_file_of_its_own(production: Production, tmp_path: Path) -> None:
    behind = production.behind
    first = behind.organizations.list()[0].id
    other = behind.backend.store(ORGANIZATION, Scope()).create(OrganizationCreate(name="Other"))
    for organization in (first, other.id):
        client = production.hybrid(organization=organization)
        client.bucket_secrets.create("e", "mine", region="r")
        assert [change.name for change in client.overlay.diff()] == ["mine"]
    found = overlays(tmp_path)
    assert sorted(path.parent.name for path in found) == sorted([first, other.id])
    assert {path.name for path in found} == {"default.db"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}


def test_each_platform_has_a_folder_of_its_own(production: Production, tmp_path: Path) -> None:
    with ExitStack() as opened:
        other = Production(tmp_path / "other", opened, APIVersion.JANUARY_2026)
        production.hybrid().collections.create("", "first", "model")
        other.hybrid().collections.create("", "second", "model")
        assert len({path.parent.parent for path in overlays(tmp_path)}) == 2
        assert listed(production.hybrid()) == ["first"]
        assert listed(other.hybrid()) == ["second"]


def test_named_overlays_know_nothing_of_each_other(production: Production, tmp_path: Path) -> None:
    for name in ("one", "two"):
        production.hybrid(overlay=name).collections.create("", name, "model")
    assert listed(production.hybrid(overlay="one")) == ["one"]
    assert listed(production.hybrid(overlay="two")) == ["two"]
    assert listed(production.hybrid()) == []
    assert production.hybrid(overlay="one").overlay.status().name == "one"
    assert {path.name for path in overlays(tmp_path)} >= {"one.db", "two.db"}


@pytest.mark.parametrize("kind", ["file", "memory", "postgresql"])
def test_an_overlay_can_be_elsewhere(
    production: Production, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    settings: dict[str, Any] = {"database_url": f"sqlite:///{tmp_path}/elsewhere.db"}
    if kind == "memory":
        settings = {"database_url": ":memory:"}
    if kind == "postgresql":
        url = request.getfixturevalue("server_url")
        settings = {"database_url": url, "storage_url": str(tmp_path / "files")}
    collection = production.behind.collections.create("", "theirs", "model")
    client = production.hybrid(**settings)
    client.collections.create("", "mine", "model")
    client.collections.update(collection_id=collection.id, name="renamed")
    registered(client, collection, "model")
    assert [(each.name, each.total_models) for each in client.collections.list()] == [
        ("renamed", 1),
        ("mine", 0),
    ]
    assert overlays(tmp_path) == []
    assert listed(production.hybrid(**settings)) == (
        ["theirs"] if kind == "memory" else ["renamed", "mine"]
    )


def test_one_place_and_one_of_several_names_exclude_each_other(
    production: Production, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="overlay"):
        production.hybrid(
            overlay="named", database_url=f"sqlite:///{tmp_path}/elsewhere.db"
        ).collections.list()


def test_an_open_client_sees_what_another_one_does_at_once(production: Production) -> None:
    theirs = production.behind.collections.create("", "theirs", "model")
    first, second = production.hybrid(), production.hybrid()
    assert listed(first) == listed(second) == ["theirs"]
    first.collections.create("", "mine", "model")
    first.collections.update(collection_id=theirs.id, name="renamed")
    assert listed(second) == ["renamed", "mine"]
    second.collections.delete(theirs.id)
    assert listed(first) == ["mine"]
    first.overlay.reset()
    assert listed(second) == ["theirs"]


WRITER = """
import sys
from dataforce import Client
url, key, collection, mark = sys.argv[1:]
with Client(backend_type="hybrid", base_url=url, api_key=key) as client:
    for number in range(5):
        client.collections.create("", f"{mark} {number}", "model")
        client.collections.update(collection_id=collection, tags=[mark])
"""


def test_eight_writers_in_two_processes_share_one(production: Production) -> None:
    theirs = production.behind.collections.create("", "theirs", "model")
    command = [sys.executable, "-c", WRITER, production.url, KEY, theirs.id]
    processes = [subprocess.Popen([*command, f"process {mark}"]) for mark in range(2)]
    clients = [production.hybrid(retry_timeout=60) for _ in range(6)]

    def write(mark: int) -> None:
        for number in range(5):
            clients[mark].collections.create("", f"thread {mark} {number}", "model")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    names = listed(production.hybrid())
    assert sorted(names) == sorted(
        ["theirs"]
        + [f"thread {mark} {number}" for mark in range(6) for number in range(5)]
        + [f"process {mark} {number}" for mark in range(2) for number in range(5)]
    )
    assert listed(clients[0]) == names


def test_an_overlay_lies_over_one_platform(production: Production, tmp_path: Path) -> None:
    settings = {"database_url": f"sqlite:///{tmp_path}/elsewhere.db"}
    with ExitStack() as opened:
        other = Production(tmp_path / "other", opened, APIVersion.JANUARY_2026)
        production.hybrid(**settings).collections.create("", "mine", "model")
        with pytest.raises(ConfigurationError, match=production.url):
            other.hybrid(**settings).collections.list()
    assert listed(production.hybrid(**settings)) == ["mine"]


def test_a_closed_client_says_so(production: Production) -> None:
    used, unused = production.hybrid(), production.hybrid()
    used.collections.create("", "mine", "model")
    for client in (used, unused):
        client.close()
        for call in (
            client.overlay.diff,
            client.overlay.push,
            client.overlay.reset,
            client.collections.list,
            lambda each=client: each.collections.create("", "late", "model"),
        ):
            with pytest.raises(ConfigurationError, match="closed"):
                call()
    assert listed(production.hybrid()) == ["mine"]


def test_an_overlay_is_looked_at_while_another_client_changes_it(production: Production) -> None:
    behind = production.behind
    theirs = [behind.collections.create("", f"theirs {number}", "model") for number in range(3)]
    writer, reader = production.hybrid(retry_timeout=60), production.hybrid(retry_timeout=60)
    assert not reader.overlay.diff()

    def write() -> None:
        for _ in range(15):
            for number in range(3):
                writer.collections.create("", f"mine {number}", "model")
            for each in theirs:
                writer.collections.update("renamed", collection_id=each.id)
                writer.collections.delete(each.id)
            writer.overlay.reset()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            reader.overlay.status()
            for change in reader.overlay.diff():
                assert change.name
        writing.result()
    assert not reader.overlay.diff()
