"""Model packages for tests: plain tar files as the platform's tools write them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST: Mapping[str, Any] = {
    "variant": "pyfunc",
    "name": "iris-forest",
    "version": "1.0",
    "description": "Random forest on the iris measurements",
    "producer_name": "dataforce.testing",
    "producer_version": "1.0",
    "producer_tags": [],
    "inputs": [
        {
            "name": "petal_length",
            "content_type": "NDJSON",
            "dtype": "Array[float]",
            "shape": ["batch", 1],
            "tags": ["centimetres"],
        }
    ],
    "outputs": [{"name": "species", "content_type": "JSON", "dtype": "string", "tags": None}],
    "dynamic_attributes": [{"name": "depth", "description": "Of each tree", "tags": None}],
    "env_vars": [{"name": "THREADS", "description": "How many", "tags": None}],
}
"""A complete manifest; what is stored of it is exactly this."""

METRICS_TAG = "dataforce.studio::registry_metrics:v1"


def build_package(
    path: Path,
    *,
    metrics: Mapping[str, object] | None = None,
    manifest: Mapping[str, object] | None = MANIFEST,
    content: bytes = b"weights",
) -> Path:
    """Write a model package.

    Args:
        path: Where it goes.
        metrics: What it says of the quality of its model.
        manifest: What it says of itself; `None` leaves the manifest out.
        content: The bytes of the model in it.

    Returns:
        The path.
    """
    members = {"variant_artifacts/model.bin": content}
    if manifest is not None:
        members["manifest.json"] = json.dumps(manifest).encode()
    if metrics is not None:
        entry = {"producer_tags": [METRICS_TAG], "payload": {"metrics": metrics}}
        members["meta.json"] = json.dumps([entry]).encode()
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path
