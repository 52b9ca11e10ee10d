from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dataforce import Client, FileDownloadError, FileError, FileUploadError
from dataforce.backend import BytesSource, FileSource, Scope
from dataforce.models import MODEL_ARTIFACT, ModelArtifactCreate
from tests.local.conftest import files_of


def test_equal_files_are_stored_once(client: Client, iris: Path, place: Path) -> None:
    one = client.model_artifacts.upload(iris, "one")
    two = client.model_artifacts.upload(iris, "two")
    assert one.id != two.id
    assert files_of(place) == {"staging": [], "incoming": [], "sha256": [one.file_hash]}


def test_a_file_goes_with_its_last_record(client: Client, iris: Path, place: Path) -> None:
    one = client.model_artifacts.upload(iris, "one")
    two = client.model_artifacts.upload(iris, "two")
    client.model_artifacts.delete(one.id)
    assert files_of(place)["sha256"] == [one.file_hash]
    client.model_artifacts.delete(two.id)
    assert files_of(place)["sha256"] == []


def test_files_go_with_their_collection(
    client: Client, iris: Path, large_package: Path, place: Path
) -> None:
    client.model_artifacts.upload(iris, "iris")
    client.model_artifacts.upload(large_package, "large")
    client.collections.delete()
    assert files_of(place)["sha256"] == []


def test_files_go_with_their_orbit_unless_another_needs_them(
    client: Client, iris: Path, large_package: Path, place: Path
) -> None:
    kept = client.model_artifacts.upload(iris, "iris")
    default = client.orbits.get()
    assert default is not None
    scratch = client.orbits.create("Scratch", default.bucket_secret_id)
    client.orbit = scratch.id
    client.collections.create("", "Models", "model")
    client.model_artifacts.upload(iris, "iris")
    client.model_artifacts.upload(large_package, "large")
    client.orbit = default.id
    client.orbits.delete(scratch.id)
    assert files_of(place)["sha256"] == [kept.file_hash]


def test_a_refused_upload_leaves_no_file(client: Client, iris: Path, place: Path) -> None:
    with pytest.raises(Exception, match=r"Collection .* does not exist in orbit"):
        client.model_artifacts.upload(
            iris, "iris", collection_id="0199c455-21ee-74c6-b747-19a82f1a1e75"
        )
    client.model_artifacts.delete(client.model_artifacts.upload(iris, "iris").id)
    assert files_of(place) == {"staging": [], "incoming": [], "sha256": []}


def test_bytes_brought_by_hand_join_the_others(client: Client, iris: Path, place: Path) -> None:
    known = client.model_artifacts.upload(iris, "iris")
    created = client.model_artifacts.create(
        "iris.fnnx",
        {},
        known.manifest,
        known.file_hash,
        known.file_index,
        known.size,
        "by hand",
    )
    Path(created.url.parts[0].url.removeprefix("file://")).write_bytes(iris.read_bytes())
    assert client.model_artifacts.update(created.model.id, status="uploaded").status == "uploaded"
    assert files_of(place) == {"staging": [], "incoming": [], "sha256": [known.file_hash]}


def test_bytes_that_were_not_announced_are_refused(client: Client, iris: Path, place: Path) -> None:
    known = client.model_artifacts.upload(iris, "iris")
    created = client.model_artifacts.create(
        "iris.fnnx", {}, known.manifest, "0" * 64, {}, known.size, "by hand"
    )
    Path(created.url.parts[0].url.removeprefix("file://")).write_bytes(iris.read_bytes())
    with pytest.raises(FileUploadError, match="not those announced"):
        client.model_artifacts.update(created.model.id, status="uploaded")
    assert client.model_artifacts.get("by hand") == created.model
    client.model_artifacts.delete(created.model.id)
    assert files_of(place)["incoming"] == []


def test_more_files_than_are_removed_at_a_time(client: Client, place: Path, iris: Path) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    for number in range(101):
        created = client.model_artifacts.create(
            "iris.fnnx", {}, model.manifest, "0" * 64, {}, 1, f"by hand {number}"
        )
        Path(created.url.parts[0].url.removeprefix("file://")).write_bytes(b"x")
    client.collections.delete()
    assert files_of(place) == {"staging": [], "incoming": [], "sha256": []}


def test_bytes_stay_until_they_are_deleted(client: Client, iris: Path, tmp_path: Path) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    first, again = (client.model_artifacts.delete_url(model.id) for _ in range(2))
    assert first.url == again.url
    copy = client.model_artifacts.download(model.id, tmp_path / "copy.fnnx")
    assert copy.read_bytes() == iris.read_bytes()


