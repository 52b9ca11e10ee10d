"""A large file, fetched in several streams at a time."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dataforce.transfer import cancellation
from dataforce.transfer.verified import reading

if TYPE_CHECKING:
    from dataforce.backend import Advance, Content
    from dataforce.transfer.verified import Expected

RANGE = 16 * 1024 * 1024
"""In bytes; each stream fetches one such range after the other."""
_CHUNK = 1024 * 1024
_GLANCE = 0.2
"""In seconds. On Windows a waiting thread notices Ctrl-C only when it has waited."""


class ParallelFetch:
    """Fetches ranges of a file in threads and hashes them behind the first that is missing.

    Each thread writes what it fetches at its place in the file. The thread that called hashes what
    is complete, in order: it reads it back while the system still has it in memory, so the hash is
    ready soon after the last byte, and however large the file, little of it is held here.

    Args:
        content: The bytes.
        expected: What they must be.
        path: A file that is there, to write to.
        advance: Is told how many bytes have been fetched.
    """

    def __init__(self, content: Content, expected: Expected, path: Path, advance: Advance) -> None:
        self._content = content
        self._expected = expected
        self._size = size = expected.size or 0
        self._path = path
        self._advance = advance
        self._starts = iter(range(0, size, RANGE))
        self._changed = threading.Condition()
        self._complete: set[int] = set()
        self._error: BaseException | None = None
        self._stop = cancellation.Signal()

    def run(self) -> None:
        """Fetch everything and verify it; all threads have ended when this returns or raises."""
        with cancellation.interrupting(self._stop.set), self._threads():
            self._expected.check(self._size, self._hash())

    @contextmanager
    def _threads(self) -> Iterator[None]:
        count = min(self._content.streams, -(-self._size // RANGE))
        names = [f"dataforce-download-{number}" for number in range(1, count + 1)]
        threads = [
            threading.Thread(target=copy_context().run, args=[self._work], name=name)
            for name in names
        ]
        try:
            for thread in threads:
                thread.start()
            yield
        finally:
            self._stop.set()
            for thread in threads:
                if thread.is_alive():  # one that Ctrl-C caught at its start ends by itself
                    thread.join()

    # In the threads

    def _work(self) -> None:
        cancellation.listen_to(self._stop)
        try:
            cancellation.check()
            # A file of its own: it has its own position, and nobody closes it under the thread.
            with self._path.open("r+b") as file:
                while (start := self._next()) is not None:
                    self._fetch(start, file)
                    file.flush()
                    self._tell(start)
        except BaseException as error:
            self._fail(error)

    def _next(self) -> int | None:
        with self._changed:
            return next(self._starts, None)

    def _fetch(self, start: int, file: IO[bytes]) -> None:
        room = min(RANGE, self._size - start)
        is_last = start + room == self._size
        file.seek(start)
        # The last range is open, so that bytes after the end are noticed.
        with reading(self._content, start, None if is_last else room) as chunks:
            for chunk in chunks:
                cancellation.check()
                room -= len(chunk)
                if room < 0:
                    raise self._expected.refusal("more")
                file.write(chunk)
                self._advance(len(chunk))
        if room:
            raise self._expected.refusal(f"{room} too few")

    def _tell(self, start: int) -> None:
        with self._changed:
            self._complete.add(start)
            self._changed.notify()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            # The first one: the others fail because it stops them.
            self._error = self._error or error
            self._changed.notify()
        self._stop.set()

    # In the thread that called

    def _hash(self) -> str:
        digest, buffer = hashlib.sha256(), memoryview(bytearray(_CHUNK))
        # Not buffered: a buffer would hold what follows as it was before it was fetched.
        with self._path.open("rb", buffering=0) as file:
            for start in range(0, self._size, RANGE):
                self._wait_for(start)
                room = min(RANGE, self._size - start)
                while room:
                    count = file.readinto(buffer[:room])
                    if not count:
                        raise self._expected.refusal(f"{self._size - file.tell()} too few")
                    digest.update(buffer[:count])
                    room -= count
        return digest.hexdigest()

    def _wait_for(self, start: int) -> None:
        with self._changed:
            while start not in self._complete and self._error is None:
                self._changed.wait(_GLANCE)
            if self._error is not None:
                raise self._error
            self._complete.remove(start)
