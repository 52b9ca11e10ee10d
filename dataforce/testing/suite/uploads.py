"""Uploads: a model file goes in."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from dataforce import (
    Client,
    Collection,
    FileError,
    ModelArtifactStatus,
)
from dataforce.package import EXTENSIONS
from dataforce.testing.packages import MANIFEST
from dataforce.testing.plugin import PackageFactory


def test_an_uploaded_model_is_described_by_its_file(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """Manifest, metrics, index, hash and size are read from it."""
    metrics = {"accuracy": 0.9778, "confusion": [[13, 0], [1, 14]]}
    path = package("iris.fnnx", metrics=metrics, content=b"forest")
    model = client.model_artifacts.upload(path, "iris", "Flowers", ["b", "a"])
    content = path.read_bytes()
    assert (model.file_name, model.model_name) == ("iris.fnnx", "iris")
    assert (model.description, model.tags) == ("Flowers", ["b", "a"])
    assert model.metrics == metrics
    assert model.manifest.model_dump() == MANIFEST
    assert model.file_hash == hashlib.sha256(content).hexdigest()
    assert model.size == len(content)
    assert model.status is ModelArtifactStatus.UPLOADED
    assert model.collection_id == collection.id
    offset, size = model.file_index["variant_artifacts/model.bin"]
    assert content[offset : offset + size] == b"forest"
    assert client.model_artifacts.list() == [model]


def test_a_package_without_metrics_has_none(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """Nor are description and tags required."""
    model = client.model_artifacts.upload(package(), "iris")
    assert (model.metrics, model.description, model.tags) == ({}, None, None)


def test_a_file_is_named_by_path_or_text(
    client: Client,
    collection: Collection,
    package: PackageFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Absolute or relative to the current folder."""
    path = package("iris.fnnx")
    monkeypatch.chdir(path.parent)
    for given in (path, str(path), "iris.fnnx", Path("iris.fnnx")):
        assert client.model_artifacts.upload(given, "iris").file_name == "iris.fnnx"


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_kind_of_package_is_taken(
    client: Client, collection: Collection, package: PackageFactory, extension: str
) -> None:
    """With dots and other characters in its name."""
    name = f"modèle v1.2 花{extension}"
    assert client.model_artifacts.upload(package(name), "iris").file_name == name


def test_a_model_can_go_into_another_collection(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """The default one stays as it is."""
    other = client.collections.create("", "Other", "model")
    model = client.model_artifacts.upload(package(), "iris", collection_id=other.id.upper())
    assert model.collection_id == other.id
    assert client.model_artifacts.list() == []


def test_one_file_uploaded_twice_is_two_models(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """Deleting one leaves the other with its bytes."""
    path = package()
    first, second = (client.model_artifacts.upload(path, name) for name in ("one", "two"))
    assert first.id != second.id
    assert first.file_hash == second.file_hash
    client.model_artifacts.delete(first.id)
    written = client.model_artifacts.download(second.id, path.with_name("downloaded.fnnx"))
    assert written.read_bytes() == path.read_bytes()


def test_a_deleted_file_can_be_uploaded_again(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """As if it had never been there."""
    path = package()
    client.model_artifacts.delete(client.model_artifacts.upload(path, "iris").id)
    model = client.model_artifacts.upload(path, "iris")
    written = client.model_artifacts.download(model.id, path.with_name("downloaded.fnnx"))
    assert written.read_bytes() == path.read_bytes()


def test_an_uploaded_file_stays_where_it_was(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """The registry has bytes of its own: the file may change or go afterwards."""
    path = package()
    content = path.read_bytes()
    model = client.model_artifacts.upload(path, "iris")
    assert path.read_bytes() == content
    path.write_bytes(b"changed")
    client.model_artifacts.download(model.id, path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "fault",
    ["missing", "a folder", "empty", "no archive", "compressed", "no manifest", "truncated"],
)
def test_what_is_no_package_is_not_uploaded(
    client: Client, collection: Collection, package: PackageFactory, fault: str
) -> None:
    """The error names the file; nothing is written."""
    path = package(content=b"x" * 4096)
    content = path.read_bytes()
    path.unlink()
    if fault == "a folder":
        path.mkdir()
    elif fault == "no manifest":
        package(manifest=None)
    elif fault != "missing":
        wrong = {"compressed": gzip.compress(content), "truncated": content[:2048]}
        path.write_bytes(wrong.get(fault, b"not an archive" if fault == "no archive" else b""))
    with pytest.raises(FileError, match=path.name):
        client.model_artifacts.upload(path, "iris")
    assert client.model_artifacts.list() == []


@pytest.mark.parametrize("name", ["model.zip", "model", "model.fnnx.exe", "fnnx"])
def test_a_file_with_another_extension_is_not_uploaded(
    client: Client, collection: Collection, package: PackageFactory, name: str
) -> None:
    """Whatever it holds."""
    with pytest.raises(FileError, match=name):
        client.model_artifacts.upload(package(name), "iris")
    assert client.model_artifacts.list() == []


def test_a_failed_upload_hinders_no_later_one(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """The same file, made right, goes in."""
    path = package(manifest=None)
    with pytest.raises(FileError):
        client.model_artifacts.upload(path, "iris")
    model = client.model_artifacts.upload(package(), "iris")
    assert client.model_artifacts.list() == [model]
