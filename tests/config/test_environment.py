"""Variables: ours, those of a named client, and those of others."""

from __future__ import annotations

import pytest

from dataforce.config import load_settings
from tests.config.loading import refused


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
