"""Keep a model in a registry, find it again from a new process, and get it back.

    python examples/quickstart.py

Without any settings the registry is on this machine. Environment variables choose another one.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from dataforce import Client

IRIS = Path(__file__).parent / "data" / "iris.fnnx"


def keep(name: str) -> None:
    """Make a collection of that name and put a model into it."""
    with Client() as client:
        collection = client.collections.create("Made by the quickstart", name, "model")
        client.collection = collection.id
        say("created", f"collection {collection.name!r}")

        model = client.model_artifacts.upload(IRIS, "iris", tags=["flowers"])
        metrics = ", ".join(f"{metric} {value}" for metric, value in model.metrics.items())
        say("uploaded", f"{model.file_name}: {metrics}")


def fetch(name: str) -> None:
    """Find the model in the collection of that name and download it."""
    with Client(collection=name) as client:
        model = client.model_artifacts.get("iris")
        if model is None:
            sys.exit(f"The collection {name!r} holds no model named 'iris'.")
        say("found", f"{model.model_name!r} by its name, from a new process")

        with TemporaryDirectory() as folder:
            copy = client.model_artifacts.download(model.id, folder)
            if copy.read_bytes() != IRIS.read_bytes():
                sys.exit(f"{copy.name} came back with other bytes.")
            say("downloaded", f"{copy.name}: byte-identical")

        for model in client.model_artifacts.list():
            say("listed", f"{model.model_name}, {model.size:,} bytes, {model.status}")

        say("kept", f"by {client.backend!r}")


def say(what: str, how: str) -> None:
    """Print one line of the story, at once: two processes tell it."""
    print(f"{what:<12}{how}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fetch(sys.argv[1])
    else:
        # The time makes it a name of its own in every run.
        unique = f"Quickstart {datetime.now().astimezone():%Y-%m-%d %H:%M:%S.%f}"
        keep(unique)
        subprocess.run([sys.executable, __file__, unique], check=True)
