"""Model files brought to and read from this server, by signed URLs that speak S3's protocol."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote
from weakref import WeakValueDictionary

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dataforce.backend import Scope
from dataforce.errors import BadRequestError, NotFoundError
from dataforce.models import MODEL_ARTIFACT, ModelArtifactStatus, SignedURLs
from dataforce.server import s3
from dataforce.server.incoming import Place, short_body
from dataforce.server.probe_objects import PROBES, ProbeObjects
from dataforce.server.ranges import respond_with
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
        self._backend = backend
        self._signer = Signer(lifetime)
        self._probes = ProbeObjects()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """One endpoint for all objects; its signature is the permission."""
        methods = ["GET", "PUT", "POST", "DELETE"]
        # Starlette would add HEAD, which no URL is signed for.
        route = Route(PREFIX + "{name:path}", self._respond, methods=methods)
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
        if (
            self._backend.store(MODEL_ARTIFACT, target.scope).get(target.identifier).status
            in FILELESS
        ):
            place.remove()

    async def _respond(self, request: Request) -> Response:
        path, parameters = request.scope["path"], dict(request.query_params)
        try:
            self._signer.check(request.method, path, parameters)
            request.state.is_let_in = True
            # Nothing else is signed: the name of a probe object, or the ids of a record.
            *ids, _ = path.removeprefix(PREFIX).split("/")
            if ids[0] == PROBES:
                return await self._probes.respond(request, ids[1])
            return await self._respond_of_record(request, Scope(tuple(ids[:-1])), ids[-1])
        except SignatureError as error:
            return ObjectError(str(error)).response()
        except ObjectError as error:
            return error.response()

    async def _respond_of_record(self, request: Request, scope: Scope, identifier: str) -> Response:
        path, parameters = request.scope["path"], request.query_params
        match request.method:
            case "GET":
                return await run_in_threadpool(self._read, request, scope, identifier)
            case "DELETE":
                return await run_in_threadpool(self._delete, scope, identifier)
        record, place = await run_in_threadpool(self._pending, scope, identifier)
        if "uploads" in parameters:
            return s3.initiated(path, self._signer.new_name(path))
        upload_id = parameters.get("uploadId")
        if upload_id is None:
            etag = await place.receive(request.stream(), record.size)
            await run_in_threadpool(self._keep, scope, identifier, place)
            return stored_response(etag)
        if not self._signer.is_name(path, upload_id):
            raise ObjectError("NoSuchUpload")
        if request.method == "PUT":
            number, size = int(parameters["partNumber"]), self._limits.part_size(record.size)
            if (number - 1) * size >= record.size:
                raise ObjectError("EntityTooLarge")
            # By one, since the ranges of 2025-12 drift by a byte a part.
            etag = await place.part(upload_id, number).receive(request.stream(), size + 1)
            await run_in_threadpool(self._keep, scope, identifier, place)
            return stored_response(etag)
        parts = s3.listed_parts(await short_body(request, LONGEST_LIST))
        # Whoever completes the same object meanwhile waits here, where that takes up no thread.
        async with self._locks.setdefault(path, asyncio.Lock()):
            return s3.completed(path, await run_in_threadpool(place.join, upload_id, parts))

    def _record(self, scope: Scope, identifier: str) -> ModelArtifact:
        try:
            return self._backend.store(MODEL_ARTIFACT, scope).get(identifier)
        except NotFoundError:
            raise ObjectError("NoSuchKey") from None

    def _place(self, scope: Scope, identifier: str) -> Place:
        return Place.at(self._backend.service(SignedURLs).download_url(scope, identifier))

    def _pending(self, scope: Scope, identifier: str) -> tuple[ModelArtifact, Place]:
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
        content = self._backend.files(MODEL_ARTIFACT, scope).open(record, "file")
        return respond_with(request, content, size, etag_of(record))

    def _delete(self, scope: Scope, identifier: str) -> Response:
        try:
            record = self._record(scope, identifier)
        except ObjectError:  # to delete what is not there is fine with S3
            return Response(status_code=204)
        if record.status != ModelArtifactStatus.PENDING_DELETION:
            raise ObjectError("InvalidObjectState")
        # The bytes may be those of other records too: what goes is this record's deletion marker.
        Place.at(self._backend.service(SignedURLs).delete_url(scope, identifier)).remove()
        return Response(status_code=204)


def path_of(target: StoredObject) -> str:
    """The path of an object: the ids that lead to it, and for people its name."""
    if not target.identifier:
        return PREFIX + target.location
    name = re.sub(r"[^\w. -]", "_", target.location.rpartition("/")[2])[-LONGEST_NAME:]
    return PREFIX + "/".join([*target.scope.ids, target.identifier, name])


def etag_of(record: ModelArtifact) -> str:
    """Return the entity tag of the bytes of a record; any text may be its announced hash."""
    return f'"{hashlib.sha256(f"{record.id} {record.file_hash}".encode()).hexdigest()}"'


def stored_response(etag: str) -> Response:
    """Return the response to bytes that are stored."""
    return Response(headers={"etag": f'"{etag}"'})
