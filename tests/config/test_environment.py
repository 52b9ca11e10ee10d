"""Variables: ours, those of a named client, and those of others."""

from __future__ import annotations

import pytest

from dataforce.config import load_settings
from tests.config.loading import refused


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("DFS_BSE_URL", "DFS_BASE_URL"),
        ("DFS_APIKEY", "DFS_API_KEY"),
        ("DFS_TIEMOUT", "DFS_TIMEOUT"),
        ("DFS_OBRIT", "DFS_ORBIT"),
        ("DFS_ORGANISATION", "DFS_ORGANIZATION"),
        ("DFS_CONFG_FILE", "DFS_CONFIG_FILE"),
        ("DFS_STAGING_API_KY", "DFS_STAGING_API_KEY"),
        ("DFS_STAGING_EU_API_KY", "DFS_STAGING_EU_API_KEY"),
        ("DFS_TEST_TIEMOUT", "DFS_TEST_TIMEOUT"),
        ("DFS__API_KEY", "DFS_API_KEY"),
    ],
)
def test_a_variable_that_is_nearly_ours_is_refused(variable: str, nearest: str) -> None:
    environment = {variable: "x", "DFS_STAGING_EU_ORBIT": "x", "DFS_TEST_ORBIT": "x"}

    message = refused(client_name="staging", **environment, DFS_STAGING_ORBIT="x")  # type: ignore[arg-type]

    assert message == f"unknown environment variable {variable}; did you mean {nearest}?"


def test_many_variables_that_are_nearly_ours_are_told_briefly() -> None:
    message = refused(DFS_OBRIT="x", DFS_TIEMOUT="5", DFS_BSE_URL="x", DFS_API_KYE="x")
    assert len(message.splitlines()) == 3


def test_every_variable_that_is_nearly_ours_is_told() -> None:
    message = refused(DFS_TIEMOUT="5", DFS_BSE_URL="x")

    assert message.splitlines() == [
        "unknown environment variable DFS_BSE_URL; did you mean DFS_BASE_URL?",
        "unknown environment variable DFS_TIEMOUT; did you mean DFS_TIMEOUT?",
    ]


@pytest.mark.parametrize(
    "variable",
    [
        "PATH",
        "DFSX",
        "XDFS_TIMEOUT",
        "DFS_NAMENODE_HOST",
        "DFS_ROOT",
        "DFS_URL",
        "DFS_DATA_DIR",
        "DFS_DATABASE",
        "DFS_STORAGE_DIR",
        "DFS_TIMEOUT_MS",
        "DFS_REPLICATION",
        "DFS_BLOCK_SIZE",
        "DFS_PERMISSIONS_ENABLED",
        "DFS_",
        "DFS_STAGING_ROOT",
        "DFS_STAGING_CONFIG_FIL",
    ],
)
def test_variables_of_others_are_left_alone(variable: str) -> None:
    environment = {"DFS_STAGING_ORBIT": "x"}

    settings = load_settings({}, client_name="staging", environment=environment | {variable: "1"})

    assert settings == load_settings({}, client_name="staging", environment=environment)


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
