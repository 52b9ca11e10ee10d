"""Uploads that a killed process left behind, found by the next that uploads the same."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, ConflictError, CreatedModel, ModelArtifact
from dataforce.backend import FileSource, Scope
from dataforce.config import APIVersion
from dataforce.models import MODEL_ARTIFACT, ModelArtifactCreate
from dataforce.package import read_package
from dataforce.testing import links
from dataforce.testing.packages import build_package
from dataforce_remote.files.checkpoints import Checkpoints, name_of
from tests.server.serving import KEY, serving

DESCRIBED = ("file_name", "metrics", "manifest", "file_hash", "file_index", "size")


@pytest.fixture(params=list(APIVersion))
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with (
        serving(api_version=request.param) as base_url,
        Client(backend_type="remote", base_url=base_url, api_key=KEY, retry_timeout=0) as client,
    ):
        client.collections.create("", "Flowers", "model")
        yield client


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return build_package(tmp_path / "model.fnnx")


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoints:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Checkpoints(tmp_path / "state" / "dataforce" / "uploads")


def leave_behind(
    client: Client, checkpoints: Checkpoints, package: Path, **changes: Any
) -> CreatedModel:
    """What is there when a process was killed before a byte arrived."""
    described = read_package(package)
    values = ModelArtifactCreate(
        **{name: getattr(described, name) for name in DESCRIBED}, model_name="iris"
    )
    given = {name: getattr(values, name) for name in type(values).model_fields}
    created = client.model_artifacts.create(**given)
    scope = (client.organization, client.orbit, client.collection)
    own = values.model_dump(mode="json"), FileSource(package).fingerprint()
    key = name_of(client.settings.base_url, scope, own)
    details = created.url.model_dump(mode="json")
    first: dict[str, Any] = {"base_url": client.settings.base_url, "scope": scope}
    checkpoint = checkpoints.begin(key, first | {"model": created.model.id} | changes)
    assert checkpoint is not None
    if "details" not in changes:
        checkpoint.add({"type": "s3", "details": details})
    elif changes["details"]:
        checkpoint.add({"type": "s3", "details": changes["details"]})
    checkpoint.keep()
    return created


def statuses(client: Client) -> list[str]:
    return [str(model.status) for model in client.model_artifacts.list()]


def test_it_goes_on_where_it_stopped(
    client: Client, checkpoints: Checkpoints, package: Path
) -> None:
    created = leave_behind(client, checkpoints, package)
    model = client.model_artifacts.upload(package, "iris")
    assert model.id == created.model.id
    assert client.model_artifacts.list() == [model]
    assert client.model_artifacts.download(model.id, package).exists()


def test_what_was_finished_is_not_done_again(
    client: Client, checkpoints: Checkpoints, package: Path
) -> None:
    created = leave_behind(client, checkpoints, package)
    links.put(created.url.parts[0].url, package.read_bytes())
    client.model_artifacts.update(created.model.id, status="uploaded")
    assert client.model_artifacts.upload(package, "iris").id == created.model.id
    # The next one is an upload of its own.
    assert client.model_artifacts.upload(package, "iris").id != created.model.id


@pytest.mark.parametrize("status", ["deleted", "upload_failed"])
def test_a_record_that_waits_no_more_is_left_alone(
    client: Client, checkpoints: Checkpoints, package: Path, status: str
) -> None:
    created = leave_behind(client, checkpoints, package)
    if status == "deleted":
        client.model_artifacts.delete(created.model.id)
    else:
        client.model_artifacts.update(created.model.id, status="upload_failed")
    model = client.model_artifacts.upload(package, "iris")
    assert model.id != created.model.id
    assert statuses(client) == [*([status] if status != "deleted" else []), "uploaded"]


def test_a_record_whose_url_was_never_noted_is_given_up(
    client: Client, checkpoints: Checkpoints, package: Path
) -> None:
    leave_behind(client, checkpoints, package, details=None)
    client.model_artifacts.upload(package, "iris")
    assert statuses(client) == ["upload_failed", "uploaded"]


@pytest.mark.parametrize("status", ["pending_upload", "uploaded", "deleted"])
def test_a_note_of_yesterday_gives_its_record_up(
    client: Client, checkpoints: Checkpoints, package: Path, tmp_path: Path, status: str
) -> None:
    """If it still waits for bytes that can never come: the URLs have expired."""
    created = leave_behind(client, checkpoints, package)
    if status == "uploaded":
        links.put(created.url.parts[0].url, package.read_bytes())
        client.model_artifacts.update(created.model.id, status="uploaded")
    elif status == "deleted":
        client.model_artifacts.delete(created.model.id)
    others = checkpoints.begin("0" * 32, {"base_url": "https://x", "scope": [], "model": "y"})
    torn = checkpoints.begin("1" * 32, {})
    assert others is not None
    assert torn is not None
    others.keep()
    torn.keep()
    for checkpoint in (tmp_path / "state").rglob("*.jsonl"):
        os.utime(checkpoint, (0, 0))
    client.model_artifacts.upload(package, "another")
    told = {"pending_upload": ["upload_failed"], "uploaded": ["uploaded"], "deleted": []}[status]
    assert statuses(client) == [*told, "uploaded"]
    [left] = (tmp_path / "state").rglob("*.jsonl")
    assert left.name.startswith("0" * 32)  # of another platform: its own clients see to it


@pytest.mark.parametrize("change", [{"model": None, "scope": 1}, {"details": {"parts": 1}}])
def test_a_note_that_says_nothing_is_dropped(
    client: Client, checkpoints: Checkpoints, package: Path, change: dict[str, Any]
) -> None:
    created = leave_behind(client, checkpoints, package, **change)
    model = client.model_artifacts.upload(package, "iris")
    assert model.id != created.model.id
    assert statuses(client) == ["pending_upload", "uploaded"]


def test_where_nothing_can_be_brought_any_more_it_begins_anew(
    client: Client, checkpoints: Checkpoints, package: Path, caplog: pytest.LogCaptureFixture
) -> None:
    created = leave_behind(client, checkpoints, package)
    # As when the URL has expired.
    details = created.url.model_dump(mode="json")
    details["parts"][0]["url"] += "0"
    client.model_artifacts.update(created.model.id, status="upload_failed")
    leave_behind(client, checkpoints, package, details=details)
    told: list[tuple[int, int]] = []
    with caplog.at_level(logging.WARNING, "dataforce"):
        client.model_artifacts.upload(
            package, "iris", progress=lambda done, size: told.append((done, size))
        )
    assert statuses(client) == ["upload_failed", "upload_failed", "uploaded"]
    assert told[-1] == (package.stat().st_size, package.stat().st_size)
    assert "begins anew" in caplog.text
    assert "signature=" not in caplog.text


def test_without_a_place_for_notes_uploads_still_work(
    client: Client, checkpoints: Checkpoints, package: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").write_bytes(b"a file where a folder should be")
    assert client.model_artifacts.upload(package, "iris").size == package.stat().st_size


def test_a_note_that_cannot_be_opened_is_left_alone(
    client: Client, checkpoints: Checkpoints, package: Path, tmp_path: Path
) -> None:
    created = leave_behind(client, checkpoints, package)
    [checkpoint] = (tmp_path / "state").rglob("*.jsonl")
    checkpoint.unlink()
    checkpoint.mkdir()
    assert client.model_artifacts.upload(package, "iris").id != created.model.id


def upload(client: Client, package: Path, key: str | None) -> ModelArtifact:
    described = read_package(package)
    values = ModelArtifactCreate(
        **{name: getattr(described, name) for name in DESCRIBED}, model_name="iris"
    )
    ids = (client.organization, client.orbit, client.collection)
    files = client.backend.files(MODEL_ARTIFACT, Scope(tuple(map(str, ids))))
    return files.upload(values, {"file": FileSource(package)}, lambda count: None, key=key)


def test_an_upload_with_a_key_is_done_once(
    client: Client, checkpoints: Checkpoints, package: Path
) -> None:
    first = upload(client, package, "one")
    assert upload(client, package, "one").id == upload(client, package, "one").id == first.id
    assert upload(client, package, "two").id != first.id
    assert upload(client, package, None).id != upload(client, package, None).id
    client.model_artifacts.delete(first.id)
    assert upload(client, package, "one").id != first.id


def test_an_upload_with_a_key_that_goes_on_is_not_begun_again(
    client: Client, checkpoints: Checkpoints, package: Path, tmp_path: Path
) -> None:
    upload(client, package, "one")
    [path] = (tmp_path / "state").rglob("*-only.jsonl")
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    path.unlink()
    name = path.name.removesuffix("-only.jsonl")
    held = checkpoints.begin(name, entries[0], is_only=True)
    assert held is not None
    with pytest.raises(ConflictError, match="same key"):
        upload(client, package, "one")
    assert statuses(client) == ["uploaded"]
    held.discard()


@pytest.mark.parametrize(("days", "is_kept"), [(2, True), (40, False)])
def test_the_end_of_an_upload_with_a_key_is_kept_for_a_while(
    client: Client,
    checkpoints: Checkpoints,
    package: Path,
    tmp_path: Path,
    days: int,
    is_kept: bool,
) -> None:
    first = upload(client, package, "one")
    [path] = (tmp_path / "state").rglob("*-only.jsonl")
    then = time.time() - days * 24 * 60 * 60
    os.utime(path, (then, then))
    assert upload(client, package, "another").id != first.id
    assert path.exists() == is_kept
    assert (upload(client, package, "one").id == first.id) == is_kept
