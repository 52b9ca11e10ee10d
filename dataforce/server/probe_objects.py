"""Objects that show whether a bucket can be used: nobody keeps anything in them."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from dataforce.server.incoming import short_body
from dataforce.server.s3 import ObjectError

PROBES = "tests"
"""Beginning of their locations."""

LARGEST = 1024**2
MOST = 16


class ProbeObjects:
    """A few small objects in memory; the oldest makes room."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    async def respond(self, request: Request, name: str) -> Response:
        """Put, read or delete the object of that name."""
        match request.method:
            case "PUT":
                content = await short_body(request, LARGEST)
                self._objects[name] = content
                while len(self._objects) > MOST:
                    self._objects.pop(next(iter(self._objects)))
                return Response(headers={"etag": f'"{hashlib.sha256(content).hexdigest()}"'})
            case "DELETE":
                self._objects.pop(name, None)
                return Response(status_code=204)
        if name not in self._objects:
            raise ObjectError("NoSuchKey")
        return Response(self._objects[name], media_type="binary/octet-stream")
