"""A progress counter for transfers that may have to begin anew."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataforce.backend import Advance


class Tally:
    """Passes on how many bytes were moved, by any thread, and can take it all back.

    Args:
        advance: Is told.
    """

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._moved = 0
        self._lock = threading.Lock()

    def __call__(self, count: int) -> None:
        """Note that so many bytes more were moved."""
        with self._lock:
            self._moved += count
            self._advance(count)

    def restart(self) -> None:
        """Note that all bytes must be moved again."""
        self(-self._moved)
