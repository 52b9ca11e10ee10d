"""A platform and its bucket for large files: `python -m benchmarks.bucket <file> <bytes>`.

It speaks dialect 2026-01 and says that a file of more than so many bytes goes up in parts. What is
put there is counted and thrown away by the kernel, and what is fetched is always the given package,
by `sendfile`, so that the client is what limits. It prints its port as JSON and serves until its
input ends.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import wire
from dataforce.package import read_package

_END = b"\r\n\r\n"
_BLOCK = 4 * 1024**2
_DISCARD = socket.MSG_TRUNC if sys.platform == "linux" else 0
"""On Linux, TCP throws bytes away that are received with this flag, without a copy."""

_MEBIBYTE = 1024**2
_PART_SIZES = {1024: 32, 5 * 1024: 64, 10 * 1024: 128, 100 * 1024: 512}
"""The size of a part by the largest size of a file that has such parts, both in MiB."""

_ETAG = '"5d41402abc4b2a76b9719d911017c592"'
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<{0} xmlns="{1}">{2}</{0}>'
_CHUNKED = b"<Error><Code>NotImplemented</Code><Message>Transfer-Encoding</Message></Error>"
"""A bucket wants to know how much is coming, and refuses content in chunks."""
_XML_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_SIGNED = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=43200&X-Amz-Signature=" + 64 * "0"


@dataclass
class _Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    rest: bytes
    """What came of the content together with the headers."""

    @property
    def size(self) -> int:
        return int(self.headers.get("content-length", 0))


class _Platform:
    """The records and where their bytes go.

    Args:
        source: The package that every download gives.
        multipart_above: A file of more bytes goes up in parts.
        port: Where the bucket is, too.
    """

    def __init__(self, source: Path, multipart_above: int, port: int) -> None:
        package = read_package(source)
        self._multipart_above = multipart_above
        self._bucket = f"http://127.0.0.1:{port}/bucket/"
        self._fixed = wire.answers()
        self._received: Counter[str] = Counter()
        self._lock = threading.Lock()
        values = {
            "file_name": package.file_name,
            "model_name": "large",
            "metrics": package.metrics,
            "manifest": package.manifest,
            "file_hash": package.file_hash,
            "file_index": package.file_index,
            "size": package.size,
        }
        there = {**wire.model(wire.MODEL, values), "status": "uploaded"}
        self._models: dict[str, dict[str, Any]] = {wire.MODEL: there}

    def receive(self, location: str, size: int) -> None:
        """Note that so many bytes of a file have come."""
        with self._lock:
            self._received[location] += size

    def answer(self, method: str, path: str, content: bytes) -> bytes:
        """Answer a call."""
        if method == "GET" and path in self._fixed:
            return self._fixed[path]
        if (method, path) == ("POST", wire.MODELS_PATH):
            return self._create(json.loads(content))
        if (method, path) == ("POST", wire.PARTS_PATH):
            return self._parts(json.loads(content))
        identifier, _, rest = path.removeprefix(f"{wire.MODELS_PATH}/").partition("/")
        model = self._models.get(identifier)
        if model is None:
            return wire.json_answer({"detail": "Model Artifact not found"}, 404)
        if (method, rest) == ("GET", "download-url"):
            return wire.json_answer({"url": self._signed(model["bucket_location"])})
        if method == "PATCH":
            return self._change(model, json.loads(content))
        return wire.json_answer(model)

    def _create(self, values: dict[str, Any]) -> bytes:
        identifier = str(uuid.uuid4())
        model = self._models[identifier] = wire.model(identifier, values)
        location, multipart = model["bucket_location"], values["size"] > self._multipart_above
        details = {
            "type": "s3",
            "url": self._signed(str(location), "uploads=&" if multipart else ""),
            "multipart": multipart,
            "bucket_location": location,
            "bucket_secret_id": wire.SECRET,
        }
        return wire.json_answer({"model": model, "upload_details": details})

    def _parts(self, asked: dict[str, Any]) -> bytes:
        size, upload, location = asked["size"], asked["upload_id"], asked["bucket_location"]
        mebibytes = (part for limit, part in _PART_SIZES.items() if size <= limit * _MEBIBYTE)
        step = next(mebibytes, 1024) * _MEBIBYTE
        parts = [
            {
                "part_number": number,
                "url": self._signed(location, f"partNumber={number}&uploadId={upload}&"),
                "start_byte": start,
                "end_byte": min(start + step, size) - 1,
                "part_size": min(step, size - start),
            }
            for number, start in enumerate(range(0, size, step), start=1)
        ]
        complete = self._signed(location, f"uploadId={upload}&")
        return wire.json_answer(
            {"type": "s3", "upload_id": upload, "parts": parts, "complete_url": complete}
        )

    def _change(self, model: dict[str, Any], changes: dict[str, Any]) -> bytes:
        received = self._received[model["bucket_location"]]
        if changes.get("status") == "uploaded" and received < model["size"]:
            detail = f"only {received} of {model['size']} bytes were received"
            return wire.json_answer({"detail": detail}, 400)
        model.update(changes)
        return wire.json_answer(model)

    def _signed(self, location: str, query: str = "") -> str:
        return f"{self._bucket}{location}?{query}{_SIGNED}"


class _Connection:
    """One connection, served in a thread of its own.

    Args:
        connection: To the client.
        platform: What answers.
        source: The package that every download gives.
    """

    def __init__(self, connection: socket.socket, platform: _Platform, source: Path) -> None:
        self._connection = connection
        self._platform = platform
        self._source = source
        self._buffer = bytearray(_BLOCK)

    def serve(self) -> None:
        """Answer until the client goes."""
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._connection, suppress(ConnectionError):
            while request := self._request():
                if "transfer-encoding" in request.headers:
                    self._connection.sendall(wire.answer(_CHUNKED, 501, {"connection": "close"}))
                    return
                if not request.path.startswith("/bucket/"):
                    content = self._content(request)
                    answer = self._platform.answer(request.method, request.path, content)
                    self._connection.sendall(answer)
                elif request.method == "GET":
                    self._send_file(request)
                else:
                    self._store(request)

    def _request(self) -> _Request | None:
        received = b""
        while _END not in received:
            more = self._connection.recv(65536)
            if not more:
                return None
            received += more
        head, _, rest = received.partition(_END)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        return _Request(method, path, query, headers, rest)

    def _content(self, request: _Request) -> bytes:
        content = request.rest
        while len(content) < request.size:
            content += self._connection.recv(65536)
        return content

    def _store(self, request: _Request) -> None:
        """Take what is put there, or begin or end an upload in parts."""
        location = request.path.removeprefix("/bucket/")
        if request.method == "PUT":
            left = request.size - len(request.rest)
            while left:
                received = self._connection.recv_into(self._buffer, min(left, _BLOCK), _DISCARD)
                if not received:
                    return
                left -= received
            self._platform.receive(location, request.size)
            self._connection.sendall(wire.answer(b"", 200, {"etag": _ETAG}))
            return
        self._content(request)
        if request.query.startswith("uploads"):
            name, child = (
                "InitiateMultipartUploadResult",
                f"<UploadId>{uuid.uuid4().hex}</UploadId>",
            )
        else:
            name, child = "CompleteMultipartUploadResult", f"<ETag>{_ETAG}</ETag>"
        content = _XML.format(name, _XML_NAMESPACE, child).encode()
        self._connection.sendall(wire.answer(content, 200, {"content-type": "application/xml"}))

    def _send_file(self, request: _Request) -> None:
        size = self._source.stat().st_size
        start, stop, status = 0, size, 200
        headers: dict[str, object] = {"etag": _ETAG, "accept-ranges": "bytes"}
        if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", "")):
            start, stop = int(wanted[1]), min(int(wanted[2] or size) + 1, size)
            status, headers["content-range"] = 206, f"bytes {start}-{stop - 1}/{size}"
        headers |= {"content-type": "binary/octet-stream", "content-length": stop - start}
        self._connection.sendall(wire.head(status, headers))
        with self._source.open("rb") as file:
            self._connection.sendfile(file, start, stop - start)


def main() -> None:
    """Serve in threads that end with the program."""
    source, multipart_above = Path(sys.argv[1]), int(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port: int = listener.getsockname()[1]
    platform = _Platform(source, multipart_above, port)
    _start(lambda: _accept(listener, platform, source))
    print(json.dumps([port]), flush=True)
    sys.stdin.read()


def _accept(listener: socket.socket, platform: _Platform, source: Path) -> None:
    while True:
        connection, _ = listener.accept()
        _start(_Connection(connection, platform, source).serve)


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


if __name__ == "__main__":
    main()
