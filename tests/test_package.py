"""What a user sees of `read_package`, on real files."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import pickle
import random
import signal
import subprocess
import sys
import tarfile
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dataforce.errors import FileError
from dataforce.package import CHUNK_SIZE, EXTENSIONS, Package, read_package
from tests.ordinary_user import ordinary_user

MANIFEST = b'{"producer_tags": []}'
CLASSIFICATION = "dataforce.studio::tabular_classification:v1"
REGRESSION = "dataforce.studio::tabular_regression:v1"
CLASSIFICATION_METRICS = "falcon.beastbyte.ai::tabular_classification_metrics:v1"
REGRESSION_METRICS = "falcon.beastbyte.ai::tabular_regression_metrics:v1"
REGISTRY_METRICS = "dataforce.studio::registry_metrics:v1"

Member = tuple[str | tarfile.TarInfo, bytes]


@pytest.fixture(autouse=True)
def no_thread_stays_behind() -> Iterator[None]:
    before = threading.enumerate()
    yield
    assert threading.enumerate() == before


def archive(*members: Member, form: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form, encoding="utf-8") as tar:
        for member, content in members:
            header = tarfile.TarInfo(member) if isinstance(member, str) else member
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return target.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header


def sealed(header: bytes) -> bytes:
    """A header block with the checksum that belongs to it."""
    blank = header[:148] + b" " * 8 + header[156:512]
    return header[:148] + b"%06o\0 " % sum(blank) + header[156:]


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def write(folder: Path, content: bytes | bytearray, name: str = "model.fnnx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(path: Path, consume: Callable[[memoryview], object] | None = None) -> str:
    with pytest.raises(FileError) as caught:
        read_package(path, consume)
    assert type(caught.value) is FileError
    assert repr(str(path)) in caught.value.message
    return caught.value.message


def meta(tag: str, payload: object, key: str = "producer_tags") -> dict[str, object]:
    return {"id": "1", key: ["other", tag], "payload": payload}


def metrics_of(folder: Path, manifest_tags: object, *documents: tuple[str, object]) -> object:
    manifest = json.dumps({"producer_tags": manifest_tags}).encode()
    members = [(name, json.dumps(document).encode()) for name, document in documents]
    return read_package(write(folder, archive(("manifest.json", manifest), *members))).metrics


# What a package is


def test_the_iris_package() -> None:
    path = Path("tests/data/iris.fnnx")
    package = read_package(path)
    content = path.read_bytes()
    assert package.file_name == "iris.fnnx"
    assert package.size == len(content)
    assert package.file_hash == hashlib.sha256(content).hexdigest()
    assert package.manifest["name"] == "iris-forest"
    assert package.metrics == {"accuracy": 0.9778, "f1_macro": 0.976}
    with tarfile.open(path) as tar:
        files = [member for member in tar if member.isfile()]
    assert package.file_index == {file.name: (file.offset_data, file.size) for file in files}


@pytest.mark.parametrize("extension", [*EXTENSIONS, ".DFS", ".old.Fnnx"])
def test_every_extension_is_accepted_in_any_case(tmp_path: Path, extension: str) -> None:
    path = write(tmp_path, archive(("manifest.json", MANIFEST)), f"my model{extension}")
    assert read_package(str(path)).file_name == f"my model{extension}"


segments = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1)
names = st.lists(segments, min_size=1, max_size=20).map("/".join)
sizes = st.one_of(
    st.integers(0, 2000),
    st.sampled_from([0, 511, 512, 513, CHUNK_SIZE - 1536, CHUNK_SIZE - 1, CHUNK_SIZE]),
)
forms = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(members=st.lists(st.tuples(names, sizes), max_size=6), form=forms, tail=st.integers(0, 9999))
@example(members=[("n" * 255, 0), ("ж/" * 300 + "x", 513)], form=tarfile.GNU_FORMAT, tail=0)
@example(members=[("/etc/passwd", 1), ("../up", 2), ("x", 3)], form=tarfile.PAX_FORMAT, tail=1)
@example(members=[("x", 3), ("x", CHUNK_SIZE)], form=tarfile.USTAR_FORMAT, tail=CHUNK_SIZE)
def test_the_index_cuts_out_each_member(
    tmp_path_factory: pytest.TempPathFactory,
    members: list[tuple[str, int]],
    form: int,
    tail: int,
) -> None:
    if form == tarfile.USTAR_FORMAT:
        members = [(name, size) for name, size in members if len(name.encode()) <= 100]
    contents = [(name, noise(size, seed)) for seed, (name, size) in enumerate(members)]
    contents.append(("manifest.json", MANIFEST))
    content = archive(*contents, form=form) + noise(tail)
    received = bytearray()
    package = read_package(
        write(tmp_path_factory.getbasetemp(), content, "any.dfs"), received.extend
    )
    cut = {name: content[at : at + size] for name, (at, size) in package.file_index.items()}
    assert cut == dict(contents)
    assert package.size == len(content)
    assert package.file_hash == hashlib.sha256(content).hexdigest()
    assert received == content


def test_links_folders_and_devices_are_not_in_the_index(tmp_path: Path) -> None:
    members: list[Member] = [
        (special("folder", tarfile.DIRTYPE), b""),
        (special("hard", tarfile.LNKTYPE, "manifest.json"), b""),
        (special("soft", tarfile.SYMTYPE, "manifest.json"), b""),
        (special("pipe", tarfile.FIFOTYPE), b""),
        ("manifest.json", MANIFEST),
        ("empty", b""),
    ]
    assert list(read_package(write(tmp_path, archive(*members))).file_index) == [
        "manifest.json",
        "empty",
    ]


def test_a_sparse_manifest_is_unpacked(tmp_path: Path) -> None:
    header = tarfile.TarInfo("GNUSparseFile.0/manifest.json")
    header.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "manifest.json",
        "GNU.sparse.realsize": str(len(MANIFEST)),
    }
    extents = b"1\n0\n%d\n" % len(MANIFEST)
    content = archive((header, extents.ljust(512, b"\0") + MANIFEST), ("last", b"123"))
    package = read_package(write(tmp_path, content))
    assert package.manifest == {"producer_tags": []}
    offset, size = package.file_index["last"]
    assert content[offset : offset + size] == b"123"


def test_the_last_of_several_manifests_counts(tmp_path: Path) -> None:
    content = archive(("manifest.json", b"broken"), ("x", b""), ("manifest.json", b'{"name": "b"}'))
    assert read_package(write(tmp_path, content)).manifest == {"name": "b"}


def test_an_archive_needs_no_end_marker(tmp_path: Path) -> None:
    content = archive(("manifest.json", MANIFEST))[:1024]
    assert read_package(write(tmp_path, content)).size == 1024


# The consumer


def test_the_chunks_are_read_only_and_may_be_kept(tmp_path: Path) -> None:
    content = archive(("manifest.json", MANIFEST), ("weights", noise(3 * CHUNK_SIZE)))
    chunks: list[memoryview] = []
    read_package(write(tmp_path, content), chunks.append)
    assert b"".join(chunks) == content
    assert all(chunk.readonly and len(chunk) <= CHUNK_SIZE for chunk in chunks)


@pytest.mark.parametrize("error", [OSError(28, "full"), ValueError("x"), tarfile.HeaderError("x")])
@pytest.mark.parametrize("chunks_before", [0, 3, 9])
def test_what_the_consumer_raises_comes_out_unchanged(
    tmp_path: Path, error: Exception, chunks_before: int
) -> None:
    content = archive(("manifest.json", MANIFEST), ("weights", noise(10 * CHUNK_SIZE)))
    chunks: list[int] = []

    def consume(chunk: memoryview) -> None:
        if len(chunks) == chunks_before:
            raise error
        chunks.append(len(chunk))

    with pytest.raises(type(error)) as caught:
        read_package(write(tmp_path, content), consume)
    assert caught.value is error


def test_control_c_ends_it(tmp_path: Path) -> None:
    path = write(tmp_path, archive(("manifest.json", MANIFEST), ("weights", noise(CHUNK_SIZE))))
    with pytest.raises(KeyboardInterrupt):
        read_package(path, lambda chunk: signal.raise_signal(signal.SIGINT))


def test_a_machine_that_has_no_room_for_a_thread(tmp_path: Path) -> None:
    path = write(tmp_path, archive(("manifest.json", MANIFEST)))
    threading.stack_size(1 << 50)
    try:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            read_package(path)
    finally:
        threading.stack_size(0)


def peak_memory(path: Path) -> int:
    tracemalloc.start()
    try:
        with suppress(FileError):
            read_package(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("declared", [0, 255 << 20], ids=["after the archive", "in a member"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, declared: int) -> None:
    content = archive(("manifest.json", MANIFEST))[:1024]
    header = tarfile.TarInfo("hole")
    header.size = declared
    path = write(tmp_path, content + header.tobuf())
    os.truncate(path, 256 << 20)
    assert peak_memory(path) < 16 << 20


def test_memory_does_not_grow_with_members_that_are_not_in_the_index(tmp_path: Path) -> None:
    content = archive(("manifest.json", MANIFEST))[:1024]
    link = special("n" * 90, tarfile.SYMTYPE, "t" * 90).tobuf()
    path = write(tmp_path, content + link * 15_000)
    assert peak_memory(path) < 8 << 20


# Metrics

PERFORMANCE = {
    "eval_holdout": {"ACC": 0.9, "N_SAMPLES": 30},
    "eval_cv": {"ACC": 0.8, "N_SAMPLES": 120},
}


@pytest.mark.parametrize(
    ("producer", "tag"),
    [(CLASSIFICATION, CLASSIFICATION_METRICS), (REGRESSION, REGRESSION_METRICS)],
)
@pytest.mark.parametrize(
    ("performance", "expected"),
    [
        (PERFORMANCE, {"ACC": 0.9}),
        ({"eval_cv": {"ACC": 0.8, "N_SAMPLES": 9}}, {"ACC": 0.8}),
        ({"eval_holdout": None, "eval_cv": {"ACC": 0.8}}, {"ACC": 0.8}),
        ({"eval_holdout": [1]}, {}),
        ({}, {}),
        (None, {}),
    ],
)
def test_metrics_of_a_tabular_model(
    tmp_path: Path, producer: str, tag: str, performance: object, expected: object
) -> None:
    entries = [
        meta(REGISTRY_METRICS, {"metrics": {"not": "these"}}),
        meta(tag, {"metrics": {"performance": performance}}),
        meta(tag, {"metrics": {"performance": {"eval_holdout": {"second": 1}}}}),
    ]
    assert metrics_of(tmp_path, ["x", producer], ("meta.json", entries)) == expected


@pytest.mark.parametrize(
    ("manifest_tags", "entries", "expected"),
    [
        ([], [meta(REGISTRY_METRICS, {"metrics": {"N_SAMPLES": 2}})], {"N_SAMPLES": 2}),
        ([], [meta("x", 1), meta(REGISTRY_METRICS, {"metrics": {"b": 2}})], {"b": 2}),
        ([], [meta(CLASSIFICATION_METRICS, {"metrics": {"performance": PERFORMANCE}})], {}),
        ([CLASSIFICATION], [meta(REGISTRY_METRICS, {"metrics": {"a": 1}})], {}),
        (None, [meta(REGISTRY_METRICS, {"metrics": {"a": 1}})], {"a": 1}),
        ([], [meta(REGISTRY_METRICS, {"metrics": [1]})], {}),
        ([], [meta(REGISTRY_METRICS, None)], {}),
        ([], [1, None, [], {"producer_tags": 5}, {"producer_tags": [{}, 5]}], {}),
        ([], {}, {}),
        ([], 5, {}),
    ],
)
def test_metrics_of_any_other_model(
    tmp_path: Path, manifest_tags: object, entries: object, expected: object
) -> None:
    assert metrics_of(tmp_path, manifest_tags, ("meta.json", entries)) == expected


def test_metrics_that_an_older_tool_appended(tmp_path: Path) -> None:
    entry = meta(REGISTRY_METRICS, {"metrics": {"a": 1}}, key="tags")
    assert metrics_of(tmp_path, [], ("meta-0aF9.json", entry)) == {"a": 1}
    assert metrics_of(tmp_path, [], ("meta-0af9.json", [{}, entry])) == {"a": 1}
    assert metrics_of(tmp_path, [], ("meta-xyz.json", entry), ("a/meta.json", entry)) == {}


def test_the_metadata_of_the_package_comes_before_what_was_appended(tmp_path: Path) -> None:
    appended = meta(REGISTRY_METRICS, {"metrics": {"appended": 1}}, key="tags")
    made = meta(REGISTRY_METRICS, {"metrics": {"made": 1}})
    documents = ("meta-01.json", appended), ("meta.json", [made])
    assert metrics_of(tmp_path, [], *documents) == {"made": 1}


@pytest.mark.parametrize("document", [b"", b"{", b"\xff\xfe\xfd", b"[" * 200_000, b"9" * 5000])
def test_broken_metadata_is_as_good_as_none(tmp_path: Path, document: bytes) -> None:
    content = archive(("manifest.json", MANIFEST), ("meta.json", document))
    assert read_package(write(tmp_path, content)).metrics == {}


# Files that are refused


def test_a_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "model.fnnx")
    assert "no such file" in refusal(write(tmp_path, b"x") / "model.fnnx")


def test_a_folder(tmp_path: Path) -> None:
    assert "it is a folder" in refusal(tmp_path)


def test_a_pipe_and_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.fnnx")
    (tmp_path / "device.fnnx").symlink_to(os.devnull)
    assert "a device or a pipe" in refusal(tmp_path / "pipe.fnnx")
    assert "a device or a pipe" in refusal(tmp_path / "device.fnnx")


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, archive(("manifest.json", MANIFEST)))
    path.chmod(0)
    with ordinary_user():
        message = refusal(path)
    assert "you may not read it. Allow it: chmod u+r" in message


def test_a_path_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "loop.fnnx").symlink_to(tmp_path / "loop.fnnx")
    assert "cannot be opened" in refusal(tmp_path / "loop.fnnx")
    assert "cannot be opened" in refusal(tmp_path / "nul\0.fnnx")


@pytest.mark.parametrize("name", ["model", "model.tar", "model.fnnx.gz", ".fnnx", "model.fnnx."])
def test_a_wrong_extension(tmp_path: Path, name: str) -> None:
    message = refusal(write(tmp_path, archive(("manifest.json", MANIFEST)), name))
    assert all(extension in message for extension in EXTENSIONS)


@pytest.mark.parametrize("name", ["model.pkl", "model.fnnx"])
def test_a_pickle_is_no_package_whatever_its_name(tmp_path: Path, name: str) -> None:
    message = refusal(write(tmp_path, pickle.dumps({"weights": [0.5] * 1000}), name))
    assert "it is not a model package (a tar file with a manifest.json): a pickle" in message
    assert "Make a package of it: dataforce.pack(" in message
    assert "extension" not in message


def test_a_compressed_package_is_unpacked_under_a_name_that_is_accepted(tmp_path: Path) -> None:
    content = gzip.compress(archive(("manifest.json", MANIFEST)))
    assert "model-plain.fnnx" in refusal(write(tmp_path, content, "model.tgz"))


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, archive(("manifest.json", MANIFEST)))
    assert read_package("~/model.fnnx").file_name == "model.fnnx"


def test_a_file_name_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.fnnx")
    try:
        path.write_bytes(archive(("manifest.json", MANIFEST)))
    except OSError as error:
        pytest.skip(f"this file system refuses such names: {error}")
    assert "not valid UTF-8" in refusal(path)


def test_an_empty_file(tmp_path: Path) -> None:
    assert "it is empty" in refusal(write(tmp_path, b""))


def zipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        bundle.writestr("manifest.json", content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("pack", "expected"),
    [
        (gzip.compress, "it is gzip-compressed. Packages are plain tar: unpack it with gzip -dc"),
        (bz2.compress, "it is bzip2-compressed. Packages are plain tar: unpack it with bzip2 -dc"),
        (lzma.compress, "it is xz-compressed. Packages are plain tar: unpack it with xz -dc"),
        (lambda content: b"\x28\xb5\x2f\xfd" + content, "it is zstd-compressed"),
        (zipped, "it is not a model package (a tar file with a manifest.json): a zip archive"),
    ],
)
def test_a_compressed_file(tmp_path: Path, pack: Callable[[bytes], bytes], expected: str) -> None:
    content = archive(("manifest.json", MANIFEST), ("weights", noise(9999)))
    assert expected in refusal(write(tmp_path, pack(content)))


def test_a_name_that_looks_compressed(tmp_path: Path) -> None:
    content = archive(("BZh", b"1"), ("manifest.json", MANIFEST))
    assert "BZh" in read_package(write(tmp_path, content)).file_index


@pytest.mark.parametrize("size", [1, 511, 512, 5000, 20 * CHUNK_SIZE])
def test_a_file_that_is_not_an_archive(tmp_path: Path, size: int) -> None:
    received = bytearray()
    message = refusal(write(tmp_path, b"x" * size), received.extend)
    assert "it is not a model package" in message
    assert len(received) < 10 * CHUNK_SIZE


@pytest.mark.parametrize("size", [1025, 1535, 1536, 3000, 1536 + 9727])
def test_a_truncated_archive(tmp_path: Path, size: int) -> None:
    content = archive(("manifest.json", MANIFEST), ("weights", noise(9728)))
    assert "truncated or damaged" in refusal(write(tmp_path, content[:size]))


def test_an_archive_truncated_inside_its_manifest(tmp_path: Path) -> None:
    content = archive(("manifest.json", MANIFEST))
    assert "truncated or damaged" in refusal(write(tmp_path, content[:520]))


def test_an_archive_with_a_damaged_header(tmp_path: Path) -> None:
    content = bytearray(archive(("manifest.json", MANIFEST), ("weights", b"1")))
    content[1030] ^= 1
    assert "truncated or damaged near byte 1536" in refusal(write(tmp_path, content))


def test_a_member_of_negative_size(tmp_path: Path) -> None:
    content = archive(("manifest.json", MANIFEST), ("weights", b"1"))
    header = content[1024:1536]
    header = sealed(header[:124] + (-1024).to_bytes(12, "big", signed=True) + header[136:])
    assert "truncated or damaged" in refusal(write(tmp_path, content[:1024] + header))


def test_a_header_too_large_to_be_one(tmp_path: Path) -> None:
    header = special("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    header.size = 1 << 32
    content = archive(("manifest.json", MANIFEST))[:1024] + header.tobuf(tarfile.GNU_FORMAT)
    assert "a header is larger than 64 MiB" in refusal(write(tmp_path, content + noise(5000)))


LARGE_ENOUGH = archive(
    ("manifest.json", MANIFEST), ("n" * 200, b"1"), ("ж", noise(600)), form=tarfile.PAX_FORMAT
)


@settings(max_examples=150, deadline=None)
@given(
    changes=st.dictionaries(
        st.integers(0, len(LARGE_ENOUGH) - 1), st.integers(0, 255), min_size=1, max_size=8
    ),
    reseal=st.booleans(),
)
def test_damage_never_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[int, int], reseal: bool
) -> None:
    content = bytearray(LARGE_ENOUGH)
    for place, value in changes.items():
        content[place] = value
        start = place - place % 512
        if reseal:
            content[start : start + 512] = sealed(bytes(content[start : start + 512]))
    path = write(tmp_path_factory.getbasetemp(), content, "damaged.dfs")
    with suppress(FileError):
        assert isinstance(read_package(path), Package)


@pytest.mark.parametrize(
    ("members", "hint"),
    [
        ([], ""),
        ([("weights", b"1")], ""),
        ([("./manifest.json", MANIFEST)], ", only './manifest.json'"),
        ([("iris/manifest.json", MANIFEST)], ", only 'iris/manifest.json'"),
        ([(special("manifest.json", tarfile.SYMTYPE, "x"), b"")], ""),
    ],
)
def test_no_manifest_at_the_root(tmp_path: Path, members: list[Member], hint: str) -> None:
    expected = f"it holds no file 'manifest.json' at its root{hint}. Pack it again"
    assert expected in refusal(write(tmp_path, archive(*members)))


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (b"", "not valid JSON"),
        (b"{'name': 1}", "not valid JSON"),
        (b'{"name": "\xff"}', "not valid JSON"),
        (b'{"a":' * 200_000, "not valid JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "not valid JSON"),
        (b"[]", "no JSON object but a list"),
        (b"null", "no JSON object but a NoneType"),
    ],
)
def test_an_unusable_manifest(tmp_path: Path, manifest: bytes, expected: str) -> None:
    message = refusal(write(tmp_path, archive(("manifest.json", manifest))))
    assert expected in message
    assert "Correct the manifest" in message


@pytest.mark.parametrize(
    ("manifest", "place"),
    [
        (b'{"a": [1, {"b": NaN}]}', "a[1].b is nan"),
        (b'{"a": -Infinity}', "a is -inf"),
        (b'{"a": 1e999}', "a is inf"),
        (b'{"a": "x\\u0000"}', r"a is 'x\x00'"),
        (b'{"a": {"\\ud800": 1}}', r"a, a key is '\ud800'"),
        (b'{"\\u0000": 1}', r"a key is '\x00'"),
    ],
)
def test_a_manifest_that_cannot_be_stored(tmp_path: Path, manifest: bytes, place: str) -> None:
    message = refusal(write(tmp_path, archive(("manifest.json", manifest))))
    assert f"in its manifest.json, {place}, which the platform cannot store" in message


def test_metrics_that_cannot_be_stored(tmp_path: Path) -> None:
    entry = meta(REGISTRY_METRICS, {"metrics": {"loss": [0.5, float("nan")]}}, key="tags")
    content = archive(("manifest.json", MANIFEST), ("meta-7.json", json.dumps(entry).encode()))
    message = refusal(write(tmp_path, content))
    assert "in its meta-7.json, payload.metrics.loss[1] is nan" in message


def test_metadata_that_is_not_sent_may_hold_anything(tmp_path: Path) -> None:
    assert metrics_of(tmp_path, [], ("meta.json", [meta("x", float("nan"))])) == {}


LONG_KEYS = b'{"' + b"k" * 100_000 + b'": [' + b"1," * 50_000 + b"1]}"
"""Of 200 kB; the paths of its items, written out, are of 5 GB."""


def test_the_place_of_a_value_is_told_briefly(tmp_path: Path) -> None:
    manifest = LONG_KEYS.replace(b"1]}", b'"' + b"x" * 9999 + b'\\u0000"]}')
    message = refusal(write(tmp_path, archive(("manifest.json", manifest))))
    assert "[50000] is 'xxx" in message
    assert len(message.removeprefix(f"Cannot read the package '{tmp_path}")) < 400


@pytest.mark.parametrize("name", ["manifest.json", "meta.json", "meta-1.json"])
def test_documents_of_too_many_values_are_refused_unparsed(tmp_path: Path, name: str) -> None:
    content = b'{"a": [' + b"[]," * 500_001 + b"[]]}"
    path = write(tmp_path, archive(("manifest.json", MANIFEST), (name, content)))
    assert f"{name} takes its manifest and metadata over 1,000,000 values" in refusal(path)
    assert peak_memory(path) < 32 << 20


@pytest.mark.parametrize(
    "manifest", [LONG_KEYS, b'{"a": [' + b"{}," * 499_000 + b"1]}"], ids=["long paths", "values"]
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory as Linux has it")
def test_a_process_needs_little_memory_whatever_the_manifest_holds(
    tmp_path: Path, manifest: bytes
) -> None:
    path = write(tmp_path, archive(("manifest.json", manifest)))
    code = (
        "import resource, sys; from dataforce.package import read_package\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); read_package(sys.argv[1]); print(peak() - before)"
    )
    command = [sys.executable, "-c", code, str(path)]
    grown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert int(grown) < 128 << 10  # in KiB, as Linux has it


def test_a_manifest_nested_too_deep_is_refused(tmp_path: Path) -> None:
    manifest = b'{"a":' + b"[" * 99 + b"%b" + b"]" * 99 + b"}"
    assert read_package(write(tmp_path, archive(("manifest.json", manifest % b"1")))).manifest
    message = refusal(write(tmp_path, archive(("manifest.json", manifest % b"[]"))))
    assert "in its manifest.json, a[0][0]" in message
    assert "is nested more than 100 deep. Replace that value" in message


def test_metrics_nested_too_deep_are_named(tmp_path: Path) -> None:
    deep: object = 0
    for _ in range(100):
        deep = [deep]
    entry = meta(REGISTRY_METRICS, {"metrics": {"loss": deep}})
    content = archive(("manifest.json", MANIFEST), ("meta.json", json.dumps(entry).encode()))
    message = refusal(write(tmp_path, content))
    assert "in its meta.json, payload.metrics.loss[0]" in message
    assert "is nested more than 100 deep" in message


@pytest.mark.parametrize("name", ["manifest.json", "meta.json", "meta-1.json"])
def test_a_document_too_large_to_be_one(tmp_path: Path, name: str) -> None:
    header = tarfile.TarInfo(name)
    header.size = (64 << 20) + 1
    path = write(tmp_path, header.tobuf())
    os.truncate(path, 66 << 20)
    assert f"{name} takes its manifest and metadata over 64 MiB" in refusal(path)


def test_a_member_name_that_is_not_text(tmp_path: Path) -> None:
    odd = "a\udcff"
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar:
        tar.addfile(tarfile.TarInfo(odd))
    assert f"the name of its member {odd!r}" in refusal(write(tmp_path, target.getvalue()))


def test_a_member_name_with_nul(tmp_path: Path) -> None:
    header = tarfile.TarInfo("plain")
    header.pax_headers = {"path": "a\0b"}
    content = archive(("manifest.json", MANIFEST), (header, b""))
    assert r"the name of its member 'a\x00b'" in refusal(write(tmp_path, content))


# Files that change


def change_while_reading(path: Path, change: Callable[[], object]) -> str:
    changes = iter([change])

    def consume(chunk: memoryview) -> None:
        next(changes, lambda: None)()

    return refusal(path, consume)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    content = archive(("manifest.json", MANIFEST), ("weights", noise(2 * CHUNK_SIZE)))
    return write(tmp_path, content)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def test_a_file_that_grows(large: Path) -> None:
    assert "it changed while it was read" in change_while_reading(large, lambda: append(large))


def test_a_file_that_grows_as_fast_as_it_is_read(large: Path) -> None:
    def consume(chunk: memoryview) -> None:
        with large.open("ab") as file:
            file.write(chunk)

    assert "it changed while it was read" in refusal(large, consume)


def test_a_file_that_shrinks(large: Path) -> None:
    message = change_while_reading(large, lambda: os.truncate(large, CHUNK_SIZE))
    assert "it changed while it was read" in message


def test_a_file_that_is_touched(large: Path) -> None:
    message = change_while_reading(large, lambda: os.utime(large, (1, 1)))
    assert "it changed while it was read" in message


def test_a_file_that_is_replaced(large: Path) -> None:
    other = write(large.parent, large.read_bytes(), "other.fnnx")
    message = change_while_reading(large, lambda: other.replace(large))
    assert "it changed while it was read" in message


def test_a_file_that_is_deleted(large: Path) -> None:
    assert "it changed while it was read" in change_while_reading(large, large.unlink)


def test_a_disk_that_fails(large: Path) -> None:
    def break_it() -> None:
        # Whoever reads a folder gets an OSError, as from a broken disk.
        folder = os.open(large.parent, os.O_RDONLY)
        for link in Path("/dev/fd").iterdir():
            if link.resolve() == large.resolve():
                os.dup2(folder, int(link.name))
        os.close(folder)

    with pytest.raises(FileError, match="reading it failed") as caught:
        read_package(large, lambda chunk: break_it())
    assert isinstance(caught.value.__cause__, IsADirectoryError)
