"""Secrets: shown nowhere, and warned of where others can read them."""

from __future__ import annotations

import os
import warnings

import pytest
from pydantic import ValidationError

from dataforce.config import Settings, load_settings
from dataforce.errors import ConfigurationError, ConfigurationWarning
from tests.config.loading import CANARY, SECRETS, Write, assert_no_canary, plain


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
@pytest.mark.parametrize(
    "line",
    [
        f'api_key = "{CANARY}"',
        f'proxy = "http://me:{CANARY}@proxy.example:3128"',
        f'proxy = "http://{CANARY}@proxy.example:3128"',
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


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_a_file_open_to_others_is_warned_of_once(write: Write) -> None:
    text = f'default_client = "a"\n[clients.a]\napi_key = "{CANARY}"'
    files = [write(text, name, 0o644) for name in ("one.toml", "other.toml")]

    with pytest.warns(ConfigurationWarning) as caught:
        settings = [load_settings({}, configuration_file=file) for file in files * 2]

    assert [str(each.message).split(" ")[0] for each in caught] == [str(file) for file in files]
    assert len(settings) == 4


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
        (f"postgresql://a#b?@c:{CANARY}@db/a", "postgresql://a#b?**********"),
        (f"postgresql://a#b@c:{CANARY}@db/a", "postgresql://a#b@c:**********@db/a"),
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


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"http://{CANARY}@proxy.example:3128", "http://**********@proxy.example:3128"),
        (f"HTTPS://{CANARY}:@proxy.example", "HTTPS://**********@proxy.example"),
        (f"http://{CANARY}@mail.example@proxy", "http://**********@proxy"),
        (f"http://me@mail.example:{CANARY}@proxy", "http://me@mail.example:**********@proxy"),
        (f"http://proxy/{CANARY}@x", "http://**********@x"),
        ("http://proxy.example:3128", "http://proxy.example:3128"),
    ],
)
def test_a_proxy_is_shown_without_a_token_that_stands_for_user_and_password(
    url: str, shown: str
) -> None:
    settings = load_settings({"proxy": url})

    assert str(settings.proxy) == shown
    assert plain(settings.proxy) == url
    assert CANARY not in repr(settings)


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
