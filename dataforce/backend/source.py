"""Sources, bytes that can be read more than once, and sinks."""

from __future__ import annotations

import io
import os
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

from dataforce.errors import FileError
from dataforce.transfer import cancellation
from dataforce.transfer.checksum import Digest

_CHUNK = 1024 * 1024


class Source(Protocol):
    """Bytes to be stored.

    Attributes:
        name: Name for messages, such as a path.
        size: Number of bytes.
        path: Path of the file that holds them, `None` if no file does.
        digest: SHA-256 of the bytes, if it was computed since the source was made.
    """

    name: str
    size: int
    path: Path | None
    digest: str | None

    def open(self) -> IO[bytes]:
        """Return the bytes as a new binary file, from the beginning."""
        ...

    def check(self) -> None:
        """Raise `FileError` if they have changed since the source was made."""
        ...

    def fingerprint(self) -> str:
        """Return what tells this state of the bytes from another, such as size and time."""
        ...


class Sink(Protocol):
    """A place that bytes go to, in order."""

    def write(self, chunk: bytes | memoryview, /) -> object:
        """Take the next bytes; they are only valid during the call."""
        ...


class FileSource:
    """The bytes of a file, which must not change meanwhile.

    Args:
        path: Path of the file.
        digest: SHA-256 of the bytes, from whoever has just written them.

    Raises:
        FileError: It is no file that can be read.

    Example:
        >>> source = FileSource(Path("examples/data/iris.fnnx"))
        >>> source.size
        51200
        >>> source.check()
    """

    def __init__(self, path: Path, digest: str | None = None) -> None:
        self.path: Path | None = path
        self.digest = digest
        self.name = os.fspath(path)
        self._path = path
        state = self._state()
        self.size = state.st_size
        self._first = _identity(state)

    def open(self) -> IO[bytes]:
        """Return the file, open for reading bytes."""
        try:
            return self._path.open("rb")
        except (OSError, ValueError) as error:
            raise _unreadable(self.name, error) from error

    def check(self) -> None:
        """Raise `FileError` if the file is not what it was."""
        if _identity(self._state()) != self._first:
            raise FileError(f"{self.name} was changed while it was read. Try again.")

    def fingerprint(self) -> str:
        """Return the device, inode, size and times of the file."""
        return ":".join(map(str, self._first))

    def _state(self) -> os.stat_result:
        try:
            return self._path.stat()
        except (OSError, ValueError) as error:
            raise _unreadable(self.name, error) from error


class BytesSource:
    """Bytes in memory.

    Args:
        content: The bytes.
        name: Name for messages.

    Example:
        >>> BytesSource(b"A function that trains.").open().read(10)
        b'A function'
    """

    path: Path | None = None

    def __init__(self, content: bytes, name: str = "bytes in memory") -> None:
        self.name = name
        self.size = len(content)
        self.digest: str | None = sha256(content).hexdigest()
        self._content = content

    def open(self) -> IO[bytes]:
        """Return the bytes as a binary file."""
        return io.BytesIO(self._content)

    def check(self) -> None:
        """Do nothing: bytes do not change."""

    def fingerprint(self) -> str:
        """Return the SHA-256 of the bytes."""
        return str(self.digest)


def sha256_of(source: Source) -> str:
    """Return the SHA-256 of a source; it is read if nobody has computed it yet."""
    if source.digest is None:
        with Digest() as digest, source.open() as file:
            while chunk := file.read(_CHUNK):
                cancellation.check()
                digest.update(chunk)
        source.digest = digest.hexdigest()
    return source.digest


def _identity(state: os.stat_result) -> tuple[int, ...]:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def _unreadable(name: str, error: Exception) -> FileError:
    reason = getattr(error, "strerror", None) or str(error)
    return FileError(f"{name} cannot be read: {reason}.")
