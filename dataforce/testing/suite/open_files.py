"""Model files opened: read where they lie, whole or in part."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from dataforce import (
    Client,
    Collection,
    FileDownloadError,
    ModelArtifact,
    NotFoundError,
)
from dataforce.testing.packages import MANIFEST
from dataforce.testing.plugin import PackageFactory, RecordFactory
from dataforce.testing.suite._support import UNKNOWN

WEIGHTS = bytes(range(251)) * 10_001
MEMBER = "variant_artifacts/model.bin"


@pytest.fixture
def opened_path(package: PackageFactory) -> Path:
    """A package of several chunks."""
    return package("iris.fnnx", content=WEIGHTS)


@pytest.fixture
def opened_model(client: Client, collection: Collection, opened_path: Path) -> ModelArtifact:
    """The model artifact of that package."""
    return client.model_artifacts.upload(opened_path, "iris")


def test_a_model_is_read_where_it_lies(
    client: Client, opened_model: ModelArtifact, opened_path: Path
) -> None:
    """From its first byte to its last, in one go or in pieces."""
    content = opened_path.read_bytes()
    with client.model_artifacts.open(opened_model.id) as file:
        assert (file.name, file.size) == ("iris.fnnx", opened_model.size)
        assert file.read() == content
        assert file.read() == b""
    with client.model_artifacts.open(opened_model.id.upper()) as file:
        copy = io.BytesIO()
        shutil.copyfileobj(file, copy)
        assert copy.getvalue() == content
    assert file.closed


def test_a_model_is_read_at_any_place(
    client: Client, opened_model: ModelArtifact, opened_path: Path
) -> None:
    """Forwards, backwards, past its end."""
    content = opened_path.read_bytes()
    with client.model_artifacts.open(opened_model.id) as file:
        for position in (2_000_000, 512, 0, 1_000_000, 1_000_100, 1_300_000, len(content) - 3):
            assert file.seek(position) == position
            assert file.read(1000) == content[position : position + 1000]
            assert file.tell() == min(position + 1000, len(content))
        assert file.seek(-10, io.SEEK_END) == len(content) - 10
        assert file.seek(4, io.SEEK_CUR) == len(content) - 6
        assert file.read() == content[-6:]
        file.seek(len(content) + 5)
        assert file.read(1) == b""
        with pytest.raises(ValueError, match="before the start"):
            file.seek(-1)


def test_a_member_of_a_package_is_a_file(client: Client, opened_model: ModelArtifact) -> None:
    """Its first byte is number 0, and it ends where it ends."""
    with client.model_artifacts.open(opened_model.id, MEMBER) as file:
        assert (file.name, file.size) == (MEMBER, len(WEIGHTS))
        assert file.read(10) == WEIGHTS[:10]
        file.seek(-10, io.SEEK_END)
        assert file.read(100) == WEIGHTS[-10:]
    with client.model_artifacts.open(opened_model.id, "manifest.json") as file:
        assert json.load(file) == MANIFEST


def test_a_package_is_read_as_the_archive_that_it_is(
    client: Client, opened_model: ModelArtifact
) -> None:
    """By whatever reads such files."""
    with (
        client.model_artifacts.open(opened_model.id) as file,
        tarfile.open(fileobj=file) as archive,
    ):
        assert sorted(archive.getnames()) == sorted(opened_model.file_index)
        member = archive.extractfile(MEMBER)
        assert member is not None
        assert member.read() == WEIGHTS


def test_an_empty_member_is_an_empty_file(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """There is nothing to fetch."""
    model = client.model_artifacts.upload(package(content=b""), "empty")
    with client.model_artifacts.open(model.id, MEMBER) as file:
        assert (file.size, file.read(), file.read(1)) == (0, b"", b"")


def test_a_member_that_is_not_there_is_named(client: Client, opened_model: ModelArtifact) -> None:
    """So are those that it may have been meant to be."""
    with pytest.raises(NotFoundError, match=r"'manifest\.jsn'.*Did you mean manifest\.json\?"):
        client.model_artifacts.open(opened_model.id, "manifest.jsn")
    with pytest.raises(NotFoundError, match=MEMBER):
        client.model_artifacts.open(opened_model.id, "?")
    with pytest.raises(NotFoundError, match="5"):
        client.model_artifacts.open(opened_model.id, 5)  # type: ignore[arg-type]  # users have no checker


def test_a_model_that_is_not_there_is_not_opened(client: Client, collection: Collection) -> None:
    """By its id or by its name."""
    for value in (UNKNOWN, "iris"):
        with pytest.raises(NotFoundError):
            client.model_artifacts.open(value)


def test_bytes_that_are_not_there_are_missed_when_they_are_read(
    client: Client, register: RecordFactory
) -> None:
    """A record may wait for its bytes for ever."""
    with (
        client.model_artifacts.open(register().id) as file,
        pytest.raises(FileDownloadError),
    ):
        file.read()


def test_a_model_may_lie_in_another_collection(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """If it is said."""
    other = client.collections.create("", "Other", "model")
    path = package()
    model = client.model_artifacts.upload(path, "iris", collection_id=other.id)
    with client.model_artifacts.open(model.id, collection_id=other.id) as file:
        assert file.read() == path.read_bytes()
    with pytest.raises(NotFoundError):
        client.model_artifacts.open(model.id)


def test_an_index_that_leads_out_of_the_file_is_refused(
    client: Client, register: RecordFactory
) -> None:
    """It came from elsewhere."""
    index = {"after": (3, 3), "before": (-1, 2), "negative": (3, -1), "right": (1, 4)}
    model = register(stored=True, file_index=index)
    for member in ("after", "before", "negative"):
        with pytest.raises(FileDownloadError, match=member):
            client.model_artifacts.open(model.id, member)
    with client.model_artifacts.open(model.id, "right") as file:
        assert file.read() == b"odel"
    bare = register()
    with pytest.raises(NotFoundError, match="index is empty"):
        client.model_artifacts.open(bare.id, "right")
