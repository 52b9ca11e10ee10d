"""Downloads: a model file comes out, whole and where it was asked for."""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

import pytest

from dataforce import (
    BadRequestError,
    ChecksumMismatchError,
    Client,
    Collection,
    FileDownloadError,
    FileUploadError,
    ModelArtifact,
    UnprocessableEntityError,
)
from dataforce.testing import links
from dataforce.testing.plugin import PackageFactory, RecordFactory, ReserveFactory
from dataforce.testing.suite._support import UNKNOWN, content_of

REFUSALS = (BadRequestError, FileUploadError, ChecksumMismatchError)
"""Who checks the bytes is free: the platform (or the registry behind it) at the end of an upload,
or the client when it downloads them."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder for downloads."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


@pytest.fixture
def path(package: PackageFactory) -> Path:
    """A package of several chunks."""
    return package("iris.fnnx", content=bytes(range(256)) * 10_000)


@pytest.fixture
def model(client: Client, collection: Collection, path: Path) -> ModelArtifact:
    """The model artifact of that package."""
    return client.model_artifacts.upload(path, "iris")


def test_a_model_is_downloaded_to_a_file(
    client: Client, model: ModelArtifact, path: Path, folder: Path
) -> None:
    """Byte by byte as it was, under the name that was asked for; the path is the answer."""
    for target in (folder / "one.fnnx", str(folder / "two")):
        written = client.model_artifacts.download(model.id, target)
        assert written == Path(target)
        assert written.read_bytes() == path.read_bytes()
    assert set(content_of(folder)) == {"one.fnnx", "two"}


def test_a_model_is_downloaded_into_a_folder(
    client: Client, model: ModelArtifact, path: Path, folder: Path
) -> None:
    """Under the name it was uploaded with."""
    assert client.model_artifacts.download(model.id.upper(), folder) == folder / "iris.fnnx"
    assert content_of(folder) == {"iris.fnnx": path.read_bytes()}


def test_a_model_is_downloaded_into_the_current_folder(
    client: Client,
    model: ModelArtifact,
    path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If nothing else is said."""
    monkeypatch.chdir(folder)
    written = client.model_artifacts.download(model.id)
    assert written.resolve() == (folder / "iris.fnnx").resolve()
    assert content_of(folder) == {"iris.fnnx": path.read_bytes()}


def test_a_file_that_is_there_is_replaced(
    client: Client, model: ModelArtifact, path: Path, folder: Path
) -> None:
    """However long it was."""
    target = folder / "iris.fnnx"
    target.write_bytes(b"old" * 2_000_000)
    client.model_artifacts.download(model.id, folder)
    assert content_of(folder) == {"iris.fnnx": path.read_bytes()}


def test_a_renamed_model_is_downloaded_under_its_new_name(
    client: Client, model: ModelArtifact, path: Path, folder: Path
) -> None:
    """Its bytes stay where they are."""
    client.model_artifacts.update(model.id, file_name="setosa.fnnx")
    assert client.model_artifacts.download(model.id, folder).name == "setosa.fnnx"
    assert content_of(folder) == {"setosa.fnnx": path.read_bytes()}


def test_a_folder_that_does_not_exist_is_not_made(
    client: Client, model: ModelArtifact, folder: Path
) -> None:
    """It may be a slip of the pen."""
    for target, missing in (
        (folder / "missing" / "iris.fnnx", "missing"),
        (f"{folder}/missing/", "missing"),
        (f"{folder}/no/such/.", "no/such"),
    ):
        with pytest.raises(FileDownloadError, match=f"The folder '.*/{missing}/' does not exist"):
            client.model_artifacts.download(model.id, target)
    assert list(folder.iterdir()) == []


def test_a_missing_folder_is_refused_before_the_model_is_looked_up(
    client: Client, collection: Collection, folder: Path
) -> None:
    """Nothing is asked of the registry for it."""
    with pytest.raises(FileDownloadError, match="does not exist"):
        client.model_artifacts.download(UNKNOWN, f"{folder}/missing/")


