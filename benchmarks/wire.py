"""What a platform says in dialect 2026-01: ids, paths, records and whole answers, made once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

API_KEY = "dfs_bench"
API_VERSION: Final = "2026-01"
ORGANIZATION = "019ab3c1-5e0a-7c3e-9f58-2a6d41b70c11"
ORBIT = "019ab3c1-6f4b-7d20-8a17-93c5be02d4f6"
SECRET = "019ab3c1-6a90-7b51-b3e4-07f1d92c8a35"

ORGANIZATIONS_PATH = "/users/me/organizations"
ORBITS_PATH = f"/organizations/{ORGANIZATION}/orbits"
ORBIT_PATH = f"{ORBITS_PATH}/{ORBIT}"
COLLECTIONS_PATH = f"{ORBIT_PATH}/collections"

_COLLECTIONS = 20
_PERMISSIONS = ["list", "create", "read", "update", "delete"]


def collection_id(number: int) -> str:
    """The id of a collection; the later one is made, the greater it is."""
    return f"019ab3c2-{number:04x}-7e44-8c0d-5b1f6a9e3d27"


COLLECTION = collection_id(0)
COLLECTION_PATH = f"{COLLECTIONS_PATH}/{COLLECTION}"
MODELS_PATH = f"{COLLECTION_PATH}/model_artifacts"
PARTS_PATH = "/bucket-secrets/upload/multipart"
MODEL = "019ab3c3-0000-7d6a-9b72-e1c4a85f0d93"
"""The model that is there from the beginning."""


def organization() -> dict[str, object]:
    """The one organization of the caller."""
    return {
        "id": ORGANIZATION,
        "name": "Flower research",
        "logo": None,
        **_times(),
        "role": "owner",
        "permissions": {
            "organization": ["read", "update", "leave"],
            "organization_member": _PERMISSIONS,
            "orbit": ["create"],
            "bucket_secret": _PERMISSIONS,
        },
    }


def orbit() -> dict[str, object]:
    """Its one orbit."""
    return {
        "id": ORBIT,
        "name": "Iris",
        "organization_id": ORGANIZATION,
        "bucket_secret_id": SECRET,
        "total_members": 1,
        "total_collections": _COLLECTIONS,
        "total_satellites": 0,
        "total_model_artifacts": 3 * _COLLECTIONS,
        "role": None,
        **_times(),
        "permissions": {"collection": _PERMISSIONS, "model_artifact": _PERMISSIONS},
    }


def collection(number: int) -> dict[str, object]:
    """A collection of the orbit."""
    return {
        "id": collection_id(number),
        "orbit_id": ORBIT,
        "description": "Random forests on the iris measurements, one for each season",
        "name": f"Which iris is it? {number}",
        "collection_type": "model",
        "tags": ["flowers", "forest", "season"],
        "total_models": 3,
        **_times(),
    }


def model(identifier: str, values: Mapping[str, object]) -> dict[str, object]:
    """The record of a model that was created with these values; its bytes are not there yet."""
    unique = identifier.replace("-", "")
    folder = f"orbit-{ORBIT}/collection-{COLLECTION}"
    return {
        "id": identifier,
        "collection_id": COLLECTION,
        "description": None,
        "tags": None,
        **values,
        "bucket_location": f"{folder}/{unique}-{values['file_name']}",
        "unique_identifier": unique,
        "status": "pending_upload",
        "created_by_user": "Ronald Fisher",
        **_times(),
    }


def answers() -> Mapping[str, bytes]:
    """The whole answer of every path that only reads; the page holds all, newest first."""
    secrets = f"/organizations/{ORGANIZATION}/bucket-secrets"
    page = {"items": [collection(n) for n in reversed(range(_COLLECTIONS))], "cursor": None}
    details = {"members": None, "collections_tags": ["flowers", "forest", "season"]}
    found: dict[str, object] = {
        ORGANIZATIONS_PATH: [organization()],
        ORBITS_PATH: [orbit()],
        ORBIT_PATH: {**orbit(), **details},
        secrets: [_secret()],
        f"{secrets}/{SECRET}": _secret(),
        COLLECTIONS_PATH: page,
    }
    for number in range(_COLLECTIONS):
        summary = {
            "models_tags": ["flowers", "forest"],
            "models_metrics": ["accuracy", "f1_macro"],
        }
        found[f"{COLLECTIONS_PATH}/{collection_id(number)}"] = {**collection(number), **summary}
    return {path: json_answer(body) for path, body in found.items()}


def json_answer(body: object, status: int = HTTPStatus.OK) -> bytes:
    """A whole answer that carries JSON, spelled as the platform's server spells it."""
    content = json.dumps(body, separators=(",", ":")).encode()
    return answer(content, status, {"content-type": "application/json"})


def answer(content: bytes, status: int, headers: Mapping[str, object]) -> bytes:
    """A whole answer; it leaves the connection open."""
    return head(status, {"content-length": len(content), **headers}) + content


def head(status: int, headers: Mapping[str, object]) -> bytes:
    """An answer up to where its content begins."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    fixed = {"date": "Wed, 21 Jan 2026 10:00:00 GMT", "server": "uvicorn"}
    lines += [f"{name}: {value}" for name, value in {**fixed, **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _secret() -> dict[str, object]:
    return {
        "id": SECRET,
        "type": "s3",
        "endpoint": "s3.example",
        "bucket_name": "flowers",
        "secure": True,
        "region": "eu-central-1",
        "cert_check": True,
        "organization_id": ORGANIZATION,
        **_times(),
    }


def _times() -> dict[str, object]:
    return {"created_at": "2026-01-20T18:17:35.178747Z", "updated_at": None}
