"""The records of a backend, refused in the words of the platform."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from dataforce.backend import Backend, ContentStore, Kind, Page, Query, Scope
from dataforce.backend.interface import AnyKind
from dataforce.errors import ConflictError, NotFoundError, PermissionDeniedError
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    BucketSecret,
    ModelArtifact,
    ModelArtifactCreate,
    Organization,
)
from dataforce.server.roles import CALLER, Action

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

MISSING: dict[AnyKind, str] = {
    ORGANIZATION: "Not enough rights",
    BUCKET_SECRET: "Secret not found",
    ORBIT: "Orbit not found",
    COLLECTION: "Collection not found",
    MODEL_ARTIFACT: "Model Artifact not found",
}
"""What the platform says of an object that does not exist."""


class Records(Generic[M, C, U]):
    """The records of one kind in one scope.

    Args:
        backend: Where they are.
        kind: Of what they are.
        scope: The ids of their parents; the organization is known to exist.
    """

    def __init__(self, backend: Backend, kind: Kind[M, C, U], scope: Scope) -> None:
        self.scope = scope
        self._backend = backend
        self._kind = kind
        self._store = backend.store(kind)

    def get(self, identifier: UUID, missing: str | None = None) -> M:
        """One record; `missing` is said if there is none, instead of what is usual."""
        with self.worded(missing):
            return self._store.get(self.scope, str(identifier))

    def page(self, query: Query) -> Page[M]:
        """One page of them."""
        with self.worded():
            return self._store.page(self.scope, query)

    def all(self) -> list[M]:
        """All of them, the oldest first."""
        page = self.page(Query(limit=None))
        records = page.items
        while page.cursor is not None:
            page = self.page(Query(limit=None, cursor=page.cursor))
            records += page.items
        return records

    def create(self, values: C, missing: str | None = None, conflict: str = "") -> M:
        """A new record."""
        with self.worded(missing, conflict):
            return self._store.create(self.scope, values)

    def update(self, identifier: UUID, changes: U, conflict: str = "") -> M:
        """The record after the changes."""
        with self.worded(conflict=conflict):
            return self._store.update(self.scope, str(identifier), changes)

    def delete(self, identifier: UUID, conflict: str = "") -> None:
        """Remove a record and all below it."""
        with self.worded(conflict=conflict):
            self._store.delete(self.scope, str(identifier))

    def require_parents(self) -> None:
        """Refuse a scope that does not exist, as every other call does on its way."""
        ids = self.scope.ids
        for depth, kind in enumerate(self._kind.ancestors):
            try:
                self._backend.store(kind).get(Scope(ids[:depth]), ids[depth])
            except NotFoundError:
                raise NotFoundError(MISSING[kind]) from None

    @contextmanager
    def worded(self, missing: str | None = None, conflict: str = "") -> Iterator[None]:
        """Say in the platform's words what is missing or in the way.

        A backend says it in its own; so it is looked for again, parents first, when it is missing.
        """
        try:
            yield
        except NotFoundError:
            self.require_parents()
            raise NotFoundError(missing or MISSING[self._kind]) from None
        except ConflictError as error:
            raise ConflictError(conflict or error.message) from None


class Registry:
    """What the endpoints share: the backend, and one lock.

    Args:
        backend: Where everything is.

    Attributes:
        turn: Held by who checks first and acts then, such as deleting a collection that is empty.
    """

    def __init__(self, backend: Backend) -> None:
        self.turn = threading.Lock()
        self._backend = backend

    def organizations(self) -> list[Organization]:
        """All organizations."""
        return Records(self._backend, ORGANIZATION, Scope()).all()

    def records(self, kind: Kind[M, C, U], action: Action, *ids: UUID) -> Records[M, C, U]:
        """Return the records of a kind, for a caller who may do that with them.

        Args:
            kind: Their kind.
            action: What the caller is about to do.
            ids: Those of the request's path: of the parents, and for orbits of the orbit itself.

        Raises:
            PermissionDeniedError: The caller's role does not allow it, or there is no such
                organization; the platform does not tell one from the other.
        """
        orbit = str(ids[1]) if len(ids) > 1 else None
        if not CALLER.get().allows(action, kind, orbit):
            raise PermissionDeniedError(MISSING[ORGANIZATION])
        return self.all_records(kind, *ids)

    def all_records(self, kind: Kind[M, C, U], *ids: UUID) -> Records[M, C, U]:
        """Return the records of a kind, whatever the caller may do with them."""
        scope = Scope(tuple(map(str, ids[: len(kind.ancestors)])))
        try:
            self._backend.store(ORGANIZATION).get(Scope(), scope.ids[0])
        except NotFoundError:
            raise PermissionDeniedError(MISSING[ORGANIZATION]) from None
        return Records(self._backend, kind, scope)

    def files(self) -> ContentStore[ModelArtifact, ModelArtifactCreate]:
        """The files of model artifacts."""
        return self._backend.content(MODEL_ARTIFACT)

    def secret(self, identifier: UUID) -> BucketSecret:
        """A bucket secret of whatever organization."""
        for organization in self._backend.store(ORGANIZATION).page(Scope(), Query()).items:
            try:
                return self._backend.store(BUCKET_SECRET).get(
                    Scope((organization.id,)), str(identifier)
                )
            except NotFoundError:
                continue
        raise NotFoundError(MISSING[BUCKET_SECRET])
