"""Configuration files, and the clients that they name."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest

from dataforce.config import Origin, load_settings
from dataforce.errors import ConfigurationError
from tests.config.loading import CANARY, Write, assert_no_canary, refused
from tests.ordinary_user import ordinary_user

TOML = """
default_client = "staging"

[clients.staging]
base_url = "https://staging.example"
timeout = "5"

[clients.production]
base_url = "https://models.example"
insecure = false
"""
YAML = """
default_client: staging
clients:
  staging:
    base_url: https://staging.example
    timeout: 5
    orbit:
  production:
    base_url: https://models.example
    insecure: no
  unused:
"""


@pytest.mark.parametrize(("text", "suffix"), [(TOML, "toml"), (YAML, "yaml"), (YAML, "yml")])
def test_a_file_holds_named_clients(write: Write, text: str, suffix: str) -> None:
    file = write("\ufeff" + text, f"settings.{suffix}")

    usual = load_settings({}, configuration_file=file)
    production = load_settings({}, client_name="production", configuration_file=str(file))

    assert (usual.base_url, usual.timeout, usual.orbit) == ("https://staging.example", 5.0, None)
    assert str(usual.origin("timeout")) == f"clients.staging.timeout in {file}"
    assert usual.origin("timeout") == Origin("file", "clients.staging.timeout", file)
    assert (production.base_url, production.timeout) == ("https://models.example", 30.0)


def test_code_names_the_file_before_the_environment(
    write: Write, home: Path, tmp_path: Path
) -> None:
    here = write('default_client = "a"\n[clients.a]\norbit = "code"', "code.toml")
    there = write('default_client = "a"\n[clients.a]\norbit = "variable"', "variable.toml")
    usual = home / "config.toml"
    usual.write_text('default_client = "a"\n[clients.a]\norbit = "usual"')
    environment = {"DFS_CONFIG_FILE": str(there)}

    def orbit(file: str | Path | None, environment: dict[str, str]) -> str | None:
        return load_settings({}, configuration_file=file, environment=environment).orbit

    assert orbit(here, environment) == "code"
    assert orbit("~/code.toml", environment) == "code"
    assert orbit(None, environment) == "variable"
    assert orbit(None, {}) == "usual"
    assert orbit("", environment) == "usual"


def test_the_usual_file_needs_no_client(home: Path) -> None:
    usual = home / "config.yml"
    usual.write_text("clients: {a: {orbit: x}}")

    assert load_settings({}).orbit is None
    assert load_settings({}, client_name="a").orbit == "x"

    usual.write_text("")
    assert load_settings({}).orbit is None


def test_an_empty_client_name_means_no_client(home: Path) -> None:
    (home / "config.toml").write_text('default_client = "a"\n[clients.a]\norbit = "x"')

    assert load_settings({}, client_name="").orbit is None


def test_two_usual_files_are_refused(home: Path) -> None:
    for name in ("config.toml", "config.yaml"):
        (home / name).write_text("")

    message = refused()

    assert "several configuration files" in message
    assert f"keep {home / 'config.toml'} and remove {home / 'config.yaml'}" in message


def test_a_missing_file_is_refused_and_says_who_asked(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"

    by_code = refused(configuration_file=missing)
    by_variable = refused(DFS_CONFIG_FILE=str(missing))

    assert by_code == (
        f"configuration file {missing}, asked for by code, cannot be read: it does not exist"
    )
    assert "asked for by environment variable DFS_CONFIG_FILE, cannot be read" in by_variable


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot be read: " in refused(configuration_file=tmp_path)


def test_an_unreadable_file_is_refused(write: Write) -> None:
    file = write("", mode=0)
    with ordinary_user():
        assert "Permission denied" in refused(configuration_file=file)


@pytest.mark.parametrize("name", ["settings.json", "settings"])
def test_another_kind_of_file_is_refused(write: Write, name: str) -> None:
    file = write("{}", name)

    assert refused(configuration_file=file) == (
        f"{file}: expected a file whose name ends in .toml, .yaml or .yml"
    )


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.toml", f'[clients.a]\napi_key = "{CANARY}\n', "line 2, column 25"),
        ("a.toml", f"[clients.a]\napi_key = {CANARY}", "line 2, column 11"),
        ("a.toml", f'x = {{"{CANARY}" = 1}}\nx."{CANARY}".{CANARY} = 2', "Cannot mutate immutable"),
        ("a.toml", "x = " + "[" * 9999, "not valid TOML"),
        ("a.yaml", f'clients:\n  a:\n    api_key: "{CANARY}', "line 3"),
        ("a.yaml", f"clients:\n  a:\n    api_key: *{CANARY}", "line 3, column 14"),
        ("a.yaml", f"clients:\n  a:\n    api_key: !{CANARY}", "line 3, column 14"),
        ("a.yaml", f"clients:\n  a:\n    api_key: !a'{CANARY} b", "line 3, column 14"),
        ("a.yaml", f"clients:\n\tapi_key: {CANARY}", r"found character '\t' that cannot start"),
        ("a.yaml", f"clients: [{CANARY}", "expected ',' or ']', but got '<stream end>' (at"),
        ("a.yaml", f"{CANARY}: 2024-99-99", "a value or character that YAML cannot hold"),
        ("a.yaml", f"{CANARY}: \a", "a value or character that YAML cannot hold"),
        ("a.toml", b"\xff" + CANARY.encode(), "not UTF-8 text (byte 0): save it"),
    ],
)
def test_a_malformed_file_is_refused(
    write: Write, name: str, text: str | bytes, place: str
) -> None:
    file = write(text, name)

    with pytest.raises(ConfigurationError) as caught:
        load_settings({}, client_name="a", configuration_file=file)

    assert caught.value.message.startswith(f"{file} is not ")
    assert place in caught.value.message
    assert_no_canary(caught.value)


def test_yaml_without_pyyaml_says_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual_import = builtins.__import__

    def without_yaml(name: str, *rest: object, **named: object) -> object:
        if name == "yaml":
            raise ImportError(name)
        return usual_import(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without_yaml)

    message = refused(configuration_file=write(YAML, "settings.yaml"))

    assert 'pip install "dataforce[yaml]"' in message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("api_key = 'x'", ["unknown key api_key in ", "(expected default_client, clients)"]),
        ("default_cleint = 'a'", ["unknown key default_cleint", "did you mean default_client?"]),
        ("[clients.a]\napi_kye = 'x'", ["key clients.a.api_kye", "did you mean api_key?"]),
        ("[clients.b]\napi_kye = 'x'", ["unknown key clients.b.api_kye", "did you mean api_key?"]),
        ("[clients.a.b]", ["unknown key clients.a.b in "]),
        ("clients = 5", ["clients in ", ": expected a table"]),
        ("clients.a = 5", ["clients.a in ", ": expected a table"]),
        ("default_client = 'a'", ["default_client in ", "expected the name of a table", "none"]),
        (
            "default_client = 'stagin'\n[clients.staging]",
            ["default_client in ", "one of staging", "did you mean staging?"],
        ),
        ("default_client = ['a']\n[clients.a]", ["default_client in ", "one of a"]),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused(write: Write, text: str, parts: list[str]) -> None:
    file = write(text)

    message = refused(client_name="a", configuration_file=file)

    assert str(file) in message
    assert [part for part in parts if part not in message] == []


def test_a_yaml_file_of_the_wrong_shape_is_refused(write: Write) -> None:
    assert "expected a table" in refused(configuration_file=write("just text", "a.yaml"))
    assert "unknown key clients.a.1" in refused(
        configuration_file=write("clients: {a: {1: x}}", "b.yaml")
    )


def test_an_unknown_client_is_refused(write: Write) -> None:
    file = write(TOML)

    message = refused(client_name="stagin", configuration_file=file, DFS_TEST_ORBIT="x")

    assert message.startswith("unknown client_name stagin; did you mean staging?")
    assert "[clients.stagin]" in message
    assert "DFS_STAGIN_<SETTING>" in message
    assert f"clients in {file}: staging, production" in message
    assert "in the environment: TEST" in message


def test_an_unknown_client_without_a_file_is_refused() -> None:
    message = refused(client_name="staging")

    assert "there is no configuration file; in the environment: none" in message


def test_a_client_may_live_in_the_environment_alone(write: Write) -> None:
    settings = load_settings(
        {},
        client_name="test",
        configuration_file=write(TOML),
        environment={"DFS_TEST_ORBIT": "x"},
    )

    assert (settings.orbit, settings.timeout) == ("x", 30.0)


@pytest.mark.parametrize(("text", "names"), [("[clients.a]\n[clients.b]", "a, b"), ("", "none")])
def test_a_named_file_needs_a_client(write: Write, text: str, names: str) -> None:
    file = write(text)

    by_code = refused(configuration_file=file)
    by_variable = refused(DFS_CONFIG_FILE=str(file), DFS_TEST_ORBIT="x")

    assert "give client_name, or set default_client" in by_code
    assert f"clients in {file}: {names}" in by_code
    assert "asked for by environment variable DFS_CONFIG_FILE" in by_variable
    assert "in the environment: TEST" in by_variable


def test_many_faults_are_told_as_far_as_there_is_room(write: Write) -> None:
    lines = "".join(f"{name} = []\n" for name in ("orbit", "collection", "timeout", "proxy"))
    file = write(f"[clients.a]\n{lines}storage_url = []\ncache_size = []\napi_version = []\n")
    message = refused(client_name="a", configuration_file=file)
    assert len(message) <= 500
    assert message.startswith("orbit (clients.a.orbit in ") or "\norbit (" in message
    assert message.splitlines()[-1].startswith("… and ")

    long = write(f'[clients.a]\n"{"x" * 600}" = 1\n')
    message = refused(client_name="a", configuration_file=long)
    assert len(message) <= 500
    assert message.endswith("…")
