"""Extraction: what was packed, as files again."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO, cast

from dataforce.errors import FileDownloadError
from dataforce.models._base import brief
from dataforce.package import CHUNK_SIZE
from dataforce.transfer import cancellation


def extract(package: Path, prefix: str, target: Path) -> None:
    """Write members of a package into a folder.

    Args:
        package: Path of the package, which is sound.
        prefix: Begin of the names of the members; the rest is the path below the target.
        target: Path of a new folder.

    Raises:
        FileDownloadError: A member is neither file nor folder, or would lie outside of the target.
    """
    target.mkdir()
    with tarfile.open(package, "r:", encoding="utf-8") as archive:
        for member in archive:
            cancellation.check()
            if not member.name.startswith(prefix):
                continue
            place = target / _safe(member.name.removeprefix(prefix))
            if member.isdir():
                place.mkdir(parents=True, exist_ok=True)
            elif member.isfile():
                place.parent.mkdir(parents=True, exist_ok=True)
                _write(archive, member, place)
            else:
                raise _refusal(member.name, "is neither a file nor a folder")


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    content = cast("IO[bytes]", archive.extractfile(member))
    with content, place.open("wb") as file:
        shutil.copyfileobj(content, file, CHUNK_SIZE)
        file.flush()
        os.fsync(file.fileno())
    if member.mode & 0o100:
        place.chmod(place.stat().st_mode | 0o111)


def _safe(name: str) -> PurePosixPath:
    """The path of a member, which must not choose a place outside of its folder."""
    parts = name.rstrip("/").split("/")
    if any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts):
        raise _refusal(name, "has a name that is no path below a folder")
    return PurePosixPath(*parts)


def _refusal(name: str, problem: str) -> FileDownloadError:
    return FileDownloadError(
        f"The package cannot be extracted: its member {brief(name, 160)} {problem}. Nothing was "
        f"written; `download` fetches the package as it is."
    )
