"""The row that the peers without a registry of their own keep: what dataforce keeps of a model."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.peers.registry import DESCRIPTION, MODEL_NAME, TAGS
from dataforce.package import Package

COLLECTION = "0199c455-21ee-74c6-b747-19a82f1a1e75"

COLUMNS = (
    "id",
    "collection_id",
    "file_name",
    "model_name",
    "description",
    "metrics",
    "manifest",
    "file_hash",
    "file_index",
    "bucket_location",
    "size",
    "unique_identifier",
    "tags",
    "status",
    "created_at",
    "updated_at",
)


def new_row(package: Package, number: int, status: str = "pending_upload") -> dict[str, Any]:
    """A row for the model of that number; its JSON is made here, as it is for every model."""
    identifier = uuid.uuid4().hex
    return {
        "id": identifier_of(number),
        "collection_id": COLLECTION,
        "file_name": package.file_name,
        "model_name": MODEL_NAME.format(number),
        "description": DESCRIPTION,
        "metrics": json.dumps(package.metrics),
        "manifest": json.dumps(package.manifest),
        "file_hash": package.file_hash,
        "file_index": json.dumps(package.file_index),
        "bucket_location": f"collection-{COLLECTION}/{identifier}-{package.file_name}",
        "size": package.size,
        "unique_identifier": identifier,
        "tags": json.dumps(TAGS),
        "status": status,
        "created_at": datetime.now(UTC).isoformat(),
        "updated_at": None,
    }


def identifier_of(number: int) -> str:
    """Its id: a UUID that sorts by number."""
    return str(uuid.UUID(int=(0x0199C45521EE7 << 76) + (8 << 60) + number))


def keep_file(package: Path, folder: Path) -> None:
    """What an upload costs at least: the SHA-256 of the file, and a copy that is on the disk."""
    with package.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    copy = folder / digest
    shutil.copyfile(package, copy)
    with copy.open("rb") as file:
        os.fsync(file.fileno())
