"""Model artifacts: model files and what is known of them."""

from __future__ import annotations

import re
import uuid
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field

from dataforce.backend.filters import Filter
from dataforce.backend.kind import FileFields, Kind, Transitions
from dataforce.models._base import (
    AssetRecord,
    CreateModel,
    JSONObject,
    Name,
    OpenEnum,
    Record,
    RecordID,
    Text,
    Timestamp,
    UpdateModel,
)
from dataforce.models._deferred import Deferred, DeferringModel
from dataforce.models.registry.collection import COLLECTION
from dataforce.models.registry.manifest import Manifest

if TYPE_CHECKING:
    from dataforce.backend.query import Scope

_FILE_NAME = re.compile(r"""[^:"*`~#%;'^]+\.[^\s:"*`~#%;'^]+""")

MAXIMUM_SIZE = 5 * 1024**4
"""The largest model file that the platform takes, in bytes (5 TiB)."""


class ModelArtifactStatus(StrEnum):
    """The status of a model artifact, from the first byte of its file to the last."""

    PENDING_UPLOAD = "pending_upload"
    UPLOADED = "uploaded"
    UPLOAD_FAILED = "upload_failed"
    PENDING_DELETION = "pending_deletion"
    DELETION_FAILED = "deletion_failed"


_TRANSITIONS = Transitions(
    field="status",
    allowed={
        ModelArtifactStatus.PENDING_UPLOAD: (
            ModelArtifactStatus.UPLOADED,
            ModelArtifactStatus.UPLOAD_FAILED,
        ),
        ModelArtifactStatus.PENDING_DELETION: (ModelArtifactStatus.DELETION_FAILED,),
    },
    advice="To try again, upload the file as a new model artifact.",
)


class ModelArtifact(AssetRecord, DeferringModel):
    """A model file in a collection.

    Attributes:
        id: UUID.
        collection_id: UUID of the collection it belongs to.
        file_name: Name of the file that was uploaded.
        model_name: Not unique.
        description: Free text.
        metrics: What the package says of the model's quality.
        manifest: What the package says of itself.
        file_hash: SHA-256 of the file, 64 lower-case hexadecimal digits.
        file_index: Member of the package to its offset and its size in the file, in bytes.
        bucket_location: Where the file lies in the bucket.
        size: Of the file, in bytes.
        unique_identifier: 32 hexadecimal digits that set its file apart from equally named ones.
        tags: In the order they were given.
        status: Whether its bytes are there; a status that a newer platform adds is its text.
        created_by_user: Full name of who made it.
        created_at: When it was made.
        updated_at: When it was last changed, `None` before the first change.
    """

    _shown = ("id", "model_name", "file_name", "status")

    id: RecordID
    collection_id: str
    file_name: str
    model_name: str | None = None
    description: str | None = None
    # As of `json.loads`: most are numbers, and who wrote the package knows which are not.
    metrics: Deferred[dict[str, Any]]
    manifest: Deferred[Manifest]
    file_hash: str
    file_index: Deferred[dict[str, tuple[int, int]]]
    bucket_location: str
    size: int
    unique_identifier: str
    tags: Deferred[list[str] | None] = None
    status: OpenEnum[ModelArtifactStatus]
    created_by_user: str | None = None
    created_at: Timestamp
    updated_at: Timestamp | None = None


def _refuse_unstorable(file_name: str) -> str:
    if not _FILE_NAME.fullmatch(file_name):
        raise ValueError(
            "must be a name, a dot and an extension, without any of : \" * ` ~ # % ; ' ^ "
            "and without white space in the extension"
        )
    return file_name


def _drop_unknown(manifest: Manifest) -> Manifest:
    # The platform stores what it knows of a manifest and says nothing of the rest.
    return Manifest.model_validate(manifest.model_dump(), extra="ignore")


FileName = Annotated[Text, AfterValidator(_refuse_unstorable)]


