"""A file system of a test's own, which one child process alone sees."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def run_on(folder: Path, options: str, code: str) -> str:
    """Run a program with an empty file system mounted at `folder`.

    Args:
        folder: An existing folder; the first argument of the program.
        options: Mount options, such as `ro` or `size=1m`.
        code: The program.

    Returns:
        What it prints.
    """
    unshare = ["unshare", "--mount", "--map-root-user", "--"]
    mount = [*unshare, "mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if shutil.which("unshare") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system of their own")
    script = 'mount -t tmpfs -o "$1" none "$2" && exec "$3" -c "$4" "$2"'
    given = [options, str(folder), sys.executable, code]
    command = [*unshare, "sh", "-c", script, "sh", *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
