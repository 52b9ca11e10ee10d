"""What a backend must offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from dataforce.backend.kind import Kind
    from dataforce.backend.query import Page, Query, Scope
    from dataforce.config import Settings
    from dataforce.models import CreatedModel

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel", contravariant=True)
U = TypeVar("U", bound="BaseModel", contravariant=True)
R = TypeVar("R", bound="BaseModel")
F = TypeVar("F", bound="BaseModel", contravariant=True)


class ReadableStore(Protocol[R]):
    """The records of one kind of asset, as far as they are read."""

    def page(self, scope: Scope, query: Query) -> Page[R]:
        """One page of what stands under `scope`; `BadRequestError` for a query it cannot answer."""
        ...

    def get(self, scope: Scope, identifier: str) -> R:
        """The record with that id; `NotFoundError` if there is none under `scope`."""
        ...


class Store(ReadableStore[M], Protocol[M, C, U]):
    """The records of one kind of asset.

    Every method takes the scope it works under. If an id of the scope does not exist, or not below
    the id before it, the method raises `NotFoundError` naming the missing parent. Ids arrive
    in their canonical form, and values arrive validated.
    """

    def create(self, scope: Scope, values: C) -> M:
        """A new record; `ConflictError` if it clashes, `NotFoundError` if it points nowhere."""
        ...

    def update(self, scope: Scope, identifier: str, changes: U) -> M:
        """The record after the fields set in `changes` took their new values, `None` included."""
        ...

    def delete(self, scope: Scope, identifier: str) -> None:
        """Remove the record, all that stands below it, and their content."""
        ...


class Incoming(Protocol):
    """A file on its way into a content store: its bytes arrive once, in order."""

    def write(self, chunk: memoryview) -> object:
        """Take the next bytes; they are only valid during the call."""
        ...


class Content(Protocol):
    """The bytes of one artifact, in any order; several threads may read at a time.

    Attributes:
        streams: How many reads at a time are worth while.
    """

    streams: int

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `offset` on, `length` of them or all; `FileDownloadError` if gone."""
        ...


Advance: TypeAlias = Callable[[int], object]
"""Is told how many more bytes have arrived; below 0 if that many must be moved again."""


class ReadableContent(Protocol[F]):
    """The files of one kind of asset, as far as they are read."""

    def open(self, scope: Scope, record: F) -> Content:
        """The bytes of a record; whether they are there is found out when they are read."""
        ...

    def download_url(self, scope: Scope, identifier: str) -> str:
        """A URL that the bytes can be read from."""
        ...


class ContentStore(ReadableContent[M], Protocol[M, C]):
    """The files of one kind of asset."""

    def receive(
        self, scope: Scope, path: Path, advance: Advance
    ) -> AbstractContextManager[Incoming]:
        """Begin to take in the file at `path`; leaving without `upload` throws it away."""
        ...

    def upload(self, scope: Scope, values: C, incoming: Incoming) -> M:
        """Store the record together with the bytes received, both or neither."""
        ...

    def create(self, scope: Scope, values: C) -> CreatedModel:
        """A record that waits for its bytes, and where they go."""
        ...

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """A URL that the bytes can be deleted with; the record becomes `pending_deletion`."""
        ...


class ReadableBackend(Protocol):
    """A backend as seen by one who may only read.

    What has this type cannot be changed through it: there is nothing to call.

    Attributes:
        mode: The name it is registered under, such as `local`.
    """

    mode: str

    def store(self, kind: Kind[M, C, U]) -> ReadableStore[M]:
        """The records of that kind."""
        ...

    def content(self, kind: Kind[M, C, U]) -> ReadableContent[M]:
        """The files of that kind."""
        ...

    def close(self) -> None:
        """Let go of connections; the backend is not used afterwards."""
        ...


class Backend(Protocol):
    """A place where assets live.

    Attributes:
        mode: The name it is registered under, such as `local`.
    """

    mode: str

    def store(self, kind: Kind[M, C, U]) -> Store[M, C, U]:
        """The records of that kind."""
        ...

    def content(self, kind: Kind[M, C, U]) -> ContentStore[M, C]:
        """The files of that kind."""
        ...

    def close(self) -> None:
        """Let go of connections; the backend is not used afterwards."""
        ...


BackendFactory: TypeAlias = "Callable[[Settings], Backend]"
"""What an entry point in the group `dataforce.backends` names: it opens the backend."""

AnyKind: TypeAlias = "Kind[Any, Any, Any]"
