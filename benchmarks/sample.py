"""The model that the benchmarks store: the real iris package, and variations of it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random
from typing import IO

from dataforce.package import Package, read_package

IRIS = Path(__file__).parent.parent / "examples" / "data" / "iris.fnnx"
"""A scikit-learn forest: 51,200 bytes, 12 members, a manifest of 839 bytes."""


def iris() -> Package:
    """What the package holds: the manifest, metrics and file index that every contender stores."""
    return read_package(IRIS)


def write_variations(folder: Path, numbers: Iterator[int] | range) -> None:
    """Packages like iris, each with a member of its own so that no two are equal."""
    for number in numbers:
        with tarfile.open(variation(folder, number), "w") as package:
            _copy_members(package)
            _add(package, "meta_artifacts/number.txt", BytesIO(b"%012d" % number), 12)


def variation(folder: Path, number: int) -> Path:
    """Where the variation of that number is."""
    return folder / f"iris-{number}.fnnx"


def write_large(path: Path, size: int) -> None:
    """A package like iris with one more member of so many random bytes; nothing in it is sparse."""
    with tarfile.open(path, "w") as package:
        _copy_members(package)
        _add(package, "variant_artifacts/extra_files/weights.bin", _RandomBytes(), size)


class _RandomBytes(BytesIO):
    """An endless file of reproducible random bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._random = Random(0)

    def read(self, size: int | None = -1, /) -> bytes:
        return self._random.randbytes(size or 0)


def _copy_members(package: tarfile.TarFile) -> None:
    with tarfile.open(IRIS) as original:
        for member in original:
            package.addfile(member, original.extractfile(member))


def _add(package: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    package.addfile(member, content)
