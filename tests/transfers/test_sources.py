"""Where the bytes of an upload come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataforce import FileError
from dataforce.backend import FileSource


def test_a_file_that_somebody_deletes_meanwhile_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.fnnx"
    path.write_bytes(b"model")
    source = FileSource(path)
    path.unlink()
    for look in (source.open, source.check):
        with pytest.raises(FileError, match=r"model\.fnnx"):
            look()
