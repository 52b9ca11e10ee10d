"""What a crash of the machine leaves of a download."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, FileDownloadError, ModelArtifact
from dataforce.testing.suite._support import content_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="opens folders")


def fail_for(folder: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the synchronization of a folder end with an error of the system."""
    fsync = os.fsync

    def fail(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), folder.stat()):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)


def test_the_name_of_a_download_is_on_the_disk_when_it_returns(
    client: Client, model: ModelArtifact, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronized: list[dict[str, bytes]] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        fsync(descriptor)
        if os.path.samestat(os.fstat(descriptor), folder.stat()):
            synchronized.append(content_of(folder))

    monkeypatch.setattr(os, "fsync", record)
    client.model_artifacts.download(model.id, folder)
    assert synchronized == [{"model.fnnx": path.read_bytes()}]


def test_a_folder_that_cannot_be_synchronized_will_do(
    client: Client, model: ModelArtifact, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_for(folder, errno.EINVAL, monkeypatch)
    client.model_artifacts.download(model.id, folder)
    assert content_of(folder) == {"model.fnnx": path.read_bytes()}


def test_a_folder_that_cannot_be_opened_will_do(
    client: Client, model: ModelArtifact, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: Any, *_: Any, **__: Any) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

    with monkeypatch.context() as windows:
        windows.setattr(os, "open", refuse)
        client.model_artifacts.download(model.id, folder)
    assert content_of(folder) == {"model.fnnx": path.read_bytes()}


def test_a_disk_that_fails_after_a_download(
    client: Client, model: ModelArtifact, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_for(folder, errno.EIO, monkeypatch)
    with pytest.raises(FileDownloadError, match=r"was written, but a crash .* may undo that"):
        client.model_artifacts.download(model.id, folder)
    assert content_of(folder) == {"model.fnnx": path.read_bytes()}
