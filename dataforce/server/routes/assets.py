"""The endpoints of any kind that the platform's contract does not define, made from the kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from dataforce.backend import AnyKind, Backend, FileSource, Scope, Store
from dataforce.backend.http import (
    IDEMPOTENCY_KEY,
    identifier_in,
    parameter_of,
    path_template,
    query_of,
)
from dataforce.errors import (
    FileUploadError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableEntityError,
)
from dataforce.models import ORBIT
from dataforce.server.ranges import respond_with
from dataforce.server.registry import FORBIDDEN, words_of_missing
from dataforce.server.responses import json_of, nothing
from dataforce.server.roles import CALLER, Action
from dataforce.server.s3 import ObjectError
from dataforce.server.spooling import SpooledUpload, spooled

AnyStore = Store[Any, Any, Any]


class Assets:
    """The endpoints of one kind.

    Args:
        backend: Where the records are.
        kind: The kind.
    """

    def __init__(self, backend: Backend, kind: AnyKind) -> None:
        self._backend = backend
        self._kind = kind
        self._many: TypeAdapter[Any] = TypeAdapter(list[kind.record])  # type: ignore[name-defined]

    def list(self, request: Request) -> Response:
        """Respond with one page."""
        query = query_of(self._kind, request.query_params.multi_items())
        with self._store(request, "list") as store:
            page = store.page(query)
        cursor = json.dumps(page.cursor).encode()
        content = b'{"items":%b,"cursor":%b}' % (self._many.dump_json(page.items), cursor)
        return Response(content, media_type="application/json")

    def get(self, request: Request) -> Response:
        """Respond with one record."""
        with self._store(request, "read") as store:
            return json_of(store.get(self._identifier(request)))

    def create(self, request: Request, body: Any) -> Response:
        """Make a record."""
        with self._store(request, "create", body) as store:
            return json_of(store.create(body), 201)

    def create_many(self, request: Request, body: Any) -> Response:
        """Make several records, all or none."""
        with self._store(request, "create", *body) as store:
            made = self._many.dump_json(store.create_many(body))
        return Response(made, 201, media_type="application/json")

    def update(self, request: Request, body: Any) -> Response:
        """Change the fields of a record that were sent."""
        with self._store(request, "update", body) as store:
            return json_of(store.update(self._identifier(request), body))

    def delete(self, request: Request) -> Response:
        """Remove a record."""
        with self._store(request, "delete") as store:
            store.delete(self._identifier(request))
        return nothing()

    async def upload(self, request: Request) -> Response:
        """Store a record with its files, both or neither."""
        await run_in_threadpool(self._check_parents, request)  # before the bytes come
        with TemporaryDirectory(prefix="dataforce-upload-") as folder:
            upload = await spooled(request, self._kind.files, Path(folder))
            return await run_in_threadpool(self._keep, request, upload)

    def download(self, request: Request, name: str) -> Response:
        """Respond with a file of a record, or with a range of it."""
        if name not in self._kind.files:
            raise NotFoundError(f"{self._kind.name.capitalize()}s have no file of that name")
        with self._store(request, "read") as store:
            record = store.get(self._identifier(request))
        fields = self._kind.files[name]
        content = self._backend.files(self._kind, self._scope(request)).open(record, name)
        size = fields.size_of(record)
        if size is None:
            size = sum(len(chunk) for chunk in content.read())
        try:
            return respond_with(request, content, size, f'"{fields.digest_of(record)}"')
        except ObjectError as error:
            return error.response()

    def _keep(self, request: Request, upload: SpooledUpload) -> Response:
        try:
            values = self._kind.create.model_validate(upload.record)
        except ValidationError as error:
            raise RequestValidationError(error.errors(include_url=False)) from None
        for name, digest in upload.digests.items():
            wanted = self._kind.files[name].digest_of(values)
            if digest != wanted:
                raise FileUploadError(f"The {name} has the SHA-256 {digest}, not {wanted}.")
        sources = {
            name: FileSource(path, upload.digests[name]) for name, path in upload.files.items()
        }
        key = request.headers.get(IDEMPOTENCY_KEY)
        with self._store(request, "create", values):
            files = self._backend.files(self._kind, self._scope(request))
            return json_of(files.upload(values, sources, lambda count: None, key=key), 201)

    @contextmanager
    def _store(self, request: Request, action: Action, *values: BaseModel) -> Iterator[AnyStore]:
        """Give the records to a caller who may do that with them.

        Args:
            request: The request.
            action: What the caller is about to do.
            values: The models that are to be written.

        Raises:
            PermissionDeniedError: The caller's role does not allow it.
            NotFoundError: Something does not exist; its body tells the kind and the identifier.
        """
        scope = self._scope(request)
        orbits = dict(zip(self._kind.ancestors, scope.ids, strict=True))
        if not CALLER.get().allows(action, self._kind, orbits.get(ORBIT)):
            raise PermissionDeniedError(FORBIDDEN)
        try:
            yield self._backend.store(self._kind, scope)
        except NotFoundError as error:
            kind, identifier = self._missing(request, scope, error, values)
            body = {"kind": kind.route, "identifier": identifier}
            raise NotFoundError(words_of_missing(kind), body=body) from None

    def _missing(
        self, request: Request, scope: Scope, error: NotFoundError, values: tuple[BaseModel, ...]
    ) -> tuple[AnyKind, str]:
        """Return the kind and the identifier of what does not exist, parents first."""
        for depth, parent in enumerate(self._kind.ancestors):
            try:
                self._backend.store(parent, Scope(scope.ids[:depth])).get(scope.ids[depth])
            except NotFoundError:
                return parent, scope.ids[depth]
        for each in values:
            for _, reference, identifier in self._kind.references_of(each):
                if identifier in error.message:
                    return reference.kinds[0], identifier
        is_one = parameter_of(self._kind) in request.path_params
        return self._kind, self._identifier(request) if is_one else ""

    def _check_parents(self, request: Request) -> None:
        with self._store(request, "create"):
            self._backend.store(self._kind, self._scope(request)).page(query_of(self._kind, ()))

    def _scope(self, request: Request) -> Scope:
        return Scope(tuple(_identifier(each, request) for each in self._kind.ancestors))

    def _identifier(self, request: Request) -> str:
        return _identifier(self._kind, request)


def _identifier(kind: AnyKind, request: Request) -> str:
    identifier = identifier_in(kind, request.path_params[parameter_of(kind)])
    if identifier is None:
        raise UnprocessableEntityError(f"{parameter_of(kind)} is no id of a {kind.name}")
    return identifier


def routes(backend: Backend, kind: AnyKind) -> APIRouter:
    """Make the endpoints of a kind.

    Args:
        backend: Where the records are.
        kind: The kind; what it does not allow has no endpoint.
    """
    create, update = _built(kind.create), _built(kind.update)
    router, assets = APIRouter(tags=[kind.name]), Assets(backend, kind)
    path = path_template(kind)
    one = f"{path}/{{{parameter_of(kind)}}}"

    def add(method: str, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        name = f"{endpoint.__name__}_{kind.route}"
        router.add_api_route(path, endpoint, methods=[method], operation_id=name, **more)

    add("GET", path, assets.list, openapi_extra={"parameters": _parameters(kind)})
    add("GET", one, assets.get, response_model=kind.record)
    if "create" in kind.allows:
        made: dict[str, Any] = {"status_code": 201}
        add("POST", path, _taking(assets.create, create), response_model=kind.record, **made)
        many = _taking(assets.create_many, list[create])  # type: ignore[valid-type]
        add("POST", f"{path}/batch", many, **made)
        if kind.files:
            add("POST", f"{path}/upload", assets.upload, **made)
    if "update" in kind.allows:
        add("PATCH", one, _taking(assets.update, update), response_model=kind.record)
    if "delete" in kind.allows:
        add("DELETE", one, assets.delete, status_code=204)
    if kind.files:
        add("GET", f"{one}/files/{{name}}", assets.download)
    return router


def _built(model: type[BaseModel]) -> type[BaseModel]:
    """Return a model that is built now: FastAPI cannot use one that is when it is first needed."""
    settings = {"model_config": ConfigDict(defer_build=False), "__module__": model.__module__}
    return type(model.__name__, (model,), settings)


def _taking(method: Callable[[Request, Any], Response], model: Any) -> Callable[..., Response]:
    """Return an endpoint whose body is of that model."""

    def endpoint(request: Request, body: Any) -> Response:
        return method(request, body)

    endpoint.__name__ = method.__name__
    endpoint.__doc__ = method.__doc__
    endpoint.__annotations__ = {"request": Request, "body": model}
    return endpoint


def _parameters(kind: AnyKind) -> list[dict[str, Any]]:
    """Return the parameters of a list, as OpenAPI describes them."""
    own = ("limit", "cursor", "sort_by", "order", "called", "where")
    return [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in dict.fromkeys((*own, *kind.filters))
    ]
