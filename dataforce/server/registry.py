"""The records of a backend, refused in the words of the platform."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from dataforce.backend import AnyKind, Backend, Kind, Page, Query, Scope
from dataforce.backend.paging import records_of
from dataforce.errors import ConflictError, NotFoundError, PermissionDeniedError
from dataforce.models import (
    BUCKET_SECRET,
    MODEL_ARTIFACT,
    ORGANIZATION,
    BucketSecret,
    Organization,
    SignedURLs,
)
from dataforce.server.roles import CALLER, Action

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

FORBIDDEN = "Not enough rights"
_MISSING: dict[AnyKind, str] = {
    BUCKET_SECRET: "Secret not found",
    MODEL_ARTIFACT: "Model Artifact not found",
}


def words_of_missing(kind: AnyKind) -> str:
    """Return the platform's words for an object that does not exist."""
    return _MISSING.get(kind, f"{kind.name.capitalize()} not found")


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
        self._store = backend.store(kind, scope)

    def get(self, identifier: UUID | str, missing: str | None = None) -> M:
        """Return one record; `missing` is said if there is none, instead of what is usual."""
        with self.worded(missing):
            return self._store.get(str(identifier))

    def page(self, query: Query) -> Page[M]:
        """Return one page of them."""
        with self.worded():
            return self._store.page(query)

    def all(self) -> list[M]:
        """Return all of them, the oldest first."""
        with self.worded():
            return list(records_of(self._store, self._kind))

    def create(self, values: C, missing: str | None = None, conflict: str = "") -> M:
        """Make a record."""
        with self.worded(missing, conflict):
            return self._store.create(values)

    def update(self, identifier: UUID | str, changes: U, conflict: str = "") -> M:
        """Change a record."""
        with self.worded(conflict=conflict):
            return self._store.update(str(identifier), changes)

    def delete(self, identifier: UUID | str, conflict: str = "") -> None:
        """Remove a record and all below it."""
        with self.worded(conflict=conflict):
            self._store.delete(str(identifier))

    def require_parents(self) -> None:
        """Refuse a scope that does not exist, as every other call does on its way."""
        ids = self.scope.ids
        for depth, kind in enumerate(self._kind.ancestors):
            try:
                self._backend.store(kind, Scope(ids[:depth])).get(ids[depth])
            except NotFoundError:
                raise NotFoundError(words_of_missing(kind)) from None

    @contextmanager
    def worded(self, missing: str | None = None, conflict: str = "") -> Iterator[None]:
        """Raise errors of the block in the words of the platform.

        A backend has words of its own; so what is missing is looked for again, parents first.
        """
        try:
            yield
        except NotFoundError:
            self.require_parents()
            raise NotFoundError(missing or words_of_missing(self._kind)) from None
        except ConflictError as error:
            raise ConflictError(conflict or error.message) from None


class Registry:
    """The backend behind the endpoints, and one lock.

    Args:
        backend: Where everything is.

    Attributes:
        lock: Held by who checks first and acts then, such as deleting a collection that is empty.
    """

    def __init__(self, backend: Backend) -> None:
        self.lock = threading.Lock()
        self._backend = backend

    def organizations(self) -> list[Organization]:
        """Return all organizations."""
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
            raise PermissionDeniedError(FORBIDDEN)
        return self.all_records(kind, *ids)

    def all_records(self, kind: Kind[M, C, U], *ids: UUID) -> Records[M, C, U]:
        """Return the records of a kind, whatever the caller may do with them."""
        scope = Scope(tuple(map(str, ids[: len(kind.ancestors)])))
        try:
            self._backend.store(ORGANIZATION, Scope()).get(scope.ids[0])
        except NotFoundError:
            raise PermissionDeniedError(FORBIDDEN) from None
        return Records(self._backend, kind, scope)

    @property
    def urls(self) -> SignedURLs:
        """The signed URLs of the backend."""
        return self._backend.service(SignedURLs)

    def secret(self, identifier: UUID) -> BucketSecret:
        """Return a bucket secret of whatever organization."""
        for organization in self.organizations():
            secrets = self._backend.store(BUCKET_SECRET, Scope((organization.id,)))
            try:
                return secrets.get(str(identifier))
            except NotFoundError:
                continue
        raise NotFoundError(words_of_missing(BUCKET_SECRET))
