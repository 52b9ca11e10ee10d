"""A user's own model, stored in one line and given back."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import pickle
import re
import resource
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataforce import (
    AsyncClient,
    ChecksumMismatchError,
    Client,
    FileDownloadError,
    FileError,
    ReadOnlyError,
    UnprocessableEntityError,
    pack,
)
from dataforce.backend import MemoryBackend
from dataforce.models import REGISTRY
from dataforce.package import read_package

IRIS = Path(__file__).parent / "data" / "iris.fnnx"
FOLDER = "variant_artifacts/extra_files/"


class Threshold:
    """A model of one number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Threshold) and other.value == self.value

    __hash__ = None  # type: ignore[assignment]  # as of most models


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(backend=MemoryBackend(REGISTRY)) as client:
        client.collections.create("", "Churn", "model")
        yield client


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder for temporary files; nothing stays in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"weights": [0.5] * 1000}))
    return path


@pytest.fixture
def saved_model(tmp_path: Path) -> Path:
    folder = tmp_path / "saved.model"
    (folder / "variables" / "empty").mkdir(parents=True)
    (folder / "variables" / "weights.bin").write_bytes(os.urandom(3_000_000))
    (folder / "run.sh").write_text("#!/bin/sh")
    (folder / "run.sh").chmod(0o755)
    return folder


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def crafted(path: Path, *members: tuple[str, bytes, bytes]) -> Path:
    """A package of members that `pack` would not write: their names, types and bytes."""
    with tarfile.open(IRIS) as iris, tarfile.open(path, "w") as archive:
        manifest = iris.extractfile("manifest.json")
        assert manifest is not None
        for name, kind, content in [
            ("manifest.json", tarfile.REGTYPE, manifest.read()),
            *members,
        ]:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(content), "/etc/passwd"
            archive.addfile(member, io.BytesIO(content))
    return path


# In