def test_a_record_that_was_deleted_meanwhile_has_no_bytes(client: Client, iris: Path) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    assert client.organization is not None
    assert client.orbit is not None
    scope = Scope((client.organization, client.orbit, model.collection_id))
    client.model_artifacts.delete(model.id)
    with pytest.raises(FileDownloadError, match="deleted meanwhile"):
        list(client.backend.files(MODEL_ARTIFACT, scope).open(model, "file").read())


def test_only_a_digest_names_a_file(client: Client, iris: Path, place: Path) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    assert client.organization is not None
    assert client.orbit is not None
    scope = Scope((client.organization, client.orbit, model.collection_id))
    values = ModelArtifactCreate.model_validate(
        {name: getattr(model, name) for name in ModelArtifactCreate.model_fields}
        | {"file_hash": "../../outside"}
    )
    files = client.backend.files(MODEL_ARTIFACT, scope)
    with pytest.raises(FileUploadError, match="not a SHA-256"):
        files.upload(values, {"file": FileSource(iris)}, lambda _: None)
    assert len(client.model_artifacts.list()) == 1
    assert files_of(place)["staging"] == []


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_bytes_brought_by_hand_stay_as_they_came(
    link: Callable[[Path, str], None], client: Client, iris: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.fnnx"
    mine.write_bytes(iris.read_bytes())
    known = client.model_artifacts.upload(iris, "iris")
    created = client.model_artifacts.create(
        "iris.fnnx", {}, known.manifest, known.file_hash, {}, known.size, "by hand"
    )
    link(mine, created.url.parts[0].url.removeprefix("file://"))
    client.model_artifacts.update(created.model.id, status="uploaded")
    mine.write_bytes(b"changed")
    for model in (known, created.model):
        copy = client.model_artifacts.download(model.id, tmp_path / "copy.fnnx")
        assert copy.read_bytes() == iris.read_bytes()


def test_room_that_was_not_needed_is_given_back(
    client: Client, iris: Path, large_package: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The file is replaced by a smaller one after its room was reserved and before it is read.
    opened = Path.open

    def replaced(path: Path, *arguments: Any, **more: Any) -> Any:
        if path == large_package:
            monkeypatch.undo()
            large_package.write_bytes(iris.read_bytes())
        return opened(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", replaced)
    with suppress(FileError):
        client.model_artifacts.upload(large_package, "replaced")
    for model in client.model_artifacts.list():
        copy = client.model_artifacts.download(model.id, place.parent)
        assert copy.read_bytes() == iris.read_bytes()


def test_bytes_that_are_not_all_there_are_refused(client: Client, iris: Path, place: Path) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    assert client.organization is not None
    assert client.orbit is not None
    scope = Scope((client.organization, client.orbit, model.collection_id))
    values = ModelArtifactCreate.model_validate(
        {name: getattr(model, name) for name in ModelArtifactCreate.model_fields}
    )
    files = client.backend.files(MODEL_ARTIFACT, scope)
    with pytest.raises(FileUploadError, match="holds 0 bytes"):
        files.upload(values, {"file": BytesSource(b"")}, lambda _: None)
    copy = client.model_artifacts.download(model.id, place.parent)
    assert copy.read_bytes() == iris.read_bytes()


def test_a_mark_that_was_cut_short_is_made_again(
    client: Client, open_client: Callable[[], Client], iris: Path, place: Path
) -> None:
    client.model_artifacts.upload(iris, "iris")
    (place.with_suffix(".files") / "registry-id").write_bytes(b"")
    open_client().model_artifacts.upload(iris, "iris, again")
    assert len(client.model_artifacts.list()) == 2


def test_a_file_that_cannot_be_removed_yet_is_removed_later(
    client: Client, open_client: Callable[[], Client], iris: Path, place: Path
) -> None:
    model = client.model_artifacts.upload(iris, "iris")
    [stored] = place.with_suffix(".files").rglob("sha256/*/*")
    stored.unlink()
    stored.mkdir()
    client.model_artifacts.delete(model.id)
    assert client.model_artifacts.list() == [], "the record is gone, and that is what was asked"
    assert open_client().model_artifacts.list() == [], "an unremovable file keeps nobody out"
    stored.rmdir()
    stored.write_bytes(iris.read_bytes())
    open_client().orbits.list()
    assert files_of(place)["sha256"] == []
