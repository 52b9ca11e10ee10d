"""The command line, as a user sees it: what it prints, where, and its exit code."""

from __future__ import annotations

import builtins
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import requests

import dataforce
from dataforce import Client
from dataforce.cli import main
from dataforce.cli.serve import announce

ROOT = Path(__file__).resolve().parent.parent


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command which fails prints."""
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    [line] = printed.err.splitlines()
    assert line.startswith("dataforce: ")
    return line


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A process that serves, and the variables it says to export."""
    command = [sys.executable, "-W", "error", "-m", "dataforce", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            lines = [process.stdout.readline() for _ in range(2)]
            if "--api-key-file" not in arguments and "DFS_API_KEY" not in os.environ:
                lines.append(process.stdout.readline())
            exported = dict(line.split()[1].split("=") for line in lines)
            assert exported["DFS_BASE_URL"].rpartition(":")[2] in first
            yield process, exported
        finally:
            process.terminate()  # not killed: what it ran is to be counted


def organizations(exported: dict[str, str], key: str | None = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(
            f"{exported['DFS_BASE_URL']}/users/me/organizations",
            headers={"Authorization": f"Bearer {key or exported['DFS_API_KEY']}"},
            timeout=10,
        )


def test_the_command_is_installed() -> None:
    [command] = entry_points(group="console_scripts", name="dataforce")
    assert command.load() is main


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dataforce {dataforce.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["config"], ["nonsense"]])
def test_what_is_no_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Usage: dataforce" in capsys.readouterr().err


def test_the_settings_are_shown_with_their_origins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DFS_API_KEY", "dfs_hidden")
    monkeypatch.setenv("DFS_DATABASE_URL", "postgresql://me:hidden@db/registry")
    monkeypatch.setenv("DFS_READ_ONLY", "yes")
    file = tmp_path / "config.toml"
    file.write_text('[clients.mine]\norbit = "Trees"\n')
    file.chmod(0o600)
    assert main(["config", "show", "--client-name", "mine", "--config-file", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "api_key = ********** (environment variable DFS_API_KEY)" in lines
    assert "timeout = 30.0 (default)" in lines
    assert "read_only = True (environment variable DFS_READ_ONLY)" in lines
    assert "cache_size = 10000000000 (default)" in lines
    assert any(
        re.fullmatch(rf"orbit = Trees \(.*{re.escape(str(file))}.*\)", line) for line in lines
    )
    assert len(lines) == len(dataforce.config.Settings.model_fields)
    assert "hidden" not in "".join(lines)


def test_the_settings_in_other_forms(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFS_API_KEY", "dfs_hidden")
    assert main(["config", "show", "-o", "json"]) == 0
    values = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert values["api_key"] == {
        "name": "api_key",
        "value": "**********",
        "origin": "environment variable DFS_API_KEY",
    }
    assert values["timeout"]["value"] == 30.0
    assert values["backend_type"]["value"] == "local"


@pytest.mark.parametrize(
    "arguments", [["config", "show"], ["config", "show", "--output=csv"], ["--help"]]
)
def test_a_reader_that_stops_early_is_no_fault(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "dataforce", *arguments]
    try:
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 141


def test_a_backend_that_is_not_installed_serves_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = failure(capsys, "serve", "--backend-type", "lcoal")
    assert "The backend 'lcoal' (backend_type from code) is not installed; did you mean" in line


def test_what_is_wrong_with_the_settings_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFS_TIEMOUT", "1")
    assert "DFS_TIEMOUT" in failure(capsys, "config", "show")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_registry_is_served_until_a_signal_comes(ending: signal.Signals, tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/registry.db"
    storage = str(tmp_path / "files")
    with served("--database-url", place, "--storage-url", storage) as (process, exported):
        assert exported["DFS_BACKEND_TYPE"] == "remote"
        assert re.fullmatch(r"dfs_[\w-]{43}", exported["DFS_API_KEY"])
        assert organizations(exported).json()[0]["name"] == "My Organization"
        assert organizations(exported, "dfs_other").status_code == 401
        process.send_signal(ending)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")
    assert not (tmp_path / "registry.db-wal").exists()


def test_keys_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("dfs_one\n\ndfs_two\n")
    file.chmod(0o600)
    arguments = ("--api-key-file", str(file), "--api-version", "2025-12")
    with served(*arguments, "--database-url", ":memory:") as (_, exported):
        assert "DFS_API_KEY" not in exported
        for key, status in (("dfs_one", 200), ("dfs_two", 200), ("dfs_three", 401)):
            assert organizations(exported, key).status_code == status


def test_the_key_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DFS_API_KEY", "dfs_mine")
    monkeypatch.setenv("DFS_BACKEND_TYPE", "remote")  # for clients; a server is none
    with served("--database-url", ":memory:", "--host", "0.0.0.0") as (_, exported):
        exported["DFS_BASE_URL"] = exported["DFS_BASE_URL"].replace(
            socket.gethostname(), "127.0.0.1"
        )
        assert organizations(exported, "dfs_mine").status_code == 200


def test_files_of_keys_that_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "keys"
    arguments = ("serve", "--api-key-file", str(file))
    assert "No such file" in failure(capsys, *arguments)
    file.touch(0o600)
    file.write_bytes(b"dfs_hidd\xe9n")
    assert "UTF-8" in failure(capsys, *arguments)
    file.write_text("\n # none\n")
    assert "holds no API key" in failure(capsys, *arguments)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("dfs_hiddén", "a key is ASCII text"),
        ("dfs_hidden dfs_secret", "the word after a key is owner, admin or member"),
        ('dfs_hidden member "Default Orbit', "No closing quotation"),
        ('dfs_hidden member "Default Orbit=boss"', "'Default Orbit' is admin or member"),
        ("dfs_hidden member Nowhere", "there is no orbit 'Nowhere'"),
        ("dfs_hidden member Twice", "2 orbits are called 'Twice'"),
    ],
)
def test_lines_of_keys_that_are_refused_without_showing_the_key(
    line: str, complaint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/registry.db"
    with Client(database_url=database) as client:
        [secret] = client.bucket_secrets.list()
        for _ in range(2):
            client.orbits.create("Twice", secret.id)
    file = tmp_path / "keys"
    file.touch(0o600)
    file.write_text(f"# staff\n{line}\n", encoding="utf-8")
    shown = failure(capsys, "serve", "--api-key-file", str(file), "--database-url", database)
    assert shown.startswith("dataforce: Line 2 of the API keys cannot be read: ")
    assert complaint in shown
    assert "hidd" not in shown
    assert "secret" not in shown


def test_keys_have_the_roles_that_the_file_gives_them(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/registry.db"
    with Client(database_url=database) as client:
        [orbit] = client.orbits.list()
    file = tmp_path / "keys"
    file.touch(0o600)
    file.write_text(
        "dfs_owner  # everything\n"
        "dfs_admin admin\n"
        "dfs_alone member\n"
        'dfs_named member "Default Orbit"\n'
        f"dfs_lead member {orbit.id}=admin\n"
    )
    with served("--api-key-file", str(file), "--database-url", database) as (_, exported):
        seen = {}
        for name in ("owner", "admin", "alone", "named", "lead"):
            url = exported["DFS_BASE_URL"]
            with Client(url, f"dfs_{name}", backend_type="remote") as client:
                [organization] = client.organizations.list()
                roles = [orbit.role for orbit in client.orbits.list()]
                seen[name] = (organization.role, roles)
    assert seen == {
        "owner": ("owner", [None]),
        "admin": ("admin", [None]),
        "alone": ("member", []),
        "named": ("member", ["member"]),
        "lead": ("member", ["admin"]),
    }


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_files_of_keys_that_others_may_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys"
    file.touch()
    file.chmod(0o640)
    arguments = ("serve", "--api-key-file", str(file))
    assert failure(capsys, *arguments) == (
        f"dataforce: The API keys in {file} are not used: other users of this machine can open the "
        f"file, and call the server with them. Run `chmod 600 '{file}'`, and replace the keys if "
        f"others have had them."
    )
    monkeypatch.setattr(os, "name", "without modes")
    assert "holds no API key" in failure(capsys, *arguments)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "registry.example"])
def test_others_need_a_key_that_somebody_chose(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = failure(capsys, "serve", "--host", host)
    assert "DFS_API_KEY" in line
    assert "--api-key-file" in line


def test_a_server_is_not_read_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFS_READ_ONLY", "1")
    line = failure(capsys, "serve", "--database-url", ":memory:")
    assert "read_only (environment variable DFS_READ_ONLY) is on" in line


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_an_address_that_is_taken(
    host: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFS_API_KEY", "dfs_key")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        taken = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with closing(taken):
        port = str(taken.getsockname()[1])
        before = signal.getsignal(signal.SIGTERM)
        line = failure(
            capsys, "serve", "--host", host, "--port", port, "--database-url", ":memory:"
        )
        assert "Choose another --host or --port" in line
        assert signal.getsignal(signal.SIGTERM) is before


def test_a_port_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    for port in ("70000", "-1", "abc", "²"):
        assert main(["serve", f"--port={port}"]) == 2
        assert capsys.readouterr().err.endswith(
            f"Invalid value for '--port': {port!r} is no port. Give a number from 0 to 65535; "
            f"0 takes a free one.\n"
        )


def test_the_address_that_others_use(capsys: pytest.CaptureFixture[str]) -> None:
    name = socket.gethostname()
    for url, shown in (
        ("http://0.0.0.0:1", f"http://{name}:1"),
        ("http://[::]:1", f"http://{name}:1"),
        ("http://[::1]:1", "http://[::1]:1"),
    ):
        announce(url, "2026-01", None)
        assert f"export DFS_BASE_URL={shown}\n" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn"])
def test_a_missing_extra_is_named(
    missing: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_server(monkeypatch)
    monkeypatch.setitem(sys.modules, missing, None)
    line = failure(capsys, "serve", "--database-url", ":memory:")
    assert line == f'dataforce: The server needs {missing}: pip install "dataforce[server]"'


def test_any_other_missing_module_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_server(monkeypatch)
    real = builtins.__import__

    def without_fsspec(name: str, *arguments: Any) -> Any:
        if name == "fsspec.core":
            raise ImportError(name=name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_fsspec)
    with pytest.raises(ImportError):
        main(["serve", "--database-url", ":memory:"])


def forget_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server be imported once more, and put back what was there afterwards."""
    for name in [name for name in sys.modules if name.startswith("dataforce.server")]:
        monkeypatch.delitem(sys.modules, name)


def test_the_command_line_loads_no_server_before_it_serves() -> None:
    code = "import sys, dataforce, dataforce.cli; from dataforce import Client, AsyncClient; Client"
    check = "print({'fastapi', 'starlette', 'uvicorn', 'dataforce.server'} & set(sys.modules))"
    command = [sys.executable, "-c", f"{code}\n{check}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
