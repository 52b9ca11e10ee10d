"""The interface of the place where model files are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from starlette.routing import BaseRoute

from dataforce.backend import Scope

Method: TypeAlias = Literal["GET", "PUT", "POST", "DELETE"]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The file of one model artifact, or a probe that shows whether a bucket can be used.

    Args:
        location: Its key in the bucket, the record's `bucket_location`.
        base_url: The address that the client reached the registry at.
        scope: Under which the record stands; nothing for a probe.
        identifier: The id of the record; empty for a probe.
    """

    location: str
    base_url: str
    scope: Scope = field(default_factory=Scope)
    identifier: str = ""


class ObjectStore(Protocol):
    """Hands out URLs that speak S3's protocol and need no API key.

    Uploads in parts follow S3: `POST ?uploads` begins one and names it, `PUT ?partNumber&uploadId`
    brings a part, `POST ?uploadId` with the list of parts completes it.
    """

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes that the server has for it; none where a bucket has them."""
        ...

    def url(self, method: Method, target: StoredObject, **parameters: str) -> str:
        """A URL that allows one method on one object for twelve hours."""
        ...

    def begin(self, target: StoredObject) -> str:
        """Begin an upload in parts; the answer names it."""
        ...

    def require(self, target: StoredObject) -> None:
        """Refuse with `BadRequestError` a file whose bytes are known to be missing.

        Where a bucket keeps them, nothing is known: the platform does not look either.
        """
        ...

    def forget(self, target: StoredObject) -> None:
        """Drop what was uploaded for a record that will never have a file."""
        ...
