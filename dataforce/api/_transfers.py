"""Model files on their way in and out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dataforce.api._destinations import (
    Writable,
    destination,
    is_writable,
    path_of,
    replacing,
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
from dataforce.transfer.verified import Expected, fetch, fetch_in_order

if TYPE_CHECKING:
    from dataforce.api._lookup import Ref
    from dataforce.api._records import Records

    ModelRecords = Records[ModelArtifact, ModelArtifactCreate, ModelArtifactUpdate]

FILE = "file"
"""Name of the file of a model artifact."""


def upload(
    records: ModelRecords,
    file_path: str | os.PathLike[str],
    described: Mapping[str, object],
    collection_id: Ref[Collection] | None,
    progress: Progress | None,
) -> ModelArtifact:
    """Store a file and its record."""
    from dataforce.package import read_package  # needs tarfile, and what that needs

    # What can be refused without reading a large file is refused first.
    validated(MODEL_ARTIFACT, ModelArtifactUpdate, described)
    path = path_of(file_path)
    records.session.require_writable(f"upload {path}")
    scope = records.scope(collection_id)
    if collection_id is not None and scope.parent is not None:
        records.session.backend.store(COLLECTION, Scope(scope.ids[:-1])).get(scope.parent)
    before = None
    with suppress(FileError):  # who reads the package says what is wrong with the file
        before = FileSource(path)
    package = read_package(path, lambda _: cancellation.check())
    source = before or FileSource(path)
    source.check()
    values = {
        "file_name": package.file_name,
        "metrics": package.metrics,
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
