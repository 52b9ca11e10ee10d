"""Every error that dataforce raises.

```text
DataForceError
├── DataForceAPIError                     everything the old clients caught under this name
│   ├── ConfigurationError                a setting is missing, unknown or wrong
│   │   └── UnknownAttributeError         nothing that can be set; an AttributeError too
│   ├── MultipleResourcesFoundError       a name that several objects carry
│   ├── NotOfferedError                   the backend, or the kind of asset, has no such call
│   ├── OfflineError                      it was not pulled, and the platform is not asked
│   ├── PushConflictError                 the platform changed what a push was to change
│   ├── ReadOnlyError                     a client that only reads was told to write
│   ├── ResourceNotFoundError             a default that does not exist
│   │   ├── OrganizationResourceNotFoundError
│   │   ├── OrbitResourceNotFoundError
│   │   └── CollectionResourceNotFoundError
│   └── APIError
│       ├── APIConnectionError            the platform could not be reached, or hung up
│       │   └── APITimeoutError           it stayed silent for too long
│       ├── APIResponseValidationError    it answered something that is no answer of the platform
│       └── APIStatusError                the platform (or the local registry in its place) refused
│           ├── BadRequestError           400
│           ├── AuthenticationError       401
│           ├── PermissionDeniedError     403
│           ├── NotFoundError             404
│           ├── ConflictError             409
│           ├── UnprocessableEntityError  422
│           ├── RateLimitError            429
│           └── InternalServerError       500 and above
├── FileError                             a model file or its place is not usable
│   ├── FileUploadError
│   ├── FileDeletionError
│   └── FileDownloadError
│       ├── ChecksumMismatchError         the bytes are not those that were stored
│       └── ContentChangedError           the bytes were replaced while they were read
└── StoreError                            the local registry itself is in trouble
    ├── StoreCorruptedError
    ├── StoreVersionError
    ├── StoreFullError
    └── StorePermissionError
```

The same fault raises the same class on every backend, so a script that handles an error offline
handles it in production.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataforce.overlay import Conflict

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ChecksumMismatchError",
    "CollectionResourceNotFoundError",
    "ConfigurationError",
    "ConfigurationWarning",
    "ConflictError",
    "ContentChangedError",
    "DataForceAPIError",
    "DataForceError",
    "FileDeletionError",
    "FileDownloadError",
    "FileError",
    "FileUploadError",
    "InternalServerError",
    "MultipleResourcesFoundError",
    "NotFoundError",
    "NotOfferedError",
    "OfflineError",
    "OfflineWarning",
    "OrbitResourceNotFoundError",
    "OrganizationResourceNotFoundError",
    "PermissionDeniedError",
    "PushConflictError",
    "RateLimitError",
    "ReadOnlyError",
    "ResourceNotFoundError",
    "StoreCorruptedError",
    "StoreError",
    "StoreFullError",
    "StorePermissionError",
    "StoreVersionError",
    "UnknownAttributeError",
    "UnprocessableEntityError",
]


class DataForceError(Exception):
    """Root of every error that dataforce raises.

    Args:
        message: What happened, to which object, and what to do next.

    Example:
        >>> try:
        ...     client.collections.delete("0199c455-21ee-74c6-b747-19a82f1a1e75")
        ... except DataForceError as error:
        ...     print(type(error).__name__)
        NotFoundError
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class DataForceAPIError(DataForceError):
    """A call that the client or the platform could not carry out."""


class ConfigurationError(DataForceAPIError):
    """A setting is missing, unknown or wrong; the message names it and where it came from."""


class UnknownAttributeError(ConfigurationError, AttributeError):
    """A client has no such attribute to set; the message says which one was probably meant."""


class MultipleResourcesFoundError(DataForceAPIError):
    """Several objects carry the name that was given; the message names their ids."""


class OfflineError(DataForceAPIError):
    """The client is offline, and what was asked for was not pulled before."""


class PushConflictError(DataForceAPIError):
    """The platform changed what a push was to change; nothing was published.

    Args:
        message: What happened, to which object, and what to do next.
        conflicts: What stands in the way, each with what both sides did.

    Example:
        >>> PushConflictError("The collection Flowers was changed on both sides.").conflicts
        ()
    """

    def __init__(self, message: str, conflicts: Sequence[Conflict] = ()) -> None:
        super().__init__(message)
        self.conflicts = tuple(conflicts)


