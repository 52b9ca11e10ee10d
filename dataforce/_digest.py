"""SHA-256 beside other work."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CHUNKS_AHEAD = 4


class Digest:
    """What has been hashed; complete after the block of `digest_beside`."""

    def __init__(self) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._chunks: queue.Queue[bytes] = queue.Queue(_CHUNKS_AHEAD)

    def update(self, chunk: bytes) -> None:
        """Hash the next chunk, soon."""
        if chunk:
            self._chunks.put(chunk)

    def hexdigest(self) -> str:
        """64 lower-case hexadecimal digits."""
        return self._sha256.hexdigest()

    def _work(self) -> None:
        while chunk := self._chunks.get():
            self._sha256.update(chunk)
            self.size += len(chunk)

    def _end(self) -> None:
        self._chunks.put(b"")


@contextmanager
def digest_beside() -> Iterator[Digest]:
    """Hash in a thread what this thread writes: each takes about as long as the other."""
    digest = Digest()
    thread = threading.Thread(target=digest._work, name="dataforce-digest", daemon=True)
    thread.start()
    try:
        yield digest
    finally:
        digest._end()
        thread.join()
