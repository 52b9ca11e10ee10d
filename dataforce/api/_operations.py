"""A backend's store whose errors say what the user wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from dataforce.backend.error_messages import Operation, attempting

if TYPE_CHECKING:
    from dataforce.backend import Kind, Page, Query, Store

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class NamedOperations(Generic[M, C, U]):
    """The records of one kind, each call of which tells the backend what the user wants.

    Args:
        kind: The kind of the records.
        store: The records.
        names: Gives id to name of the objects that the user called by name.
    """

    def __init__(
        self,
        kind: Kind[M, C, U],
        store: Store[M, C, U],
        names: Callable[[], Mapping[str, str]],
    ) -> None:
        self._kind = kind
        self._store = store
        self._names = names

    def page(self, query: Query) -> Page[M]:
        """Return one page."""
        with self._attempting("list"):
            return self._store.page(query)

    def get(self, identifier: str) -> M:
        """Return the record with that id."""
        with self._attempting("read", identifier):
            return self._store.get(identifier)

    def create(self, values: C) -> M:
        """Make a record."""
        with self._attempting("create"):
            return self._store.create(values)

    def update(self, identifier: str, changes: U) -> M:
        """Change a record."""
        with self._attempting("update", identifier):
            return self._store.update(identifier, changes)

    def delete(self, identifier: str) -> None:
        """Remove a record and all that stands below it."""
        with self._attempting("delete", identifier):
            self._store.delete(identifier)

    def _attempting(self, verb: str, identifier: str | None = None) -> AbstractContextManager[None]:
        return attempting(Operation(verb, self._kind, identifier, self._names))
