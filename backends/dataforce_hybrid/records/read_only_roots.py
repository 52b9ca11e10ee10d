"""The kinds without a parent that are only read: overlays lie below their objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from pydantic import BaseModel

from dataforce.errors import PermissionDeniedError

if TYPE_CHECKING:
    from dataforce.backend import Kind, ReadableStore

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class RootRecords(Generic[M, C, U]):
    """The records of a kind without a parent, as the remote has them.

    Args:
        kind: The kind.
        theirs: The remote's records.
    """

    def __init__(self, kind: Kind[M, C, U], theirs: ReadableStore[M]) -> None:
        self._kind = kind
        self.page = theirs.page
        self.get = theirs.get

    def create(self, values: C) -> NoReturn:
        """Refuse to make a record."""
        raise self._refusal("create")

    def create_many(self, values: Sequence[C]) -> NoReturn:
        """Refuse to make records."""
        raise self._refusal("create")

    def update(self, identifier: str, changes: U) -> NoReturn:
        """Refuse to change a record."""
        raise self._refusal("update")

    def delete(self, identifier: str) -> NoReturn:
        """Refuse to delete a record."""
        raise self._refusal("delete")

    def _refusal(self, what: str) -> PermissionDeniedError:
        return PermissionDeniedError(
            f"Cannot {what} {self._kind.name}s in a hybrid client: its overlay belongs to one of "
            f"them. Do it on the platform."
        )
