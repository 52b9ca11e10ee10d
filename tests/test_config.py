"""Settings as a user meets them: what wins, what is refused, what is said, what stays secret."""

from __future__ import annotations

import builtins
import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, ValidationError

from dataforce import Client
from dataforce.config import (
    APIVersion,
    BackendType,
    MaskedURL,
    Origin,
    Settings,
    load_settings,
)
from dataforce.errors import ConfigurationError, ConfigurationWarning
from tests.ordinary_user import ordinary_user

CANARY = "canary-4f1d9c"
Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in [name for name in os.environ if name.startswith("DFS_")]:
        monkeypatch.delenv(variable)
    for variable in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    folder = platformdirs.user_config_path("dataforce")
    assert folder.is_relative_to(tmp_path)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str | bytes, name: str = "settings.toml", mode: int = 0o600) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path

    return write_file


def refused(
    values: dict[str, object] | None = None,
    *,
    client_name: str | None = None,
    configuration_file: str | os.PathLike[str] | None = None,
    **environment: str,
) -> str:
    """Load settings that must be refused; give the message."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(
            values or {},
            client_name=client_name,
            configuration_file=configuration_file,
            environment=environment,
        )
    return caught.value.message


# --- Defaults and precedence ---------------------------------------------------------------------


def test_nothing_given_gives_the_defaults() -> None:
    settings = load_settings({})

    assert settings.base_url == "https://api.dataforce.studio"
    assert settings.backend_type is BackendType.LOCAL
    assert (settings.timeout, settings.retry_timeout, settings.insecure) == (30.0, 300.0, False)
    assert (settings.api_key, settings.organization, settings.database_url) == (None, None, None)
    assert (settings.api_version, settings.proxy, settings.progress) == (None, None, True)
    assert (settings.ca_bundle, settings.client_certificate) == (None, None)
    assert (settings.read_only, settings.overlay, settings.offline) == (False, "default", False)
    assert settings.cache_size == 10_000_000_000
    assert {str(settings.origin(name)) for name in Settings.model_fields} == {"default"}


def test_a_client_may_have_its_own_defaults() -> None:
    defaults = {"backend_type": "remote"}

    settings = load_settings({}, defaults=defaults)
    removed = load_settings(
        {"backend_type": ""}, environment={"DFS_BACKEND_TYPE": "hybrid"}, defaults=defaults
    )

    assert settings.backend_type is BackendType.REMOTE
    assert str(settings.origin("backend_type")) == "default"
    assert removed.backend_type is BackendType.REMOTE
    assert str(removed.origin("backend_type")) == "code"


VALUES = {
    "base_url": "https://{}.example",
    "api_key": "dfs_{}",
    "organization": "{}",
    "orbit": "{}",
    "collection": "{}",
    "backend_type": "{}",
    "database_url": "sqlite:///{}",
    "storage_url": "s3://{}",
    "retry_timeout": 1,
    "timeout": 1,
    "api_version": "2025-12",
    "proxy": "http://{}.example:3128",
    "ca_bundle": "/etc/{}.pem",
    "client_certificate": "/home/{}.pem",
    "insecure": True,
    "progress": True,
    "read_only": True,
    "overlay": "{}",
    "offline": True,
    "cache_size": 1,
}
SOURCES = ["defaults", "file", "unnamed", "named", "code"]  # the weakest first


def value_from(source: str, setting: str) -> object:
    pattern = VALUES[setting]
    if isinstance(pattern, str):
        return pattern.format(source)
    return SOURCES.index(source) % 2 == 0 if pattern is True else SOURCES.index(source) + 1


def plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr | MaskedURL) else value


@given(st.dictionaries(st.sampled_from(list(VALUES)), st.sets(st.sampled_from(SOURCES))))
@example({name: set(SOURCES) for name in VALUES})
def test_the_strongest_source_wins(
    tmp_path_factory: pytest.TempPathFactory, chosen: dict[str, set[str]]
) -> None:
    by_source = {
        source: {
            name: value_from(source, name) for name, sources in chosen.items() if source in sources
        }
        for source in SOURCES
    }
    lines = [f"{name} = {toml(value)}" for name, value in by_source["file"].items()]
    file = tmp_path_factory.mktemp("precedence") / "settings.toml"
    file.write_text("\n".join(["[clients.my-client]", *lines]))
    file.chmod(0o600)
    unnamed = {f"DFS_{name.upper()}": str(value) for name, value in by_source["unnamed"].items()}
    named = {
        f"DFS_MY_CLIENT_{name.upper()}": str(value) for name, value in by_source["named"].items()
    }

    settings = load_settings(
        by_source["code"],
        client_name="my-client",
        configuration_file=file,
        environment=unnamed | named,
        defaults=by_source["defaults"],
    )

    origins = {
        "defaults": "default",
        "file": f"clients.my-client.{{}} in {file}",
        "unnamed": "environment variable DFS_{}",
        "named": "environment variable DFS_MY_CLIENT_{}",
        "code": "code",
    }
    for name in VALUES:
        strongest = max(chosen.get(name, set()), key=SOURCES.index, default=None)
        origin = origins[strongest or "defaults"]
        shown = name.upper() if "DFS" in origin else name
        value = plain(getattr(settings, name))
        usual = Settings.model_fields[name].default
        assert value == (value_from(strongest, name) if strongest else usual)
        assert str(settings.origin(name)) == origin.format(shown)


def toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DFS_API_KEY", "dfs_key")

    settings = load_settings({"api_key": None})

    assert plain(settings.api_key) == "dfs_key"
    assert settings.origin("api_key") == Origin("environment", "DFS_API_KEY")


def test_what_is_read_and_written_can_be_said_in_the_environment() -> None:
    settings = load_settings(
        {},
        environment={
            "DFS_READ_ONLY": "1",
            "DFS_OVERLAY": "spring",
            "DFS_OFFLINE": "1",
            "DFS_CACHE_SIZE": "5",
        },
    )

    assert (settings.read_only, settings.overlay) == (True, "spring")
    assert (settings.offline, settings.cache_size) == (True, 5)


def test_an_empty_variable_is_not_set() -> None:
    settings = load_settings({}, environment={"DFS_TIMEOUT": "", "DFS_UNKNOWN": ""})

    assert (settings.timeout, str(settings.origin("timeout"))) == (30.0, "default")


def test_an_empty_string_in_code_removes_what_is_set_below(write: Write) -> None:
    file = write('[clients.a]\norbit = "from file"')

    settings = load_settings(
        dict.fromkeys(["orbit", "timeout", "insecure"], ""),
        client_name="a",
        configuration_file=file,
        environment={"DFS_TIMEOUT": "1", "DFS_A_INSECURE": "true"},
    )

    assert (settings.orbit, settings.timeout, settings.insecure) == (None, 30.0, False)
    assert str(settings.origin("orbit")) == "code"


# --- Values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "truth"),
    [
        *((word, True) for word in ("true", "True", "1", "yes", "on")),
        *((word, False) for word in ("false", "False", "0", "no", "off")),
    ],
)
def test_truth_is_read_from_words(word: str, truth: bool) -> None:
    assert load_settings({}, environment={"DFS_INSECURE": word}).insecure is truth


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("base_url", "https://models.example/api/", "https://models.example/api"),
        ("base_url", "HTTP://localhost:8000", "http://localhost:8000"),
        ("base_url", "http://[::1]:8000", "http://[::1]:8000"),
        ("backend_type", "Hybrid", BackendType.HYBRID),
        ("backend_type", BackendType.REMOTE, BackendType.REMOTE),
        ("backend_type", "My_Backend", "my_backend"),
        ("timeout", "2.5", 2.5),
        ("retry_timeout", 0, 0.0),
        ("storage_url", "/home/me/models", "/home/me/models"),
        ("database_url", "sqlite://", "sqlite://"),
        ("api_key", SecretStr("dfs_key"), "dfs_key"),
        ("api_version", "2026-01", APIVersion.JANUARY_2026),
        ("api_version", APIVersion.DECEMBER_2025, APIVersion.DECEMBER_2025),
        ("proxy", "http://me:pass@proxy.example:3128", "http://me:pass@proxy.example:3128"),
        ("proxy", "HTTPS://proxy.example", "HTTPS://proxy.example"),
        ("ca_bundle", "certificates/ours.pem", "certificates/ours.pem"),
        ("client_certificate", "/home/me/me.pem", "/home/me/me.pem"),
        ("progress", "off", False),
        ("read_only", "yes", True),
        ("overlay", "Spring-cleaning_2.0", "Spring-cleaning_2.0"),
        ("overlay", "7" * 100, "7" * 100),
        ("offline", "on", True),
        ("cache_size", "5000", 5000),
        ("cache_size", 0, 0),
    ],
)
def test_a_right_value_is_kept(name: str, value: object, kept: object) -> None:
    assert plain(getattr(load_settings({name: value}), name)) == kept


def test_an_own_backend_is_a_backend_type() -> None:
    assert isinstance(load_settings({"backend_type": "LOCAL"}).backend_type, BackendType)


URL = "an http:// or https:// URL"
KEY = "a string of printable ASCII characters without whitespace"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("base_url", "models.example", URL),
        ("base_url", "ftp://models.example", URL),
        ("base_url", "https://", URL),
        ("base_url", "https://models.example:port", URL),
        ("base_url", "https://models.example\n", URL),
        ("base_url", "https://models .example", URL),
        ("base_url", f"https://me:{CANARY}@models.example", "put the key in api_key"),
        ("base_url", f"https://models.example?key={CANARY}", "query string"),
        ("base_url", 5, URL),
        ("api_key", " ", KEY),
        ("api_key", f"{CANARY}\n", KEY),
        ("api_key", f"{CANARY} {CANARY}", KEY),
        ("api_key", f"{CANARY}é", KEY),
        ("api_key", 5, KEY),
        ("organization", " ", "ID or name of an organization"),
        ("orbit", 5, "ID or name of an orbit, as a string"),
        ("collection", True, "ID or name of a collection"),
        ("backend_type", "my backend", "local, remote, hybrid or the name of an installed backend"),
        ("database_url", f"/home/{CANARY}.db", "such as sqlite:////home/me/registry.db"),
        ("storage_url", " ", "a folder or an fsspec URL"),
        ("retry_timeout", -1, "a number of seconds, 0 or more"),
        ("retry_timeout", "inf", "a number of seconds, 0 or more"),
        ("timeout", 0, "a number of seconds above 0"),
        ("timeout", "soon", "a number of seconds above 0"),
        ("timeout", True, "a number of seconds above 0"),
        ("timeout", float("nan"), "a number of seconds above 0"),
        ("api_version", "2027-01", "one of 2025-12, 2026-01"),
        ("api_version", 2026, "one of 2025-12, 2026-01"),
        ("proxy", "proxy.example:3128", "an http:// or https:// URL such as http://proxy"),
        ("proxy", f"socks5://me:{CANARY}@proxy.example", URL),
        ("proxy", "http://", URL),
        ("proxy", f"http://[{CANARY}", URL),
        ("proxy", 3128, URL),
        ("ca_bundle", " ", "the path of a PEM file or of a folder of certificates"),
        ("ca_bundle", False, "the path of a PEM file or of a folder of certificates"),
        ("client_certificate", " ", "the path of a PEM file with a certificate and its key"),
        ("insecure", 2, "true or false"),
        ("progress", "sometimes", "true or false"),
        ("insecure", "maybe", "true or false"),
        ("read_only", "perhaps", "true or false"),
        ("overlay", ".hidden", "a letter or digit first"),
        ("overlay", "../elsewhere", "up to 100 of the characters A-Z a-z 0-9 . _ -"),
        ("overlay", f"{CANARY}\n", "up to 100 of the characters"),
        ("overlay", "été", "up to 100 of the characters"),
        ("overlay", "7" * 101, "up to 100 of the characters"),
        ("overlay", 7, "up to 100 of the characters"),
        ("offline", "sometimes", "true or false"),
        ("cache_size", -1, "a number of bytes, 0 or more"),
        ("cache_size", True, "a number of bytes, 0 or more"),
        ("cache_size", 0.5, "a number of bytes, 0 or more"),
        ("cache_size", "10 GB", "a number of bytes, 0 or more"),
    ],
)
def test_a_wrong_value_says_what_was_expected(name: str, value: object, expected: str) -> None:
    message = refused({name: value})

    assert message.startswith(f"{name} (code): expected ")
    assert expected in message
    assert CANARY not in message


def test_a_wrong_value_says_where_it_came_from(write: Write) -> None:
    file = write("[clients.a]\norganization = 5\ninsecure = ''")

    message = refused(client_name="a", configuration_file=file, DFS_A_TIMEOUT="x", DFS_ORBIT=" ")

    assert f"organization (clients.a.organization in {file}): expected the ID or name" in message
    assert f"insecure (clients.a.insecure in {file}): expected true or false" in message
    assert "timeout (environment variable DFS_A_TIMEOUT): expected a number" in message
    assert "orbit (environment variable DFS_ORBIT): expected the ID or name" in message


def test_an_unknown_setting_in_code_is_refused() -> None:
    assert refused({"timeuot": 5}) == "unknown setting timeuot (code); did you mean timeout?"
    assert refused({"xyz": None}) == "unknown setting xyz (code)"


# --- Environment ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("DFS_BSE_URL", "; did you mean DFS_BASE_URL?"),
        ("DFS_CONFG_FILE", "; did you mean DFS_CONFIG_FILE?"),
        ("DFS_STAGING_API_KY", "; did you mean DFS_STAGING_API_KEY?"),
        ("DFS__API_KEY", "; did you mean DFS_API_KEY?"),
        ("DFS_ZZZZZZZZZZZZZZZZZZ", ""),
    ],
)
def test_an_unknown_variable_is_refused(variable: str, nearest: str) -> None:
    message = refused(client_name="staging", **{variable: "x", "DFS_STAGING_ORBIT": "x"})  # type: ignore[arg-type]

    assert message.startswith(f"unknown environment variable {variable}{nearest}\n")
    assert "expected DFS_CONFIG_FILE, DFS_<SETTING> or DFS_<CLIENT_NAME>_<SETTING>" in message
    assert "BASE_URL, API_KEY" in message


def test_variables_of_others_are_left_alone() -> None:
    environment = {"PATH": "/bin", "DFSX": "1", "XDFS_TIMEOUT": "1"}

    assert load_settings({}, environment=environment) == load_settings({})


def test_the_longest_setting_at_the_end_of_a_variable_decides() -> None:
    everybody = {"DFS_RETRY_TIMEOUT": "7", "DFS_RETRY_ORBIT": "x"}
    retry = load_settings({}, client_name="retry", environment=everybody)
    assert (retry.timeout, retry.retry_timeout) == (30.0, 7.0)

    environment = {"DFS_A_RETRY_TIMEOUT": "7", "DFS_A_RETRY_ORBIT": "x"}
    a = load_settings({}, client_name="a", environment=environment)
    a_retry = load_settings({}, client_name="a_retry", environment=environment)
    assert (a.retry_timeout, a.orbit) == (7.0, None)
    assert (a_retry.retry_timeout, a_retry.timeout, a_retry.orbit) == (300.0, 30.0, "x")


def test_variables_of_another_client_are_not_read() -> None:
    environment = {"DFS_A_ORBIT": "a", "DFS_A_B_ORBIT": "b", "DFS_ORBIT": "everybody"}

    orbits = [
        load_settings({}, client_name=name, environment=environment).orbit
        for name in ("a", "a.b", None)
    ]

    assert orbits == ["a", "b", "everybody"]


# --- The file ------------------------------------------------------------------------------------

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


# --- Which client --------------------------------------------------------------------------------


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


# --- Secrets -------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
@pytest.mark.parametrize(
    "line",
    [
        f'api_key = "{CANARY}"',
        f'proxy = "http://me:{CANARY}@proxy.example:3128"',
        f'database_url = "postgresql://me:{CANARY}@db.example/registry"',
        f'database_url = "mssql+pyodbc:///?odbc_connect=PWD%3D{CANARY}"',
        f'storage_url = "s3://me:{CANARY}@bucket"',
    ],
)
def test_a_secret_in_a_file_open_to_others_is_warned_of(write: Write, line: str, mode: int) -> None:
    file = write(f"default_client = 'a'\n[clients.a]\n[clients.b]\n{line}", mode=mode)

    with pytest.warns(ConfigurationWarning) as caught:
        load_settings({}, configuration_file=file)

    message = str(caught[0].message)
    assert f"clients.b.{line.split()[0]}" in message
    assert f"chmod 600 '{file}'" in message
    assert CANARY not in message
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        (f'api_key = "{CANARY}"', 0o600),
        ('orbit = "x"', 0o644),
        ('proxy = "http://proxy.example:3128"', 0o644),
        ('database_url = "postgresql://me@db.example/registry?sslmode=require"', 0o644),
        ('storage_url = "/home/me@work/models"', 0o644),
    ],
)
def test_a_file_that_gives_no_secret_away_is_not_warned_of(
    write: Write, line: str, mode: int
) -> None:
    file = write(f"default_client = 'a'\n[clients.a]\n{line}", mode=mode)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_settings({}, configuration_file=file)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////home/me@work/a.db", "sqlite:////home/me@work/a.db"),
        ("postgresql://me@db/a", "postgresql://me@db/a"),
        (f"postgresql://me:{CANARY}@db/a", "postgresql://me:**********@db/a"),
        (f"postgresql://me:p@ss/{CANARY}?@db/a", "postgresql://me:**********@db/a"),
        (f"postgresql://db/a?password={CANARY}", "postgresql://db/a?**********"),
        (f"x://a:1::s3://me:{CANARY}@b", "x://a:**********@b"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    settings = load_settings({"database_url": url, "storage_url": f"simplecache::{url}"})

    assert str(settings.database_url) == shown
    assert str(settings.storage_url) == f"simplecache::{shown}"
    assert plain(settings.database_url) == url
    assert CANARY not in repr(settings)


SECRETS: dict[str, str] = {
    "api_key": CANARY,
    "database_url": f"postgresql://me:{CANARY}@db.example/a?password={CANARY}",
    "storage_url": f"s3://me:{CANARY}@bucket/{{}}?token={CANARY}",
    "proxy": f"http://me:{CANARY}@proxy.example:3128",
}


def test_settings_show_values_and_origins_but_no_secret() -> None:
    settings = load_settings(dict(SECRETS), environment={"DFS_TIMEOUT": "5"})

    for text in (repr(settings), str(settings), f"{settings}", repr(settings.model_dump())):
        assert CANARY not in text
    assert CANARY not in settings.model_dump_json()
    assert repr(settings).startswith("Settings(base_url=https://api.dataforce.studio (default), ")
    assert "api_key=********** (code)" in repr(settings)
    assert "proxy=http://me:**********@proxy.example:3128 (code)" in repr(settings)
    assert "api_version=None (default)" in repr(settings)
    assert "timeout=5.0 (environment variable DFS_TIMEOUT)" in repr(settings)


# The other settings take any text.
@pytest.mark.parametrize(
    "name",
    [
        "base_url",
        "api_key",
        "backend_type",
        "database_url",
        "retry_timeout",
        "timeout",
        "api_version",
        "proxy",
        "insecure",
        "progress",
        "read_only",
        "overlay",
        "offline",
        "cache_size",
    ],
)
@pytest.mark.parametrize("value", [f" {CANARY}", f"{CANARY}:{CANARY}é ", f"//{CANARY}@ ?{CANARY}"])
def test_no_refused_value_gets_into_an_error(write: Write, name: str, value: str) -> None:
    file = write(f'[clients.a]\n{name} = "{value}"')

    for values, environment in [
        ({name: value}, {}),
        ({}, {f"DFS_{name.upper()}": value}),
        ({}, {}),
    ]:
        with pytest.raises(ConfigurationError) as caught:
            load_settings(values, client_name="a", configuration_file=file, environment=environment)
        assert_no_canary(caught.value)


def test_no_right_secret_gets_into_the_error_of_another_setting(write: Write) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({**SECRETS, "timeout": "x"})

    assert_no_canary(caught.value)
    with pytest.raises(ValidationError) as direct:
        Settings(api_key=f"{CANARY} ")
    assert CANARY not in str(direct.value)


def assert_no_canary(error: BaseException | None) -> None:
    while error is not None:
        shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
        shown += traceback.format_exception_only(error)
        if isinstance(error, ValidationError):
            shown.append(repr(error.errors()))
        assert not [text for text in shown if CANARY in text]
        error = error.__cause__ or error.__context__


# --- The object ----------------------------------------------------------------------------------


def test_settings_are_frozen_and_can_be_sent_to_another_process() -> None:
    settings = load_settings({"timeout": 5, **SECRETS})

    copy = pickle.loads(pickle.dumps(settings))

    assert copy == settings
    assert copy.origin("timeout") == settings.origin("timeout")
    with pytest.raises(ValidationError):
        settings.timeout = 6  # type: ignore[misc]


def test_settings_made_by_hand_come_from_code() -> None:
    settings = Settings(timeout=5)

    assert (str(settings.origin("timeout")), str(settings.origin("orbit"))) == ("code", "default")
    with pytest.raises(KeyError):
        settings.origin("timeuot")


def test_a_client_takes_every_setting_and_paths_as_they_are() -> None:
    given = {name: value_from("code", name) for name in VALUES if name != "backend_type"}
    paths = {name: Path(str(given[name])) for name in ("ca_bundle", "client_certificate")}

    with Client(**(given | paths)) as client:  # type: ignore[arg-type]  # each of its own type
        settings = client.settings

    assert {str(settings.origin(name)) for name in given} == {"code"}
    assert {name: getattr(settings, name) for name in paths} == {
        name: str(path) for name, path in paths.items()
    }


# --- Groups of settings --------------------------------------------------------------------------


class Compute(BaseModel):
    url: str | None = Field(default=None, description="a URL")
    token: SecretStr | None = Field(
        default=None, description="a token of 3 characters or more", min_length=3
    )
    slots: int = Field(default=1, description="a whole number")


class WithCompute(Settings):
    compute: Compute = Compute()


@pytest.fixture
def grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataforce.config.loading.Settings", WithCompute)


@pytest.mark.usefixtures("grouped")
def test_a_group_of_settings_is_one_more_model(write: Write) -> None:
    file = write("[clients.a.compute]\nurl = 'file'\ntoken = 'file'\nslots = 2")

    settings = load_settings(
        {"compute": {"url": "code", "token": None, "slots": ""}},
        client_name="a",
        configuration_file=file,
        environment={"DFS_COMPUTE_TOKEN": CANARY, "DFS_A_COMPUTE_SLOTS": "3"},
    )

    assert isinstance(settings, WithCompute)
    assert (settings.compute.url, plain(settings.compute.token)) == ("code", CANARY)
    assert settings.compute.slots == 1
    assert str(settings.origin("compute.token")) == "environment variable DFS_COMPUTE_TOKEN"
    assert "compute.url=code (code), compute.token=**********" in repr(settings)
    assert CANARY not in repr(settings)


@pytest.mark.usefixtures("grouped")
def test_a_group_is_checked_like_the_rest(write: Write) -> None:
    file = write("[clients.a.compute]\nulr = 'x'")
    empty = write("clients: {a: {compute: }}", "a.yaml")
    text = write("[clients.a]\ncompute = 'x'", "b.toml")

    assert "unknown key clients.a.compute.ulr" in refused(configuration_file=file)
    assert "did you mean compute.url?" in refused(configuration_file=file)
    assert "unknown key clients.a.compute in " in refused(configuration_file=text)
    assert "DFS_COMPUTE_URL?" in refused(DFS_COMPUTE_ULR="x")
    assert refused({"compute": {"slots": "x"}}) == ("compute.slots (code): expected a whole number")
    assert load_settings({}, client_name="a", configuration_file=empty).timeout == 30.0
