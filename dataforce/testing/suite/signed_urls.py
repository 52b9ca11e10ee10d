"""Bytes moved by hand: the URLs to bring, read and delete them with."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataforce import (
    Client,
    Collection,
    CreatedModel,
    FileDownloadError,
    ModelArtifactStatus,
    NotFoundError,
)
from dataforce.testing import links
from dataforce.testing.plugin import PackageFactory, ReserveFactory
from dataforce.testing.suite._support import UNKNOWN, ids, refuse_all


def bring(created: CreatedModel, content: bytes) -> None:
    """Put the bytes of a record where its parts say."""
    start = 0
    for part in created.url.parts:
        links.put(part.url, content[start : start + part.part_size])
        start += part.part_size


def test_bytes_can_be_brought_by_hand(
    client: Client, reserve: ReserveFactory, tmp_path: Path
) -> None:
    """After that the model is like an uploaded one."""
    created = reserve(b"brought by hand")
    bring(created, b"brought by hand")
    model = client.model_artifacts.update(created.model.id, status="uploaded")
    assert model.status is ModelArtifactStatus.UPLOADED
    written = client.model_artifacts.download(model.id, tmp_path / "model.fnnx")
    assert written.read_bytes() == b"brought by hand"
    assert links.get(client.model_artifacts.download_url(model.id).url) == b"brought by hand"


def test_a_model_brought_by_hand_outlives_its_twins(
    client: Client, reserve: ReserveFactory, tmp_path: Path
) -> None:
    """Two records of the same bytes lose nothing when one of them goes."""
    for name in ("one", "two"):
        created = reserve(b"the same", model_name=name)
        bring(created, b"the same")
        client.model_artifacts.update(created.model.id, status="uploaded")
    first, second = client.model_artifacts.list()
    client.model_artifacts.delete(first.id)
    written = client.model_artifacts.download(second.id, tmp_path / "model.fnnx")
    assert written.read_bytes() == b"the same"


@pytest.mark.usefixtures("signed_urls")
def test_bytes_can_be_read_by_hand(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """The URL is an attribute and a key; asking for it changes nothing."""
    path = package()
    model = client.model_artifacts.upload(path, "iris")
    signed = client.model_artifacts.download_url(model.id.upper())
    assert signed["url"] == signed.url
    assert links.get(signed.url) == path.read_bytes()
    assert client.model_artifacts.list() == [model]


@pytest.mark.usefixtures("signed_urls")
def test_a_deletion_can_be_done_by_hand(
    client: Client, collection: Collection, package: PackageFactory, tmp_path: Path
) -> None:
    """URL, bytes, record: the steps of the platform."""
    model = client.model_artifacts.upload(package(), "iris")
    signed = client.model_artifacts.delete_url(model.id)
    assert signed["url"] == signed.url
    links.delete(signed.url)
    with pytest.raises(FileDownloadError):
        client.model_artifacts.download(model.id, tmp_path / "model.fnnx")
    client.model_artifacts.delete(model.id)
    assert client.model_artifacts.list() == []


@pytest.mark.usefixtures("signed_urls")
def test_a_deletion_by_hand_takes_no_bytes_of_another_model(
    client: Client, collection: Collection, package: PackageFactory, tmp_path: Path
) -> None:
    """Even where both were uploaded from one file."""
    path = package()
    doomed, kept = (client.model_artifacts.upload(path, name) for name in ("doomed", "kept"))
    links.delete(client.model_artifacts.delete_url(doomed.id).url)
    client.model_artifacts.delete(doomed.id)
    assert ids(client.model_artifacts.list()) == [kept.id]
    written = client.model_artifacts.download(kept.id, tmp_path / "model.fnnx")
    assert written.read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("signed_urls")
def test_a_failed_deletion_is_told_and_tried_again(
    client: Client, collection: Collection, package: PackageFactory
) -> None:
    """The record stays until it succeeds."""
    model = client.model_artifacts.upload(package(), "iris")
    client.model_artifacts.delete_url(model.id)
    failed = client.model_artifacts.update(model.id, status="deletion_failed")
    assert failed.status is ModelArtifactStatus.DELETION_FAILED
    client.model_artifacts.delete(model.id)
    assert client.model_artifacts.list() == []


def test_a_model_can_be_given_up_before_its_bytes_came(
    client: Client, reserve: ReserveFactory
) -> None:
    """Or after some came that nobody vouched for."""
    created = reserve(b"model")
    bring(created, b"model")
    client.model_artifacts.update(created.model.id, status="upload_failed")
    client.model_artifacts.delete(created.model.id)
    assert client.model_artifacts.list() == []


def test_signed_urls_are_not_shown(client: Client, reserve: ReserveFactory) -> None:
    """Whoever holds one can use it, so none gets into a log."""
    created = reserve()
    downloaded = client.model_artifacts.download_url(created.model.id)
    deleted = client.model_artifacts.delete_url(created.model.id)
    urls = [created.url.parts[0].url, downloaded.url, deleted.url]
    shown = "".join(f"{holder!r}{holder}" for holder in (created, downloaded, deleted))
    assert not [url for url in urls if url in shown]


def test_there_is_no_url_for_what_is_not_there(client: Client, reserve: ReserveFactory) -> None:
    """Neither a model nor a collection, or not in each other."""
    model, resource = reserve().model, client.model_artifacts
    other = client.collections.create("", "Other", "model").id
    refuse_all(
        NotFoundError,
        lambda: resource.download_url(UNKNOWN),
        lambda: resource.delete_url(UNKNOWN),
        lambda: resource.download_url(model.id, collection_id=other),
        lambda: resource.delete_url(model.id, collection_id=other),
        lambda: reserve(collection_id=UNKNOWN),
    )
    assert resource.list() == [model]
