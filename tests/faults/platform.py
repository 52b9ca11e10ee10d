"""A small model of the platform (dialect 2026-01) and of the bucket behind it."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

from dataforce.testing.packages import MANIFEST
from tests.faults.misbehaving import Reply, Request, Server, json_reply

API_KEY = "dfs_" + "CANARYkey" * 4 + "CANARYk"
SIGNATURE = "CANARYsignature0123456789"
ORGANIZATION = "0199c455-21ec-7c74-8efe-41470e29bae5"
ORBIT = "0199c455-21ed-7aba-9fe5-5231611220de"
COLLECTION = "0199c455-21ee-74c6-b747-19a82f1a1e75"
SECRET = "0199c455-21ef-79d9-9dfc-fec3d72bf4b5"
MODEL = "0199c455-21f0-7000-8000-000000000001"
NOW = "2026-01-20T18:17:35.178747Z"
ORBIT_PATH = f"/organizations/{ORGANIZATION}/orbits/{ORBIT}"
COLLECTIONS = f"{ORBIT_PATH}/collections"
MODELS = f"{COLLECTIONS}/{COLLECTION}/model_artifacts"

_TRANSITIONS = {
    "pending_upload": ("uploaded", "upload_failed"),
    "pending_deletion": ("deletion_failed",),
}


class Bucket:
    """Objects by their name; takes them whole or in parts, as S3 or Azure does."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[str, bytes]] = {}
        self.has_tags = True
        self._lock = threading.Lock()
        self.server = Server(self.answer, host=host)

    def url(self, name: str, query: str = "") -> str:
        return f"{self.server.url}/bucket/{name}?X-Amz-Signature={SIGNATURE}{query}"

    def answer(self, request: Request) -> Reply:
        assert "authorization" not in request.headers, "the API key went to the bucket"
        assert request.query.get("X-Amz-Signature") == SIGNATURE
        name = request.path.removeprefix("/bucket/")
        with self._lock:
            return getattr(self, f"_{request.method.lower()}")(name, request)  # type: ignore[no-any-return]

    def _put(self, name: str, request: Request) -> Reply:
        assert request.is_whole
        query, tag = request.query, f'"{hashlib.md5(request.body).hexdigest()}"'
        if query.get("comp") == "blocklist":
            blocks = re.findall(rb"<Latest>(.*?)</Latest>", request.body)
            if not {block.decode() for block in blocks} <= self.parts.get(name, {}).keys():
                return Reply(400, b"<Error><Code>InvalidBlockList</Code></Error>")
            parts = self.parts.pop(name)
            self.objects[name] = b"".join(parts[block.decode()] for block in blocks)
        elif part := query.get("partNumber") or query.get("blockid"):
            self.parts.setdefault(name, {})[part] = request.body
        else:
            self.objects[name] = request.body
        return Reply(200, b"", {"ETag": tag})

    def _post(self, name: str, request: Request) -> Reply:
        if "uploads" in request.query:
            assert request.headers["content-length"] == "0"
            return Reply(200, b"<X><UploadId>upload-1</UploadId></X>")
        if name not in self.parts:
            return Reply(404, b"<Error><Code>NoSuchUpload</Code></Error>")
        listed = re.findall(
            rb"<PartNumber>(\d+)</PartNumber><ETag>&?.*?</ETag>", request.body.replace(b"\n", b"")
        )
        if not {number.decode() for number in listed} <= self.parts[name].keys():
            return Reply(400, b"<Error><Code>InvalidPart</Code></Error>")
        parts = self.parts.pop(name)
        self.objects[name] = b"".join(parts[number.decode()] for number in listed)
        return Reply(200, b"<CompleteMultipartUploadResult/>")

    def _get(self, name: str, request: Request) -> Reply:
        content = self.objects.get(name)
        if content is None:
            return Reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        headers = {"ETag": tag} if self.has_tags else {}
        if request.headers.get("if-match", tag) != tag:
            return Reply(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        if found is None:
            return Reply(200, content, headers)
        first, last = int(found[1]), min(int(found[2]), len(content) - 1)
        if first >= len(content):
            return Reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return Reply(206, content[first : last + 1], headers)

    def _delete(self, name: str, _: Request) -> Reply:
        self.objects.pop(name, None)
        return Reply(204)


class Platform:
    """One organization with one orbit and one collection, whose models lie in the bucket.

    Attributes:
        kind: How files go to the bucket: `whole`, `s3` or `azure`, these two in parts.
    """

    def __init__(self, bucket: Bucket, **server: Any) -> None:
        self.bucket = bucket
        self.kind = "whole"
        self.part_size = 64 * 1024
        self.models: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self.server = Server(self.answer, **server)
        self._routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("GET", "/users/me/organizations", self._organizations),
            ("GET", ORBIT_PATH, self._orbit),
            ("GET", f"/organizations/{ORGANIZATION}/orbits", self._orbits),
            ("GET", COLLECTIONS, self._collections),
            ("POST", COLLECTIONS, lambda _: json_reply(self.collection())),
            ("GET", f"{COLLECTIONS}/{COLLECTION}", lambda _: json_reply(self.collection())),
            ("DELETE", f"{COLLECTIONS}/{COLLECTION}", lambda _: Reply(204)),
            ("GET", MODELS, self._list),
            ("POST", MODELS, self._register),
            ("GET", f"{MODELS}/([^/]*)", self._get),
            ("PATCH", f"{MODELS}/([^/]*)", self._patch),
            ("DELETE", f"{MODELS}/([^/]*)", self._delete),
            ("GET", f"{MODELS}/([^/]*)/download-url", self._download_url),
            ("GET", f"{MODELS}/([^/]*)/delete-url", self._delete_url),
            ("POST", "/bucket-secrets/upload/multipart", self._parts),
        ]

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {API_KEY}":
            return json_reply({"detail": "Not authenticated"}, 401)
        for method, path, route in self._routes:
            if method == request.method and (found := re.fullmatch(path, request.path)):
                with self._lock:
                    try:
                        return route(request, *found.groups())
                    except KeyError:
                        return json_reply({"detail": "Model Artifact not found"}, 404)
        return json_reply({"detail": "Not Found"}, 404)

    def add(self, content: bytes, file_name: str = "m.fnnx", number: int = 1) -> str:
        """A model that is there already; gives its id."""
        identifier = f"{MODEL[:-1]}{number}"
        described = {
            "file_name": file_name,
            "model_name": "here before",
            "metrics": {},
            "manifest": dict(MANIFEST),
            "file_hash": hashlib.sha256(content).hexdigest(),
            "file_index": {},
            "size": len(content),
        }
        self.models[identifier] = self._record(identifier, described) | {"status": "uploaded"}
        self.bucket.objects[identifier] = content
        return identifier

    def statuses(self) -> list[str]:
        return [each["status"] for each in self.models.values()]

    def collection(self) -> dict[str, Any]:
        return {
            "id": COLLECTION,
            "orbit_id": ORBIT,
            "description": "",
            "name": "Flowers",
            "collection_type": "model",
            "tags": None,
            "total_models": len(self.models),
            "created_at": NOW,
            "updated_at": None,
        }

    def _organizations(self, _: Request) -> Reply:
        names = {"id": ORGANIZATION, "name": "Ours", "logo": None, "role": "owner"}
        return json_reply([names | {"created_at": NOW, "updated_at": None, "permissions": {}}])

    def _orbits(self, request: Request) -> Reply:
        return Reply(200, b"[" + self._orbit(request).content + b"]")

    def _orbit(self, _: Request) -> Reply:
        known = {"id": ORBIT, "name": "First", "organization_id": ORGANIZATION}
        return json_reply(
            known | {"bucket_secret_id": SECRET, "created_at": NOW, "updated_at": None}
        )

    def _collections(self, _: Request) -> Reply:
        return json_reply({"items": [self.collection()], "cursor": None})

    def _list(self, _: Request) -> Reply:
        return json_reply({"items": list(self.models.values()), "cursor": None})

    def _register(self, request: Request) -> Reply:
        identifier = str(uuid.uuid4())
        values = json.loads(request.body)
        record = self.models[identifier] = self._record(identifier, values)
        url: str | None = self.bucket.url(identifier)
        if self.kind == "s3":
            url = self.bucket.url(identifier, "&uploads=")
        elif self.kind == "azure":
            url = None
        target = {
            "type": "azure" if self.kind == "azure" else "s3",
            "url": url,
            "multipart": self.kind != "whole",
            "bucket_location": identifier,
            "bucket_secret_id": SECRET,
        }
        return json_reply({"model": record, "upload_details": target})

    def _record(self, identifier: str, values: dict[str, Any]) -> dict[str, Any]:
        return values | {
            "id": identifier,
            "collection_id": COLLECTION,
            "bucket_location": identifier,
            "unique_identifier": "0" * 32,
            "status": "pending_upload",
            "created_by_user": "Somebody",
            "created_at": NOW,
            "updated_at": None,
        }

    def _parts(self, request: Request) -> Reply:
        asked = json.loads(request.body)
        name, size = asked["bucket_location"], asked["size"]
        if size > 2**30:  # a test gave a wrong one; of every part there would be a URL
            return json_reply({"detail": "EntityTooLarge"}, 400)
        parts: list[dict[str, Any]] = []
        for start in range(0, size, self.part_size):
            number = len(parts) + 1
            query = f"&partNumber={number}&uploadId=upload-1"
            if self.kind == "azure":
                query = f"&comp=block&blockid=block-{number:08}"
            end = min(start + self.part_size, size)
            part = {"part_number": number, "url": self.bucket.url(name, query)}
            parts.append(
                part | {"start_byte": start, "end_byte": end - 1, "part_size": end - start}
            )
        query = "&comp=blocklist" if self.kind == "azure" else "&uploadId=upload-1"
        complete = self.bucket.url(name, query)
        return json_reply(
            {"upload_id": asked.get("upload_id"), "parts": parts, "complete_url": complete}
        )

    def _get(self, _: Request, identifier: str) -> Reply:
        return json_reply(self.models[identifier])

    def _patch(self, request: Request, identifier: str) -> Reply:
        record, changes = self.models[identifier], json.loads(request.body)
        if (status := changes.get("status")) is not None:
            before = record["status"]
            if status not in _TRANSITIONS.get(before, ()):
                detail = f"Invalid status transition from {before} to {status}"
                return json_reply({"detail": detail}, 400)
        record |= changes
        return json_reply(record)

    def _delete(self, _: Request, identifier: str) -> Reply:
        if self.models[identifier]["status"] != "pending_deletion":
            return json_reply({"detail": "Unable to confirm deletion"}, 400)
        del self.models[identifier]
        return Reply(204)

    def _download_url(self, _: Request, identifier: str) -> Reply:
        return json_reply({"url": self.bucket.url(self.models[identifier]["bucket_location"])})

    def _delete_url(self, _: Request, identifier: str) -> Reply:
        self.models[identifier]["status"] = "pending_deletion"
        return json_reply({"url": self.bucket.url(self.models[identifier]["bucket_location"])})
