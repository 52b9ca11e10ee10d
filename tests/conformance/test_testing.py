"""What `dataforce.testing` itself is made of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from urllib.error import HTTPError

import pytest

from dataforce import Client
from dataforce.testing import links, packages, suite


def test_nothing_in_the_suite_hides_another() -> None:
    modules = [
        import_module(f"{suite.__name__}.{each.name}") for each in iter_modules(suite.__path__)
    ]
    offered = [
        (name, value)
        for module in modules
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    assert len([name for name, _ in offered if name.startswith("test_")]) > 150
    assert "folder" in dict(offered)  # fixtures are among them
    hidden = [name for name, value in offered if getattr(suite, name, value) is not value]
    assert hidden == []


def test_a_complete_manifest_is_stored_as_it_is() -> None:
    with Client(database_url=":memory:") as client:
        client.collections.create("", "Flowers", "model")
        created = client.model_artifacts.create("a.b", {}, packages.MANIFEST, "", {}, 0, "model")
    assert created.model.manifest.model_dump() == packages.MANIFEST


class Bucket(BaseHTTPRequestHandler):
    """Objects by their path."""

    objects: dict[str, bytes]

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201)

    def do_GET(self) -> None:
        content = self.objects.get(self.path)
        self.answer(404 if content is None else 200, content or b"")

    def do_DELETE(self) -> None:
        del self.objects[self.path]
        self.answer(202)

    def answer(self, status: int, content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def bucket() -> Iterator[str]:
    """The URL of an object store."""
    handler = type("EmptyBucket", (Bucket,), {"objects": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_bytes_are_moved_over_http(bucket: str) -> None:
    links.put(f"{bucket}model", b"bytes")
    assert links.get(f"{bucket}model") == b"bytes"
    links.delete(f"{bucket}model")
    with pytest.raises(HTTPError) as caught:
        links.get(f"{bucket}model")
    caught.value.close()


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_bytes_are_moved_by_any_scheme(scheme: str, tmp_path: Path) -> None:
    url = f"{scheme}://{tmp_path}/model"
    links.put(url, b"bytes")
    assert links.get(url) == b"bytes"
    links.delete(url)
    with pytest.raises(FileNotFoundError):
        links.get(url)
