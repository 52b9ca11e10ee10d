"""A new kind of asset works over a remote with no new code there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_a_new_kind_needs_no_code_in_the_hybrid_backend(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.hybrid.new_kind", str(tmp_path)]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
