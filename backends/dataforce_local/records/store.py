"""The records of one kind below one scope: transactions, and pages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from dataforce._collector import collector_paused
from dataforce.backend import Page, Query, Scope
from dataforce.backend.paging import page_of
from dataforce.errors import DataForceError, NotFoundError
from dataforce_local.records.conditions import InexpressibleError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dataforce_local.files.blob_store import BlobStore
    from dataforce_local.records.paging import Pager
    from dataforce_local.records.rows import Rows

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)

_LARGEST_PAGE = 1000


class LocalStore(Generic[M, C, U]):
    """The records of one kind below one scope; see `Store`.

    Args:
        rows: The rows of the kind.
        pager: Makes their pages.
        blobs: What their files are.
        scope: Ids of the parents.
    """

    def __init__(self, rows: Rows[M, C, U], pager: Pager, blobs: BlobStore, scope: Scope) -> None:
        self.rows = rows
        self._pager = pager
        self.blobs = blobs
        self.scope = scope
        self.database = rows.database

    def page(self, query: Query) -> Page[M]:
        """Return one page."""
        try:
            return self._page(query)
        except InexpressibleError:
            return page_of(self.rows.kind, self._all(), query)

    def get(self, identifier: str) -> M:
        """Return the record with that id."""
        with self.database.reading() as connection:
            return self.rows.select(connection, self.scope, identifier)

    def create(self, values: C) -> M:
        """Make a record."""
        with self.database.writing() as connection:
            return self.rows.insert(connection, self.scope, values)

    def create_many(self, values: Sequence[C]) -> list[M]:
        """Make several records, all or none."""
        with self.database.writing() as connection, collector_paused():
            return self.rows.insert_many(connection, self.scope, values)

    def update(self, identifier: str, changes: U) -> M:
        """Return the record after the changes."""
        with self.database.writing() as connection:
            return self.rows.change(connection, self.scope, identifier, changes)

    def delete(self, identifier: str) -> None:
        """Remove the record and all below it, and then the files that nobody needs any more."""
        kind, log = self.rows.kind, self.rows.log
        with self.database.writing() as connection:
            if self.rows.holds_files:
                self.blobs.lock(connection)
            try:
                self.rows.lock(connection, self.scope, identifier)
            except NotFoundError:
                if not kind.forgiving_delete:
                    raise
                self.rows.scoping.require(connection, self.scope)
                return
            self.rows.remove(connection, identifier)
            if log is not None:
                log.deleted(connection, kind, self.scope, identifier)
        with suppress(DataForceError):  # the records are gone; a later sweep removes the files
            self.blobs.sweep()

    def _page(self, query: Query) -> Page[M]:
        limit = query.limit or _LARGEST_PAGE
        with self.database.reading() as connection:
            found = self._find(connection, query, limit)
            if not found:
                self.rows.scoping.require(connection, self.scope)
        with collector_paused():
            records = [self.rows.record(row) for row in found[:limit]]
        if len(found) <= limit:
            return Page(records, cursor=None)
        return Page(records, self._pager.cursor(query, found[limit - 1], records[-1]))

    def _find(self, connection: Connection, query: Query, limit: int) -> Sequence[Any]:
        """Return the rows of a page, by the first field in which any row carries the name."""
        names = (None,) if query.name is None else self.rows.kind.names
        within = self.rows.scoping.parameters(self.scope)
        for named_by in names:
            statement, parameters = self._pager.statement(query, limit, named_by)
            rows = connection.execute(statement, within | parameters).all()
            if rows or named_by == names[-1]:
                return rows
            if query.where or query.cursor:
                found, called = self._pager.is_named(str(named_by))
                if connection.execute(found, within | {called: query.name}).first():
                    return rows
        return ()

    def _all(self) -> list[M]:
        within = self.rows.scoping.parameters(self.scope)
        with self.database.reading() as connection:
            rows = connection.execute(self.rows.all, within).all()
            if not rows:
                self.rows.scoping.require(connection, self.scope)
        with collector_paused():
            return [self.rows.record(row) for row in rows]
