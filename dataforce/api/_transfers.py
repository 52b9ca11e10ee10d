"""Model files on their way in and out."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, cast

from dataforce.api._destinations import (
    Writable,
    destination,
    is_writable,
    path_of,
    target_for,
    write_all,
)
from dataforce.api._progress import Progress, reported
from dataforce.api._records import validated
from dataforce.backend import FileSource, Scope
from dataforce.errors import FileError
from dataforce.models import (
    COLLECTION,
    MODEL_ARTIFACT,
    Collection,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactUpdate,
)
from dataforce.transfer import cancellation
from dataforce.transfer.atomic_file import replacing
from dataforce.transfer.verified import Expected, fetch, fetch_in_order

if TYPE_CHECKING:
    from dataforce.api._lookup import Ref
    from dataforce.api._records import Records

    ModelRecords = Records[ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]

FILE = "file"
"""Name of the file of a model artifact."""
_NO_MODEL = (str, os.PathLike, bytes, bytearray, memoryview, int, float, io.IOBase, NoneType)
"""Classes of paths, and of what people give by mistake in place of one."""


def upload(
    records: ModelRecords,
    source: object,
    described: Mapping[str, object],
    metrics: Mapping[str, object] | None,
    collection_id: Ref[Collection] | None,
    progress: Progress | None,
) -> ModelArtifact:
    """Store a package and its record; whatever else the source is, it is packed before."""
    # What can be refused without reading a large file is refused first.
    validated(MODEL_ARTIFACT, ModelArtifactUpdate, described)
    path = path_of(source) if isinstance(source, _NO_MODEL) else None
    records.session.require_writable(f"upload {path or f'a {type(source).__name__}'}")
    scope = records.scope(collection_id)
    if collection_id is not None and scope.parent is not None:
        records.session.backend.store(COLLECTION, Scope(scope.ids[:-1])).get(scope.parent)
    from dataforce.package import is_to_be_packed  # needs tarfile, and what that needs
    from dataforce.package.metrics import checked_metrics

    given = checked_metrics(metrics)
    if path is not None and not is_to_be_packed(path):
        return _upload_package(records, scope, path, described, given, progress)
    from dataforce.api._packages import packed

    label = str(described["model_name"]), cast("str | None", described["description"])
    with packed(source if path is None else path, *label, given) as package:
        return _upload_package(records, scope, package, described, given, progress)


def _upload_package(
    records: ModelRecords,
    scope: Scope,
    path: Path,
    described: Mapping[str, object],
    metrics: Mapping[str, object],
    progress: Progress | None,
) -> ModelArtifact:
    from dataforce.package import read_package

    before = None
    with suppress(FileError):  # who reads the package says what is wrong with the file
        before = FileSource(path)
    package = read_package(path, lambda _: cancellation.check())
    source = before or FileSource(path)
    source.check()
    source.digest = package.file_hash
    values = {
        "file_name": package.file_name,
        "metrics": {**package.metrics, **metrics},
        "manifest": package.manifest,
        "file_hash": package.file_hash,
        "file_index": package.file_index,
        "size": package.size,
        **described,
    }
    valid = validated(MODEL_ARTIFACT, ModelArtifactCreate, values)
    with reported(path.name, source.size, progress, records.session.settings) as advance:
        return records.files(scope).upload(valid, {FILE: source}, advance)


def download(
    records: ModelRecords,
    model_id: Ref[ModelArtifact],
    target: str | os.PathLike[str] | Writable | None,
    collection_id: Ref[Collection] | None,
    progress: Progress | None,
) -> Path | None:
    """Bring the file of a record to where the user wants it; the path, if it is one."""
    settings = records.session.settings
    if is_writable(target):
        scope, record = records.read(model_id, collection_id)
        content = records.files(scope).open(record, FILE)
        expected = Expected.of(MODEL_ARTIFACT, record, FILE, "Do not use what was written")
        with reported(record.file_name, record.size, progress, settings) as advance:
            fetch_in_order(content, expected, lambda chunk: write_all(target, chunk), advance)
        return None
    # What can be refused without the record is refused before anything is sent.
    chosen = destination("" if target is None else target)
    scope, record = records.read(model_id, collection_id)
    path = target_for(record, chosen)
    with reported(record.file_name, record.size, progress, settings) as advance:
        fetch(
            lambda: records.files(scope).open(record, FILE),
            Expected.of(MODEL_ARTIFACT, record, FILE, "Nothing was written"),
            lambda: replacing(path, record.size),
            advance,
        )
    return path
