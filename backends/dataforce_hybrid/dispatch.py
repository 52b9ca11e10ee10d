"""Calls below a root, led to the overlay of that root."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from pathlib import Path

    from dataforce.backend import (
        Advance,
        Content,
        ContentStore,
        Incoming,
        Page,
        Query,
        Scope,
        Store,
    )
    from dataforce.models import CreatedModel

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class RecordsBelow(Generic[M, C, U]):
    """The records of one kind.

    Args:
        find: Those below a root.
    """

    def __init__(self, find: Callable[[str], Store[M, C, U]]) -> None:
        self._find = find

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of what stands under `scope`."""
        return self._find(scope.ids[0]).page(scope, query)

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id."""
        return self._find(scope.ids[0]).get(scope, identifier)

    def create(self, scope: Scope, values: C) -> M:
        """A new record."""
        return self._find(scope.ids[0]).create(scope, values)

    def update(self, scope: Scope, identifier: str, changes: U) -> M:
        """The record after the changes."""
        return self._find(scope.ids[0]).update(scope, identifier, changes)

    def delete(self, scope: Scope, identifier: str) -> None:
        """Remove the record and all that stands below it."""
        self._find(scope.ids[0]).delete(scope, identifier)


class ContentBelow(Generic[M, C]):
    """The files of one kind.

    Args:
        find: Those below a root.
    """

    def __init__(self, find: Callable[[str], ContentStore[M, C]]) -> None:
        self._find = find

    def receive(
        self, scope: Scope, path: Path, advance: Advance
    ) -> AbstractContextManager[Incoming]:
        """Begin to take in a file."""
        return self._find(scope.ids[0]).receive(scope, path, advance)

    def upload(self, scope: Scope, values: C, incoming: Incoming) -> M:
        """Store the record together with the bytes received."""
        return self._find(scope.ids[0]).upload(scope, values, incoming)

    def create(self, scope: Scope, values: C) -> CreatedModel:
        """A record that waits for its bytes."""
        return self._find(scope.ids[0]).create(scope, values)

    def open(self, scope: Scope, record: M) -> Content:
        """The bytes of a record."""
        return self._find(scope.ids[0]).open(scope, record)

    def download_url(self, scope: Scope, identifier: str) -> str:
        """A URL that the bytes can be read from."""
        return self._find(scope.ids[0]).download_url(scope, identifier)

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """A URL that the bytes can be deleted with."""
        return self._find(scope.ids[0]).delete_url(scope, identifier)
