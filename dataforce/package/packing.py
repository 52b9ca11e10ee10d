"""Packing: a model package made from a file, a folder or a model in memory."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, cast

from dataforce.backend.error_messages import words_of
from dataforce.backend.source import FileSource, Source
from dataforce.errors import FileError, UnprocessableEntityError
from dataforce.models._base import brief
from dataforce.package import CHUNK_SIZE, EXTENSIONS, is_package
from dataforce.package.layout import (
    FOLDER,
    Label,
    Member,
    manifest_of,
    metadata_of,
)
from dataforce.package.metrics import checked_metrics, is_sendable
from dataforce.transfer import cancellation
from dataforce.transfer.atomic_file import replacing

__all__ = ["is_path", "label_of", "pack", "write_package"]


def pack(
    source: str | os.PathLike[str] | object,
    target: str | os.PathLike[str],
    *,
    name: str,
    version: str | None = None,
    description: str | None = None,
    metrics: Mapping[str, object] | None = None,
) -> Path:
    """Make a model package from a file, a folder, or a model in memory.

    The package appears when it is complete, and a failure leaves what was there. The source stays
    as it is. The same source gives the same bytes again.

    A model in memory is pickled. With the extra `fnnx` installed, a fitted model of scikit-learn,
    XGBoost, LightGBM, CatBoost or PyTorch becomes a package that the fnnx runtime can run.

    Args:
        source: Path of a file or folder of any kind, or a model in memory.
        target: Path of the package, which ends in `.fnnx`, `.pyfnx`, `.dfs` or `.luml`. A file that
            is there is replaced.
        name: Name of the model.
        version: Version of the model.
        description: Free text.
        metrics: Metrics of the model, such as `{"accuracy": 0.93}`.

    Returns:
        The path of the package.

    Raises:
        FileError: The source cannot be read, is empty, is a package already, changed while it was
            read or cannot be pickled; or the package cannot be written.
        UnprocessableEntityError: The metrics cannot be stored, or a text is none.

    Example:
        >>> (tmp_path / "churn.json").write_text('{"threshold": 0.5}')
        18
        >>> package = pack(tmp_path / "churn.json", tmp_path / "churn.fnnx", name="churn")
        >>> package.name
        'churn.fnnx'
    """
    label = label_of(name, version, description, metrics)
    place = _target(target)
    if is_path(source) and _is_inside(place, _path(source)):
        raise _refusal(source, f"the package {place} would lie in it", "Write it elsewhere")
    with replacing(place, 0, FileError) as file:
        write_package(source, file, label)
    return place


def label_of(
    name: str, version: str | None, description: str | None, metrics: Mapping[str, object] | None
) -> Label:
    """Return the words for a package, checked."""
    for field, text in {"name": name, "version": version, "description": description}.items():
        is_absent = text is None and field != "name"
        if not is_absent and not (isinstance(text, str) and is_sendable(text)):
            raise UnprocessableEntityError(f"The {field} of a model is text, not {brief(text)}.")
    return Label(name, version, description, checked_metrics(metrics))


def is_path(source: object) -> bool:
    """Return whether a source is a path, and no model."""
    return isinstance(source, str | os.PathLike)


def write_package(source: object, file: IO[bytes], label: Label) -> None:
    """Write the package of a source into a file."""
    with _members(source, label) as members:
        _write_archive(file, members)


def _path(value: object) -> Path:
    return Path(os.path.expanduser(cast("str", value)))  # noqa: PTH111  Path's own fails for some


def _target(target: str | os.PathLike[str]) -> Path:
    try:
        place = _path(target)
    except (TypeError, ValueError):
        raise UnprocessableEntityError(f"{brief(target)} is not the path of a file.") from None
    if place.suffix.lower() not in EXTENSIONS:
        raise FileError(
            f"A package cannot be named {brief(place.name)}: its name ends in one of "
            f"{', '.join(EXTENSIONS)}. Name it {brief(place.stem or 'model')}.fnnx, for example."
        )
    return place


def _is_inside(place: Path, source: Path) -> bool:
    try:
        return place.resolve().is_relative_to(source.resolve())
    except (OSError, ValueError, RuntimeError):  # who opens the source says what is wrong
        return False


def _members(source: object, label: Label) -> AbstractContextManager[Iterable[Member]]:
    if not is_path(source):
        from dataforce.package.objects import object_members

        return object_members(source, label)
    path = _path(source)
    try:
        # `.` has no name of its own.
        path = path if path.name.strip(".") else path.resolve(strict=True)
        is_folder = path.is_dir()
        content = [*_walk(path, f"{FOLDER}{path.name}", ())] if is_folder else [_member_of(path)]
    except (OSError, ValueError, RuntimeError) as error:
        problem = f"it cannot be opened ({words_of(error, 160)})"
        raise _refusal(path, problem, "Check the path") from error
    if not any(each.content for each in content):
        raise _refusal(path, "the folder holds no file", "Give the folder that the model lies in")
    manifest = manifest_of(label, "folder" if is_folder else "file")
    return nullcontext([manifest, metadata_of(label), *content])


def _member_of(path: Path) -> Member:
    if not path.exists():
        raise _refusal(path, "there is no such file", "Check the path")
    if is_package(path):
        raise _refusal(path, "it is a model package already", "Upload or copy it as it is")
    member = _file(path, f"{FOLDER}{path.name}")
    if not cast("Source", member.content).size:
        raise _refusal(path, "it is empty", "Save the model into it first")
    return member


def _walk(folder: Path, name: str, above: tuple[tuple[int, int], ...]) -> Iterator[Member]:
    """The folder and all below it; links are followed."""
    cancellation.check()
    status = folder.stat()
    identity = status.st_dev, status.st_ino
    if identity in above:
        raise _refusal(folder, "a link in it leads to a folder above", "Remove the link")
    yield Member(name, None)
    for child in sorted(folder.iterdir()):
        inner = f"{name}/{child.name}"
        if child.is_dir():
            yield from _walk(child, inner, (*above, identity))
        else:
            yield _file(child, inner)


def _file(path: Path, name: str) -> Member:
    if not is_sendable(path.name):
        raise _refusal(path, "its name is not valid UTF-8", "Rename it")
    if path.exists() and not path.is_file():
        raise _refusal(
            path, "it is a device or a pipe", "Leave it out, or copy its bytes to a file"
        )
    content = FileSource(path)
    return Member(name, content, os.access(path, os.X_OK) and bool(path.stat().st_mode & 0o100))


def _refusal(source: object, problem: str, remedy: str) -> FileError:
    return FileError(f"Cannot pack {brief(str(source), 160)}: {problem}. {remedy}.")


# The archive


def _write_archive(file: IO[bytes], members: Iterable[Member]) -> None:
    # Without times and owners, so that the same model is the same bytes.
    with tarfile.TarFile(
        fileobj=file,
        mode="w",
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
        copybufsize=CHUNK_SIZE,
    ) as archive:
        for member in members:
            header = tarfile.TarInfo(member.name)
            if member.content is None:
                header.type, header.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(header)
                continue
            header.mode = 0o755 if member.is_executable else 0o644
            header.size = member.content.size
            with member.content.open() as content:
                archive.addfile(header, cast("IO[bytes]", _Watched(content, member.content)))
            member.content.check()


class _Watched:
    """The bytes of a source on their way into an archive; as many as its size says."""

    def __init__(self, file: IO[bytes], source: Source) -> None:
        self._file = file
        self._source = source

    def read(self, size: int) -> bytes:
        cancellation.check()
        try:
            chunk = self._file.read(size)
        except OSError as error:
            raise _refusal(
                self._source.name, f"reading it failed ({error.strerror})", "Check the disk"
            ) from error
        if len(chunk) < size:
            self._source.check()
        return chunk
