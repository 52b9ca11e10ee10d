"""The application: the platform's API in one of its versions, in front of a backend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from dataforce._version import __version__
from dataforce.backend import AnyKind, Backend
from dataforce.config import APIVersion
from dataforce.models import BUCKET_SECRET, COLLECTION, MODEL_ARTIFACT, ORBIT, ORGANIZATION
from dataforce.server.authentication import Keys, require_key
from dataforce.server.bodies import Bodies
from dataforce.server.error_handlers import handle_faults
from dataforce.server.object_endpoint import PREFIX, HostedObjects
from dataforce.server.objects import ObjectStore
from dataforce.server.registry import Registry
from dataforce.server.roles import Access
from dataforce.server.routes import (
    assets,
    bucket_secrets,
    collections,
    model_artifacts,
    orbits,
    organizations,
)
from dataforce.server.uploads import UploadLimits

TITLES = {
    APIVersion.DECEMBER_2025: "Dataforce Studio API",
    APIVersion.JANUARY_2026: "LUML AI API",
}
"""By which clients tell the versions apart: the platform has no endpoint that names its own."""


class Error(BaseModel):
    """Return the fault of a request, in a sentence."""

    detail: str


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "A rule of the registry forbids it"},
    401: {"model": Error, "description": "No good API key"},
    403: {"model": Error, "description": "The role of the API key does not allow it"},
    404: {"model": Error, "description": "It does not exist"},
    409: {"model": Error, "description": "Something else is in the way"},
    413: {"model": Error, "description": "The body is too large"},
    500: {
        "content": {"text/plain": {}, "application/json": {}},
        "description": "The platform crashes on this request, or the registry is damaged",
    },
    503: {"model": Error, "description": "The registry cannot be used at present"},
}
"""Responses that any endpoint may send instead; FastAPI adds 422 itself."""


def create_app(
    backend: Backend,
    *,
    api_keys: Collection[str] | Mapping[str, Access],
    api_version: APIVersion = APIVersion.JANUARY_2026,
    objects: ObjectStore | None = None,
    limits: UploadLimits | None = None,
) -> FastAPI:
    """Put a backend behind the platform's HTTP API.

    Args:
        backend: Where the records are. It is not closed with the application. The kinds of its
            family that the platform does not know have routes made from their declarations.
        api_keys: The keys that are let in, with their roles; without, each is an owner's.
        api_version: The version of the API that is spoken.
        objects: Where model files are brought to and read from; this server, if not given.
        limits: When files are uploaded in parts; as the platform does, if not given.

    Returns:
        An ASGI application.

    Example:
        >>> from dataforce.config import load_settings
        >>> from dataforce.backend import find_backend
        >>> from dataforce.models import REGISTRY
        >>> backend = find_backend("local")(load_settings({"database_url": ":memory:"}), REGISTRY)
        >>> create_app(backend, api_keys=["dfs_key"]).title
        'LUML AI API'
        >>> backend.close()
    """
    app = FastAPI(title=TITLES[api_version], version=__version__, docs_url=None, redoc_url=None)
    handle_faults(app)
    roles = api_keys if isinstance(api_keys, Mapping) else {key: Access() for key in api_keys}
    objects = HostedObjects(backend, limits=limits) if objects is None else objects
    guarded = endpoints(backend, objects, limits or UploadLimits(), api_version)
    app.include_router(guarded, dependencies=[Depends(require_key)], responses=ERRORS)
    app.add_middleware(Bodies, keys=Keys(roles, api_version), streaming=PREFIX)
    app.router.routes.extend(objects.routes)
    return app


def endpoints(
    backend: Backend, objects: ObjectStore, limits: UploadLimits, api_version: APIVersion
) -> APIRouter:
    """Make the endpoints of all kinds of the backend's family."""
    router, registry = APIRouter(), Registry(backend)
    contract: dict[AnyKind, Callable[[], APIRouter]] = {
        ORGANIZATION: lambda: organizations.routes(registry),
        BUCKET_SECRET: lambda: bucket_secrets.routes(registry, objects, api_version),
        ORBIT: lambda: orbits.routes(registry, api_version),
        COLLECTION: lambda: collections.routes(registry, api_version),
        MODEL_ARTIFACT: lambda: model_artifacts.routes(registry, objects, limits, api_version),
    }
    for kind in backend.family.kinds:
        router.include_router(
            contract[kind]() if kind in contract else assets.routes(backend, kind)
        )
    return router
