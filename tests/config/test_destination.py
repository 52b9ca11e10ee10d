"""Destination of calls and of the key: no other place than the user meant."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataforce import (
    AsyncClient,
    AsyncDataForceClient,
    Client,
    ConfigurationError,
    ConfigurationWarning,
    DataForceClient,
)
from dataforce.config import load_settings
from tests.config.loading import CANARY, Write

URL = "https://models.example"
OTHER = "https://elsewhere.example"
OFFLINE = (Client, AsyncClient)
offline_class = pytest.mark.parametrize("client_class", OFFLINE)
MakeClient = Callable[..., Any]


def warned(call: Callable[[], object]) -> list[str]:
    """Return the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert {each.category for each in caught} <= {ConfigurationWarning}
    return [str(each.message) for each in caught]


# --- A backend that nobody chose -----------------------------------------------------------------


@offline_class
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"base_url": URL, "api_key": CANARY}, "base_url and api_key"),
        ({"base_url": URL}, "base_url"),
        ({"base_url": "https://api.dataforce.studio"}, "base_url"),
        ({"api_key": CANARY}, "api_key"),
        ({"api_key": CANARY, "backend_type": ""}, "api_key"),
    ],
)
def test_the_platforms_address_is_no_use_to_a_backend_that_nobody_chose(
    client_class: MakeClient, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client_class(**given)

    message = caught.value.message
    assert message.startswith(f"The local registry has no use for {named}, and no other backend")
    assert 'backend_type="remote" or "hybrid"' in message
    assert "DataForceClient" in message
    assert f"leave out {named}." in message
    assert CANARY not in message


@pytest.mark.parametrize("source", ["code", "environment", "file"])
def test_a_chosen_backend_takes_an_address_and_a_key(
    source: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    more: dict[str, Any] = {}
    if source == "code":
        more = {"backend_type": "local"}
    elif source == "environment":
        monkeypatch.setenv("DFS_BACKEND_TYPE", "local")
    else:
        file = write('[clients.a]\nbackend_type = "local"')
        more = {"client_name": "a", "configuration_file": file}

    assert Client(URL, CANARY, **more).settings.base_url == URL


@pytest.mark.parametrize("client_class", [DataForceClient, AsyncDataForceClient])
def test_the_platforms_client_takes_an_address_and_a_key(client_class: MakeClient) -> None:
    assert client_class(URL, CANARY).settings.backend_type == "remote"


def test_an_address_that_is_taken_away_is_none() -> None:
    assert Client("", "").settings.backend_type == "local"


@offline_class
def test_an_address_from_the_environment_is_told_to_be_unused(
    client_class: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DFS_BASE_URL", URL)
    monkeypatch.setenv("DFS_API_KEY", CANARY)

    [message] = warned(lambda: client_class(database_url=":memory:"))

    assert "environment variable DFS_BASE_URL and environment variable DFS_API_KEY" in message
    assert "local registry" in message
    assert "backend_type (environment variable DFS_BACKEND_TYPE)" in message
    assert URL not in message
    assert CANARY not in message
    assert warned(lambda: client_class(database_url=":memory:")) == []


def test_an_address_from_a_file_is_told_to_be_unused(write: Write) -> None:
    file = write(f'default_client = "a"\n[clients.a]\napi_key = "{CANARY}"')

    [message] = warned(lambda: Client(configuration_file=file))

    assert f"does not use clients.a.api_key in {file}." in message
    assert CANARY not in message


def test_each_origin_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DFS_BASE_URL", URL)
    assert len(warned(Client)) == 1
    monkeypatch.setenv("DFS_BASE_URL", OTHER)
    assert warned(Client) == []
    monkeypatch.setenv("DFS_API_KEY", CANARY)
    assert len(warned(Client)) == 1


def test_a_warning_points_at_the_line_that_made_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DFS_BASE_URL", URL)

    with pytest.warns(ConfigurationWarning) as caught:
        Client()

    assert caught[0].filename == __file__


def test_a_warning_that_is_an_error_is_one_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DFS_BASE_URL", URL)

    for _ in range(2):
        with pytest.raises(ConfigurationWarning):
            Client()


# --- A key for another host ----------------------------------------------------------------------

KEY_IN_FILE = f'[clients.a]\napi_key = "{CANARY}"'
BOTH_IN_FILE = f'{KEY_IN_FILE}\nbase_url = "{OTHER}"'
URL_IN_FILE = f'[clients.a]\nbase_url = "{OTHER}"'


def load(file: Path, code: dict[str, object], environment: dict[str, str]) -> Callable[[], object]:
    return lambda: load_settings(
        {"backend_type": "remote", **code},
        client_name="a",
        configuration_file=file,
        environment=environment,
    )


@pytest.mark.parametrize(
    ("text", "code", "environment", "key", "url"),
    [
        (KEY_IN_FILE, {}, {"DFS_BASE_URL": URL}, "clients.a.api_key", "DFS_BASE_URL"),
        (BOTH_IN_FILE, {}, {"DFS_BASE_URL": URL}, "clients.a.api_key", "DFS_BASE_URL"),
        (BOTH_IN_FILE, {}, {"DFS_A_BASE_URL": URL}, "clients.a.api_key", "DFS_A_BASE_URL"),
        (BOTH_IN_FILE, {"base_url": URL}, {}, "clients.a.api_key", "code"),
        (
            "[clients.a]",
            {"base_url": URL},
            {"DFS_BASE_URL": OTHER, "DFS_API_KEY": CANARY},
            "DFS_API_KEY",
            "code",
        ),
        (
            URL_IN_FILE,
            {},
            {"DFS_A_BASE_URL": URL, "DFS_API_KEY": CANARY},
            "DFS_API_KEY",
            "DFS_A_BASE_URL",
        ),
    ],
)
def test_a_key_that_goes_to_another_host_is_warned_of(
    write: Write,
    text: str,
    code: dict[str, object],
    environment: dict[str, str],
    key: str,
    url: str,
) -> None:
    loading = load(write(text), code, environment)

    [message] = warned(loading)

    before, _, behind = message.partition(" goes to the host ")
    assert key in before
    assert f"{url} names" in behind
    assert CANARY not in message
    assert "example" not in message.replace(str(Path()), "")
    assert warned(loading) == []


@pytest.mark.parametrize(
    ("text", "code", "environment"),
    [
        (BOTH_IN_FILE, {}, {}),
        (KEY_IN_FILE, {}, {}),
        (URL_IN_FILE, {}, {"DFS_API_KEY": CANARY}),
        (URL_IN_FILE, {}, {"DFS_A_API_KEY": CANARY}),
        (URL_IN_FILE, {"base_url": URL, "api_key": CANARY}, {}),
        (BOTH_IN_FILE, {}, {"DFS_BASE_URL": URL, "DFS_API_KEY": CANARY}),
        (BOTH_IN_FILE, {}, {"DFS_BASE_URL": OTHER}),
        ("[clients.a]", {"base_url": URL}, {"DFS_API_KEY": CANARY}),
        (KEY_IN_FILE, {"backend_type": "local"}, {"DFS_BASE_URL": URL}),
        ("[clients.a]", {"base_url": URL}, {}),
    ],
)
def test_a_key_for_the_host_that_it_was_given_with_is_not_warned_of(
    write: Write, text: str, code: dict[str, object], environment: dict[str, str]
) -> None:
    assert warned(load(write(text), code, environment)) == []
