"""The protocols of a backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend.kind import Family, Kind
    from dataforce.backend.query import Page, Query, Scope
    from dataforce.backend.source import Source
    from dataforce.config import Settings

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel", contravariant=True)
U = TypeVar("U", bound="BaseModel", contravariant=True)
R = TypeVar("R", bound="BaseModel")
F = TypeVar("F", bound="BaseModel", contravariant=True)
S = TypeVar("S")

Advance: TypeAlias = Callable[[int], object]
"""Is told how many more bytes have arrived; below 0 if that many must be moved again."""


class ReadableStore(Protocol[R]):
    """The records of one kind below one scope, as far as they are read.

    If an id of the scope does not exist, or not below the id before it, every method raises
    `NotFoundError` naming the missing parent.
    """

    def page(self, query: Query) -> Page[R]:
        """Return one page; `BadRequestError` for a query that cannot be answered."""
        ...

    def get(self, identifier: str) -> R:
        """Return the record with that id; `NotFoundError` if there is none."""
        ...


class Store(ReadableStore[M], Protocol[M, C, U]):
    """The records of one kind below one scope.

    Ids arrive in their canonical form, and values arrive validated. What the kind does not allow is
    not called.
    """

    def create(self, values: C) -> M:
        """Make a record; `ConflictError` if it clashes, `NotFoundError` if it points nowhere."""
        ...

    def create_many(self, values: Sequence[C]) -> list[M]:
        """Make several records, all or none."""
        ...

    def update(self, identifier: str, changes: U) -> M:
        """Give the fields that are set in `changes` their new values, `None` included."""
        ...

    def delete(self, identifier: str) -> None:
        """Remove the record, all below it, and their files."""
        ...


class Content(Protocol):
    """The bytes of one file, in any order; several threads may read at a time.

    Attributes:
        streams: How many reads at a time are worth while.
    """

    streams: int

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `offset` on, `length` or all; `FileDownloadError` if gone."""
        ...


class ReadableFiles(Protocol[F]):
    """The files of the records of one kind below one scope, as far as they are read."""

    def open(self, record: F, name: str) -> Content:
        """Return the bytes of a file of a record; whether they exist turns out with a read.

        Args:
            record: The record.
            name: One of the names in `Kind.files`.
        """
        ...


class FileStore(ReadableFiles[M], Protocol[M, C]):
    """The files of the records of one kind below one scope."""

    def upload(
        self,
        values: C,
        sources: Mapping[str, Source],
        advance: Advance,
        *,
        key: str | None = None,
    ) -> M:
        """Store a record with its files, both or neither.

        An upload that broke off, even by the end of its process, may be repeated: what was stored
        is used. A backend that cannot undo keeps a checkpoint for that.

        Args:
            values: The create model; it holds the digests of the files.
            sources: The files by their names in `Kind.files`.
            advance: Is told how many bytes were moved.
            key: Identifies the upload. Uploads of the same key are one, and give the same record;
                those of different keys are never taken for one. By default uploads of the same
                values from the same source are one until the first ends well.

        Raises:
            FileUploadError: The bytes are not those that the values describe, or cannot be stored.
        """
        ...


class ReadableBackend(Protocol):
    """A backend as seen by one who may only read.

    What has this type cannot be changed through it: there is nothing to call.

    Attributes:
        mode: The name it is registered under, such as `local`.
        family: The family whose kinds it keeps.
    """

    mode: str
    family: Family

    def store(self, kind: Kind[M, C, U], scope: Scope) -> ReadableStore[M]:
        """Return the records of that kind below that scope."""
        ...

    def files(self, kind: Kind[M, C, U], scope: Scope) -> ReadableFiles[M]:
        """Return the files of those records."""
        ...

    def close(self) -> None:
        """Close the connections; the backend is not used afterwards."""
        ...


class Backend(ReadableBackend, Protocol):
    """The kinds of one family, kept somewhere.

    Any thread may call it. What `Store`, `FileStore` and the services of the family say holds for
    every backend.
    """

    def store(self, kind: Kind[M, C, U], scope: Scope) -> Store[M, C, U]:
        """Return the records of that kind below that scope."""
        ...

    def files(self, kind: Kind[M, C, U], scope: Scope) -> FileStore[M, C]:
        """Return the files of those records."""
        ...

    def service(self, protocol: type[S]) -> S:
        """Return what is neither record nor file, such as signed URLs.

        Args:
            protocol: A protocol of the family.

        Raises:
            NotOfferedError: The backend has no such service.
        """
        ...


BackendFactory: TypeAlias = "Callable[[Settings, Family], Backend]"
"""What an entry point in the group `dataforce.backends` names: it opens the backend of a family.

It raises `NotOfferedError` for a family that it does not keep.
"""
