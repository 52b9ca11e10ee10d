"""Fresh interpreters: servers beside the measured program, and the measured programs themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent
_PATIENCE = 600.0
"""After so many seconds a measured program is given up."""


@contextmanager
def serving(module: str, *arguments: object) -> Iterator[list[int]]:
    """Run a module that serves until its input ends.

    Args:
        module: Its name; it prints the ports it listens on as one line of JSON.
        arguments: Of its command.

    Yields:
        The ports.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, text=True
    ) as server:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())


def measured(module: str, *arguments: object) -> Mapping[str, Any] | None:
    """Run a module that measures one contender and prints its figures as JSON.

    Args:
        module: Its name.
        arguments: Of its command.

    Returns:
        The figures; `None` if it failed. Why is printed.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, cwd=_ROOT, text=True, timeout=_PATIENCE)
    if done.returncode:
        told = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        print(f"{' '.join(map(str, arguments))} takes no part: {told[-1]}", file=sys.stderr)
        return None
    figures: Mapping[str, Any] = json.loads(done.stdout)
    return figures
