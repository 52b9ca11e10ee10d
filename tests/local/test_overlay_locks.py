"""Work in an overlay that only one does at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dataforce import ConflictError
from dataforce.config import Settings, load_settings
from dataforce.models import REGISTRY
from dataforce_local import open_overlay_store
from dataforce_local.overlay.store import LocalOverlayStore
from tests.local.conftest import new_schema
from tests.local.platform_records import reopened

HOLDER = """
import sys
from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce_local import open_overlay_store

database_url, storage_url, purpose = sys.argv[1:]
settings = load_settings({"database_url": database_url, "storage_url": storage_url})
with open_overlay_store(settings, REGISTRY).exclusive_lock(purpose):
    print("alone", flush=True)
    sys.stdin.readline()
"""


def enter(overlay_store: LocalOverlayStore, purpose: str) -> None:
    with overlay_store.exclusive_lock(purpose):
        pass


def enter_at_last(overlay_store: LocalOverlayStore, purpose: str) -> None:
    """Enter; a server notices a moment later that somebody is gone."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return enter(overlay_store, purpose)
        except ConflictError:
            if time.monotonic() > deadline:
                raise


def test_nobody_else_enters_for_the_same_purpose(overlay_store: LocalOverlayStore) -> None:
    with overlay_store.exclusive_lock("push/one"):
        with pytest.raises(ConflictError, match="Another push of the overlay in"):
            enter(overlay_store, "push/one")
        enter(overlay_store, "push/two")
        with pytest.raises(ConflictError):
            enter(overlay_store, "push/one")  # being refused takes nothing away
    enter(overlay_store, "push/one")


def test_who_fails_inside_leaves(overlay_store: LocalOverlayStore) -> None:
    with pytest.raises(ZeroDivisionError), overlay_store.exclusive_lock("push"):
        raise ZeroDivisionError
    enter(overlay_store, "push")


def test_another_thread_does_not_enter(overlay_store: LocalOverlayStore) -> None:
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            enter(overlay_store, "push")
        except ConflictError as error:
            outcomes.append(type(error).__name__)
        else:
            outcomes.append("entered")

    def in_a_thread() -> None:
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()

    with overlay_store.exclusive_lock("push"):
        in_a_thread()
    in_a_thread()
    assert outcomes == ["ConflictError", "entered"]


def test_records_can_be_written_meanwhile(overlay_store: LocalOverlayStore) -> None:
    with overlay_store.exclusive_lock("push"):
        overlay_store.key_values.write("space", {"key": "value"})
        assert overlay_store.key_values.get("space", "key") == "value"


@pytest.fixture(params=["file", "postgresql"])
def shared(request: pytest.FixtureRequest, place: Path, tmp_path: Path) -> Settings:
    """An overlay that several processes can open."""
    url = f"sqlite:///{place}"
    if request.param == "postgresql":
        url = request.getfixturevalue("server_url")
    return load_settings({"database_url": url, "storage_url": str(tmp_path / "files")})


def test_another_client_does_not_enter(shared: Settings) -> None:
    with reopened(shared) as one, reopened(shared) as other:
        with one.exclusive_lock("push"):
            with pytest.raises(ConflictError, match="under way"):
                enter(other, "push")
            enter(other, "pull")
        with other.exclusive_lock("push"), pytest.raises(ConflictError, match="under way"):
            enter(one, "push")


@pytest.mark.parametrize("ending", ["ends", "is killed"])
def test_another_process_enters_when_the_first_one_has_ended(
    shared: Settings, ending: str, tmp_path: Path
) -> None:
    assert shared.database_url is not None
    url = shared.database_url.get_secret_value()
    with reopened(shared) as overlay_store:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, url, str(tmp_path / "files"), "push"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "alone\n"
        with pytest.raises(ConflictError, match="Try again when it has ended"):
            enter(overlay_store, "push")
        if ending == "is killed":
            holder.kill()
        holder.communicate("\n" if ending == "ends" else None)
        enter_at_last(overlay_store, "push")


def test_an_overlay_elsewhere_is_another_one(tmp_path: Path) -> None:
    settings = load_settings({"database_url": ":memory:"})
    one, other = (
        open_overlay_store(settings, REGISTRY, tmp_path / name) for name in ("one.db", "other.db")
    )
    with one.exclusive_lock("push"):
        enter(other, "push")
    one.close()
    other.close()


def test_an_overlay_in_another_schema_is_another_one(server_url: str, tmp_path: Path) -> None:
    with new_schema() as another_url:
        one, other = (
            load_settings({"database_url": url, "storage_url": str(tmp_path / str(number))})
            for number, url in enumerate((server_url, another_url))
        )
        with reopened(one) as first, reopened(other) as second, first.exclusive_lock("push"):
            enter(second, "push")
            with reopened(one) as third, pytest.raises(ConflictError):
                enter(third, "push")
