"""Bytes on their way to the place where a backend expects them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from fsspec.core import url_to_fs
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from dataforce.server.s3 import ListedPart, ObjectError

BLOCK = 1024 * 1024
"""So many bytes at a time are handed to a thread that writes them."""


SILENCE = 60.0
"""For how many seconds an upload may send nothing before it has broken off."""


class Place:
    """A file that is there completely or not at all.

    Args:
        system: A file system of fsspec.
        path: The file's path in it.
    """

    def __init__(self, system: Any, path: str) -> None:
        self._system = system
        self._path = path

    @classmethod
    def at(cls, url: str) -> Place:
        """The place that a `file:` URL or any other URL of fsspec names."""
        # fsspec takes the path of a `file:` URL as it is written, with its escapes.
        plain = url2pathname(urlsplit(url).path) if url.startswith("file:") else url
        return cls(*url_to_fs(plain))

    def part(self, upload_id: str, number: int) -> Place:
        """Return the path at which one part of an upload waits for the others."""
        return Place(self._system, f"{self._parts}/{upload_id}/{number:05d}")

    def size(self) -> int:
        """Return the size of the file in bytes; `ObjectError` if it does not exist."""
        try:
            return int(self._system.size(self._path))
        except FileNotFoundError:
            raise ObjectError("NoSuchKey") from None

    def remove(self) -> None:
        """Remove the file, if it is there."""
        with suppress(FileNotFoundError):
            self._system.rm_file(self._path)

    def forget(self) -> None:
        """Remove the file and all parts of it."""
        self.remove()
        self.forget_parts()

    def forget_parts(self) -> None:
        """Remove the parts of every upload to this file."""
        with suppress(FileNotFoundError):
            self._system.rm(self._parts, recursive=True)

    async def receive(self, stream: AsyncIterator[bytes], limit: int) -> str:
        """Take what arrives, up to `limit` bytes; the answer is its ETag, a SHA-256."""
        with self._written() as file:
            digest, size = hashlib.sha256(), 0
            async for block in blocks(stream):
                size += len(block)
                if size > limit:
                    raise ObjectError("EntityTooLarge")
                await run_in_threadpool(append, file, digest, block)
        return digest.hexdigest()

    def join(self, upload_id: str, parts: Iterable[ListedPart]) -> str:
        """Make the file of its parts, and end the upload; the answer is the file's ETag."""
        upload = f"{self._parts}/{upload_id}"
        if not self._system.isdir(upload):
            raise ObjectError("NoSuchUpload")
        whole = hashlib.sha256()
        with self._written() as file:
            for number, etag in parts:
                digest = hashlib.sha256()
                for block in self.part(upload_id, number).read():
                    append(file, digest, block)
                if digest.hexdigest() != etag:
                    raise ObjectError("InvalidPart")
                whole.update(digest.digest())
        with suppress(FileNotFoundError):
            self._system.rm(upload, recursive=True)
        return whole.hexdigest()

    def read(self) -> Iterator[bytes]:
        """The bytes of a part; `ObjectError` if it was not brought."""
        try:
            file = self._system.open(self._path, "rb")
        except FileNotFoundError:
            raise ObjectError("InvalidPart") from None
        with file:
            while block := file.read(BLOCK):
                yield block

    @property
    def _parts(self) -> str:
        return f"{self._path}.parts"

    @contextmanager
    def _written(self) -> Iterator[Any]:
        """A file that takes its name when the block ends well."""
        aside = f"{self._path}.{secrets.token_hex(8)}"
        try:
            self._system.makedirs(self._path.rpartition("/")[0], exist_ok=True)
            with self._system.open(aside, "wb") as file:
                yield file
            self._system.mv(aside, self._path)
        except BaseException as error:
            with suppress(OSError):
                self._system.rm_file(aside)
            if isinstance(error, OSError):
                raise ObjectError("SlowDown") from error
            raise


async def blocks(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what arrives, in chunks of about a mebibyte; `ObjectError` if the client stops."""
    waiting = bytearray()
    try:
        while (chunk := await in_time(stream)) is not None:
            waiting += chunk
            if len(waiting) >= BLOCK:
                yield bytes(waiting)
                waiting.clear()
    except ClientDisconnect:
        raise ObjectError("IncompleteBody") from None
    yield bytes(waiting)


async def in_time(stream: AsyncIterator[bytes]) -> bytes | None:
    """The next bytes, `None` at the end; `ObjectError` if nothing comes for too long."""
    try:
        async with asyncio.timeout(SILENCE):
            return await anext(stream, None)
    except TimeoutError:
        raise ObjectError("RequestTimeout") from None


async def short_body(request: Request, longest: int) -> bytes:
    """All that arrives; `ObjectError` if it is more than is read of any such request."""
    body = b""
    async for block in blocks(request.stream()):
        body += block
        if len(body) > longest:
            raise ObjectError("EntityTooLarge")
    return body


def append(file: Any, digest: Any, block: bytes) -> None:
    """Write and count in the next bytes."""
    digest.update(block)
    file.write(block)
