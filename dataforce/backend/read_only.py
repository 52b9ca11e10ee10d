"""A backend that is only read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend.views import with_settings
from dataforce.errors import ReadOnlyError

if TYPE_CHECKING:
    from dataforce.backend.interface import Advance, Backend, FileStore, Store
    from dataforce.backend.kind import AnyKind, Family, Kind
    from dataforce.backend.query import Scope
    from dataforce.backend.source import Source
    from dataforce.config import Settings

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., object])

_READS = "_reads"


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


def reads(method: F) -> F:
    """Declare that a method of a service only reads, so that a read-only client may call it.

    Args:
        method: A method of the service's protocol.

    Returns:
        The same.

    Example:
        >>> from typing import Protocol
        >>> class Logs(Protocol):
        ...     @reads
        ...     def logs(self, task: str) -> bytes: ...
    """
    vars(method)[_READS] = True
    return method


class ReadOnlyStore(Generic[M, C, U]):
    """The records of one kind, which are only read.

    Args:
        kind: Their kind.
        store: The records.
        reason: Why nothing is written, and what to do instead, for messages.
    """

    def __init__(self, kind: Kind[M, C, U], store: Store[M, C, U], reason: str) -> None:
        self._kind = kind
        self._reason = reason
        self.page = store.page
        self.get = store.get

    def create(self, values: C) -> NoReturn:
        """Refuse to make a record."""
        raise refusal(f"create a new {self._kind.name}", self._reason)

    def create_many(self, values: Sequence[C]) -> NoReturn:
        """Refuse to make records."""
        raise refusal(f"create {self._kind.name}s", self._reason)

    def update(self, identifier: str, changes: U) -> NoReturn:
        """Refuse to change a record."""
        raise refusal(f"update {self._kind.name} {identifier}", self._reason)

    def delete(self, identifier: str) -> NoReturn:
        """Refuse to delete a record."""
        raise refusal(f"delete {self._kind.name} {identifier}", self._reason)


class ReadOnlyFiles(Generic[M, C]):
    """The files of one kind, which are only read.

    Args:
        kind: The kind of their records.
        files: The files.
        reason: Why nothing is written, and what to do instead, for messages.
    """

    def __init__(self, kind: AnyKind, files: FileStore[M, C], reason: str) -> None:
        self._kind = kind
        self._reason = reason
        self.open = files.open

    def upload(
        self,
        values: C,
        sources: Mapping[str, Source],
        advance: Advance,
        *,
        key: str | None = None,
    ) -> NoReturn:
        """Refuse to store a file."""
        raise refusal(f"upload a new {self._kind.name}", self._reason)


class _ReadOnlyService:
    """A service of which only the methods are left that are declared with `reads`."""

    def __init__(self, protocol: type, service: object, reason: str) -> None:
        self._protocol = protocol
        self._service = service
        self._reason = reason

    def __getattr__(self, name: str) -> object:
        declared = getattr(self._protocol, name)
        if hasattr(declared, _READS):
            return getattr(self._service, name)

        def refuse(*_: object, **__: object) -> NoReturn:
            raise refusal(name.replace("_", " "), self._reason)

        return refuse


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
        family: That of the other backend.

    Example:
        >>> from dataforce.backend import MemoryBackend, Query, Scope
        >>> from dataforce.models import ORGANIZATION, REGISTRY
        >>> store = ReadOnlyBackend(MemoryBackend(REGISTRY)).store(ORGANIZATION, Scope())
        >>> [found] = store.page(Query()).items
        >>> found.name
        'My Organization'
        >>> try:
        ...     store.delete(found.id)
        ... except ReadOnlyError:
        ...     print("refused")
        refused
    """

    def __init__(self, backend: Backend, reason: str | None = None) -> None:
        self.mode = backend.mode
        self.family: Family = backend.family
        self._backend = backend
        self._reason = setting_reason() if reason is None else reason

    def __repr__(self) -> str:
        return f"<ReadOnlyBackend before {self._backend!r}>"

    def store(self, kind: Kind[M, C, U], scope: Scope) -> ReadOnlyStore[M, C, U]:
        """Return the records of that kind below that scope."""
        return ReadOnlyStore(kind, self._backend.store(kind, scope), self._reason)

    def files(self, kind: Kind[M, C, U], scope: Scope) -> ReadOnlyFiles[M, C]:
        """Return the files of those records."""
        return ReadOnlyFiles(kind, self._backend.files(kind, scope), self._reason)

    def service(self, protocol: type[S]) -> S:
        """Return a service, of which only the methods are left that read."""
        service = self._backend.service(protocol)
        return cast("S", _ReadOnlyService(protocol, service, self._reason))

    def with_settings(self, settings: Settings) -> ReadOnlyBackend:
        """Return the same with other timeouts, if the other backend can change them."""
        return ReadOnlyBackend(with_settings(self._backend, settings), self._reason)

    def close(self) -> None:
        """Close the other backend."""
        self._backend.close()
