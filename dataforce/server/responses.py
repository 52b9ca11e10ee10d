"""Forms of the responses of the platform's endpoints, and functions that fill them.

The forms are made from the records; what is added is what the platform's contract has beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, create_model
from starlette.responses import Response

from dataforce import models

A = TypeVar("A", bound=BaseModel)


def form_of(
    record: type[BaseModel], *, without: tuple[str, ...] = (), **more: tuple[Any, Any]
) -> Any:
    """Make the form of a response.

    Args:
        record: The record; fields with a default may be absent.
        without: Fields that are left out.
        more: Further fields, or other ones: the type and the default, `...` for a required one.
    """
    fields = {
        name: (field.annotation, ... if field.is_required() else field.default)
        for name, field in record.model_fields.items()
        if name not in without
    }
    return create_model(record.__name__, __module__=__name__, **(fields | more))


def page_of(form: Any) -> Any:
    """Make the form of a page of objects, 2026-01."""
    fields: dict[str, Any] = {"items": (list[form], ...), "cursor": (str | None, ...)}
    return create_model(f"{form.__name__}sList", __module__=__name__, **fields)


TYPES: dict[str, Any] = {"s3": (Literal["s3"], "s3"), "azure": (Literal["azure"], "azure")}
TAGS: Any = (list[str], [])

OrganizationSwitcher = form_of(models.Organization)

BucketSecretOut = form_of(models.BucketSecret, without=("type",))
S3BucketSecretOut = form_of(models.BucketSecret, type=TYPES["s3"], region=(str, ...))
AzureBucketSecretOut = form_of(
    models.BucketSecret,
    without=("secure", "region", "cert_check"),
    type=TYPES["azure"],
)
TypedSecretOut: Any = Annotated[
    S3BucketSecretOut | AzureBucketSecretOut, Field(discriminator="type")
]

TaggedOrbitDetails = form_of(models.Orbit, collections_tags=TAGS)
OrbitDetails = form_of(models.Orbit, without=("collections_tags",))
Orbit = form_of(models.Orbit, without=("collections_tags", "members"))

Collection = form_of(models.Collection, total_models=(int, ...))
CollectionDetails = form_of(
    models.Collection, total_models=(int, ...), models_tags=TAGS, models_metrics=TAGS
)
CollectionsList = page_of(Collection)

ModelArtifact = form_of(models.ModelArtifact)
ModelArtifactsList = page_of(ModelArtifact)


class BucketSecretUrls(BaseModel):
    """URLs that show whether a bucket can be used."""

    presigned_url: str
    download_url: str
    delete_url: str


class PartDetails(BaseModel):
    """One range of a file and where to PUT it."""

    part_number: int
    url: str
    start_byte: int
    end_byte: int
    part_size: int


class UploadDetails(BaseModel):
    """The URLs that the bytes of a model go to, 2025-12."""

    upload_id: str | None = None
    parts: list[PartDetails]
    complete_url: str | None = None


class S3UploadDetails(BaseModel):
    """The URL that the bytes of a model go to, 2026-01."""

    type: str = "s3"
    url: str
    multipart: bool = False
    bucket_location: str
    bucket_secret_id: str


CREATED: dict[str, Any] = {"model": (ModelArtifact, ...)}
CreateModelArtifactResponse: Any = create_model(
    "CreateModelArtifactResponse", __module__=__name__, **CREATED, url=(UploadDetails, ...)
)
CreatedModelArtifact: Any = create_model(
    "CreatedModelArtifact", __module__=__name__, **CREATED, upload_details=(S3UploadDetails, ...)
)


class S3MultiPartUploadDetails(BaseModel):
    """The URLs that the parts of a model go to, 2026-01."""

    type: str = "s3"
    upload_id: str
    parts: list[PartDetails]
    complete_url: str


class SignedURL(BaseModel):
    """A URL that grants access to whoever holds it."""

    url: str


def respond(model: type[BaseModel], record: object, **more: object) -> Response:
    """Respond with one object.

    Args:
        model: The form of the response.
        record: What holds its fields; others are left out.
        more: Fields that the record does not hold, or not as the response does.
    """
    return json_of(shaped(model, record, **more))


def respond_all(model: type[BaseModel], records: Iterable[object]) -> Response:
    """Respond with an array of objects."""
    return array_of(shaped(model, record) for record in records)


def respond_page(model: type[BaseModel], records: Iterable[object], cursor: str | None) -> Response:
    """Respond with one page of objects; `cursor` tells where the next begins."""
    items = [shaped(model, record) for record in records]
    page = array_of(items).body
    end = "null" if cursor is None else f'"{cursor}"'  # url-safe, so there is nothing to escape
    content = b'{"items":%b,"cursor":%b}' % (bytes(page), end.encode())
    return Response(content, media_type="application/json")


def json_of(model: BaseModel, status: int = 200) -> Response:
    """Respond with what is in its form already."""
    return Response(model.model_dump_json(), status, media_type="application/json")


def array_of(models: Iterable[BaseModel]) -> Response:
    """Respond with an array of what is in its form already."""
    content = ",".join(model.model_dump_json() for model in models)
    return Response(f"[{content}]", media_type="application/json")


def shaped(model: type[A], record: object, **more: object) -> A:
    """Return an object in the form of a response."""
    fields = {name: getattr(record, name, more.get(name)) for name in model.model_fields}
    return model.model_validate(fields | more, from_attributes=True)


def nothing() -> Response:
    """Respond that something is removed."""
    return Response(status_code=204)
