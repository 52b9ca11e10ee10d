"""Model files on their way in and out."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dataforce import _cancellation
from dataforce._digest import Digest
from dataforce._reservation import reserve
from dataforce.api._records import require_id, validated
from dataforce.errors import ChecksumMismatchError, FileDownloadError, UnprocessableEntityError
from dataforce.models import (
    COLLECTION,
    MODEL_ARTIFACT,
    ModelArtifact,
    ModelArtifactChanges,
    ModelArtifactValues,
)
from dataforce.package import read_package
from dataforce.seam import Scope

if TYPE_CHECKING:
    from dataforce.api._records import Records
    from dataforce.seam import Incoming

    ModelRecords = Records[ModelArtifact, ModelArtifactValues, ModelArtifactChanges]


def upload(
    records: ModelRecords,
    file_path: str | os.PathLike[str],
    described: Mapping[str, object],
    collection_id: str | None,
) -> ModelArtifact:
    """Store a file and its record; reads the file once."""
    # What can be refused without reading a large file is refused first.
    validated(MODEL_ARTIFACT, ModelArtifactChanges, described)
    path = _path(file_path)
    scope, content = records.scope(collection_id), records.content
    if collection_id is not None and scope.parent is not None:
        records.session.backend.store(COLLECTION).get(Scope(scope.ids[:-1]), scope.parent)
    with content.receive(path, lambda _: None) as incoming:
        package = read_package(path, _cancellable(incoming))
        values = {
            "file_name": package.file_name,
            "metrics": package.metrics,
            "manifest": package.manifest,
            "file_hash": package.file_hash,
            "file_index": package.file_index,
            "size": package.size,
            **described,
        }
        return content.upload(
            scope, validated(MODEL_ARTIFACT, ModelArtifactValues, values), incoming
        )


def download(
    records: ModelRecords,
    model_id: str,
    file_path: str | os.PathLike[str] | None,
    collection_id: str | None,
) -> Path:
    """Write the file of a record to where the user wants it, whole or not at all."""
    identifier = require_id(MODEL_ARTIFACT, model_id)
    scope = records.scope(collection_id)
    record = records.store.get(scope, identifier)
    target = _target(record, _path("" if file_path is None else file_path))
    with _replacing(target, record.size) as file:
        _copy_verified(record, records.content.open(scope, record).read(), file)
    return target


def _path(value: str | os.PathLike[str]) -> Path:
    try:
        return Path(value)
    except TypeError:
        raise UnprocessableEntityError(f"{value!r} is not the path of a file.") from None


def _cancellable(incoming: Incoming) -> Callable[[memoryview], object]:
    def write(chunk: memoryview) -> object:
        _cancellation.check()
        return incoming.write(chunk)

    return write


def _target(record: ModelArtifact, path: Path) -> Path:
    try:
        target = path / _safe_name(record) if path.is_dir() else path
        is_folder = target.is_dir()
    except (OSError, ValueError) as error:  # a name that is too long, or holds NUL
        raise FileDownloadError(
            f"{path} cannot be written: {error}. Give file_path the name of a file to write."
        ) from error
    if is_folder:
        raise FileDownloadError(f"{target} is a folder. Give the name of a file to write.")
    if not target.parent.is_dir():
        raise FileDownloadError(
            f"The folder {target.parent} does not exist, so {target.name} was not downloaded. "
            f"Make the folder first, or choose another."
        )
    return target


def _safe_name(record: ModelArtifact) -> str:
    """The file's own name without any folders: a name from elsewhere must not choose the place."""
    name = record.file_name.replace("\\", "/").rpartition("/")[2]
    if name in ("", ".", ".."):
        raise FileDownloadError(
            f"The file name of model artifact {record.id}, {record.file_name!r}, cannot be used "
            f"here. Give file_path the name of a file to write."
        )
    return name


@contextmanager
def _replacing(target: Path, size: int) -> Iterator[IO[bytes]]:
    """A file that takes the place of `target` when the block ends well, else vanishes."""
    partial = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with partial.open("xb") as file:
            reserve(file, size)
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise FileDownloadError(
            f"{target} could not be written: {error.strerror or error}. Nothing was changed there."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _copy_verified(record: ModelArtifact, chunks: Iterator[bytes], file: IO[bytes]) -> None:
    with Digest() as digest:
        for chunk in chunks:
            _cancellation.check()
            digest.update(chunk)
            file.write(chunk)
    if digest.size != record.size or digest.hexdigest() != record.file_hash.lower():
        raise ChecksumMismatchError(
            f"The bytes of model artifact {record.id} are not those that were stored: expected "
            f"{record.size} bytes with SHA-256 {record.file_hash}, got {digest.size} with "
            f"{digest.hexdigest()}. Nothing was written; upload the file again if you have it."
        )
