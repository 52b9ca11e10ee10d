"""Where downloads go."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeGuard

from dataforce._durability import sync_folder
from dataforce._reservation import reserve
from dataforce.errors import FileDownloadError, UnprocessableEntityError

if TYPE_CHECKING:
    from dataforce.models import ModelArtifact


class Writable(Protocol):
    """A file that takes bytes: a file opened for writing, a socket's file, an `io.BytesIO`."""

    def write(self, data: bytes, /) -> object:
        """Take bytes; the answer may be how many of them were taken."""
        ...


def is_writable(target: object) -> TypeGuard[Writable]:
    """Whether a target is an open file; `UnprocessableEntityError` if it takes text."""
    if isinstance(target, io.TextIOBase):
        raise UnprocessableEntityError(f"{target!r} takes text. Open it with mode 'wb'.")
    # Some paths have a method of that name as well.
    return not isinstance(target, str | os.PathLike) and hasattr(target, "write")


def write_all(file: Writable, chunk: bytes) -> None:
    """Hand bytes to a file until it has taken all of them."""
    while chunk:
        taken = file.write(chunk)
        if taken == 0:
            raise FileDownloadError(
                f"{file!r} takes no more bytes. What was written is not to be used."
            )
        chunk = chunk[taken:] if isinstance(taken, int) else b""


def path_of(value: Any) -> Path:
    """The path that a user means; `UnprocessableEntityError` if it is none."""
    try:
        return Path(value)
    except TypeError:
        raise UnprocessableEntityError(f"{value!r} is not the path of a file.") from None


def target_for(record: ModelArtifact, path: Path) -> Path:
    """The file to write for a path that may be a folder."""
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
    if name in ("", ".", "..") or "\0" in name:
        raise FileDownloadError(
            f"The file name of model artifact {record.id}, {record.file_name!r}, cannot be used "
            f"here. Give file_path the name of a file to write."
        )
    return name


@contextmanager
def replacing(target: Path, size: int) -> Iterator[IO[bytes]]:
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
    try:
        sync_folder(target.parent)
    except OSError as error:
        raise FileDownloadError(
            f"{target} was written, but a crash of this machine may undo that: "
            f"{error.strerror or error}."
        ) from error
