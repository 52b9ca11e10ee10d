"""Calls a registry over HTTP, as any program would."""

from __future__ import annotations

import hashlib
from typing import Any

import requests

from dataforce.testing.packages import MANIFEST

PARTS = "http://s3.amazonaws.com/doc/2006-03-01/"


class Caller:
    """One HTTP connection to a registry, and the places in it that a test works in.

    Args:
        url: The base URL.
        version: The version of the API.
        key: The API key.
    """

    def __init__(self, url: str, version: str, key: str) -> None:
        self.url = url
        self.is_new = version == "2026-01"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {key}"
        self.organization = f"/organizations/{self.get('/users/me/organizations')[0]['id']}"
        self.secrets = f"{self.organization}/bucket-secrets"
        self.orbits = f"{self.organization}/orbits"
        self.orbit = f"{self.orbits}/{self.get(self.orbits)[0]['id']}"
        self.collections = f"{self.orbit}/collections"

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """Any request; `more` are arguments of requests."""
        if body is not None:
            more["json"] = body
        return self.session.request(method, self.url + path, timeout=10, **more)

    def get(self, path: str, **params: Any) -> Any:
        return answered(self.call("GET", path, params=params))

    def post(self, path: str, body: Any) -> Any:
        return answered(self.call("POST", path, body))

    def patch(self, path: str, body: Any) -> Any:
        return answered(self.call("PATCH", path, body))

    def delete(self, path: str) -> None:
        answer = self.call("DELETE", path)
        assert (answer.status_code, answer.content) == (204, b"")

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """The status and the detail of a request that is refused."""
        answer = self.call(method, path, body, **more)
        if answer.status_code == 500:
            return 500, answer.text
        return answer.status_code, answer.json()["detail"]

    def items(self, path: str, **params: Any) -> list[Any]:
        """A list, or the first page of one."""
        answer = self.get(path, **params)
        found: list[Any] = answer["items"] if isinstance(answer, dict) else answer
        return found

    def secret(self, **changes: Any) -> dict[str, Any]:
        """The body of a new bucket secret."""
        body = {"endpoint": "s3.example", "bucket_name": "models", "region": "eu-central-1"}
        return body | ({"type": "s3"} if self.is_new else {}) | changes

    def new_collection(self, name: str = "Flowers", **changes: Any) -> str:
        """The path of a new collection."""
        values = {"name": name, "description": "", "collection_type": "model"}
        return f"{self.collections}/{self.post(self.collections, values | changes)['id']}"

    def new_model(self, collection: str, content: bytes = b"model", **changes: Any) -> Any:
        """The answer to a new model artifact."""
        return self.post(f"{collection}/model_artifacts", model(content, **changes))

    def upload_url(self, created: Any) -> str:
        """Where the bytes of a small model go."""
        if self.is_new:
            return str(created["upload_details"]["url"])
        return str(created["url"]["parts"][0]["url"])

    def new_file(self, collection: str, content: bytes = b"model", **changes: Any) -> str:
        """The path of a new model artifact whose bytes are there."""
        created = self.new_model(collection, content, **changes)
        put(self.upload_url(created), content)
        path = f"{collection}/model_artifacts/{created['model']['id']}"
        assert self.patch(path, {"status": "uploaded"})["status"] == "uploaded"
        return path


def answered(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def model(content: bytes = b"model", **changes: Any) -> dict[str, Any]:
    """The body of a new model artifact."""
    return {
        "file_name": "model.fnnx",
        "model_name": "iris",
        "metrics": {},
        "manifest": MANIFEST,
        "file_hash": hashlib.sha256(content).hexdigest(),
        "file_index": {},
        "size": len(content),
    } | changes


def fetch(method: str, url: str, **more: Any) -> requests.Response:
    """A request of an object, without any key."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=10, **more)


def put(url: str, content: bytes) -> str:
    """Bring bytes; gives their ETag."""
    answer = fetch("PUT", url, data=content)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


def parts_xml(etags: list[str], namespace: str = PARTS) -> str:
    """The list of parts that completes an upload."""
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        for number, etag in enumerate(etags, 1)
    )
    return f'<CompleteMultipartUpload xmlns="{namespace}">{listed}</CompleteMultipartUpload>'
