"""Values of settings: kept, refused, and what a settings object is."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from dataforce import Client
from dataforce.config import APIVersion, BackendType, Settings, load_settings
from tests.config.loading import CANARY, SECRETS, VALUES, Write, plain, refused, value_from


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
    assert refused({"timeuot": 5}) == "unknown setting 'timeuot'; did you mean 'timeout'?"
    assert refused({"xyz": None}) == "unknown setting 'xyz'"


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

    with Client(backend_type="local", **(given | paths)) as client:  # type: ignore[arg-type]  # each of its own type
        settings = client.settings

    assert {str(settings.origin(name)) for name in given} == {"code"}
    assert {name: getattr(settings, name) for name in paths} == {
        name: str(path) for name, path in paths.items()
    }
