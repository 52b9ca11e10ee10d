"""The file of an SQLite database, and whether others would find there what this client writes."""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from dataforce.errors import StoreCorruptedError
from dataforce_local.paths import identity

_HEADER = 32
_FRAME_HEADER = 24
_MAGIC = bytes.fromhex("377f06")


class Log(NamedTuple):
    """A write-ahead log as it was at one moment; there may be none.

    Attributes:
        identity: Tells it from any other file.
        size: In bytes.
        header: Its first bytes.
    """

    identity: tuple[int, int] | None = None
    size: int = 0
    header: bytes = b""


class DatabaseFile:
    """The file of an SQLite database and its write-ahead log, as another process would find them.

    SQLite keeps both open. It looks neither at their names again nor at the pages that it has in
    memory, and would go on to write where nobody else reads.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log_path = path.with_name(f"{path.name}-wal")
        self._identity = identity(path)
        self._log_identity: tuple[int, int] | None = None
        self._statement: str | None = None
        self._mark: str | None = None
        self._is_marked = False
        self._looked_at: tuple[int, int] | None = None
        self._is_log_broken = False

    def recognize(self, statement: str, mark: str) -> bool:
        """Take what tells the database from any other for what must stay in the file.

        Args:
            statement: Selects it.
            mark: What it selects.

        Returns:
            Whether the file has it, and not only its write-ahead log.
        """
        self._statement, self._mark = statement, mark
        self._look()
        return self._is_marked

    def forget_log(self, *_: object) -> None:
        """Expect any write-ahead log: when the last connection is closed SQLite removes its own."""
        self._log_identity = None

    def require(self) -> Log:
        """Return the state of the write-ahead log, and see that all is as this client opened it.

        Raises:
            StoreCorruptedError: Others would not find here what this client writes.
        """
        status = self._status(self.path)
        if (status and (status.st_dev, status.st_ino)) != self._identity:
            raise self._lost("", "removed or replaced")
        # Only a checkpoint writes into the file, which is rare.
        if status and self._looked_at != (status.st_mtime_ns, status.st_size):
            self._look()
        log = self._read_log()
        self._log_identity = self._log_identity or log.identity
        if log.identity != self._log_identity:
            raise self._lost("write-ahead log of the ", "removed or replaced")
        if self._is_log_broken:
            raise self._lost("write-ahead log of the ", "cut")
        return log

    def require_written(self, before: Log) -> None:
        """See that what a transaction added to the write-ahead log can be found there.

        SQLite writes behind what it added last, whatever was cut off meanwhile; a reader stops
        where something is missing.

        Args:
            before: The log when the transaction began.

        Raises:
            StoreCorruptedError: Others would not find what was written.
        """
        after = self.require()
        if after.size <= before.size:
            return
        is_whole = _is_header(after.header)
        # Whoever began the log anew since then had copied all of it into the database.
        if is_whole and after.header == before.header:
            with self._log_path.open("rb") as log:
                is_whole = _is_continued(log, before)
            is_whole = is_whole or self._read_log().header != before.header
        self._is_log_broken = not is_whole
        if self._is_log_broken:
            raise self._lost("write-ahead log of the ", "cut")

    def _look(self) -> None:
        """Read the mark from the file alone, whatever its write-ahead log has."""
        if self._statement is None:
            return
        status = self._status(self.path)
        found = None
        # Not opened but by SQLite: closing it would take away the locks that others here hold.
        place = f"{self.path.as_uri()}?mode=ro&immutable=1"
        with suppress(sqlite3.Error), closing(sqlite3.connect(place, uri=True)) as connection:
            # A checkpoint that is under way has not written yet all pages that it counts already.
            connection.execute("PRAGMA writable_schema = ON")
            found = connection.execute(self._statement).fetchone()
        is_found = found is not None and found[0] == self._mark
        if self._is_marked and not is_found:
            raise self._lost("", "removed or replaced")
        self._is_marked = is_found
        self._looked_at = status and (status.st_mtime_ns, status.st_size)

    def _read_log(self) -> Log:
        try:
            with self._log_path.open("rb", buffering=0) as log:
                status = os.fstat(log.fileno())
                return Log((status.st_dev, status.st_ino), status.st_size, log.read(_HEADER))
        except OSError:
            return Log()

    def _status(self, path: Path) -> os.stat_result | None:
        try:
            return path.stat()
        except OSError:
            return None

    def _lost(self, part: str, fate: str) -> StoreCorruptedError:
        return StoreCorruptedError(
            f"The {part}registry {self.path} was {fate} after this client opened it, so nothing "
            f"was stored. Restore it from a copy, and make a new client."
        )


def _is_header(header: bytes) -> bool:
    """Return whether a write-ahead log may begin like that."""
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        return False
    return _checksum(_order(header), bytes(8), header[:24]) == header[24:]


def _order(header: bytes) -> str:
    """Return the byte order of the numbers that the checksums of a write-ahead log are made of."""
    return ">" if header[3] & 1 else "<"


def _is_continued(log: BinaryIO, before: Log) -> bool:
    """Return whether what follows in a write-ahead log joins on to what was there before."""
    header = before.header
    length = _FRAME_HEADER + int.from_bytes(header[8:12])
    number, rest = divmod(before.size - _HEADER, length)

    def frame(number: int) -> bytes:
        log.seek(_HEADER + number * length)
        return log.read(length if rest else _FRAME_HEADER)

    # Of all frames that are valid the salts are those of the header.
    around = [frame(each) for each in range(max(number - 1, 0), number + 1)]
    if any(each[8:16] != header[16:24] for each in around):
        return False
    # A frame that was not whole is one that a killed process did not finish, or one that was cut.
    if not rest:
        return True
    seed, last = around[0][16:24] if number else header[24:], around[-1]
    content = last[:8] + last[_FRAME_HEADER:]
    return _checksum(_order(header), seed, content) == last[16:24]


def _checksum(order: str, seed: bytes, content: bytes) -> bytes:
    """Return the checksum of content in a write-ahead log, which goes on from that before it."""
    first, second = struct.unpack(">II", seed)
    for one, other in struct.iter_unpack(f"{order}II", content):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return struct.pack(">II", first, second)
