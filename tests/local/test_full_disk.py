"""A registry on a disk that is full."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mounts import run_on

DELETE = """
import json, os, re, sys
from dataforce import Client, StoreFullError
folder = sys.argv[1]
with Client(database_url=f"sqlite:///{folder}/registry.db") as client:
    client.collections.create("", "Models", "model")
    for number in range(40):
        client.model_artifacts.upload("tests/data/iris.fnnx", f"iris {number}")
with Client(database_url=f"sqlite:///{folder}/registry.db") as client:
    [collection] = client.collections.list()
    with open(f"{folder}/other", "wb", buffering=0) as other:
        for size in (65536, 512):
            try:
                while other.write(bytes(size)):
                    pass
            except OSError:
                pass
        try:
            client.collections.delete(collection.id)
        except StoreFullError as error:
            print(json.dumps(str(error)))
            enough = int(re.search(r"(\\d+) MB are enough", str(error))[1])
        print(len(client.model_artifacts.list()))
        other.truncate(other.tell() - enough * 1_000_000)
    client.collections.delete(collection.id)
    print(len(client.collections.list()))
"""


def test_a_full_disk_says_how_much_room_a_deletion_needs(tmp_path: Path) -> None:
    message, before, after = map(json.loads, run_on(tmp_path, "size=8m", DELETE).splitlines())
    assert "the disk is full. Nothing was changed. Make space and try again" in message
    assert (before, after) == (40, 0)
