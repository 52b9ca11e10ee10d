"""Root may read every file; some tests need somebody who may not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Within the block, this process has no more rights than anybody."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(65534)
    except OSError as error:
        pytest.skip(f"root may read everything, and cannot become somebody else: {error}")
    try:
        yield
    finally:
        os.seteuid(0)
