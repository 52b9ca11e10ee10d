"""The bytes behind the URLs that a backend hands out, moved as a user would who has no client."""

from __future__ import annotations

from urllib.request import Request, urlopen

import fsspec

_HTTP = ("http://", "https://")


def put(url: str, content: bytes) -> None:
    """Bring bytes to where a URL says."""
    if url.startswith(_HTTP):
        _request("PUT", url, content)
        return
    with fsspec.open(url, "wb") as file:
        file.write(content)


def get(url: str) -> bytes:
    """The bytes that a URL leads to."""
    if url.startswith(_HTTP):
        return _request("GET", url)
    with fsspec.open(url, "rb") as file:
        content: bytes = file.read()
    return content


def delete(url: str) -> None:
    """Delete the bytes that a URL leads to."""
    if url.startswith(_HTTP):
        _request("DELETE", url)
        return
    system, path = fsspec.url_to_fs(url)
    system.rm_file(path)


def _request(method: str, url: str, content: bytes | None = None) -> bytes:
    request = Request(url, content, method=method)  # noqa: S310  only called for http
    # Object stores of Azure want to know what kind of blob it is; others ignore the header.
    request.add_header("x-ms-blob-type", "BlockBlob")
    # Otherwise urllib says that the bytes are those of a form, which some servers then parse.
    request.add_header("Content-Type", "application/octet-stream")
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body