def test_a_path_that_no_folder_can_hold_is_explained(
    client: Client, model: ModelArtifact, folder: Path
) -> None:
    """The error says so, and nothing is written."""
    with pytest.raises(FileDownloadError, match="cannot be written"):
        client.model_artifacts.download(model.id, folder / ("x" * 300))
    assert content_of(folder) == {}


def test_a_file_where_the_folder_should_be_is_left_alone(
    client: Client, model: ModelArtifact, folder: Path
) -> None:
    """A separator at the end asks for a folder."""
    (folder / "file").write_bytes(b"old")
    for target in (f"{folder}/file/", folder / "file" / "iris.fnnx"):
        with pytest.raises(FileDownloadError, match="file/' is a file"):
            client.model_artifacts.download(model.id, target)
    assert content_of(folder) == {"file": b"old"}


def test_a_tilde_is_the_home_folder(
    client: Client,
    collection: Collection,
    path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On both ways; the name of nobody's home is a name like any other."""
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    path.rename(folder / "iris.fnnx")
    model = client.model_artifacts.upload("~/iris.fnnx", "iris")
    download = client.model_artifacts.download
    assert download(model.id, "~/copy.fnnx") == folder / "copy.fnnx"
    assert download(model.id, "~nobody-of-that-name") == Path("~nobody-of-that-name")
    assert set(content_of(folder)) == {"iris.fnnx", "copy.fnnx", "~nobody-of-that-name"}


def test_a_folder_in_the_way_is_left_alone(
    client: Client, model: ModelArtifact, folder: Path
) -> None:
    """A folder of the name of the file."""
    (folder / "iris.fnnx").mkdir()
    with pytest.raises(FileDownloadError, match=r"iris\.fnnx"):
        client.model_artifacts.download(model.id, folder)
    assert content_of(folder) == {}


def test_bytes_that_are_not_there_leave_the_old_file(
    client: Client, register: RecordFactory, folder: Path
) -> None:
    """A record may wait for its bytes for ever."""
    model = register()
    (folder / "model.fnnx").write_bytes(b"old")
    with pytest.raises(FileDownloadError):
        client.model_artifacts.download(model.id, folder)
    with suppress(BadRequestError):  # of a backend that looks whether the bytes are there
        client.model_artifacts.update(model.id, status="uploaded")
    with pytest.raises(FileDownloadError):
        client.model_artifacts.download(model.id, folder)
    assert content_of(folder) == {"model.fnnx": b"old"}


@pytest.mark.parametrize("brought", [b"MODEL", b"mode", b"model and more", b""])
def test_bytes_that_are_not_those_announced_are_never_downloaded(
    client: Client, reserve: ReserveFactory, folder: Path, brought: bytes
) -> None:
    """They are refused on their way in or on their way out."""
    created = reserve(b"model")
    (folder / "model.fnnx").write_bytes(b"old")
    with suppress(HTTPError):  # of a server that takes no more than was announced
        links.put(created.url.parts[0].url, brought)
    update, download = client.model_artifacts.update, client.model_artifacts.download
    with pytest.raises(REFUSALS):
        download(update(created.model.id, status="uploaded").id, folder)
    assert content_of(folder) == {"model.fnnx": b"old"}


@pytest.mark.parametrize(
    "file_name",
    [
        "../../evil.fnnx",
        "..\\..\\evil.fnnx",
        "../packages\\../evil.fnnx",
        "/tmp/evil.fnnx",  # noqa: S108
        "\\\\server\\share\\evil.fnnx",
        "missing/evil.fnnx",
    ],
)
def test_a_file_name_does_not_choose_the_folder(
    client: Client, register: RecordFactory, folder: Path, file_name: str
) -> None:
    """What a server says of folders is ignored."""
    model = register(stored=True, file_name=file_name)
    assert client.model_artifacts.download(model.id, folder) == folder / "evil.fnnx"
    assert content_of(folder) == {"evil.fnnx": b"model"}


@pytest.mark.parametrize(
    ("file_name", "written"),
    [
        (".bashrc.sh", "_bashrc.sh"),
        ("...hidden.fnnx", "_..hidden.fnnx"),
        ("red\x1b[31m.fnnx", "red_[31m.fnnx"),
        ("bell\x07.fnnx", "bell_.fnnx"),
        ("right\u202eto left.fnnx", "right_to left.fnnx"),
    ],
)
def test_a_file_name_is_made_harmless(
    client: Client, register: RecordFactory, folder: Path, file_name: str, written: str
) -> None:
    """A server must not write what a shell reads, or what a terminal obeys."""
    model = register(stored=True, file_name=file_name)
    assert client.model_artifacts.download(model.id, folder) == folder / written
    assert content_of(folder) == {written: b"model"}


@pytest.mark.parametrize("file_name", ["folder/..", "folder\\..", f"{'x' * 300}.fnnx"])
def test_a_file_name_that_no_folder_can_hold(
    client: Client, register: RecordFactory, folder: Path, file_name: str
) -> None:
    """The error says so, nothing is written, and another name can be given."""
    model = register(stored=True, file_name=file_name)
    with pytest.raises(FileDownloadError):
        client.model_artifacts.download(model.id, folder)
    assert content_of(folder) == {}
    client.model_artifacts.download(model.id, folder / "model.fnnx")
    assert content_of(folder) == {"model.fnnx": b"model"}


def test_a_large_model_comes_out_as_it_went_in(
    client: Client, collection: Collection, package: PackageFactory, folder: Path
) -> None:
    """More than any buffer holds, and not a multiple of one."""
    path = package(content=bytes(range(251)) * 50_001)
    model = client.model_artifacts.upload(path, "large")
    assert client.model_artifacts.download(model.id, folder).read_bytes() == path.read_bytes()


def test_a_model_is_downloaded_into_an_open_file(
    client: Client, model: ModelArtifact, path: Path, folder: Path
) -> None:
    """Where it stands; it stays open."""
    with (folder / "open").open("w+b") as file:
        file.write(b"before ")
        client.model_artifacts.download(model.id, file)
        file.write(b" after")
    assert content_of(folder) == {"open": b"before " + path.read_bytes() + b" after"}


class Slow(io.RawIOBase):
    """Takes a few bytes at a time, as pipes do."""

    def __init__(self) -> None:
        super().__init__()
        self.content = bytearray()

    def write(self, data: bytes) -> int:  # type: ignore[override]  # it is only given these
        """Take some of them, and say how many."""
        self.content += data[:300_000]
        return min(len(data), 300_000)


class Hashing:
    """Takes everything and says nothing."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Take them."""
        self.digest.update(data)


def test_a_model_is_downloaded_into_whatever_takes_bytes(
    client: Client, model: ModelArtifact, path: Path
) -> None:
    """At its own pace."""
    slow, hashing = Slow(), Hashing()
    client.model_artifacts.download(model.id, slow)
    client.model_artifacts.download(model.id, hashing)
    assert bytes(slow.content) == path.read_bytes()
    assert hashing.digest.hexdigest() == model.file_hash


def test_an_open_file_that_takes_nothing_is_an_error(
    client: Client, model: ModelArtifact, folder: Path
) -> None:
    """One that takes text, one that is full, one that fails."""

    class Full(Slow):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            return 0

    class Broken(Slow):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            raise OSError("broken")

    with pytest.raises(UnprocessableEntityError, match="takes text"):
        client.model_artifacts.download(model.id, io.StringIO())  # type: ignore[call-overload]
    with pytest.raises(FileDownloadError, match="takes no more bytes"):
        client.model_artifacts.download(model.id, Full())
    with pytest.raises(OSError, match="broken"):
        client.model_artifacts.download(model.id, Broken())


@pytest.mark.parametrize("brought", [b"MODEL", b"mode", b"model and more", b""])
def test_an_open_file_is_told_of_bytes_that_are_not_those_announced(
    client: Client, reserve: ReserveFactory, brought: bytes
) -> None:
    """They are refused on their way in, or what was written is said to be of no use."""
    created = reserve(b"model")
    with suppress(HTTPError):  # of a server that takes no more than was announced
        links.put(created.url.parts[0].url, brought)
    update, download = client.model_artifacts.update, client.model_artifacts.download
    file = io.BytesIO()
    with pytest.raises(REFUSALS, match=r"announced|was not uploaded|Do not use"):
        download(update(created.model.id, status="uploaded").id, file)
    assert len(file.getvalue()) <= len(b"model")
