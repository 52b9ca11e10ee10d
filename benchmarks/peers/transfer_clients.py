"""Clients that move one large file; each loads its libraries only when it is opened.

The floors are what a careful program does with the standard library's `http.client` alone: hash the
file, create the record, put the bytes, say that they are there; or fetch the bytes, hash and write
them. They know the answers' shape beforehand and neither check the package nor retry.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from benchmarks import wire
from benchmarks.peers.http_clients import OURS, settings

Transfer: TypeAlias = Callable[[], object]
Opener: TypeAlias = Callable[[str, Path, Path], AbstractContextManager[Transfer]]
Send: TypeAlias = Callable[[HTTPConnection, int, int, int], object]
"""Sends a stretch of a file: the connection, the file's descriptor, the offset, the bytes."""

_BLOCK = 1024**2
_THREADS = 4
_MANIFEST = {
    "variant": "pipeline",
    "producer_name": "benchmark",
    "producer_version": "1",
    "producer_tags": [],
    "inputs": [],
    "outputs": [],
    "dynamic_attributes": [],
    "env_vars": [],
}


def _read_and_send(connection: HTTPConnection, file: int, offset: int, size: int) -> None:
    end = offset + size
    while offset < end:
        block = os.pread(file, min(_BLOCK, end - offset), offset)
        connection.send(block)
        offset += len(block)


def _sendfile(connection: HTTPConnection, file: int, offset: int, size: int) -> None:
    end = offset + size
    while offset < end:
        offset += os.sendfile(connection.sock.fileno(), file, offset, end - offset)


class _Floor:
    """A program that speaks to the platform with `http.client`.

    Args:
        base_url: Of the platform; its bucket is there, too.
        send: How bytes are sent.
    """

    def __init__(self, base_url: str, send: Send = _read_and_send) -> None:
        self._address = base_url.removeprefix("http://")
        self._platform = HTTPConnection(self._address)
        self._send = send

    def upload(self, source: Path) -> None:
        """Hash a file, then put it, in parts if the platform says so."""
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
            values = {
                "file_name": source.name,
                "model_name": "large",
                "metrics": {},
                "manifest": _MANIFEST,
                "file_hash": digest,
                "file_index": {},
                "size": size,
            }
            created = self._call("POST", wire.MODELS_PATH, values)
            details = created["upload_details"]
            if details["multipart"]:
                self._put_parts(file.fileno(), size, details)
            else:
                self._put(file.fileno(), details["url"], 0, size)
        path = f"{wire.MODELS_PATH}/{created['model']['id']}"
        assert self._call("PATCH", path, {"status": "uploaded"})["status"] == "uploaded"

    def download(self, target: Path, synchronize: bool = False) -> None:
        """Fetch the file, hashing each block and then writing it."""
        model = self._call("GET", f"{wire.MODELS_PATH}/{wire.MODEL}")
        url = self._call("GET", f"{wire.MODELS_PATH}/{wire.MODEL}/download-url")["url"]
        digest = hashlib.sha256()
        connection = HTTPConnection(self._address)
        connection.request("GET", _target(url))
        response = _successful(connection.getresponse())
        with target.open("wb", buffering=0) as file:
            while block := response.read(_BLOCK):  # twice as fast as readinto one buffer
                digest.update(block)
                file.write(block)
            if synchronize:
                os.fsync(file.fileno())
        connection.close()
        assert digest.hexdigest() == model["file_hash"]

    def _put(self, file: int, url: str, offset: int, size: int) -> str:
        connection = HTTPConnection(self._address)
        connection.putrequest("PUT", _target(url))
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        self._send(connection, file, offset, size)
        response = _successful(connection.getresponse())
        response.read()
        connection.close()
        return response.headers["ETag"]

    def _put_parts(self, file: int, size: int, details: Mapping[str, Any]) -> None:
        initiated = self._post(details["url"], b"").decode()
        upload_id = initiated.partition("<UploadId>")[2].partition("</UploadId>")[0]
        location, bucket = details["bucket_location"], details["bucket_secret_id"]
        asked = {"bucket_id": bucket, "bucket_location": location, "size": size}
        upload = self._call("POST", wire.PARTS_PATH, {**asked, "upload_id": upload_id})
        pool = import_module("concurrent.futures").ThreadPoolExecutor(_THREADS)
        with pool:
            parts = upload["parts"]
            etags = list(
                pool.map(
                    lambda part: self._put(
                        file, part["url"], part["start_byte"], part["part_size"]
                    ),
                    parts,
                )
            )
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, etag in enumerate(etags, start=1)
        )
        document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
        assert b"<Error>" not in self._post(upload["complete_url"], document.encode())

    def _post(self, url: str, content: bytes) -> bytes:
        self._platform.request("POST", _target(url), content)
        return _successful(self._platform.getresponse()).read()

    def _call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {wire.API_KEY}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        self._platform.request(method, path, content, headers)
        return json.loads(_successful(self._platform.getresponse()).read())


