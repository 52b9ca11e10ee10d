"""Upload checkpoints, for a process that comes after one that was killed."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from dataforce.errors import ConflictError

_DAY = 24 * 60 * 60
_ONLY = "only"

try:
    import fcntl
except ImportError:  # pragma: no cover
    # Windows. There nobody can tell whether a writer is alive, so no upload is resumed.
    fcntl = None  # type: ignore[assignment]


class Checkpoint:
    """The progress of one upload. Its file is locked for as long as this process lives.

    Args:
        file: The open and locked file.
        path: Its path.
        entries: What was added to it, in order.
    """

    def __init__(self, file: IO[bytes], path: Path, entries: list[dict[str, Any]]) -> None:
        self.entries = entries
        self._file = file
        self._path = path

    def add(self, entry: dict[str, Any]) -> None:
        """Add an entry, which survives the process."""
        self.entries.append(entry)
        with suppress(OSError, ValueError):  # a full disk costs the resumption, not the upload
            self._file.write(json.dumps(entry).encode() + b"\n")
            self._file.flush()

    @property
    def age(self) -> float:
        """The time since the last entry, in seconds."""
        try:
            return time.time() - self._path.stat().st_mtime
        except OSError:
            return 0.0

    def keep(self) -> None:
        """Leave the checkpoint for another process."""
        self._file.close()

    def discard(self) -> None:
        """Forget the upload."""
        with suppress(OSError):
            self._path.unlink()
        self._file.close()
        with suppress(OSError):  # Windows removes no file that is open
            self._path.unlink(missing_ok=True)


class Checkpoints:
    """The checkpoints of this user's uploads, one file each, readable by its owner only.

    A checkpoint holds signed URLs, so that an upload can go on where it stopped: those who hold one
    may write that one object, for a few hours.

    Args:
        folder: Where the checkpoints are; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(
        self, name: str, entry: dict[str, Any], *, is_only: bool = False
    ) -> Checkpoint | None:
        """Make a checkpoint.

        Args:
            name: Name of the upload.
            entry: The first entry.
            is_only: Whether there may be one checkpoint of that name at a time.

        Returns:
            The checkpoint, `None` if none can be written.

        Raises:
            ConflictError: There is another one already.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = (
                self._folder
                / f"{name}-{_ONLY if is_only and fcntl is not None else uuid.uuid4().hex}.jsonl"
            )
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise _under_way() from None
        except OSError:
            return None
        file = os.fdopen(descriptor, "r+b")
        _lock(file)
        checkpoint = Checkpoint(file, path, [])
        checkpoint.add(entry)
        return checkpoint

    def check_free(self, name: str) -> None:
        """Raise `ConflictError` if there is a checkpoint of which there may be one at a time."""
        if any(self._paths(f"{name}-{_ONLY}.jsonl")):
            raise _under_way()

    def abandoned(self, name: str) -> Iterator[Checkpoint]:
        """Yield the checkpoints of uploads of that name whose process has ended, each now ours."""
        for path in self._paths(f"{name}-*.jsonl"):
            checkpoint = _claim(path)
            if checkpoint is not None:
                yield checkpoint

    def stale(self) -> Iterator[Checkpoint]:
        """Yield the checkpoints of more than a day, whose URLs no longer work; each is now ours."""
        for path in self._paths("*.jsonl"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _DAY and (checkpoint := _claim(path)):
                    yield checkpoint

    def _paths(self, pattern: str) -> Iterable[Path]:
        return sorted(self._folder.glob(pattern))


def name_of(*parts: object) -> str:
    """Return the name of an upload, which is the same for the same call.

    Args:
        parts: Whatever matters, as JSON.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _under_way() -> ConflictError:
    return ConflictError("Another upload with the same key is under way. Wait until it has ended.")


def _lock(file: IO[bytes]) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _claim(path: Path) -> Checkpoint | None:
    try:
        file = path.open("r+b")
    except OSError:
        return None
    if not _lock(file) or not path.exists():  # somebody works on it, or has just finished
        file.close()
        return None
    entries = []
    for line in file:
        with suppress(ValueError):  # the last one may be torn
            entries.append(json.loads(line))
    return Checkpoint(file, path, entries)