class ReadOnlyError(DataForceAPIError):
    """The client is set to read only, and the call would have written; nothing was sent."""


class NotOfferedError(DataForceAPIError):
    """The backend, or the kind of asset, has no such call."""


class ResourceNotFoundError(DataForceAPIError):
    """The object that was set as a default does not exist."""


class OrganizationResourceNotFoundError(ResourceNotFoundError):
    """The default organization does not exist; the message lists those that do."""


class OrbitResourceNotFoundError(ResourceNotFoundError):
    """The default orbit does not exist in the default organization."""


class CollectionResourceNotFoundError(ResourceNotFoundError):
    """The default collection does not exist in the default orbit."""


class APIError(DataForceAPIError):
    """The platform did not do what was asked."""


class APIConnectionError(APIError):
    """The platform, or the bucket of a model file, could not be reached or broke off.

    The message says whether the call may have been carried out all the same.
    """


class APITimeoutError(APIConnectionError):
    """The platform, or the bucket of a model file, stayed silent for longer than `timeout`."""


class APIResponseValidationError(APIError):
    """A successful answer that is none of the platform's; the message says what it looks like."""


class APIStatusError(APIError):
    """The platform refused a call, or the local registry did in its place.

    Args:
        message: What happened, to which object, and what to do next.
        status_code: The HTTP status; that of the class if not given.
        method: The HTTP method, `None` if no request was sent.
        path: The path of the URL, without its query.
        request_id: What the server or a proxy calls the request, for those who run it.
        body: What the server said: JSON as Python objects, or else text.

    Attributes:
        status_code: The HTTP status that the platform answers for this fault.
        method: As given.
        path: As given.
        request_id: As given.
        body: As given.
    """

    status_code: int = 0

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        method: str | None = None,
        path: str | None = None,
        request_id: str | None = None,
        body: object = None,
    ) -> None:
        super().__init__(message)
        if status_code is not None:
            self.status_code = status_code
        self.method = method
        self.path = path
        self.request_id = request_id
        self.body = body


class BadRequestError(APIStatusError):
    """400: a rule of the platform forbids it, such as a status that cannot follow another."""

    status_code = 400


class AuthenticationError(APIStatusError):
    """401: the API key is missing, unknown or malformed."""

    status_code = 401


class PermissionDeniedError(APIStatusError):
    """403: the key's role does not allow it, or the organization is not yours."""

    status_code = 403


class NotFoundError(APIStatusError):
    """404: no such object, or not below the given parent."""

    status_code = 404


class ConflictError(APIStatusError):
    """409: another object stands in the way."""

    status_code = 409


class UnprocessableEntityError(APIStatusError):
    """422: an argument does not have the form it must have; nothing was written."""

    status_code = 422


class RateLimitError(APIStatusError):
    """429: too many calls; it was tried again for as long as `retry_timeout` allows."""

    status_code = 429


class InternalServerError(APIStatusError):
    """500 and above: the platform, or a proxy before it, failed."""

    status_code = 500


class FileError(DataForceError):
    """A model file, or the place where it should go, is not usable."""


class FileUploadError(FileError):
    """The bytes of a model file could not be stored."""


class FileDeletionError(FileError):
    """The bytes of a model file could not be deleted; its record stays."""


class FileDownloadError(FileError):
    """The bytes of a model file could not be fetched.

    A path holds what it held before. An open file may have taken some bytes: do not use them.
    """


class ChecksumMismatchError(FileDownloadError):
    """The bytes that arrived are not the ones that were stored."""


class ContentChangedError(FileDownloadError):
    """The bytes were replaced while they were read, so what was read is of no use."""


class StoreError(DataForceError):
    """The local registry cannot be used as it is."""


class StoreCorruptedError(StoreError):
    """The registry's database is damaged or is not one of ours."""


class StoreVersionError(StoreError):
    """The registry was written by a newer version of dataforce."""


class StoreFullError(StoreError):
    """The disk is full; nothing was written."""


class StorePermissionError(StoreError):
    """The registry's folder or file may not be written."""


class ConfigurationWarning(UserWarning):
    """A setting is unsafe, such as a secret in a file that others can read, or does nothing."""


class OfflineWarning(UserWarning):
    """Answers come from what was pulled: it says how long ago, or which list is partial."""