class _RequestsFloor(_Floor):
    """The same program that moves the bytes with `requests`.

    Args:
        base_url: Of the platform.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._requests = import_module("requests")

    def download(self, target: Path, synchronize: bool = False) -> None:
        """Fetch the file as a stream."""
        model = self._call("GET", f"{wire.MODELS_PATH}/{wire.MODEL}")
        url = self._call("GET", f"{wire.MODELS_PATH}/{wire.MODEL}/download-url")["url"]
        digest = hashlib.sha256()
        with self._requests.get(url, stream=True) as response, target.open("wb") as file:
            response.raise_for_status()
            for block in response.iter_content(_BLOCK):
                digest.update(block)
                file.write(block)
        assert digest.hexdigest() == model["file_hash"]

    def _put(self, file: int, url: str, offset: int, size: int) -> str:
        with open(os.dup(file), "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            stream.seek(offset)
            response = self._requests.put(url, data=stream)
        response.raise_for_status()
        etag: str = response.headers["ETag"]
        return etag


class _HttpxStream(_Floor):
    """A program that streams the bytes into a file with `httpx` and checks nothing.

    So does the platform's own client.

    Args:
        base_url: Of the platform.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._httpx = import_module("httpx")

    def download(self, target: Path, synchronize: bool = False) -> None:
        """Fetch the file as a stream."""
        self._call("GET", f"{wire.MODELS_PATH}/{wire.MODEL}")
        url = self._call("GET", f"{wire.MODELS_PATH}/{wire.MODEL}/download-url")["url"]
        with self._httpx.stream("GET", url) as response, target.open("wb") as file:
            response.raise_for_status()
            for block in response.iter_bytes():
                file.write(block)
            if synchronize:
                file.flush()
                os.fsync(file.fileno())


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _successful(response: HTTPResponse) -> HTTPResponse:
    if response.status >= 300:
        raise RuntimeError(f"{response.status} {response.read()!r}")
    return response


@contextmanager
def _ours(direction: str, base_url: str, source: Path, target: Path) -> Iterator[Transfer]:
    dataforce = import_module("dataforce")
    with dataforce.Client(**settings(base_url)) as client:
        client.collections.get(wire.COLLECTION)
        models = client.model_artifacts
        if direction == "download":
            yield lambda: models.download(wire.MODEL, target)
        else:
            yield lambda: models.upload(source, "large")


@contextmanager
def _upload(
    open_floor: Callable[[str], _Floor], base_url: str, source: Path, _: Path
) -> Iterator[Transfer]:
    floor = open_floor(base_url)
    yield lambda: floor.upload(source)


@contextmanager
def _download(
    open_floor: Callable[[str], _Floor], synchronize: bool, base_url: str, _: Path, target: Path
) -> Iterator[Transfer]:
    floor = open_floor(base_url)
    yield lambda: floor.download(target, synchronize)


_SENDING = partial(_Floor, send=_sendfile)

DIRECTIONS: Mapping[str, Mapping[str, Opener]] = {
    "upload": {
        OURS: partial(_ours, "upload"),
        "http.client": partial(_upload, _Floor),
        "http.client, sendfile": partial(_upload, _SENDING),
        "requests": partial(_upload, _RequestsFloor),
    },
    "download": {
        OURS: partial(_ours, "download"),
        "http.client": partial(_download, _Floor, False),
        "http.client, fsync": partial(_download, _Floor, True),
        "requests": partial(_download, _RequestsFloor, False),
        "httpx, no SHA-256": partial(_download, _HttpxStream, False),
        "httpx, no SHA-256, fsync": partial(_download, _HttpxStream, True),
    },
    "upload in parts": {
        OURS: partial(_ours, "upload"),
        "http.client, 4 threads": partial(_upload, _Floor),
        "http.client, 4 threads, sendfile": partial(_upload, _SENDING),
    },
}
"""What is measured: by direction the clients, each of which takes base URL, source and target."""
