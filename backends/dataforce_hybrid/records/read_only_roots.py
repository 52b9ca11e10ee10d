"""The kinds that everything stands below: overlays are theirs, not of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from pydantic import BaseModel

from dataforce.errors import PermissionDeniedError

if TYPE_CHECKING:
    from dataforce.backend import Kind, Page, Query, ReadableStore, Scope

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class RootRecords(Generic[M, C, U]):
    """The records of a kind without a parent, as the remote has them.

    Args:
        kind: The declaration.
        theirs: The remote's records.
    """

    def __init__(self, kind: Kind[M, C, U], theirs: ReadableStore[M]) -> None:
        self._kind = kind
        self._theirs = theirs

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of them."""
        return self._theirs.page(scope, query)

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id."""
        return self._theirs.get(scope, identifier)

    def create(self, scope: Scope, values: C) -> NoReturn:
        """Refused."""
        raise self._refusal("create")

    def update(self, scope: Scope, identifier: str, changes: U) -> NoReturn:
        """Refused."""
        raise self._refusal("update")

    def delete(self, scope: Scope, identifier: str) -> NoReturn:
        """Refused."""
        raise self._refusal("delete")

    def _refusal(self, what: str) -> PermissionDeniedError:
        return PermissionDeniedError(
            f"Cannot {what} {self._kind.name}s in a hybrid client: its overlay belongs to one of "
            f"them. Do it on the platform."
        )