def test_a_pickle_is_packed_and_told(
    client: Client, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = source.read_bytes()
    with caplog.at_level(logging.INFO, "dataforce"):
        model = client.model_artifacts.upload(
            source, "churn", "Who leaves", metrics={"accuracy": 0.93}
        )
    assert (model.file_name, model.metrics, model.status) == (
        "model.fnnx",
        {"accuracy": 0.93},
        "uploaded",
    )
    assert (model.manifest.name, model.manifest.description) == ("churn", "Who leaves")
    [record] = caplog.records
    assert (record.name, record.levelno) == ("dataforce", logging.INFO)
    assert f"Packed {str(source)!r} as model.fnnx, {model.size} bytes" in record.getMessage()
    assert source.read_bytes() == content


def test_a_package_is_uploaded_as_it_is(
    client: Client, source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    package = pack(source, tmp_path / "own.fnnx", name="churn", metrics={"accuracy": 0.9, "f1": 1})
    with caplog.at_level(logging.INFO, "dataforce"):
        model = client.model_artifacts.upload(package, "churn", metrics={"accuracy": 0.93})
    assert caplog.records == []
    assert model.file_hash == read_package(package).file_hash
    assert model.metrics == {"accuracy": 0.93, "f1": 1}


@pytest.mark.parametrize("name", ["churn #2/new", "churn.v1"])
def test_an_object_is_packed_under_a_name_that_can_be_stored(client: Client, name: str) -> None:
    model = client.model_artifacts.upload(Threshold(0.5), name)
    assert model.file_name == {"churn.v1": "churn.v1.fnnx"}.get(name, "churn _2_new.fnnx")
    assert model.manifest.producer_tags == ["dataforce::packed_pickle:v1"]
    assert str(model.manifest.description).startswith("Threshold, pickled with Python 3.")


@pytest.mark.parametrize(
    "value", [None, 5, 0.5, b"model.pkl", io.BytesIO(b"x")], ids=lambda value: type(value).__name__
)
def test_what_is_neither_a_path_nor_a_model(client: Client, value: object) -> None:
    with pytest.raises(UnprocessableEntityError, match="not the path of a file"):
        client.model_artifacts.upload(value, "churn")


def test_what_cannot_be_pickled(client: Client) -> None:
    with pytest.raises(FileError, match=r"A list cannot be pickled: .*lambda.*Save it with"):
        client.model_artifacts.upload([lambda: 1], "churn")
    assert client.model_artifacts.list() == []


def test_a_pickle_that_is_named_like_a_package(client: Client, source: Path) -> None:
    wrong = source.rename(source.with_name("model.fnnx"))
    with pytest.raises(FileError, match=r"a pickle\. Make a package of it: dataforce\.pack"):
        client.model_artifacts.upload(wrong, "churn")


def test_metrics_are_checked_before_anything_is_read(client: Client) -> None:
    with pytest.raises(UnprocessableEntityError, match=r"metrics\.loss is inf"):
        client.model_artifacts.upload("no-such-file", "churn", metrics={"loss": float("inf")})


def test_a_client_that_only_reads_packs_nothing(client: Client, source: Path) -> None:
    reading = client.with_options(read_only=True)
    for model, described in [(source, str(source)), (Threshold(1), "a Threshold")]:
        with pytest.raises(ReadOnlyError, match=f"upload {described}"):
            reading.model_artifacts.upload(model, "churn")


@pytest.mark.parametrize("is_object", [False, True])
def test_a_full_disk_is_told(client: Client, tmp_path: Path, is_object: bool) -> None:
    large = tmp_path / "model.bin"
    large.write_bytes(bytes(3_000_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(FileDownloadError, match="TMPDIR"):
            client.model_artifacts.upload([bytes(3_000_000)] if is_object else large, "churn")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_nothing_is_there(client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such file"):
        client.model_artifacts.upload(tmp_path / "missing.pkl", "churn")


def test_versions_are_the_models_of_one_name_newest_first(client: Client, source: Path) -> None:
    models = [client.model_artifacts.upload(source, "churn") for _ in range(3)]
    client.model_artifacts.upload(source, "churn rate")
    assert client.model_artifacts.versions("churn") == models[::-1]
    assert client.model_artifacts.versions("churn", limit=1) == models[2:]
    assert client.model_artifacts.versions("other") == []


# Out


@pytest.mark.parametrize("name", ["model.pkl", "model.PICKLE"])
def test_a_pickle_is_loaded_with_trust_only(client: Client, source: Path, name: str) -> None:
    model = client.model_artifacts.upload(source.rename(source.with_name(name)), "churn")
    with pytest.raises(FileError, match=r"runs whatever code .* pass trust=True"):
        client.model_artifacts.load(model)
    assert client.model_artifacts.load(model, trust=True) == {"weights": [0.5] * 1000}


def test_an_object_comes_back(client: Client) -> None:
    client.model_artifacts.upload(Threshold(0.5), "churn")
    assert client.model_artifacts.load("churn", trust=True) == Threshold(0.5)


def test_the_model_of_another_tool_is_loaded(client: Client) -> None:
    pytest.importorskip("sklearn")
    client.model_artifacts.upload(IRIS, "iris")
    assert client.model_artifacts.load("iris", trust=True).n_classes_ == 3


def test_joblib_and_safetensors(client: Client, tmp_path: Path) -> None:
    import joblib
    import numpy
    from safetensors.numpy import save_file

    joblib.dump({"weights": numpy.ones(3)}, tmp_path / "model.joblib")
    client.model_artifacts.upload(tmp_path / "model.joblib", "joblib")
    assert client.model_artifacts.load("joblib", trust=True)["weights"].sum() == 3
    save_file({"weights": numpy.ones(3)}, tmp_path / "model.safetensors")
    client.model_artifacts.upload(tmp_path / "model.safetensors", "safe")
    assert client.model_artifacts.load("safe")["weights"].sum() == 3


def test_what_cannot_be_loaded(client: Client, saved_model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"graph")
    client.model_artifacts.upload(tmp_path / "model.onnx", "onnx")
    client.model_artifacts.upload(saved_model, "folder")
    several = [(f"{FOLDER}{name}.pkl", tarfile.REGTYPE, b"1") for name in "ab"]
    client.model_artifacts.upload(crafted(tmp_path / "several.fnnx", *several), "several")
    for name in ("onnx", "folder", "several"):
        with pytest.raises(FileError, match=r"^Cannot load model artifact .* Use `extract`"):
            client.model_artifacts.load(name, trust=True)


def test_a_pickle_that_is_broken(client: Client, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"no pickle")
    client.model_artifacts.upload(tmp_path / "model.pkl", "churn")
    with pytest.raises(FileError, match=r"failed with UnpicklingError.*Install and import"):
        client.model_artifacts.load("churn", trust=True)


def test_what_reads_it_is_not_installed(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)  # importing it is an error
    (tmp_path / "model.joblib").write_bytes(b"model")
    client.model_artifacts.upload(tmp_path / "model.joblib", "churn")
    with pytest.raises(FileError, match=r"needs joblib .*pip install joblib"):
        client.model_artifacts.load("churn", trust=True)


def test_a_file_comes_back_byte_identical(client: Client, source: Path, tmp_path: Path) -> None:
    model = client.model_artifacts.upload(source, "churn")
    seen: list[tuple[int, int]] = []
    found = client.model_artifacts.extract(
        model, tmp_path / "out", progress=lambda *done: seen.append(done)
    )
    assert found == tmp_path / "out" / "model.pkl"
    assert found.read_bytes() == source.read_bytes()
    assert list(found.parent.iterdir()) == [found]
    assert seen[-1] == (model.size, model.size)


def test_a_folder_comes_back_byte_identical(
    client: Client, saved_model: Path, tmp_path: Path
) -> None:
    model = client.model_artifacts.upload(saved_model, "churn")
    assert model.file_name == "saved.model.fnnx"
    (tmp_path / "out").mkdir()
    found = client.model_artifacts.extract("churn", tmp_path / "out")
    assert found == tmp_path / "out" / "saved.model"
    assert tree(found) == tree(saved_model)
    assert os.access(found / "run.sh", os.X_OK)
    assert list(found.parent.iterdir()) == [found]


def test_another_package_is_extracted_whole(client: Client, tmp_path: Path) -> None:
    client.model_artifacts.upload(IRIS, "iris")
    found = client.model_artifacts.extract("iris", tmp_path / "out")
    with tarfile.open(IRIS) as archive:
        names = [member.name for member in archive if member.isfile()]
    assert found.name == "iris"
    assert sorted(name for name, content in tree(found).items() if content is not None) == sorted(
        names
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("/outside", tarfile.REGTYPE),
        ("folder/../../outside", tarfile.REGTYPE),
        ("folder\\..\\outside", tarfile.REGTYPE),
        ("C:outside", tarfile.REGTYPE),
        ("link", tarfile.SYMTYPE),
        ("link", tarfile.LNKTYPE),
        ("device", tarfile.CHRTYPE),
    ],
)
def test_nothing_is_written_outside_of_the_folder(
    client: Client, tmp_path: Path, name: str, kind: bytes
) -> None:
    package = crafted(tmp_path / "bad.fnnx", (name, kind, b"1" * (kind == tarfile.REGTYPE)))
    client.model_artifacts.upload(package, "bad")
    with pytest.raises(FileDownloadError, match="The package cannot be extracted: its member"):
        client.model_artifacts.extract("bad", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    assert not (tmp_path / "outside").exists()


def test_what_is_there_is_not_replaced(client: Client, source: Path, tmp_path: Path) -> None:
    client.model_artifacts.upload(source, "churn")
    source.write_bytes(b"mine")
    with pytest.raises(FileDownloadError, match="exists already"):
        client.model_artifacts.extract("churn", tmp_path)
    assert source.read_bytes() == b"mine"


@pytest.mark.parametrize("place", ["missing/folder", "model.pkl"])
def test_a_folder_that_cannot_be_written_to(
    client: Client, source: Path, tmp_path: Path, place: str
) -> None:
    client.model_artifacts.upload(source, "churn")
    with pytest.raises(FileDownloadError, match="could not be written"):
        client.model_artifacts.extract("churn", tmp_path / place)


def test_bytes_that_were_changed_are_not_loaded(client: Client, source: Path) -> None:
    model = client.model_artifacts.upload(source, "churn")
    changed = client.model_artifacts.get("churn")
    assert changed is not None
    backend = client.backend
    assert isinstance(backend, MemoryBackend)
    row = backend._tables.rows[REGISTRY.kind("model_artifacts")][model.id]
    row.files["file"] = row.files["file"].replace(b"weights", b"WEIGHTS")
    with pytest.raises(ChecksumMismatchError):
        client.model_artifacts.load("churn", trust=True)


def test_awaited(source: Path, tmp_path: Path) -> None:
    async def flow() -> None:
        async with AsyncClient(backend=MemoryBackend(REGISTRY)) as client:
            await client.collections.create("", "Churn", "model")
            model = await client.model_artifacts.upload(source, "churn", metrics={"accuracy": 1})
            assert await client.model_artifacts.versions("churn") == [model]
            assert "weights" in await client.model_artifacts.load(model, trust=True)
            found = await client.model_artifacts.extract(model, tmp_path / "out")
            assert found.read_bytes() == source.read_bytes()

    asyncio.run(flow())


# Fitted models


def sklearn_model(rows: Any, labels: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000).fit(rows, labels)


def sklearn_with_names(rows: Any, labels: Any) -> Any:
    import numpy

    return sklearn_model(rows, numpy.array(["setosa", "versicolor", "virginica"])[labels])


def sklearn_of_a_table(rows: Any, labels: Any) -> Any:
    pandas = pytest.importorskip("pandas")
    return sklearn_model(pandas.DataFrame(rows, columns=[*"abcd"]), labels)


def xgboost_model(rows: Any, labels: Any) -> Any:
    return pytest.importorskip("xgboost").XGBClassifier(n_estimators=3).fit(rows, labels)


def xgboost_booster(rows: Any, labels: Any) -> Any:
    xgboost = pytest.importorskip("xgboost")
    return xgboost.train({}, xgboost.DMatrix(rows, labels), num_boost_round=3)


def lightgbm_model(rows: Any, labels: Any) -> Any:
    lightgbm = pytest.importorskip("lightgbm")
    return lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(rows, labels)


def lightgbm_booster(rows: Any, labels: Any) -> Any:
    lightgbm = pytest.importorskip("lightgbm")
    return lightgbm.train({"verbose": -1}, lightgbm.Dataset(rows, labels), num_boost_round=3)


def catboost_model(rows: Any, labels: Any) -> Any:
    catboost = pytest.importorskip("catboost")
    return catboost.CatBoostClassifier(iterations=3, silent=True, allow_writing_files=False).fit(
        rows, labels
    )


def torch_model(rows: Any, labels: Any) -> Any:
    return pytest.importorskip("torch").nn.Linear(4, 1)


MODELS = [
    sklearn_model,
    sklearn_with_names,
    sklearn_of_a_table,
    xgboost_model,
    xgboost_booster,
    lightgbm_model,
    lightgbm_booster,
    catboost_model,
    torch_model,
]


@pytest.mark.filterwarnings("ignore")  # of the libraries of others
@pytest.mark.parametrize("fit", MODELS, ids=lambda fit: fit.__name__)
def test_a_fitted_model_runs_from_its_package(
    client: Client,
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    fit: Callable[[Any, Any], Any],
) -> None:
    import numpy
    from fnnx.extras.reader import Reader
    from fnnx.stable.v1 import Runtime
    from sklearn.datasets import load_iris

    rows, labels = load_iris(return_X_y=True)
    fitted = fit(rows, labels)
    model = client.model_artifacts.upload(fitted, "iris", metrics={"accuracy": numpy.float32(1)})
    assert (model.manifest.variant, model.metrics) == ("pyfunc", {"accuracy": 1.0})
    package = client.model_artifacts.download(model, tmp_path / "iris.fnnx")
    assert list(temporary.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", None)  # the runtime unpacks, and cleans up at its end
    assert Reader(str(package)).manifest.name == "iris"
    answer = Runtime(str(package)).compute({"rows": rows[:60]}, {})["predictions"]
    again = client.model_artifacts.load(model, trust=True)
    assert type(again) is type(fitted)
    repacked = pack(again, tmp_path / "again.fnnx", name="iris")
    same = Runtime(str(repacked)).compute({"rows": rows[:60]}, {})["predictions"]
    assert numpy.array_equal(answer, same)
    if isinstance(answer[0], str | numpy.integer):
        assert list(numpy.unique(answer)) == sorted(numpy.unique(fitted.classes_))[:2]


def test_a_package_says_what_its_pickle_needs(tmp_path: Path) -> None:
    sklearn = pytest.importorskip("sklearn")
    from sklearn.datasets import load_iris

    package = pack(sklearn_model(*load_iris(return_X_y=True)), tmp_path / "iris.fnnx", name="iris")
    needed = f"scikit-learn=={sklearn.__version__}"
    manifest = read_package(package).manifest
    assert needed in str(manifest["description"])
    assert manifest["producer_tags"] == ["dataforce::packed_pickle:v1"]
    with tarfile.open(package) as archive:
        environment, metadata = (archive.extractfile(name) for name in ("env.json", "meta.json"))
        assert environment is not None
        assert metadata is not None
        assert needed in environment.read().decode()
        assert needed in metadata.read().decode()


def test_the_page_on_packages_is_true(
    client: Client, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.datasets import load_iris

    page = (Path(__file__).parent.parent / "docs" / "packages.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) == 6
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "saved_model" / "weights").write_bytes(b"1")
    pack(source, "model.fnnx", name="churn")
    names = {"client": client, "forest": sklearn_model(*load_iris(return_X_y=True))}
    for block in blocks:
        exec(block, names)
    assert Path(str(names["path"])).read_bytes()
    model = client.model_artifacts.upload("model.fnnx", "by hand")
    assert model.file_index["variant_artifacts/extra_files/model.pkl"][1] == len(b"the model")


def test_without_fnnx_a_fitted_model_is_a_pickle(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['fnnx'] = None; from sklearn.linear_model import Ridge; "
        "from dataforce import pack; from dataforce.package import read_package; "
        f"package = pack(Ridge().fit([[1], [2]], [1, 2]), {str(tmp_path / 'a.fnnx')!r}, name='a'); "
        "print(read_package(package).manifest['variant'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "file\n"
