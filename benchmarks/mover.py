"""The program that the benchmark of remote transfers measures: one client and one large file.

`python -m benchmarks.mover <direction> <client> <base URL> <source> <target>` prints the seconds
of the better of two transfers, and by how many bytes the memory of this process grew at its peak
over what it held when the client was ready.
"""

from __future__ import annotations

import gc
import json
import re
import sys
from pathlib import Path

from benchmarks.peers.transfer_clients import DIRECTIONS
from benchmarks.timing import seconds_of

_TRANSFERS = 2
"""The first one also loads what only a transfer needs."""


def main() -> None:
    """Measure what the command says and print the figures."""
    direction, client, base_url, source, target = sys.argv[1:]
    with DIRECTIONS[direction][client](base_url, Path(source), Path(target)) as transfer:
        gc.collect()
        before = _memory("VmRSS")
        seconds = min(seconds_of(transfer) for _ in range(_TRANSFERS))
        peak = _memory("VmHWM")
    print(json.dumps({"seconds": seconds, "bytes": peak - before}))


def _memory(field: str) -> int:
    """A figure of this process in bytes, 0 where the system does not tell.

    `getrusage` will not do: its peak begins with what the process held that started this one.
    """
    status = Path("/proc/self/status")
    found = re.search(rf"{field}:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
