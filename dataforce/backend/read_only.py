"""A backend that is only read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from pydantic import BaseModel

from dataforce.errors import ReadOnlyError

if TYPE_CHECKING:
    from pathlib import Path

    from dataforce.backend.interface import (
        Advance,
        AnyKind,
        Backend,
        Content,
        ContentStore,
        Incoming,
        Store,
    )
    from dataforce.backend.kind import Kind
    from dataforce.backend.query import Page, Query, Scope

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


def setting_reason(origin: object = None) -> str:
    """Tell why a client with the setting `read_only` does not write.

    Args:
        origin: Where the setting comes from, if that is known.

    Returns:
        What `refusal` takes for a reason.

    Example:
        >>> setting_reason("code")
        'this client is read-only (code). Use a client without read_only to write.'
    """
    where = f" ({origin})" if origin else ""
    return f"this client is read-only{where}. Use a client without read_only to write."


def refusal(operation: str, reason: str) -> ReadOnlyError:
    """The error for what would write.

    Args:
        operation: What cannot be done, and to which object, after `Cannot`.
        reason: Why, and what to do instead, after a colon.

    Returns:
        The error, to be raised before anything is sent or written.

    Example:
        >>> refusal("delete orbit 5", "this client is read-only.").message
        'Cannot delete orbit 5: this client is read-only.'
    """
    return ReadOnlyError(f"Cannot {operation}: {reason}")


class ReadOnlyStore(Generic[M, C, U]):
    """The records of one kind, to be looked at.

    Args:
        kind: Of what they are.
        store: Where they are.
        reason: Why nothing is written, and what to do instead, for messages.
    """

    def __init__(self, kind: Kind[M, C, U], store: Store[M, C, U], reason: str) -> None:
        self._kind = kind
        self._store = store
        self._reason = reason

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of what stands under `scope`."""
        return self._store.page(scope, query)

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id."""
        return self._store.get(scope, identifier)

    def create(self, scope: Scope, values: C) -> NoReturn:
        """Refused."""
        raise refusal(f"create a new {self._kind.name}", self._reason)

    def update(self, scope: Scope, identifier: str, changes: U) -> NoReturn:
        """Refused."""
        raise refusal(f"update {self._kind.name} {identifier}", self._reason)

    def delete(self, scope: Scope, identifier: str) -> NoReturn:
        """Refused."""
        raise refusal(f"delete {self._kind.name} {identifier}", self._reason)


class ReadOnlyContent(Generic[M, C]):
    """The files of one kind, to be looked at.

    Args:
        kind: Of what they are.
        content: Where they are.
        reason: Why nothing is written, and what to do instead, for messages.
    """

    def __init__(self, kind: AnyKind, content: ContentStore[M, C], reason: str) -> None:
        self._kind = kind
        self._content = content
        self._reason = reason

    def receive(self, scope: Scope, path: Path, advance: Advance) -> NoReturn:
        """Refused, before the file is read."""
        raise refusal(f"upload {path}", self._reason)

    def upload(self, scope: Scope, values: C, incoming: Incoming) -> NoReturn:
        """Refused."""
        raise refusal(f"upload a new {self._kind.name}", self._reason)

    def create(self, scope: Scope, values: C) -> NoReturn:
        """Refused."""
        raise refusal(f"create a new {self._kind.name}", self._reason)

    def open(self, scope: Scope, record: M) -> Content:
        """The bytes of a record."""
        return self._content.open(scope, record)

    def download_url(self, scope: Scope, identifier: str) -> str:
        """A URL that the bytes can be read from."""
        return self._content.download_url(scope, identifier)

    def delete_url(self, scope: Scope, identifier: str) -> NoReturn:
        """Refused: the record would become `pending_deletion`."""
        operation = f"make a URL to delete the file of {self._kind.name} {identifier}"
        raise refusal(operation, self._reason)


class ReadOnlyBackend:
    """Another backend, of which only the reading calls are left.

    Whatever writes raises `ReadOnlyError`, and the other backend is not asked. It offers no
    overlay, even where the other one does: an overlay is there to be written to.

    Args:
        backend: The other backend; closed with this one.
        reason: Why nothing is written, and what to do instead, for messages; that of the setting
            `read_only` if not given.

    Attributes:
        mode: That of the other backend.

    Example:
        >>> from dataforce.config import load_settings
        >>> from dataforce.models import ORGANIZATION
        >>> from dataforce.backend import Query, Scope, find_backend
        >>> local = find_backend("local")(load_settings({"database_url": ":memory:"}))
        >>> store = ReadOnlyBackend(local).store(ORGANIZATION)
        >>> [found] = store.page(Scope(), Query()).items
        >>> found.name
        'My Organization'
        >>> try:
        ...     store.delete(Scope(), found.id)
        ... except ReadOnlyError:
        ...     print("refused")
        refused
        >>> local.close()
    """

    def __init__(self, backend: Backend, reason: str | None = None) -> None:
        self.mode = backend.mode
        self._backend = backend
        self._reason = setting_reason() if reason is None else reason

    def __repr__(self) -> str:
        return f"<ReadOnlyBackend before {self._backend!r}>"

    def store(self, kind: Kind[M, C, U]) -> ReadOnlyStore[M, C, U]:
        """The records of that kind."""
        return ReadOnlyStore(kind, self._backend.store(kind), self._reason)

    def content(self, kind: Kind[M, C, U]) -> ReadOnlyContent[M, C]:
        """The files of that kind."""
        return ReadOnlyContent(kind, self._backend.content(kind), self._reason)

    def close(self) -> None:
        """Close the other backend."""
        self._backend.close()
