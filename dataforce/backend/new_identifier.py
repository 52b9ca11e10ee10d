"""Ids that sort by the time they were made."""

from __future__ import annotations

import secrets
import threading
import time

_lock = threading.Lock()
_latest = 0


def new_identifier() -> str:
    """A UUID of version 7 (RFC 9562), later than all that this process made before.

    Its first 48 bits are milliseconds since 1970, the 12 bits after the version count 4,096ths of a
    millisecond, the rest is random.

    Returns:
        36 characters, lower case, with dashes.

    Example:
        >>> new_identifier() < new_identifier()
        True
    """
    global _latest
    with _lock:
        _latest = ticks = max((time.time_ns() << 12) // 1_000_000, _latest + 1)
    stamp, fraction = f"{ticks >> 12:012x}", f"{ticks & 0xFFF:03x}"
    tail = f"{secrets.randbits(62) | 1 << 63:016x}"
    return f"{stamp[:8]}-{stamp[8:]}-7{fraction}-{tail[:4]}-{tail[4:]}"
