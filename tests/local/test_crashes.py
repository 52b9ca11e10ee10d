"""A process that is killed at any moment leaves a registry that works."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dataforce import Client
from tests.local.conftest import files_of

KILLED_AT_A_LINE = """
import os, signal, sys

place, package, fatal = sys.argv[1], sys.argv[2], int(sys.argv[3])

from dataforce import Client

lines = 0

def trace(frame, event, argument):
    global lines
    if sys.argv[4] not in frame.f_code.co_filename:
        return None
    if event == "line":
        lines += 1
        if lines == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace

client = Client(database_url=f"sqlite:///{place}")
collection = client.collections.get("Models")
sys.settrace(trace)
{work}
sys.settrace(None)
print(lines)
"""
UPLOAD = 'client.model_artifacts.upload(package, "killed", collection_id=collection.id)'
DELETE = 'client.model_artifacts.delete(client.model_artifacts.get("first").id)'


def run(
    work: str, place: Path, package: Path, fatal: int, within: str = "dataforce"
) -> subprocess.CompletedProcess[str]:
    """Do the work in a process that is killed at its n-th line of the files named like that."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED_AT_A_LINE.replace("{work}", work),
            place,
            package,
            str(fatal),
            within,
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def moments(
    work: str, place: Path, package: Path, number: int, within: str = "dataforce"
) -> list[int]:
    """Lines spread over the whole of the work; the work is done once to count them."""
    lines = int(run(work, place, package, 0, within).stdout)
    return sorted({1 + index * (lines - 1) // (number - 1) for index in range(number)})


def check_that_all_is_lossless(client: Client, target: Path, place: Path) -> None:
    """Every record is complete, its bytes are those that were stored, and nothing is left over."""
    records = client.model_artifacts.list()
    assert {record.status for record in records} <= {"uploaded"}
    for record in records:
        client.model_artifacts.download(record.id, target)
    needed = {record.file_hash for record in records}
    assert set(files_of(place)["sha256"]) == needed


@pytest.mark.parametrize(
    ("within", "number"),
    [
        ("dataforce", 10),
        # Where the file gets its name and the record is written: every line, or nearly.
        pytest.param("dataforce_local/files/blob_store.py", 40, marks=pytest.mark.slow),
        # Where files are made and moved, with the mark of a folder that was never used.
        pytest.param("dataforce_local/files/file_system.py", 20, marks=pytest.mark.slow),
    ],
)
def test_killed_while_uploading(
    within: str,
    number: int,
    client: Client,
    large_package: Path,
    iris: Path,
    place: Path,
    tmp_path: Path,
) -> None:
    client.close()

    def unused(name: str) -> Path:
        """A registry of its own, whose folder of files is still to be made."""
        return Path(shutil.copytree(place.parent, tmp_path / name)) / place.name

    for moment in moments(UPLOAD, unused("counted"), large_package, number, within):
        killed = unused(f"killed at {moment}")
        ended = run(UPLOAD, killed, large_package, moment, within)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        with Client(database_url=f"sqlite:///{killed}") as reopened:
            assert len(reopened.model_artifacts.list()) <= 1
            check_that_all_is_lossless(reopened, tmp_path, killed)
            reopened.model_artifacts.upload(iris, "next")
            check_that_all_is_lossless(reopened, tmp_path, killed)


@pytest.mark.slow
def test_killed_while_deleting(
    client: Client,
    open_client: Callable[[], Client],
    iris: Path,
    large_package: Path,
    place: Path,
    tmp_path: Path,
) -> None:
    client.model_artifacts.upload(iris, "stays")
    client.model_artifacts.upload(large_package, "first")
    for moment in moments(DELETE, place, large_package, number=12):
        client.model_artifacts.upload(large_package, "first")
        ended = run(DELETE, place, large_package, moment)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        reopened = open_client()
        check_that_all_is_lossless(reopened, tmp_path, place)
        for record in reopened.model_artifacts.list():
            if record.model_name == "first":
                reopened.model_artifacts.delete(record.id)
        check_that_all_is_lossless(reopened, tmp_path, place)
        reopened.close()


@pytest.mark.slow
def test_killed_while_it_makes_the_registry(tmp_path: Path) -> None:
    script = KILLED_AT_A_LINE.replace('collection = client.collections.get("Models")', "")
    script = script.replace("{work}", "client.orbits.list()")

    def first_use(place: Path, fatal: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script, place, "-", str(fatal), "dataforce"],
            capture_output=True,
            text=True,
            check=False,
        )

    lines = int(first_use(tmp_path / "counted.db", 0).stdout)
    for moment in range(1, lines, max(1, lines // 12)):
        place = tmp_path / f"{moment}.db"
        assert first_use(place, moment).returncode == -signal.SIGKILL
        with Client(database_url=f"sqlite:///{place}") as client:
            assert [orbit.name for orbit in client.orbits.list()] == ["Default Orbit"]


FULL_DISK = """
import resource, sys
from dataforce import Client, DataForceError

place, package, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = Client(database_url=f"sqlite:///{place}")
collection = client.collections.get("Models")
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    {work}
except DataForceError as error:
    print(type(error).__name__, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(len(client.model_artifacts.list()), len(client.collections.list()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
@pytest.mark.parametrize(
    ("work", "limit", "left"),
    [
        (UPLOAD, 1024 * 1024, "0 1"),
        ('client.collections.create("x" * 3_000_000, "More", "model")', 1024 * 1024, "0 1"),
        ('client.collections.create("x" * 3_000_000, "More", "model")', 0, "0 1"),
    ],
)
def test_a_full_disk_is_named_and_leaves_nothing_half_done(
    client: Client, work: str, limit: int, left: str, large_package: Path, place: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK.replace("{work}", work), place, large_package, str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )
    fault, counts = ended.stdout.splitlines()
    assert fault.startswith("StoreFullError")
    assert "the disk is full" in fault
    assert counts == left
    assert files_of(place) == {"staging": [], "incoming": [], "sha256": []}
    client.model_artifacts.upload(large_package, "now there is room")
