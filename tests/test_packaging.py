"""The distribution holds what it should, and the project's papers agree with its machinery."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from importlib.metadata import distribution, entry_points
from importlib.resources import files
from pathlib import Path

import pytest

import dataforce
from dataforce.backend import find_backend

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def commands() -> list[str]:
    """The commands that the README tells a newcomer to run."""
    return re.findall(r"^```sh\n(.*?)\n```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)


def environments() -> dict[str, str]:
    """The name of every environment of tox, with the commands it runs."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    names = [name.strip() for name in tox["tox"]["env_list"].split(",")]
    return {name: tox[f"testenv:{name}"]["commands"] for name in names}


def requirements() -> set[str]:
    """The packages that the project asks for, anywhere in its declaration."""
    project = PROJECT["project"]
    lists = [
        PROJECT["build-system"]["requires"],
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    ]
    found = [re.match(r"[\w-]+", item) for items in lists for item in items if type(item) is str]
    return {match[0] for match in found if match}


def test_the_version_is_said_once() -> None:
    assert distribution("dataforce").version == dataforce.__version__


def test_the_local_backend_is_found_by_its_entry_point() -> None:
    [entry] = entry_points(group="dataforce.backends", name="local")
    assert entry.dist is not None
    assert entry.dist.name == "dataforce"
    assert find_backend("local") is entry.load()


@pytest.mark.parametrize("package", ["dataforce", "dataforce_local"])
def test_types_are_shipped(package: str) -> None:
    assert files(package).joinpath("py.typed").is_file()


def test_the_wheel_carries_every_backend() -> None:
    carried = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    backends = [path for path in (ROOT / "backends").iterdir() if (path / "__init__.py").is_file()]
    assert set(carried) == {"dataforce", *(f"backends/{path.name}" for path in backends)}


def test_the_readme_has_two_commands() -> None:
    first, second = commands()
    assert first.endswith(" examples/quickstart.py")
    assert second.endswith("/tox run -e tests")
    assert "pytest" in environments()["tests"]


def test_ci_runs_the_second_command_of_the_readme_and_every_other_environment() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert commands()[1] in lines
    [others] = [shlex.split(line)[3] for line in lines if line.startswith(".venv/bin/tox run -e ")]
    assert ["tests", *others.split(",")] == list(environments())


def test_every_example_is_run_by_tox() -> None:
    run = {word for word in environments()["examples"].split() if word.startswith("examples/")}
    assert run == {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.py")}


def test_every_dependency_is_accounted_for() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    lines = re.findall(r"^\| `([\w-]+)` \|", text, re.M)
    assert requirements() - set(lines) == set()
    assert set(lines) - requirements() == set()


def test_the_changelog_knows_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert dataforce.__version__ in text