class ModelArtifactCreate(CreateModel):
    """The create model of a model artifact."""

    file_name: FileName
    metrics: JSONObject
    manifest: Annotated[Manifest, AfterValidator(_drop_unknown)]
    file_hash: Text
    file_index: dict[Text, tuple[int, int]]
    size: Annotated[int, Field(ge=-MAXIMUM_SIZE, le=MAXIMUM_SIZE)]
    model_name: Name
    description: Text | None = None
    tags: list[Text] | None = None


class ModelArtifactUpdate(UpdateModel):
    """The update model of a model artifact."""

    file_name: FileName = ""
    model_name: Name = ""
    description: Text | None = None
    tags: list[Text] | None = None
    status: Literal[
        ModelArtifactStatus.UPLOADED,
        ModelArtifactStatus.UPLOAD_FAILED,
        ModelArtifactStatus.DELETION_FAILED,
    ] = ModelArtifactStatus.UPLOADED


class _ByKey(Record):
    """A record whose fields are also there by key, as users of dictionaries expect."""

    def __getitem__(self, key: str) -> Any:
        if key not in type(self).model_fields:
            raise KeyError(key)
        return getattr(self, key)


class SignedURL(_ByKey):
    """A URL that grants access to whoever holds it; it is hidden when printed.

    Attributes:
        url: Read it, or delete with it, without further credentials.
    """

    url: str = Field(repr=False)


class UploadPart(SignedURL):
    """One stretch of a file and where to PUT it.

    Attributes:
        part_number: From 1 up.
        start_byte: Where the stretch begins in the file.
        end_byte: Where it ends.
        part_size: Its length in bytes.
    """

    part_number: int
    start_byte: int
    end_byte: int
    part_size: int


class UploadDetails(_ByKey):
    """The upload targets of a new model artifact.

    Attributes:
        upload_id: Names the upload if it has several parts.
        parts: The stretches of the file, in order.
        complete_url: Where to say that all parts are there, if there are several.
    """

    upload_id: str | None = None
    parts: list[UploadPart]
    complete_url: str | None = Field(default=None, repr=False)


class CreatedModel(_ByKey):
    """A model artifact that waits for its bytes, and where they go.

    Attributes:
        model: The record, with status `pending_upload`.
        url: Where its bytes go.
    """

    model: ModelArtifact
    url: UploadDetails


ModelArtifactSort = Literal["created_at", "model_name", "size", "description", "status"]
"""The fields that a list of model artifacts may be sorted by."""


def _generated(scope: Scope, values: ModelArtifactCreate) -> dict[str, object]:
    _, orbit, collection = scope.ids
    unique = uuid.uuid4().hex
    return {
        "unique_identifier": unique,
        "bucket_location": f"orbit-{orbit}/collection-{collection}/{unique}-{values.file_name}",
        "created_by_user": _user(),
    }


@cache
def _user() -> str | None:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return None


MODEL_ARTIFACT = Kind(
    name="model artifact",
    route="model_artifacts",
    record=ModelArtifact,
    create=ModelArtifactCreate,
    update=ModelArtifactUpdate,
    parent=COLLECTION,
    names=("model_name", "file_name"),
    sorts=(*get_args(ModelArtifactSort), "metrics.*"),
    filters={
        "name": Filter("model_name"),
        "name_contains": Filter("model_name", "contains"),
        "tag": Filter("tags[]"),
        "status": Filter("status"),
        "created_after": Filter("created_at", ">", "datetime"),
        "created_before": Filter("created_at", "<", "datetime"),
        "metrics": Filter("metrics", takes="comparison"),
    },
    files={
        "file": FileFields(
            digest="file_hash",
            size="size",
            status="status",
            ready=ModelArtifactStatus.UPLOADED,
            pending=ModelArtifactStatus.PENDING_UPLOAD,
        )
    },
    transitions=_TRANSITIONS,
    generate=_generated,
)
