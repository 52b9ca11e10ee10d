"""A view of a client with other timeouts, on the same connections."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dataforce import APITimeoutError, Client, StoreError
from dataforce.errors import FileDownloadError
from tests.faults import behaviours
from tests.faults.conftest import NewClient, caught, within
from tests.faults.platform import Bucket, Platform

ORGANIZATIONS = "/users/me/organizations"


def test_a_view_waits_as_long_as_it_was_told(new_client: NewClient, platform: Platform) -> None:
    client = new_client()
    client.collections.list()
    hasty = client.with_options(timeout=0.3, retry_timeout=0)
    platform.server.always("GET", ORGANIZATIONS, behaviours.silent)
    with within(3):
        message = caught(APITimeoutError, hasty.organizations.list)
    assert "within 0.3 seconds" in message


def test_a_view_waits_for_a_bucket_no_longer(
    new_client: NewClient, platform: Platform, bucket: Bucket, tmp_path: Path
) -> None:
    model = platform.add(b"content")
    client = new_client()
    client.model_artifacts.download(model, tmp_path)
    hasty = client.with_options(timeout=0.3, retry_timeout=0)
    bucket.server.always("GET", "/", behaviours.silent)
    with within(3):
        caught(FileDownloadError, lambda: hasty.model_artifacts.download(model, tmp_path))


def test_a_view_shares_the_connection(
    new_client: NewClient, caplog: pytest.LogCaptureFixture
) -> None:
    client = new_client()
    with caplog.at_level("DEBUG", "urllib3"):
        client.organizations.list()
        client.with_options(timeout=5).organizations.list()
    opened = [each for each in caplog.messages if "Starting new HTTP connection" in each]
    assert len(opened) == 1


def test_a_view_of_a_hybrid_client_waits_for_the_platform_no_longer(
    new_client: NewClient, platform: Platform
) -> None:
    client = new_client(backend_type="hybrid")
    client.collections.list()
    hasty = client.with_options(timeout=0.3, retry_timeout=0)
    platform.server.always("GET", ORGANIZATIONS, behaviours.silent)
    with within(3):
        caught(APITimeoutError, hasty.organizations.list)


def test_a_view_of_a_local_registry_waits_for_its_lock_no_longer(tmp_path: Path) -> None:
    with Client(database_url=f"sqlite:///{tmp_path}/registry.db") as client:
        client.collections.create("", "Flowers", "model")
        hasty = client.with_options(retry_timeout=0.1)
        other = sqlite3.connect(tmp_path / "registry.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with within(5), pytest.raises(StoreError, match="busy for all of retry_timeout"):
            hasty.collections.create("", "Weeds", "model")
        other.close()
        hasty.collections.create("", "Weeds", "model")
        assert len(client.collections.list()) == 2
