"""Users' own models on their way into packages, and out of them."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from dataforce.api._destinations import path_of, safe_name
from dataforce.api._progress import Progress, reported
from dataforce.api._transfers import FILE
from dataforce.errors import FileDownloadError
from dataforce.models import MODEL_ARTIFACT, Collection, ModelArtifact
from dataforce.models._base import brief
from dataforce.package.extracting import extract as extract_members
from dataforce.package.layout import FOLDER, is_packed, package_name, packed_name
from dataforce.package.loading import check_loadable
from dataforce.package.loading import load as load_object
from dataforce.package.packing import is_path, label_of, write_package
from dataforce.transfer.atomic_file import reason_of, replacing
from dataforce.transfer.durability import sync_folder
from dataforce.transfer.spool import temporary_file, writing
from dataforce.transfer.verified import Expected, fetch

if TYPE_CHECKING:
    from dataforce.api._lookup import Ref
    from dataforce.api._transfers import ModelRecords
    from dataforce.backend import Scope

_log = logging.getLogger("dataforce")


@contextmanager
def packed(
    source: object, model_name: str, description: str | None, metrics: Mapping[str, object]
) -> Iterator[Path]:
    """A package of a user's file, folder or object; it is there as long as the block lasts."""
    label = label_of(model_name, None, description, metrics)
    path = path_of(source) if is_path(source) else None
    name = model_name if path is None else path.name if path.is_dir() else path.stem
    with temporary_file() as place:
        package = place.with_name(package_name(name))
        with writing(package, 0) as file:
            write_package(source if path is None else path, file, label)
        what = f"a {type(source).__name__} in memory" if path is None else brief(str(path), 200)
        size = package.stat().st_size
        _log.info("Packed %s as %s, %d bytes, to upload it.", what, package.name, size)
        yield package


def load(
    records: ModelRecords,
    model_id: Ref[ModelArtifact],
    trust: bool,
    collection_id: Ref[Collection] | None,
    progress: Progress | None,
) -> object:
    """The object that was stored."""
    scope, record = records.read(model_id, collection_id)
    described = f"model artifact {record.id}"
    name = packed_name(record.file_index)
    check_loadable(described, name, trust=trust)
    with temporary_file() as place:
        _fetch(records, scope, record, lambda: writing(place, record.size), progress)
        folder = place.with_name("members")
        extract_members(place, FOLDER, folder)
        return load_object(described, folder / cast("str", name))


def extract(
    records: ModelRecords,
    model_id: Ref[ModelArtifact],
    folder: str | os.PathLike[str],
    collection_id: Ref[Collection] | None,
    progress: Progress | None,
) -> Path:
    """The file or folder that was packed, in a folder of the user; or all of another package."""
    parent = path_of(folder)
    scope, record = records.read(model_id, collection_id)
    name = packed_name(record.file_index) if is_packed(record.manifest) else None
    prefix = "" if name is None else FOLDER
    target = parent / (Path(safe_name(record)).stem if name is None else name)
    try:
        parent.mkdir(exist_ok=True)
        if os.path.lexists(target):
            raise FileDownloadError(
                f"{brief(str(target), 200)} exists already. Remove it, or extract into another "
                f"folder."
            )
        with tempfile.TemporaryDirectory(prefix=".dataforce-", dir=parent) as temporary:
            package, members = Path(temporary) / "package", Path(temporary) / "members"
            _fetch(records, scope, record, lambda: replacing(package, record.size), progress)
            extract_members(package, prefix, members)
            (members if name is None else members / name).replace(target)
        sync_folder(parent)
    except OSError as error:
        raise FileDownloadError(
            f"{brief(str(target), 200)} could not be written: {reason_of(error)}. Give a folder "
            f"that can be written to, in one that exists."
        ) from error
    return target


def _fetch(
    records: ModelRecords,
    scope: Scope,
    record: ModelArtifact,
    open_file: Callable[[], AbstractContextManager[IO[bytes]]],
    progress: Progress | None,
) -> None:
    """Bring the package of a record into a file, verified."""
    with reported(record.file_name, record.size, progress, records.session.settings) as advance:
        fetch(
            lambda: records.files(scope).open(record, FILE),
            Expected.of(MODEL_ARTIFACT, record, FILE, "Nothing was written"),
            open_file,
            advance,
        )
