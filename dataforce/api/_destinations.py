"""Destinations of downloads."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from dataforce.errors import FileDownloadError, UnprocessableEntityError
from dataforce.models._base import brief
from dataforce.transfer.atomic_file import reason_of

if TYPE_CHECKING:
    from dataforce.models import ModelArtifact


class Writable(Protocol):
    """A file that takes bytes: a file opened for writing, a socket's file, an `io.BytesIO`."""

    def write(self, data: bytes, /) -> object:
        """Take bytes; the answer may be how many of them were taken."""
        ...


def is_writable(target: object) -> TypeGuard[Writable]:
    """Return whether a target is an open file; `UnprocessableEntityError` if it takes text."""
    if isinstance(target, io.TextIOBase):
        raise UnprocessableEntityError(
            f"{brief(target)} takes text, and a file is bytes. Open it with mode 'wb'."
        )
    # Some paths have a method of that name as well.
    return not isinstance(target, str | os.PathLike) and hasattr(target, "write")


def write_all(file: Writable, chunk: bytes) -> None:
    """Hand bytes to a file until it has taken all of them."""
    while chunk:
        taken = file.write(chunk)
        if taken == 0:
            raise FileDownloadError(
                f"{brief(file)} takes no more bytes. What was written is not to be used."
            )
        chunk = chunk[taken:] if isinstance(taken, int) else b""


def path_of(value: Any) -> Path:
    """The path that a user means; `UnprocessableEntityError` if it is none."""
    try:
        # A name that only looks like a home folder stays one, as in a shell.
        return Path(os.path.expanduser(value))  # noqa: PTH111
    except (TypeError, ValueError):
        raise UnprocessableEntityError(f"{brief(value)} is not the path of a file.") from None


def destination(value: Any) -> Path:
    """The folder, or the file in a folder, where a user wants a download; both folders exist.

    Args:
        value: A path; one that ends in a separator is of a folder.

    Raises:
        FileDownloadError: There is no such folder.
        UnprocessableEntityError: It is no path.
    """
    path = path_of(value)
    names_folder = os.path.basename(os.fspath(value)) in ("", os.curdir, os.pardir)  # noqa: PTH119
    folder = path if names_folder else path.parent
    try:
        if path.is_dir() or folder.is_dir():
            return path
        shown = os.path.join(folder, "")  # noqa: PTH118  Path would drop the separator
        what = "is a file" if folder.exists() else "does not exist"
    except (OSError, ValueError) as error:  # a name that is too long, or holds NUL
        raise _unusable(path, error) from error
    raise FileDownloadError(
        f"The folder {brief(shown, 200)} {what}. Make it first, or choose another one."
    )


def target_for(record: ModelArtifact, path: Path) -> Path:
    """The file to write for a path that may be a folder."""
    try:
        target = path / safe_name(record) if path.is_dir() else path
        is_folder = target.is_dir()
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error
    if is_folder:
        raise FileDownloadError(f"{target} is a folder. Give the name of a file to write.")
    return target


def _unusable(path: Path, error: Exception) -> FileDownloadError:
    return FileDownloadError(
        f"{brief(os.fspath(path), 200)} cannot be written: {reason_of(error)}. "
        f"Give file_path the name of a file to write."
    )


def safe_name(record: ModelArtifact) -> str:
    """The file's own name, made harmless: a name from elsewhere must not choose the place.

    Without folders, not hidden, and without what a terminal obeys.
    """
    name = record.file_name.replace("\\", "/").rpartition("/")[2]
    if name in ("", ".", "..") or "\0" in name:
        raise FileDownloadError(
            f"The file name of model artifact {record.id}, {record.file_name!r}, cannot be used "
            f"here. Give file_path the name of a file to write."
        )
    visible = f"_{name[1:]}" if name.startswith(".") else name
    return "".join(each if each.isprintable() else "_" for each in visible)
