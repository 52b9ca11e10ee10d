"""What a user sees of `pack`, on real files and folders."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from dataforce import FileError, UnprocessableEntityError, pack
from dataforce.models import Manifest
from dataforce.package import read_package
from dataforce.package.packing import label_of
from dataforce.transfer.cancellation import Cancelled, Signal, listen_to
from tests.ordinary_user import ordinary_user

FOLDER = "variant_artifacts/extra_files/"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"weights": [0.5] * 1000}))
    return path


@pytest.fixture
def saved_model(tmp_path: Path) -> Path:
    folder = tmp_path / "saved_model"
    (folder / "variables" / "empty").mkdir(parents=True)
    (folder / "model.pb").write_bytes(b"graph")
    (folder / "variables" / "weights.bin").write_bytes(os.urandom(3_000_000))
    (folder / "variables" / "none.txt").touch()
    (folder / "run.sh").write_text("#!/bin/sh")
    (folder / "run.sh").chmod(0o755)
    return folder


def refusal(source: object, target: Path, **more: Any) -> str:
    before = sorted(target.parent.iterdir())
    with pytest.raises(FileError) as caught:
        pack(source, target, name="churn", **more)
    assert type(caught.value) is FileError
    assert sorted(target.parent.iterdir()) == before
    return caught.value.message


def members(package: Path) -> dict[str, bytes]:
    with tarfile.open(package, "r:") as archive:
        return {
            each.name: content.read()
            for each in archive
            if (content := archive.extractfile(each)) is not None
        }


# What a package holds


@pytest.mark.parametrize(
    "name", ["model.pkl", "model.onnx", "model.safetensors", "weights", "a b é.tar.gz"]
)
def test_a_file_of_any_kind(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(os.urandom(2_500_000))
    package = pack(
        path,
        tmp_path / "churn.fnnx",
        name="churn",
        version="2",
        description="Who leaves",
        metrics={"accuracy": 0.93},
    )
    found = read_package(package)
    assert members(package)[f"{FOLDER}{name}"] == path.read_bytes()
    assert found.metrics == {"accuracy": 0.93}
    manifest = Manifest.model_validate(found.manifest)
    assert manifest.model_extra == {}
    assert (manifest.name, manifest.version, manifest.description) == ("churn", "2", "Who leaves")
    assert (manifest.variant, manifest.producer_tags) == ("file", ["dataforce::packed_file:v1"])


def test_a_folder_with_all_that_is_in_it(saved_model: Path, tmp_path: Path) -> None:
    package = pack(saved_model, tmp_path / "churn.dfs", name="churn")
    inside = f"{FOLDER}saved_model/"
    found = {
        name.removeprefix(inside): content
        for name, content in members(package).items()
        if name.startswith(inside)
    }
    assert found == {
        path.relative_to(saved_model).as_posix(): path.read_bytes()
        for path in saved_model.rglob("*")
        if path.is_file()
    }
    with tarfile.open(package, "r:") as archive:
        assert archive.getmember(f"{inside}variables/empty").isdir()
        assert archive.getmember(f"{inside}run.sh").mode == 0o755
        assert archive.getmember(f"{inside}model.pb").mode == 0o644


def test_links_are_followed(saved_model: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "weights").symlink_to(saved_model / "variables" / "weights.bin")
    (linked / "folder").symlink_to(saved_model / "variables")
    found = members(pack(linked, tmp_path / "churn.fnnx", name="churn"))
    weights = (saved_model / "variables" / "weights.bin").read_bytes()
    assert found[f"{FOLDER}linked/weights"] == weights
    assert found[f"{FOLDER}linked/folder/weights.bin"] == weights


def test_the_current_folder_has_a_name_too(
    saved_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(saved_model)
    found = members(pack(".", tmp_path / "churn.fnnx", name="churn"))
    assert f"{FOLDER}saved_model/model.pb" in found


def test_the_home_folder_is_a_tilde(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert pack("~/model.pkl", "~/churn.fnnx", name="churn") == tmp_path / "churn.fnnx"


def test_the_same_model_is_the_same_bytes(source: Path, tmp_path: Path) -> None:
    first = pack(source, tmp_path / "first.fnnx", name="churn").read_bytes()
    os.utime(source, (1, 1))
    assert pack(source, tmp_path / "second.fnnx", name="churn").read_bytes() == first


def test_the_source_stays_and_the_target_is_replaced(source: Path, tmp_path: Path) -> None:
    content, target = source.read_bytes(), tmp_path / "churn.fnnx"
    target.write_bytes(b"older")
    pack(source, target, name="churn")
    assert source.read_bytes() == content
    assert read_package(target).manifest["name"] == "churn"
    assert sorted(tmp_path.iterdir()) == [target, source]


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(300_000_000)
    program = (
        "import resource, sys; from dataforce import pack; "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "pack(sys.argv[1], sys.argv[2], name='large'); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    command = [sys.executable, "-c", program, str(large), str(tmp_path / "large.fnnx")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) < 60_000  # in KiB


# Metrics and words


def test_numbers_of_numpy_become_plain(source: Path, tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    metrics = {"f1": numpy.float32(0.5), "support": numpy.int64(3), "recall": numpy.array([0.5, 1])}
    package = read_package(pack(source, tmp_path / "a.fnnx", name="churn", metrics=metrics))
    assert package.metrics == {"f1": 0.5, "support": 3, "recall": [0.5, 1.0]}


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({"loss": float("nan")}, "metrics.loss is nan"),
        ({"of": object()}, "hold what is no JSON"),
        ([0.5], "The metrics are a list"),
    ],
)
def test_metrics_that_cannot_be_stored(
    source: Path, tmp_path: Path, metrics: Any, reason: str
) -> None:
    with pytest.raises(UnprocessableEntityError, match=reason):
        pack(source, tmp_path / "churn.fnnx", name="churn", metrics=metrics)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("words", [{"name": None}, {"version": 2}, {"description": "\ud800"}])
def test_words_that_are_no_text(words: dict[str, Any]) -> None:
    arguments = {"name": "churn", "version": None, "description": None, "metrics": None}
    with pytest.raises(UnprocessableEntityError, match="of a model is text"):
        label_of(**{**arguments, **words})


# What cannot be packed


def test_a_folder_without_files(tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    assert "holds no file" in refusal(tmp_path / "empty", tmp_path / "churn.fnnx")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.pkl").touch()
    assert "it is empty" in refusal(tmp_path / "empty.pkl", tmp_path / "churn.fnnx")


@pytest.mark.parametrize("name", ["churn.fnnx", "churn.tar", "churn"])
def test_a_package(source: Path, tmp_path: Path, name: str) -> None:
    package = pack(source, tmp_path / "churn.fnnx", name="churn").rename(tmp_path / name)
    message = refusal(package, tmp_path / "again.fnnx")
    assert "it is a model package already. Upload or copy it as it is." in message


@pytest.mark.parametrize("name", ["missing.pkl", "x" * 300, "nul\0"])
def test_nothing(tmp_path: Path, name: str) -> None:
    message = refusal(tmp_path / name, tmp_path / "churn.fnnx")
    assert "no such file" in message or "cannot be opened" in message


@pytest.mark.parametrize("name", ["churn", "churn.pkl", ".fnnx"])
def test_a_target_that_is_not_named_like_a_package(source: Path, name: str) -> None:
    assert "its name ends in one of .dfs, .fnnx" in refusal(source, source.with_name(name))


def test_a_target_that_is_no_path(source: Path) -> None:
    with pytest.raises(UnprocessableEntityError, match="not the path of a file"):
        pack(source, 5, name="churn")  # type: ignore[arg-type]  # the point


def test_a_target_in_the_folder_that_is_packed(saved_model: Path) -> None:
    assert "would lie in it" in refusal(saved_model, saved_model / "churn.fnnx")


def test_a_target_that_cannot_be_written(source: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.fnnx").mkdir()
    message = refusal(source, tmp_path / "folder.fnnx")
    assert "could not be written" in message
    with pytest.raises(FileError, match="could not be written"):
        pack(source, tmp_path / "missing" / "churn.fnnx", name="churn")


def test_pipes_and_devices(tmp_path: Path, saved_model: Path) -> None:
    os.mkfifo(saved_model / "pipe")
    assert "it is a device or a pipe" in refusal(saved_model, tmp_path / "churn.fnnx")
    assert "it is a device or a pipe" in refusal(saved_model / "pipe", tmp_path / "churn.fnnx")


def test_a_folder_that_leads_into_itself(tmp_path: Path, saved_model: Path) -> None:
    (saved_model / "variables" / "loop").symlink_to(saved_model)
    assert "leads to a folder above" in refusal(saved_model, tmp_path / "churn.fnnx")


def test_a_link_that_leads_nowhere(tmp_path: Path, saved_model: Path) -> None:
    (saved_model / "broken").symlink_to(tmp_path / "nowhere")
    assert "cannot be read" in refusal(saved_model, tmp_path / "churn.fnnx")


def test_a_name_that_is_not_text(tmp_path: Path, saved_model: Path) -> None:
    try:
        (saved_model / os.fsdecode(b"\xff")).touch()
    except OSError as error:
        pytest.skip(f"this file system refuses such names: {error}")
    assert "not valid UTF-8" in refusal(saved_model, tmp_path / "churn.fnnx")


def test_a_folder_that_may_not_be_read() -> None:
    with TemporaryDirectory() as folder:  # unlike `tmp_path`, in a folder that others may enter
        parent = Path(folder)
        parent.chmod(0o777)
        (parent / "model" / "variables").mkdir(parents=True)
        (parent / "model" / "variables").chmod(0)
        with ordinary_user():
            message = refusal(parent / "model", parent / "churn.fnnx")
        (parent / "model" / "variables").chmod(0o755)
    assert "cannot be opened" in message
    assert "Permission denied" in message
    assert "variables" in message


class Hook(Signal):
    """Does something whenever bytes are about to be read."""

    def __init__(self, action: Callable[[], object]) -> None:
        super().__init__()
        self._action = action

    def check(self) -> None:
        self._action()


def while_it_is_packed(source: Path, action: Callable[[], object]) -> str:
    def work() -> str:
        listen_to(Hook(action))
        return refusal(source, source.with_name("churn.fnnx"))

    return copy_context().run(work)


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


@pytest.mark.parametrize("change", [grow, lambda path: os.truncate(path, 9), os.utime])
def test_a_file_that_changes(source: Path, change: Callable[[Path], object]) -> None:
    message = while_it_is_packed(source, lambda: change(source))
    assert "was changed while it was read. Try again." in message


def test_a_disk_that_fails(source: Path) -> None:
    def break_it() -> None:
        # Whoever reads a folder gets an OSError, as from a broken disk.
        folder = os.open(source.parent, os.O_RDONLY)
        for link in Path("/dev/fd").iterdir():
            if link.resolve() == source.resolve():
                os.dup2(folder, int(link.name))
        os.close(folder)

    assert "reading it failed (Is a directory)" in while_it_is_packed(source, break_it)


def test_packing_ends_when_nobody_waits_for_it(source: Path, tmp_path: Path) -> None:
    signal, failed = Signal(), []

    def work() -> None:
        listen_to(signal)
        try:
            pack(source, tmp_path / "churn.fnnx", name="churn")
        except Cancelled as error:
            failed.append(error)

    signal.set()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(failed) == 1
    assert list(tmp_path.iterdir()) == [source]
