"""Model files brought to and read from this server, by signed URLs that speak S3's protocol."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import quote
from weakref import WeakValueDictionary

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from dataforce.backend import Scope
from dataforce.errors import BadRequestError, FileDownloadError, NotFoundError
from dataforce.models import MODEL_ARTIFACT, ModelArtifactStatus
from dataforce.server import s3
from dataforce.server.incoming import Place, short_body
from dataforce.server.probe_objects import PASSING, PassingObjects
from dataforce.server.s3 import ObjectError
from dataforce.server.signing import TWELVE_HOURS, SignatureError, Signer
from dataforce.server.uploads import UploadLimits

if TYPE_CHECKING:
    from dataforce.backend import Backend
    from dataforce.models import ModelArtifact
    from dataforce.server.objects import Method, StoredObject

PREFIX = "/objects/"
LONGEST_LIST = 4 * 1024**2
"""The largest list of parts that is read, in bytes; ten thousand parts need a quarter of it."""

LONGEST_NAME = 200

FILELESS = (ModelArtifactStatus.PENDING_UPLOAD, ModelArtifactStatus.UPLOAD_FAILED)
"""In these a record has no file of its own but what was uploaded for it."""


class HostedObjects:
    """The files of a backend, behind signed URLs of the server that the registry runs in.

    What is brought goes where the backend expects it, and becomes the model's file when its status
    is set to `uploaded`. A file is read through the backend.

    Args:
        backend: Where the files are.
        lifetime: For how long a URL is good, in seconds.
        limits: The size of parts; as the platform has it, if not given.
    """

    def __init__(
        self,
        backend: Backend,
        lifetime: int = TWELVE_HOURS,
        limits: UploadLimits | None = None,
    ) -> None:
        self._limits = limits or UploadLimits()
        self._store = backend.store(MODEL_ARTIFACT)
        self._files = backend.content(MODEL_ARTIFACT)
        self._signer = Signer(lifetime)
        self._passing = PassingObjects()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """One endpoint for all objects; its signature is the permission."""
        methods = ["GET", "PUT", "POST", "DELETE"]
        # Starlette would add HEAD, which no URL is signed for.
        route = Route(PREFIX + "{name:path}", self._answer, methods=methods)
        route.methods = set(methods)
        return [route]

    def url(self, method: Method, target: StoredObject, **parameters: str) -> str:
        """A URL that allows one method on one object."""
        path = path_of(target)
        query = self._signer.query(method, path, parameters)
        return f"{target.base_url.rstrip('/')}{quote(path)}?{query}"

    def begin(self, target: StoredObject) -> str:
        """Begin an upload in parts: its name alone shows that it was begun here."""
        return self._signer.new_name(path_of(target))

    def require(self, target: StoredObject) -> None:
        """Refuse a pending file that was not uploaded."""
        try:
            self._place(target.scope, target.identifier).size()
        except ObjectError:
            raise BadRequestError(
                f"Model artifact {target.identifier} cannot become uploaded: its file was not "
                f"uploaded. PUT it to the URL that creating the record returned, or set the "
                f"status to upload_failed."
            ) from None

    def forget(self, target: StoredObject) -> None:
        """Drop what was uploaded for a pending or failed record."""
        place = self._place(target.scope, target.identifier)
        place.forget_parts()
        if self._store.get(target.scope, target.identifier).status in FILELESS:
            place.remove()

    async def _answer(self, request: Request) -> Response:
        path, parameters = request.scope["path"], dict(request.query_params)
        try:
            self._signer.check(request.method, path, parameters)
            request.state.is_let_in = True
            # Nothing else is signed: the name of a passing object, or the ids of a record.
            *ids, _ = path.removeprefix(PREFIX).split("/")
            if ids[0] == PASSING:
                return await self._passing.answer(request, ids[1])
            return await self._answer_record(request, Scope(tuple(ids[:-1])), ids[-1])
        except SignatureError as error:
            return ObjectError(str(error)).answer()
        except ObjectError as error:
            return error.answer()

    async def _answer_record(self, request: Request, scope: Scope, identifier: str) -> Response:
        path, parameters = request.scope["path"], request.query_params
        match request.method:
            case "GET":
                return await run_in_threadpool(self._read, request, scope, identifier)
            case "DELETE":
                return await run_in_threadpool(self._delete, scope, identifier)
        record, place = await run_in_threadpool(self._awaiting, scope, identifier)
        if "uploads" in parameters:
            return s3.initiated(path, self._signer.new_name(path))
        upload_id = parameters.get("uploadId")
        if upload_id is None:
            etag = await place.receive(request.stream(), record.size)
            await run_in_threadpool(self._keep, scope, identifier, place)
            return brought(etag)
        if not self._signer.is_name(path, upload_id):
            raise ObjectError("NoSuchUpload")
        if request.method == "PUT":
            number, size = int(parameters["partNumber"]), self._limits.part_size(record.size)
            if (number - 1) * size >= record.size:
                raise ObjectError("EntityTooLarge")
            # By one, since the ranges of 2025-12 drift by a byte a part.
            etag = await place.part(upload_id, number).receive(request.stream(), size + 1)
            await run_in_threadpool(self._keep, scope, identifier, place)
            return brought(etag)
        parts = s3.listed_parts(await short_body(request, LONGEST_LIST))
        # Whoever completes the same object meanwhile waits here, where that takes up no thread.
        async with self._turns.setdefault(path, asyncio.Lock()):
            return s3.completed(path, await run_in_threadpool(place.join, upload_id, parts))

    def _record(self, scope: Scope, identifier: str) -> ModelArtifact:
        try:
            return self._store.get(scope, identifier)
        except NotFoundError:
            raise ObjectError("NoSuchKey") from None

    def _place(self, scope: Scope, identifier: str) -> Place:
        return Place.at(self._files.download_url(scope, identifier))

    def _awaiting(self, scope: Scope, identifier: str) -> tuple[ModelArtifact, Place]:
        """A record that waits for its bytes, and where they are brought to."""
        record = self._record(scope, identifier)
        if record.status != ModelArtifactStatus.PENDING_UPLOAD:
            raise ObjectError("InvalidObjectState")
        # Of a record that waits this is the very place which its creation named.
        return record, self._place(scope, identifier)

    def _keep(self, scope: Scope, identifier: str, place: Place) -> None:
        """Remove what arrived if its record was deleted, failed or has its file meanwhile."""
        try:
            status = self._record(scope, identifier).status
        except ObjectError:
            place.forget()
            raise
        if status in (ModelArtifactStatus.UPLOAD_FAILED, ModelArtifactStatus.UPLOADED):
            place.forget()
            raise ObjectError("InvalidObjectState")

    def _read(self, request: Request, scope: Scope, identifier: str) -> Response:
        record = self._record(scope, identifier)
        size = record.size
        if record.status != ModelArtifactStatus.UPLOADED:  # then it is what was announced only
            size = self._place(scope, identifier).size()
        etag = etag_of(record)
        headers = {"etag": etag, "accept-ranges": "bytes"}
        check_match(request, etag)
        stretch = None
        if request.headers.get("if-range", etag) == etag:
            stretch = s3.wanted_range(request.headers.get("range", ""), size)
        if stretch is not None:
            headers["content-range"] = f"bytes {stretch.start}-{stretch.stop - 1}/{size}"
        wanted = range(size) if stretch is None else stretch
        headers["content-length"] = str(len(wanted))
        chunks = self._files.open(scope, record).read(wanted.start, len(wanted))
        return StreamingResponse(
            started(chunks),
            200 if stretch is None else 206,
            headers,
            media_type="binary/octet-stream",
        )

    def _delete(self, scope: Scope, identifier: str) -> Response:
        try:
            record = self._record(scope, identifier)
        except ObjectError:  # to delete what is not there is fine with S3
            return Response(status_code=204)
        if record.status != ModelArtifactStatus.PENDING_DELETION:
            raise ObjectError("InvalidObjectState")
        # The bytes may be those of other records too: what goes is this record's stand-in.
        Place.at(self._files.delete_url(scope, identifier)).remove()
        return Response(status_code=204)


def path_of(target: StoredObject) -> str:
    """The path of an object: the ids that lead to it, and for people its name."""
    if not target.identifier:
        return PREFIX + target.location
    name = re.sub(r"[^\w. -]", "_", target.location.rpartition("/")[2])[-LONGEST_NAME:]
    return PREFIX + "/".join([*target.scope.ids, target.identifier, name])


def etag_of(record: ModelArtifact) -> str:
    """What tells the bytes of a record from all others; any text may be its announced hash."""
    return f'"{hashlib.sha256(f"{record.id} {record.file_hash}".encode()).hexdigest()}"'


def check_match(request: Request, etag: str) -> None:
    """Refuse who asks for other bytes than are here."""
    wanted = request.headers.get("if-match", "*")
    if wanted != "*" and etag not in [tag.strip() for tag in wanted.split(",")]:
        raise ObjectError("PreconditionFailed")


def started(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, of which the first is there; `ObjectError` if there are no bytes at all."""
    try:
        first = next(chunks, b"")
    except FileDownloadError:
        raise ObjectError("NoSuchKey") from None
    return chain([first], chunks)


def brought(etag: str) -> Response:
    """The answer to bytes that have arrived."""
    return Response(headers={"etag": f'"{etag}"'})
