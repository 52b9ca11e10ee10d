"""Files under an fsspec URL: written aside, then moved to their place."""

from __future__ import annotations

import errno
import os
import threading
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from dataforce.backend import Advance
from dataforce.errors import (
    ConfigurationError,
    DataForceError,
    StoreCorruptedError,
    StoreError,
    StoreFullError,
    StorePermissionError,
)
from dataforce.transfer import cancellation
from dataforce.transfer.durability import sync_folder
from dataforce.transfer.reservation import reserve
from dataforce_local.paths import OWNER, identity

_CHUNK = 1024 * 1024
_COPIED = 8 * 1024 * 1024
"""Number of bytes that are copied between two reports of progress and checks of cancellation."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_ABANDONED = timedelta(days=1)
"""The age at which a file that is still being written has surely lost its writer."""


class MissingFileError(Exception):
    """There is no such file; whoever asked for it knows what that means."""


class StagedFile:
    """A file that is being written and that nothing refers to yet.

    Args:
        files: Where it goes.
        path: Where it is until then.
        advance: Is told how many bytes were written.
    """

    def __init__(self, files: Files, path: str, advance: Advance | None = None) -> None:
        self.path = path
        self._advance = advance
        self.size = 0
        self._files = files
        self._stream = files.create(path)

    def reserve(self, size: int) -> None:
        """Claim room for so many bytes, where that can be done."""
        if self._files.on_this_machine:
            with self._files.translated(self.path):
                reserve(self._stream, size)

    def write(self, chunk: bytes | memoryview, /) -> None:
        """Append the next bytes."""
        with self._files.translated(self.path):
            self._stream.write(chunk)
        self.size += len(chunk)
        if self._advance is not None:
            self._advance(len(chunk))

    def copy(self, source: IO[bytes], size: int) -> bool:
        """Copy a file within the kernel, and perhaps without moving a byte.

        Args:
            source: The file, at its beginning.
            size: Its size.

        Returns:
            Whether that was done; nothing was copied if not.
        """
        if not self._files.on_this_machine or not hasattr(os, "copy_file_range"):
            return False
        with self._files.translated(self.path):
            while self.size < size:
                cancellation.check()
                length = min(_COPIED, size - self.size)
                try:
                    count = os.copy_file_range(source.fileno(), self._stream.fileno(), length)
                except OSError as error:
                    if self.size or error.errno in _FULL:
                        raise
                    return False
                if not count:
                    break
                self.size += count
                if self._advance is not None:
                    self._advance(count)
        return True

    def finish(self) -> None:
        """Close the file; on this machine its bytes are on the disk then."""
        with self._files.translated(self.path):
            if self._files.on_this_machine:
                self._stream.flush()
                os.ftruncate(self._stream.fileno(), self.size)  # more may have been reserved
                os.fsync(self._stream.fileno())
            self._stream.close()

    def discard(self) -> None:
        """Remove the file, if it was not moved to its place."""
        with suppress(OSError):
            self._stream.close()
        self._files.remove(self.path)


class Files:
    """A folder of files under an fsspec URL.

    Args:
        url: fsspec URL, or path of a folder on this machine.
    """

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs
        from fsspec.implementations.local import LocalFileSystem
        from fsspec.implementations.memory import MemoryFileSystem

        try:
            self._system, self._root = url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            raise ConfigurationError(
                f"storage_url names a storage that cannot be used here: {error}."
            ) from error
        self.on_this_machine = isinstance(self._system, LocalFileSystem)
        self._identity: tuple[int, int] | None = None
        self._address = (
            Path(self._root).as_uri()
            if self.on_this_machine
            else str(self._system.unstrip_protocol(self._root)).rstrip("/")
        )
        # fsspec's files in memory share one position among all who read them.
        in_memory = isinstance(self._system, MemoryFileSystem)
        self._turn: Any = threading.Lock() if in_memory else nullcontext()

    def claim(self, owner: str, *, is_new: bool) -> None:
        """Keep the files of one registry here from now on.

        Two registries in one folder would each remove files that only the other needs, so the
        folder is marked.

        Args:
            owner: Id of the registry.
            is_new: Whether there are no files yet, so that a folder without a mark will do.
        """
        with self.translated(OWNER):
            self._claim(owner, is_new)
            self._system.makedirs(self._full("incoming"), exist_ok=True)
            self._identity = identity(Path(self._root)) if self.on_this_machine else None
        with suppress(OSError):  # what was left behind takes room, and harms nothing
            self._sweep_staging()

    def create(self, path: str) -> Any:
        """A new file to write to, its folder made if need be."""
        with self.translated(path):
            self._require_place()
            self._system.makedirs(self._parent(path), exist_ok=True)
            return self._system.open(self._full(path), "wb")

    def stage(self, advance: Advance | None = None) -> StagedFile:
        """A new file to write to; `advance` is told how many bytes were written."""
        return StagedFile(self, f"staging/{uuid.uuid4().hex}", advance)

    def exists(self, path: str) -> bool:
        """Return whether there is a file at `path`."""
        with self.translated(path):
            return bool(self._system.isfile(self._full(path)))

    def move(self, source: str, target: str) -> None:
        """Give a complete file its final name; on this machine the name is on the disk then."""
        with self.translated(target):
            self._require_place()
            self._system.makedirs(self._parent(target), exist_ok=True)
            if not self.on_this_machine:
                self._system.mv(self._full(source), self._full(target))
                return
            os.replace(self._full(source), self._full(target))  # noqa: PTH105  fsspec's own paths
            sync_folder(self._parent(target))

    def remove(self, path: str) -> None:
        """Remove a file; that it is gone already is fine."""
        with self.translated(path), suppress(FileNotFoundError):
            self._system.rm_file(self._full(path))

    def below(self, folder: str) -> list[str]:
        """The paths of all files in a folder; none if it is not there."""
        with self.translated(folder):
            found = self._system.find(self._full(folder))
        return [path.removeprefix(self._full("")) for path in found]

    def read(self, path: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `offset` on, `length` of them or all; `MissingFileError` if gone."""
        with self.translated(path), self._open(path) as stream:
            position, end = offset, None if length is None else offset + length
            while end is None or position < end:
                with self._turn:
                    stream.seek(position)
                    chunk = stream.read(_CHUNK if end is None else min(_CHUNK, end - position))
                if not chunk:
                    return
                yield bytes(chunk)
                position += len(chunk)

    def sweep_incoming(self, find_unfinished: Callable[[], Collection[str]]) -> None:
        """Remove the uploads of other records, and those that nobody has gone on with for a day.

        Args:
            find_unfinished: Gives the unique identifiers of the records that may still need theirs.
        """
        with self.translated("incoming"):
            found = self._system.ls(self._full("incoming"), detail=False)
            # Asked for afterwards, so that the record of whatever was found is among them.
            unfinished = find_unfinished() if found else ()
            for path in found:
                # An upload that is complete has the name of its record, any other more than that.
                identifier, _, rest = path.rpartition("/")[2].partition(".")
                # Another process may remove it meanwhile, and not every system knows ages.
                with suppress(FileNotFoundError, NotImplementedError):
                    if identifier not in unfinished or (rest and self._is_abandoned(path)):
                        self._system.rm(path, recursive=True)

    def discard(self) -> None:
        """Remove the whole folder."""
        with self.translated(""):
            self._system.rm(self._root, recursive=True)

    def url(self, path: str) -> str:
        """The URL of a file, for other programs."""
        return f"{self._address}/{path}"

    @contextmanager
    def translated(self, path: str) -> Iterator[None]:
        """Say what an operating system's error means for the file at `path`."""
        try:
            yield
        except OSError as error:
            raise self._explained(error, path) from error

    def _open(self, path: str) -> Any:
        try:
            return self._system.open(self._full(path), "rb")
        except FileNotFoundError:
            raise MissingFileError(path) from None

    def _explained(self, error: OSError, path: str) -> DataForceError:
        full = self._full(path)
        if error.errno in _FULL:
            return StoreFullError(
                f"{full} could not be written: the disk is full ({error.strerror}). Nothing was "
                f"stored; make space and try again."
            )
        if error.errno in _FORBIDDEN or isinstance(error, PermissionError):
            return StorePermissionError(
                f"{full} may not be written: {error.strerror or error}. Make the folder "
                f"{self._root} writable, or set storage_url to another place."
            )
        return StoreError(f"{full} could not be used: {error}. Check storage_url.")

    def _require_place(self) -> None:
        """Raise if another process could not find here what is stored now."""
        if self._identity is not None and identity(Path(self._root)) != self._identity:
            raise StoreCorruptedError(
                f"The folder {self._root} was removed or replaced after this client opened it, "
                f"so nothing was stored. Restore it from a copy, and make a new client."
            )

    def _claim(self, owner: str, is_new: bool) -> None:
        # The mark alone may have been cut short by a crash of the machine.
        if not (is_new or self._owner() or self._system.isdir(self._full("sha256"))):
            raise StoreCorruptedError(
                f"The model files of the registry are not in {self._root}. Restore them from a "
                f"copy, or set storage_url to where they are."
            )
        if self.on_this_machine:
            Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._owner():
            mark = self.stage()
            mark.write(memoryview(owner.encode()))
            mark.finish()
            self.move(mark.path, OWNER)
        if self._owner() != owner:
            raise self.of_another()

    def is_claimed(self) -> bool:
        """Return whether some registry keeps its files here."""
        with self.translated(OWNER):
            return bool(self._owner())

    def of_another(self) -> ConfigurationError:
        """The error for a folder that another registry keeps its files in."""
        return ConfigurationError(
            f"The folder {self._root} holds the files of another registry. Set storage_url to "
            f"a folder of this registry's own, or database_url to the other registry."
        )

    def _owner(self) -> str:
        try:
            return b"".join(self.read(OWNER)).decode(errors="replace")
        except MissingFileError:
            return ""

    def _sweep_staging(self) -> None:
        self._system.makedirs(self._full("staging"), exist_ok=True)
        for entry in self._system.ls(self._full("staging"), detail=True):
            with suppress(FileNotFoundError, NotImplementedError):
                age = datetime.now(UTC) - self._system.modified(entry["name"])
                if entry["type"] == "file" and age > _ABANDONED:
                    self._system.rm_file(entry["name"])

    def _is_abandoned(self, path: str) -> bool:
        latest = datetime.now(UTC) - _ABANDONED
        return all(self._system.modified(file) < latest for file in self._system.find(path))

    def _full(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}"

    def _parent(self, path: str) -> str:
        return self._full(path).rpartition("/")[0]
