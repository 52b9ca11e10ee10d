"""Several processes and threads share one registry."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from dataforce import Client, ConfigurationError
from dataforce.models import REGISTRY
from dataforce_local.database import Database
from dataforce_local.records.schema import create_tables
from dataforce_local.records.tables import tables_of

WRITER = """
import sys
from dataforce import Client

place, package, name, number = sys.argv[1:]
client = Client(database_url=f"sqlite:///{place}", collection="Shared")
sys.stdin.readline()
client.orbits.list()
if client.collections.get("Shared") is None and name == "0":
    client.collections.create("", "Shared", "model")
print("ready", flush=True)
sys.stdin.readline()
for count in range(int(number)):
    client.model_artifacts.upload(package, f"{name}-{count}")
client.close()
"""


@pytest.mark.slow
def test_eight_processes_write_two_hundred_models_each(place: Path, iris: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, place, iris, str(name), "200"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in range(8)
    ]
    for start in ("make the registry, all at once", "write"):
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write(f"{start}\n")
            writer.stdin.flush()
        if start != "write":
            assert [writer.stdout and writer.stdout.readline() for writer in writers] == [
                "ready\n"
            ] * 8
    faults = [writer.communicate()[1] for writer in writers]
    assert faults == [""] * 8
    with Client(database_url=f"sqlite:///{place}") as client:
        models = client.model_artifacts.list()
        assert len(client.orbits.list()) == 1
    assert {model.model_name for model in models} == {
        f"{name}-{count}" for name in range(8) for count in range(200)
    }
    assert len(models) == 1600


def test_who_comes_second_leaves_a_new_registry_as_it_is(place: Path) -> None:
    with Client(database_url=f"sqlite:///{place}") as client:
        before = client.orbits.list()
        database = Database(make_url(f"sqlite:///{place}"), patience=1)
        with database.writing() as connection:
            assert not create_tables(connection, tables_of(REGISTRY))
        database.close()
        assert client.orbits.list() == before


def test_threads_of_one_client_write_at_once(client: Client, iris: Path) -> None:
    def write(name: int) -> None:
        for count in range(10):
            client.model_artifacts.upload(iris, f"{name}-{count}")

    threads = [threading.Thread(target=write, args=[name]) for name in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({model.model_name for model in client.model_artifacts.list()}) == 160


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_its_parents_connections_alone(place: Path, iris: Path) -> None:
    script = f"""
import os
from dataforce import Client

client = Client(database_url="sqlite:///{place}")
client.collections.create("", "Models", "model")
child = os.fork()
client.model_artifacts.upload({str(iris)!r}, "child" if child == 0 else "parent")
if child == 0:
    client.close()
else:
    os.waitpid(child, 0)
    print(sorted(model.model_name for model in client.model_artifacts.list()))
    client.close()
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.stdout == "['child', 'parent']\n", ended.stderr


@contextmanager
def at_next_statement(action: Callable[[], object]) -> Iterator[None]:
    """Do that once, in the midst of a call."""
    actions = [action]

    def act(*_: Any) -> None:
        if actions:
            actions.pop()()

    event.listen(Engine, "before_cursor_execute", act)
    yield
    event.remove(Engine, "before_cursor_execute", act)


@pytest.mark.parametrize("url", [":memory:", "sqlite:///{place}"])
def test_a_client_closed_by_another_thread_ends_its_call(url: str, place: Path) -> None:
    client = Client(database_url=url.format(place=place))
    client.orbits.list()
    closer = threading.Thread(target=client.close)

    def close_meanwhile() -> None:
        closer.start()
        closer.join(timeout=0.2)  # in memory it waits for this very call

    with at_next_statement(close_meanwhile):
        assert len(client.organizations.list()) == 1
    closer.join()
    with pytest.raises(ConfigurationError, match="This client is closed"):
        client.organizations.list()
    # SQLite removes it with the last connection.
    assert not place.with_name("registry.db-wal").exists()


def test_a_thread_that_waits_for_a_lock_notices_that_its_client_is_closed(place: Path) -> None:
    client = Client(database_url=f"sqlite:///{place}")
    client.orbits.list()
    waits = threading.Event()
    said = []

    def write() -> None:
        with pytest.raises(ConfigurationError) as caught:
            client.collections.create("", "Models", "model")
        said.append(caught.value.message)

    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=write)
        with at_next_statement(waits.set):
            writer.start()
            waits.wait()
            client.close()
            writer.join()
    assert said == ["This client is closed. Make a new one to go on."]


@pytest.mark.parametrize("url", [":memory:", "sqlite:///{place}"])
def test_a_list_that_goes_on_after_the_client_was_closed(url: str, place: Path) -> None:
    client = Client(database_url=url.format(place=place))
    for name in ("One", "Two"):
        client.collections.create("", name, "model")
    listed = client.collections.iterate(page_size=1)
    assert next(listed).name == "One"
    client.close()
    with pytest.raises(ConfigurationError, match="This client is closed"):
        next(listed)


def test_a_list_does_not_stumble_over_what_is_written_meanwhile(client: Client, iris: Path) -> None:
    made = [client.model_artifacts.upload(iris, f"model {count}") for count in range(6)]
    seen, late = [], ""
    for model in client.model_artifacts.iterate(page_size=2):
        seen.append(model.id)
        if model.id == made[1].id:
            client.model_artifacts.delete(made[0].id)
            client.model_artifacts.delete(made[3].id)
            late = client.model_artifacts.upload(iris, "late").id
    assert seen == [made[0].id, made[1].id, made[2].id, made[4].id, made[5].id, late]


LOCK = """
import fcntl, sys
with open(sys.argv[1], "rb+") as file:
    try:
        # Where SQLite notes who reads: nobody, if all of it can be had.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
    except OSError:
        print("in use")
"""


def test_a_second_client_takes_no_lock_from_the_first(tmp_path: Path) -> None:
    """To open and close a file takes away all locks of the process on it."""
    path = tmp_path / "registry.db"
    with Client(database_url=f"sqlite:///{path}") as first:
        first.orbits.list()
        with Client(database_url=f"sqlite:///{path}") as second:
            second.orbits.list()
            command = [sys.executable, "-c", LOCK, str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert done.stdout == "in use\n"
