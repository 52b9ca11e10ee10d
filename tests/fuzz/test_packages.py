"""A file is a package or a `FileError`, whatever its bytes are."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforce.errors import FileError
from dataforce.package import Package, read_package
from tests.fuzz.profile import THOROUGH, damaged
from tests.test_package import LARGE_ENOUGH, MANIFEST, archive, sealed, write

pytestmark = pytest.mark.slow

BLOCK = 512
MOST_MEMORY = 64 << 20
PIECES = [
    b"",
    b"\0" * BLOCK,
    b"\xff" * 12,
    b"\x80" + b"\0" * 11,
    b"77777777777\0",
    b"-0000000001\0",
    b"././@LongLink",
    b"9" * 5_000 + b" path=x\n",
    b"12 path=\xff\xfe\n",
    b"22 GNU.sparse.map=9,9\n",
    b"ustar  \0",
    b"../../manifest.json",
    *(bytes([kind]) for kind in b"0123456789KLNSxg"),
]
NUMBERS = st.floats() | st.integers() | st.sampled_from([10**30, -(10**400), 1e308])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
DOCUMENT = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
NAMES = st.sampled_from(["manifest.json", "meta.json", "meta-1.json", "meta-ff.json", "ops.json"])


def read(folder: Any, content: bytes) -> None:
    path = write(folder.getbasetemp(), content, "fuzz.dfs")
    tracemalloc.start()
    try:
        assert isinstance(read_package(path), Package)
    except FileError as error:
        assert len(error.message) <= 500  # noqa: PT017  both are right
        assert error.message.isprintable()  # noqa: PT017
    finally:
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
        tracemalloc.stop()


@THOROUGH
@given(content=damaged(LARGE_ENOUGH, PIECES), reseal=st.booleans())
def test_damaged_archives(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, reseal: bool
) -> None:
    if reseal:  # for the damage to be looked at, rather than the checksum
        starts = range(0, len(content) - BLOCK + 1, BLOCK)
        blocks = [content[start : start + BLOCK] for start in starts]
        content = b"".join(sealed(block) if b"ustar" in block else block for block in blocks)
    read(tmp_path_factory, content)


@THOROUGH
@given(st.lists(st.tuples(NAMES, DOCUMENT), max_size=4), JSON)
def test_documents_of_any_kind(
    tmp_path_factory: pytest.TempPathFactory, members: list[tuple[str, bytes]], manifest: object
) -> None:
    first = ("manifest.json", json.dumps({"producer_tags": manifest, "x": manifest}).encode())
    read(tmp_path_factory, archive(first, *members))


@THOROUGH
@given(damaged(MANIFEST * 3, [b"[" * 200, b"\xff", b"1e999", b"\\u0000", b'"', b"{", b","]))
def test_damaged_documents(tmp_path_factory: pytest.TempPathFactory, manifest: bytes) -> None:
    read(tmp_path_factory, archive(("manifest.json", manifest), ("meta.json", manifest)))


MEMBERS = 1_000_000


def test_a_million_members(tmp_path: Path) -> None:
    path = tmp_path / "many.fnnx"
    with path.open("wb") as file:
        file.write(archive(("manifest.json", MANIFEST))[: 2 * BLOCK])
        plain = tarfile.TarInfo("0" * 7).tobuf(tarfile.USTAR_FORMAT)
        before, after = plain[7:148], plain[156:]
        fixed = sum(before) + sum(after) + 8 * ord(" ")
        for number in range(MEMBERS):
            name = b"%07d" % number
            file.write(name + before + b"%06o\0 " % (sum(name) + fixed) + after)
        file.write(b"\0" * 2 * BLOCK)
    code = (
        "import resource, sys, time; from dataforce.package import read_package\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before, began = peak(), time.process_time(); package = read_package(sys.argv[1])\n"
        "print(len(package.file_index), peak() - before, time.process_time() - began)"
    )
    command = [sys.executable, "-c", code, str(path)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    found, grown, seconds = ended.stdout.split()
    assert int(found) == MEMBERS + 1
    assert int(grown) < 512 << 10  # in KiB: less than the file
    assert float(seconds) < 300
