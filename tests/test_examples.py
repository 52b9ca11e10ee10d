"""The examples do what they promise, when run as a user runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataforce import Client
from dataforce.config import APIVersion
from dataforce.server import Access, OrbitRole, OrganizationRole
from tests.server.serving import KEY, serving

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

TOLD = {
    "created": "collection 'Quickstart ",
    "uploaded": "iris.fnnx: accuracy 0.9778, f1_macro 0.976",
    "found": "'iris' by its name, from a new process",
    "downloaded": "iris.fnnx: byte-identical",
    "listed": "iris, 51,200 bytes, uploaded",
}
"""The first word of each line that a quickstart prints, and how the rest of it begins."""
KEPT = {
    "local": "LocalBackend in ",
    "remote": "RemoteBackend at http://127.0.0.1:",
    "hybrid": "HybridBackend over <ReadOnlyBackend before <RemoteBackend at http://127.0.0.1:",
}
"""What says where the registry is, and how it begins."""


MEMBER = f"dfs_{'m' * 43}"
"""Key of a member of the organization and of its orbit."""


@pytest.fixture(
    params=[
        ("local", None, None),
        ("remote", APIVersion.JANUARY_2026, KEY),
        pytest.param(("remote", APIVersion.JANUARY_2026, MEMBER), marks=pytest.mark.slow),
        pytest.param(("remote", APIVersion.DECEMBER_2025, KEY), marks=pytest.mark.slow),
        pytest.param(("remote", APIVersion.DECEMBER_2025, MEMBER), marks=pytest.mark.slow),
        ("hybrid", APIVersion.JANUARY_2026, MEMBER),
    ],
    ids=lambda param: "-".join(str(each)[:7] for each in param if each),
)
def place(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    """On this machine, or on a platform that only environment variables tell of."""
    backend_type, version, key = request.param
    if version is None:
        yield backend_type
        return
    access = Access(OrganizationRole.MEMBER)
    (tmp_path / "platform").mkdir()
    database_url = f"sqlite:///{tmp_path}/platform/registry.db"
    with serving(database_url, api_version=version, roles={MEMBER: access}) as base_url:
        with Client(database_url=database_url) as owner:
            access.orbits[owner.orbits.list()[0].id] = OrbitRole.MEMBER
        monkeypatch.setenv("DFS_BASE_URL", base_url)
        monkeypatch.setenv("DFS_API_KEY", key)
        monkeypatch.setenv("DFS_BACKEND_TYPE", backend_type)
        yield backend_type


@pytest.fixture(
    params=["quickstart.py", pytest.param("quickstart_async.py", marks=pytest.mark.slow)]
)
def quickstart(request: pytest.FixtureRequest) -> Path:
    return EXAMPLES / str(request.param)


def run(folder: Path, *arguments: str) -> str:
    """What Python prints in that folder; for whom it runs is said in `conftest.py`."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONWARNINGS": "error"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def story(folder: Path, quickstart: Path) -> list[tuple[str, str]]:
    """The lines that a quickstart prints: their first word, and the rest."""
    return [(line[:12].rstrip(), line[12:]) for line in run(folder, str(quickstart)).splitlines()]


def test_tells_its_story_in_order(place: str, quickstart: Path, tmp_path: Path) -> None:
    """The same one wherever the registry is."""
    lines = story(tmp_path, quickstart)
    told = TOLD | {"kept": f"by <{KEPT[place]}"}
    assert [word for word, _ in lines] == list(told)
    assert [rest for word, rest in lines if not rest.startswith(told[word])] == []


def test_every_run_makes_a_collection_of_its_own(quickstart: Path, tmp_path: Path) -> None:
    first, second = story(tmp_path, quickstart), story(tmp_path, quickstart)
    assert first[0] != second[0]
    assert first[1:] == second[1:]


def test_leaves_nothing_but_the_registry(quickstart: Path, tmp_path: Path) -> None:
    run(tmp_path, str(quickstart))
    assert len(list(tmp_path.rglob("registry.db"))) == 1
    assert list(tmp_path.rglob("*.fnnx")) == []


def test_hybrid_publishes_what_it_showed(tmp_path: Path) -> None:
    told = [line for line in run(tmp_path, str(EXAMPLES / "hybrid.py")).splitlines() if line]
    production = "production  Spring 100, Summer 100, Autumn 100, Winter 100, Greenhouse 100"
    published = "Spring 99, Summer 100, Autumn 100, Winter 100, Greenhouse 100, Next 2"
    assert told[0].startswith("served      at http://127.0.0.1:")
    assert told[1:4] == [production, f"hybrid      {published}", production]
    assert "untouched   production.db and its write-ahead log: the same bytes (SHA-256)" in told
    assert told.count("4 created (153.6 kB), 1 changed, 2 deleted (102.4 kB)") == 3
    assert told[-3:] == [
        f"production  {published}",
        "equal       507 collections and models are as hybrid showed them",
        "overlay     no changes",
    ]


@pytest.mark.slow
def test_hybrid_needs_none_of_your_settings_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {"READ_ONLY": "true", "BACKEND_TYPE": "remote", "ORBIT": "None"}.items():
        monkeypatch.setenv(f"DFS_{name}", value)
    run(tmp_path, str(EXAMPLES / "hybrid.py"))
    left = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    # A push notes for thirty days what it has uploaded, so that it never uploads it twice.
    assert {path.parent.parts[-2:] for path in left} <= {("dataforce", "uploads")}


def test_hybrid_says_at_once_which_extra_is_missing(tmp_path: Path) -> None:
    without = (
        "import runpy, sys; sys.modules['uvicorn'] = None; runpy.run_path({!r}, run_name={!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", without.format(str(EXAMPLES / "hybrid.py"), "__main__")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "This example serves a registry, and uvicorn cannot be imported. Run pip install "
        '"dataforce[server]" first.\n'
    )
    assert list(tmp_path.iterdir()) == []


def test_a_trained_model_is_kept_and_predicts_in_a_new_process(tmp_path: Path) -> None:
    lines = story(tmp_path, EXAMPLES / "sklearn_to_registry.py")
    assert [word for word, _ in lines] == ["stored", "stored", "found", "loaded", "extracted"]
    assert lines[1][1].startswith("iris.fnnx, 50 trees: accuracy 0.9")
    assert lines[2][1] == "50 trees, and 1 older version"
    assert lines[3][1].startswith("RandomForestClassifier says virginica of ")
    assert lines[4][1] == "model.pkl"
    assert list(tmp_path.rglob("*.pkl")) == []


def test_the_taste_in_the_readme_is_true(tmp_path: Path) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text("utf-8")
    [taste] = re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    shutil.copytree(EXAMPLES / "data", tmp_path / "examples" / "data")
    assert run(tmp_path, "-c", taste) == "{'accuracy': 0.9778, 'f1_macro': 0.976}\n"
    original = EXAMPLES / "data" / "iris.fnnx"
    assert (tmp_path / "copy.fnnx").read_bytes() == original.read_bytes()
