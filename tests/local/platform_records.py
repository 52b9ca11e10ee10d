"""Records as the platform gives them, and what becomes of them in an overlay."""

from __future__ import annotations

import hashlib
import uuid
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from dataforce.backend import BytesSource, Kind, Scope
from dataforce.config import Settings
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    REGISTRY,
    BucketSecret,
    BucketSecretCreate,
    Collection,
    CollectionCreate,
    CollectionType,
    Manifest,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactStatus,
    Orbit,
    Organization,
)
from dataforce.overlay.store import ObjectState, State
from dataforce_local import open_overlay_store
from dataforce_local.overlay.store import LocalOverlayStore

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

BORN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MANIFEST = Manifest(
    variant="pyfunc",
    producer_name="tests",
    producer_version="1",
    producer_tags=[],
    inputs=[],
    outputs=[],
    dynamic_attributes=[],
    env_vars=[],
)
PACKAGE = b"what a model is made of"


def new_id() -> str:
    """As the platform makes them: they tell no age."""
    return str(uuid.uuid4())


def organization() -> Organization:
    return Organization(id=new_id(), name="Theirs", role="owner", created_at=BORN)


def secret(above: Organization, bucket_name: str = "theirs") -> BucketSecret:
    return BucketSecret(
        id=new_id(),
        endpoint="s3.example",
        bucket_name=bucket_name,
        organization_id=above.id,
        created_at=BORN,
    )


def orbit(above: Organization, bucket: BucketSecret, **more: Any) -> Orbit:
    fields: dict[str, Any] = {"name": "Theirs", "total_members": 1, "total_satellites": 0} | more
    return Orbit(
        id=new_id(),
        organization_id=above.id,
        bucket_secret_id=bucket.id,
        created_at=BORN,
        **fields,
    )


def collection(above: str, **more: Any) -> Collection:
    fields: dict[str, Any] = {"id": new_id(), "name": "Theirs", "created_at": BORN} | more
    return Collection(
        orbit_id=above, description="", collection_type=CollectionType.MODEL, **fields
    )


def model(above: str, **more: Any) -> ModelArtifact:
    fields: dict[str, Any] = {"id": new_id(), "model_name": "theirs", "created_at": BORN} | more
    return ModelArtifact(
        collection_id=above,
        file_name="theirs.fnnx",
        metrics={"accuracy": 0.5},
        manifest=MANIFEST,
        file_hash="0" * 64,
        file_index={"manifest.json": (512, 10)},
        bucket_location="theirs",
        size=5,
        unique_identifier=uuid.uuid4().hex,
        status=ModelArtifactStatus.UPLOADED,
        created_by_user="Somebody",
        updated_at=BORN,
        tags=["theirs"],
        **fields,
    )


class Below:
    """An organization, a bucket secret and an orbit of the platform, copied into an overlay."""

    def __init__(self, overlay_store: LocalOverlayStore, bucket_name: str = "theirs") -> None:
        self.overlay_store = overlay_store
        self.organization = organization()
        self.root = Scope((self.organization.id,))
        self.secret = secret(self.organization, bucket_name)
        self.orbit = orbit(self.organization, self.secret)
        self.scope = self.root.child(self.orbit.id)
        overlay_store.copy(ORGANIZATION, Scope(), self.organization, State.COPIED)
        overlay_store.copy(BUCKET_SECRET, self.root, self.secret, State.COPIED)
        overlay_store.copy(ORBIT, self.root, self.orbit, State.COPIED)

    def create_secret(self, bucket_name: str = "ours", **more: Any) -> BucketSecret:
        values = BucketSecretCreate(endpoint="s3.example", bucket_name=bucket_name, **more)
        return self.overlay_store.store(BUCKET_SECRET, self.root).create(values)

    def create_collection(self, name: str = "Ours") -> Collection:
        return create_collection(self.overlay_store, self.scope, name)

    def upload(self, collection_id: str, content: bytes = PACKAGE) -> ModelArtifact:
        return upload(self.overlay_store, self.scope.child(collection_id), content)


def create_collection(
    overlay_store: LocalOverlayStore, scope: Scope, name: str = "Ours"
) -> Collection:
    values = CollectionCreate(description="", name=name, collection_type=CollectionType.MODEL)
    return overlay_store.store(COLLECTION, scope).create(values)


def model_values(content: bytes = PACKAGE) -> ModelArtifactCreate:
    return ModelArtifactCreate(
        file_name="ours.fnnx",
        metrics={},
        manifest=MANIFEST,
        file_hash=hashlib.sha256(content).hexdigest(),
        file_index={},
        size=len(content),
        model_name="ours",
    )


def upload(
    overlay_store: LocalOverlayStore, scope: Scope, content: bytes = PACKAGE
) -> ModelArtifact:
    files = overlay_store.files(MODEL_ARTIFACT, scope)
    return files.upload(model_values(content), {"file": BytesSource(content)}, lambda _: None)


def publish(
    overlay_store: LocalOverlayStore, kind: Kind[M, C, U], scope: Scope, identifier: str, record: M
) -> None:
    """Publish a record as it is now."""
    overlay_store.publish(kind, scope, identifier, revision_of(overlay_store, identifier), record)


def revision_of(overlay_store: LocalOverlayStore, identifier: str) -> int:
    """When the object with that id last changed; 0 if there never was one."""
    entry = entry_of(overlay_store, identifier)
    return 0 if entry is None else entry.revision


def entry_of(overlay_store: LocalOverlayStore, identifier: str) -> ObjectState | None:
    """The entry of that id, `None` if there never was one."""
    found = (entry for entry in overlay_store.entries(0) if entry.identifier == identifier)
    if (entry := next(found, None)) is None:
        return None
    kind = REGISTRY.kind(entry.kind)
    return overlay_store.entry(kind, identifier) or entry


def state_of(overlay_store: LocalOverlayStore, identifier: str) -> State | None:
    """What became of the object with that id."""
    entry = entry_of(overlay_store, identifier)
    return None if entry is None else entry.state


def reopened(settings: Settings) -> closing[LocalOverlayStore]:
    """The same overlay as another process sees it."""
    return closing(open_overlay_store(settings, REGISTRY))
