"""Uploads of records with their files, kept in temporary files until all bytes have arrived."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from dataforce.errors import BadRequestError
from dataforce.server.incoming import append, blocks

_LARGEST_HEAD = 8 * 1024**2
"""Size of the largest record of an upload, in bytes."""


@dataclass(frozen=True)
class SpooledUpload:
    """An upload whose bytes have all arrived.

    Args:
        record: The create model, as JSON has it.
        files: Name to the path of a temporary file.
        digests: Name to the SHA-256 of the file.
    """

    record: Any
    files: dict[str, Path]
    digests: dict[str, str]


async def spooled(request: Request, names: Collection[str], folder: Path) -> SpooledUpload:
    """Read the body of an upload: a line of JSON, then the bytes of the files in order.

    Args:
        request: The request.
        names: The names that its files may have.
        folder: A temporary folder.

    Raises:
        BadRequestError: The body is something else.
        ObjectError: It broke off.
    """
    body = _Body(blocks(request.stream()))
    record, sizes = _head(await body.line(_LARGEST_HEAD), names)
    upload = SpooledUpload(record, {}, {})
    for name, size in sizes.items():
        path = upload.files[name] = folder / str(len(upload.files))
        digest = hashlib.sha256()
        with path.open("wb") as file:
            while size:
                block = await body.read(size)
                if not block:
                    raise _malformed("it ends before the last byte")
                size -= len(block)
                await run_in_threadpool(append, file, digest, block)
        upload.digests[name] = digest.hexdigest()
    if await body.read(1):
        raise _malformed("it goes on after the last byte")
    return upload


class _Body:
    def __init__(self, arriving: AsyncIterator[bytes]) -> None:
        self._arriving = arriving
        self._left = b""

    async def line(self, limit: int) -> bytes:
        """Return the first line."""
        while b"\n" not in self._left:
            block = await anext(self._arriving, b"")
            self._left += block
            if not block or len(self._left) > limit:
                raise _malformed("it begins with no line of JSON")
        line, _, self._left = self._left.partition(b"\n")
        return line

    async def read(self, limit: int) -> bytes:
        """Return the next bytes, at most `limit`; none at the end."""
        if not self._left:
            self._left = await anext(self._arriving, b"")
        block, self._left = self._left[:limit], self._left[limit:]
        return block


def _head(line: bytes, names: Collection[str]) -> tuple[Any, dict[str, int]]:
    """Return the record, and the size of each file."""
    try:
        head = json.loads(line)
        sizes = {name: size for name, size in head["files"] if type(size) is int and size >= 0}
        record = head["record"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _malformed("it begins with no line of JSON") from None
    if sizes.keys() != set(names):
        raise _malformed(f"its files are not {', '.join(names)}")
    return record, sizes


def _malformed(why: str) -> BadRequestError:
    return BadRequestError(f"The body is no record with its files: {why}.")
