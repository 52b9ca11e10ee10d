"""SHA-256 beside other work."""

from __future__ import annotations

import hashlib
import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

_CHUNKS_AHEAD = 4


class Digest:
    """Hashes in a thread what this thread writes: each takes about as long as the other.

    Size and digest are complete after the `with` block.
    """

    def __init__(self) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._chunks: queue.Queue[bytes] = queue.Queue(_CHUNKS_AHEAD)
        self._thread = threading.Thread(target=self._hash, name="dataforce-digest", daemon=True)

    def update(self, chunk: bytes) -> None:
        """Hash the next chunk, which is not empty, soon."""
        self._chunks.put(chunk)

    def hexdigest(self) -> str:
        """64 lower-case hexadecimal digits."""
        return self._sha256.hexdigest()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._chunks.put(b"")
        self._thread.join()

    def _hash(self) -> None:
        while chunk := self._chunks.get():
            self._sha256.update(chunk)
            self.size += len(chunk)
