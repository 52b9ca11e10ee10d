"""The files of those kinds: uploaded with their record in one request, and read by ranges."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from dataforce.backend import identifier_of
from dataforce.backend.http import IDEMPOTENCY_KEY, UPLOAD_TYPE
from dataforce.errors import BadRequestError, FileUploadError
from dataforce_remote.files.checkpoints import name_of
from dataforce_remote.files.downloads import RemoteContent
from dataforce_remote.files.multipart import UploadSource
from dataforce_remote.http.messages import Payload
from dataforce_remote.records import body_of

if TYPE_CHECKING:
    from dataforce.backend import Advance, Source
    from dataforce_remote.assets.stores import AssetStore
    from dataforce_remote.files.checkpoints import Checkpoint, Checkpoints

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class AssetFiles(Generic[M, C, U]):
    """The files of the records of one such kind below one scope.

    Args:
        store: The records.
        checkpoints: The checkpoints of uploads under way.
    """

    def __init__(self, store: AssetStore[M, C, U], checkpoints: Checkpoints) -> None:
        self._store = store
        self._checkpoints = checkpoints

    def upload(
        self,
        values: C,
        sources: Mapping[str, Source],
        advance: Advance,
        *,
        key: str | None = None,
    ) -> M:
        """Store a record with its files, both or neither; see `FileStore.upload`.

        The server takes an upload of one key once. Without a key a checkpoint keeps one until the
        upload has ended well.
        """
        self._store.check_writable()
        if key is not None:
            return self._send(values, sources, advance, key)
        body = body_of(values)
        base_url = self._store.platform.api.settings.base_url
        fingerprints = {name: each.fingerprint() for name, each in sources.items()}
        path = self._store.path()
        name = name_of(base_url, path, body.decode(), fingerprints)
        checkpoint = self._checkpoint(name)
        made = secrets.token_hex(16) if checkpoint is None else str(checkpoint.entries[0]["key"])
        try:
            record = self._send(values, sources, advance, made)
        except BaseException:
            if checkpoint is not None:
                checkpoint.keep()
            raise
        if checkpoint is not None:
            checkpoint.discard()
        return record

    def open(self, record: M, name: str) -> RemoteContent:
        """Return the bytes of a file of a record."""
        kind, api = self._store.kind, self._store.platform.api
        path = f"{self._store.path(identifier_of(record))}/files/{name}"
        return RemoteContent(api, kind, record, name, lambda: path)

    def _checkpoint(self, name: str) -> Checkpoint | None:
        """Return the checkpoint of an upload that broke off, or else a new one."""
        checkpoints = self._checkpoints
        found = next(checkpoints.abandoned(name), None)
        if found is not None and found.entries and "key" in found.entries[0]:
            return found
        return checkpoints.begin(name, {"key": secrets.token_hex(16)})

    def _send(self, values: C, sources: Mapping[str, Source], advance: Advance, key: str) -> M:
        files = {name: UploadSource(each, advance) for name, each in sources.items()}
        head = b'{"files":%b,"record":%b}\n' % (
            json.dumps([[name, each.size] for name, each in files.items()]).encode(),
            body_of(values),
        )
        size = len(head) + sum(each.size for each in files.values())
        body = Payload(size, partial(_chunks, head, files), UPLOAD_TYPE)
        try:
            return self._store.call(
                "POST",
                suffix="/upload",
                written=values,
                body=body,
                headers={IDEMPOTENCY_KEY: key},
                is_idempotent=True,
            ).parse(self._store.one)
        except BadRequestError as error:
            if not isinstance(error.body, dict) or error.body.get("error") != "FileUploadError":
                raise
            raise FileUploadError(str(error.body.get("detail"))) from None


def _chunks(head: bytes, files: Mapping[str, UploadSource]) -> Iterator[bytes | memoryview]:
    """Yield the body of an upload; the bytes of an earlier attempt count no more."""
    for each in files.values():
        each.advance.restart()
    yield head
    for each in files.values():
        yield from each.payload(0, each.size).chunks()
