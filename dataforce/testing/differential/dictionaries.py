"""A registry made of dictionaries: what every backend must answer, in little code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from dataforce.errors import (
    BadRequestError,
    ConflictError,
    FileDownloadError,
    MultipleResourcesFoundError,
    NotFoundError,
    UnprocessableEntityError,
)

Values: TypeAlias = dict[str, Any]
Table: TypeAlias = dict[str, Values]

TRANSITIONS = {
    "pending_upload": ("uploaded", "upload_failed"),
    "pending_deletion": ("deletion_failed",),
}
REQUIRED = ("name", "model_name", "endpoint", "bucket_name")


class Dictionaries:
    """The objects of one organization, by id in the order they were made.

    Ids are given by whoever calls, who had them from the backend.

    Args:
        secrets: The bucket secrets that are there already.
        orbits: The orbits that are there already.
        home: The id of the orbit that is never deleted.
    """

    def __init__(self, secrets: Table, orbits: Table, home: str) -> None:
        self.secrets, self.orbits, self.home = secrets, orbits, home
        self.collections: Table = {}
        self.models: Table = {}
        self.bytes: dict[str, bytes] = {}

    # -- what is there

    def children(self, table: Table, parent_field: str, parent: str) -> list[Values]:
        """The rows of a table that belong to a parent."""
        return [row for row in table.values() if row[parent_field] == parent]

    def list_secrets(self) -> list[Values]:
        """All bucket secrets."""
        return [dict(row) for row in self.secrets.values()]

    def list_orbits(self) -> list[Values]:
        """All orbits, with their totals."""
        return [self.show_orbit(identifier) for identifier in self.orbits]

    def list_collections(self, orbit: str) -> list[Values]:
        """The collections of an orbit, with their totals."""
        rows = self.children(self.collections, "orbit_id", orbit)
        return [self.show_collection(row["id"]) for row in rows]

    def list_models(self, orbit: str, collection: str) -> list[Values]:
        """The models of a collection."""
        self.require_collection(orbit, collection)
        return [dict(row) for row in self.children(self.models, "collection_id", collection)]

    def show_orbit(self, identifier: str) -> Values:
        """An orbit with its totals."""
        collections = self.children(self.collections, "orbit_id", identifier)
        models = [self.children(self.models, "collection_id", row["id"]) for row in collections]
        return self.orbits[identifier] | {
            "total_collections": len(collections),
            "total_model_artifacts": sum(map(len, models)),
        }

    def show_collection(self, identifier: str) -> Values:
        """A collection with its total."""
        models = self.children(self.models, "collection_id", identifier)
        return self.collections[identifier] | {"total_models": len(models)}

    def require_collection(self, orbit: str, identifier: str) -> None:
        """Refuse a collection that is not in the orbit."""
        if self.collections.get(identifier, {}).get("orbit_id") != orbit:
            raise NotFoundError(identifier)

    def require_model(self, orbit: str, collection: str, identifier: str) -> Values:
        """The model; refused if it is not in the collection of the orbit."""
        self.require_collection(orbit, collection)
        if self.models.get(identifier, {}).get("collection_id") != collection:
            raise NotFoundError(identifier)
        return self.models[identifier]

    # -- bucket secrets

    def create_secret(self, identifier: str, values: Values) -> Values:
        """A new bucket secret."""
        require_texts(values)
        self.refuse_second_secret(identifier, values)
        self.secrets[identifier] = {"id": identifier, **values}
        return dict(self.secrets[identifier])

    def update_secret(self, identifier: str, changes: Values) -> Values:
        """The bucket secret after the changes."""
        require_texts(changes)
        if identifier not in self.secrets:
            raise NotFoundError(identifier)
        changed = self.secrets[identifier] | changes
        self.refuse_second_secret(identifier, changed)
        self.secrets[identifier] = changed
        return dict(changed)

    def delete_secret(self, identifier: str) -> None:
        """Remove a bucket secret that no orbit uses."""
        if any(row["bucket_secret_id"] == identifier for row in self.orbits.values()):
            raise ConflictError(identifier)
        self.secrets.pop(identifier, None)

    def refuse_second_secret(self, identifier: str, values: Values) -> None:
        """Endpoint and bucket name belong to one bucket secret."""
        for row in self.secrets.values():
            same = all(row[field] == values[field] for field in ("endpoint", "bucket_name"))
            if same and row["id"] != identifier:
                raise ConflictError(identifier)

    # -- orbits

    def create_orbit(self, identifier: str, values: Values) -> Values:
        """A new orbit."""
        require_texts(values)
        self.require_secret(values)
        self.orbits[identifier] = {"id": identifier, **values}
        return self.show_orbit(identifier)

    def update_orbit(self, identifier: str, changes: Values) -> Values:
        """The orbit after the changes."""
        require_texts(changes)
        if identifier not in self.orbits:
            raise NotFoundError(identifier)
        self.require_secret(changes)
        self.orbits[identifier] |= changes
        return self.show_orbit(identifier)

    def delete_orbit(self, identifier: str) -> None:
        """Remove an orbit with its collections."""
        if identifier == self.home:
            raise ConflictError(identifier)
        for row in self.children(self.collections, "orbit_id", identifier):
            self.delete_collection(identifier, row["id"])
        self.orbits.pop(identifier, None)

    def require_secret(self, values: Values) -> None:
        """Refuse a bucket secret that is not there."""
        if values.get("bucket_secret_id", next(iter(self.secrets))) not in self.secrets:
            raise NotFoundError(values["bucket_secret_id"])

    # -- collections

    def create_collection(self, identifier: str, orbit: str, values: Values) -> Values:
        """A new collection."""
        require_texts(values)
        self.collections[identifier] = {"id": identifier, "orbit_id": orbit, **values}
        return self.show_collection(identifier)

    def update_collection(self, orbit: str, identifier: str, changes: Values) -> Values:
        """The collection after the changes; it always has a description."""
        require_texts(changes)
        self.require_collection(orbit, identifier)
        self.collections[identifier] |= changes
        self.collections[identifier]["description"] = (
            self.collections[identifier]["description"] or ""
        )
        return self.show_collection(identifier)

    def delete_collection(self, orbit: str, identifier: str) -> None:
        """Remove a collection with its models."""
        self.require_collection(orbit, identifier)
        for row in self.children(self.models, "collection_id", identifier):
            del self.models[row["id"]]
        del self.collections[identifier]

    # -- model artifacts

    def create_model(
        self, identifier: str, orbit: str, collection: str, values: Values, content: bytes | None
    ) -> Values:
        """A new model, with its bytes or without."""
        require_texts(values)
        self.require_collection(orbit, collection)
        self.models[identifier] = {"id": identifier, "collection_id": collection, **values}
        if content is not None:
            self.bytes[identifier] = content
        return dict(self.models[identifier])

    def update_model(self, orbit: str, collection: str, identifier: str, changes: Values) -> Values:
        """The model after the changes."""
        require_texts(changes)
        row = self.require_model(orbit, collection, identifier)
        allowed = (*TRANSITIONS.get(row["status"], ()), None)
        if changes.get("status") not in allowed:
            raise BadRequestError(identifier)
        row |= changes
        return dict(row)

    def begin_deletion(self, orbit: str, collection: str, identifier: str) -> bool:
        """Whether there is a URL to delete the bytes with."""
        self.require_model(orbit, collection, identifier)["status"] = "pending_deletion"
        return True

    def delete_model(self, orbit: str, collection: str, identifier: str) -> None:
        """Remove a model."""
        self.require_model(orbit, collection, identifier)
        del self.models[identifier]

    def download(self, orbit: str, collection: str, identifier: str) -> bytes:
        """The bytes of a model."""
        self.require_model(orbit, collection, identifier)
        if identifier not in self.bytes:
            raise FileDownloadError(identifier)
        return self.bytes[identifier]


def require_texts(values: Mapping[str, Any]) -> None:
    """Refuse an empty text, or none, where there must be one."""
    if not all(values[field] for field in REQUIRED if field in values):
        raise UnprocessableEntityError("empty")


def find(rows: Iterable[Values], names: Iterable[str], value: str) -> Values | None:
    """The row with that id, or else the only one with that name."""
    found = list(rows)
    for field in ("id", *names):
        matches = [row for row in found if row[field] == value]
        if len(matches) > 1:
            raise MultipleResourcesFoundError(value)
        if matches:
            return matches[0]
    return None


def in_order(rows: Iterable[Values], field: str, order: str) -> list[Values]:
    """The rows by a field, absent values first; equal ones in the order they were made."""
    ordered = list(rows)
    if field != "created_at":
        ordered.sort(key=lambda row: (row[field] is not None, row[field] or type(row[field])()))
    return ordered if order == "asc" else ordered[::-1]
