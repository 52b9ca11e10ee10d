"""The stores of the kinds that the platform treats in a way of their own."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from dataforce.backend import Scope
from dataforce.backend.error_messages import not_found
from dataforce.errors import (
    DataForceError,
    NotFoundError,
    PermissionDeniedError,
)
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    Collection,
    CollectionCreate,
    CollectionUpdate,
    Orbit,
    OrbitCreate,
    OrbitUpdate,
    Organization,
    OrganizationCreate,
    OrganizationUpdate,
)
from dataforce.progress import report
from dataforce_remote.http.transport_errors import extend
from dataforce_remote.records import RecordStore
from dataforce_remote.registry.bucket_secrets import BucketSecretStore
from dataforce_remote.registry.pages import PagedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dataforce.backend import AnyKind
    from dataforce_remote.files.model_artifacts import ModelArtifactStore

_SEARCHED = 100
"""Length of the part of a name that is searched for, in characters: URLs have limits."""
_NAMED = 5
"""Number of ids of what is left that a message lists."""
_AT_ONCE = 8
"""Highest number of records deleted at a time, each with one request after the other."""
_LOCKS = tuple(threading.Lock() for _ in range(64))
"""Of which one keeps other threads from changing a collection between our reading and writing."""


class OrganizationStore(RecordStore[Organization, OrganizationCreate, OrganizationUpdate]):
    """Organizations: an API key sees its own and changes none."""

    def path(self, identifier: str = "") -> str:
        """Return the path of the only call there is."""
        return "/users/me/organizations"

    def get(self, identifier: str) -> Organization:
        """Return the organization with that id."""
        for organization in self.listed():
            if organization.id == identifier:
                return organization
        raise not_found(self.kind, identifier, self.scope)


class OrbitStore(RecordStore[Orbit, OrbitCreate, OrbitUpdate]):
    """Orbits: the platform finds those that are to be changed in whatever organization."""

    def update(self, identifier: str, changes: OrbitUpdate) -> Orbit:
        """Give the fields that are set their new values."""
        before = self.get(identifier)
        if not changes.model_fields_set:
            return before
        if "bucket_secret_id" in changes.model_fields_set:
            # The platform would crash on one that does not exist.
            self.platform.store(BUCKET_SECRET, self.scope).get(changes.bucket_secret_id)
        return super().update(identifier, changes)

    def delete(self, identifier: str) -> None:
        """Remove the orbit with its collections: the platform would leave their files behind."""
        try:
            orbit = self.get(identifier)
        except NotFoundError:
            return
        inside = self.platform.store(COLLECTION, self.scope.child(orbit.id))
        collections = cast("CollectionStore", inside)
        if left := collections.listed():
            self._require_permission(orbit)
            self.require_unused(orbit.id)
            collections.delete_all(left, f"orbit {orbit.id}")
        super().delete(identifier)

    def _require_permission(self, orbit: Orbit) -> None:
        """Refuse what the platform would refuse in the end, when all in the orbit was gone."""
        if orbit.permissions is not None and "orbit" in orbit.permissions:
            is_allowed = "delete" in orbit.permissions["orbit"]
        else:
            role = self.platform.store(ORGANIZATION, Scope()).get(self.scope.ids[0]).role
            is_allowed = role in (None, "owner") or orbit.role == "admin"
        if not is_allowed:
            raise PermissionDeniedError(
                f"The orbit {orbit.id} was not deleted, and nothing in it: that is for an owner of "
                f"the organization or an admin of the orbit. Its collections you may delete."
            )


class CollectionStore(PagedStore[Collection, CollectionCreate, CollectionUpdate]):
    """Collections: the platform writes all of one when it changes, and deletes none with models."""

    details = ("models_tags", "models_metrics")

    def search(self, text: str) -> Mapping[str, str]:
        """Return the longest part of a text that the platform searches for as it stands."""
        # A backslash would take away the meaning of what follows it.
        part = max(text.split("\\"), key=len)[:_SEARCHED]
        return {"search": part} if part else {}

    def update(self, identifier: str, changes: CollectionUpdate) -> Collection:
        """Give the fields that are set their new values."""
        with _LOCKS[hash(identifier) % len(_LOCKS)]:
            before = self.get(identifier)
            if not changes.model_fields_set:
                return before
            body = {name: getattr(before, name) for name in CollectionUpdate.model_fields}
            body |= changes.model_dump(exclude_unset=True)
            response = self.call("PATCH", identifier, body=_json(body), written=changes)
        return response.parse(self.one)

    def delete(self, identifier: str) -> None:
        """Remove the collection, its models and their files first."""
        record = self.get(identifier)
        self.require_unused(record.id)
        self._empty([record], f"collection {record.id}")
        super().delete(record.id)

    def delete_all(self, records: Sequence[Collection], parent: str) -> None:
        """Remove all collections of a parent, with their models and files."""
        self._empty(records, parent)
        delete_one = super().delete
        work = {each.id: partial(delete_one, each.id) for each in records}
        _delete_all(work, COLLECTION, parent)

    def _empty(self, records: Sequence[Collection], parent: str) -> None:
        """Remove the models of collections that were just read."""
        work: dict[str, Callable[[], None]] = {}
        for collection in records:
            if collection.total_models:
                inside = self.scope.child(collection.id)
                models = cast("ModelArtifactStore", self.platform.store(MODEL_ARTIFACT, inside))
                work |= {each.id: partial(models.delete_known, each) for each in models.listed()}
        _delete_all(work, MODEL_ARTIFACT, parent)


STORES: Mapping[AnyKind, type[RecordStore[Any, Any, Any]]] = {
    ORGANIZATION: OrganizationStore,
    BUCKET_SECRET: BucketSecretStore,
    ORBIT: OrbitStore,
    COLLECTION: CollectionStore,
}


def _delete_all(work: Mapping[str, Callable[[], None]], kind: AnyKind, parent: str) -> None:
    """Delete records in parallel; the first error names all that are left.

    Args:
        work: What deletes a record, by its id.
        kind: The kind of the records.
        parent: What is not deleted if one of them is left, in words.
    """
    from dataforce.parallel import run_parallel  # reading needs no threads

    left = dict.fromkeys(work)

    def delete(identifier: str) -> None:
        with suppress(NotFoundError):  # somebody else was faster
            work[identifier]()
        del left[identifier]

    try:
        deleted = run_parallel(delete, [*work], threads=_AT_ONCE, finish=True)
        for number, _ in enumerate(deleted, start=1):
            report(number, len(work))
    except DataForceError as error:
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        are = "is" if len(left) == 1 else "are"
        extend(
            error,
            f"The {parent} was not deleted; {len(left)} of its {kind.name}s {are} left: "
            f"{', '.join([*left][:_NAMED])}{more}.",
        )
        raise


def _json(body: Mapping[str, object]) -> bytes:
    return json.dumps(body).encode()
