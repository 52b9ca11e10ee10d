"""Downloads to where nothing can be written."""

from __future__ import annotations

from pathlib import Path

from tests.mounts import run_on

DOWNLOAD = """
import sys
from dataforce import Client, FileDownloadError
with Client(database_url=":memory:") as client:
    client.collections.create("", "Models", "model")
    model = client.model_artifacts.upload("tests/data/iris.fnnx", "iris")
    try:
        client.model_artifacts.download(model.id, sys.argv[1])
    except FileDownloadError as error:
        print(error)
"""


def test_a_download_to_a_read_only_file_system_says_so(tmp_path: Path) -> None:
    assert run_on(tmp_path, "ro", DOWNLOAD) == (
        f"{tmp_path}/iris.fnnx could not be written: the file system is read-only. Nothing was "
        f"changed there.\n"
    )
