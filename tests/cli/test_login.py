"""Login to a platform that is served here, and what holds afterwards."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from dataforce import Client
from dataforce.config import load_settings
from tests.cli.conftest import Command, Terminal
from tests.server.serving import KEY, serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys, None)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    monkeypatch.setattr(sys, "stdin", StringIO(f"{KEY}\n"))
    return StringIO()


@pytest.mark.usefixtures("piped")
def test_a_login_lasts_until_the_logout(command: Command, url: str) -> None:
    path = Path(command("config", "path").strip())
    said = command.failure("login", "--base-url", url, code=0)
    assert said == (
        f"Logged in to {url}: the key is stored for client 'default' in {path}. "
        f"Organizations: My Organization.\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Client() as client:
        assert client.settings.backend_type == "remote"
        assert [each.name for each in client.orbits.list()] == ["Default Orbit"]
    assert command.json("whoami") == {
        "backend_type": "remote",
        "base_url": url,
        "api_key": f"clients.default.api_key in {path}",
        "organizations": ["My Organization (owner)"],
    }
    assert command("logout") == ""
    assert KEY not in path.read_text()
    assert "No key was stored in" in command.failure("logout", code=0)
    assert command.failure("whoami").startswith("dataforce: ")


def test_the_key_is_asked_for_without_showing_it(
    command: Command, url: str, typed: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: KEY)
    assert command.run("login", "--base-url", url)[0] == 0
    # The second time the URL is known, and hybrid stays hybrid.
    assert command.run("login", "--backend-type", "hybrid")[0] == 0
    assert command.run("login")[0] == 0
    assert (load_settings({}).base_url, load_settings({}).backend_type) == (url, "hybrid")


@pytest.mark.usefixtures("piped")
def test_a_login_as_another_client(command: Command, url: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    command("config", "set", "timeout", "5", "--config-file", str(file))
    arguments = ("--client-name", "work", "--config-file", str(file))
    assert command.run("login", "--base-url", url, *arguments)[0] == 0
    assert load_settings({}, configuration_file=file).base_url != url
    assert load_settings({}, client_name="work", configuration_file=file).base_url == url


@pytest.mark.parametrize(
    ("key", "code", "complaint"),
    [
        ("dfs_other", 1, "does not know this key"),
        ("", 2, "No key was given"),
        ("with space", 1, "api_key (code)"),
    ],
)
def test_a_key_that_is_not_taken_is_not_stored(
    key: str,
    code: int,
    complaint: str,
    command: Command,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(f"{key}\n"))
    said = command.failure("login", "--base-url", url, code=code)
    assert complaint in said
    assert "dfs_other" not in said
    assert not Path(command("config", "path").strip()).exists()


def test_where_one_works_without_a_platform(command: Command) -> None:
    assert command.json("whoami") == {
        "backend_type": "local",
        "base_url": None,
        "api_key": None,
        "organizations": ["My Organization (owner)"],
    }
