"""The store of any kind: what is here and what is on the remote, as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend import Page, Query, Scope, identifier_of
from dataforce.backend.error_messages import not_found
from dataforce.backend.paging import named, page_of
from dataforce.errors import NotFoundError, OfflineError
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import State
from dataforce_hybrid.records.change_index import DIFFERENT, VISIBLE
from dataforce_hybrid.records.constraints import Rules
from dataforce_hybrid.records.merging import (
    Mark,
    Position,
    Side,
    all_of,
    furthest,
    key_of,
    merged_page,
    position_of,
)

if TYPE_CHECKING:
    from dataforce.backend import Kind, ReadableStore, Store
    from dataforce_hybrid.layer import Layer

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class MergedRecords(Generic[M, C, U]):
    """The records of one kind below one root.

    Args:
        kind: The declaration.
        layer: Both sides.
    """

    def __init__(self, kind: Kind[M, C, U], layer: Layer) -> None:
        self.kind = kind
        self._layer = layer
        self._index = layer.index
        self._rules = Rules(kind, layer)
        self._theirs: ReadableStore[M] = layer.remote.store(kind)
        self._ours: Store[M, C, U] = layer.workspace.store(kind)

    # -- the backend interface

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of both sides."""
        return self._index.undisturbed(
            lambda: self._page(self._index.resolved(self.kind, scope), query), at_one_moment=True
        )

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id, or with the id that it had before it was published."""
        return self._index.undisturbed(
            lambda: self.current(*self._now(scope, identifier)), at_one_moment=True
        )

    def create(self, scope: Scope, values: C) -> M:
        """A new record, which is here only."""
        return self._ours.create(*self.prepared(scope, values))

    def update(self, scope: Scope, identifier: str, changes: U) -> M:
        """The record after the changes; one of the remote is copied first, and keeps its id."""
        if not changes.model_fields_set:
            return self.get(scope, identifier)
        while not self._update(scope, identifier, changes):
            pass  # its changes were dropped or published meanwhile
        return self.get(scope, identifier)

    def delete(self, scope: Scope, identifier: str) -> None:
        """Remove a record that was made here; hide one of the remote, and all below it."""
        self._index.refresh()
        scope, identifier = self._now(scope, identifier)
        try:
            record = self.current(scope, identifier)
        except NotFoundError:
            if self.kind.forgiving_delete:
                return
            raise
        self._rules.require_unused(scope, identifier)
        if self._state(identifier) == State.CREATED:
            self._ours.delete(scope, identifier)
        else:
            if self._state(identifier) != State.CHANGED:
                record = self._theirs.get(scope, identifier)  # with its own totals
            self._layer.evidence.keep(self._layer.remote, self.kind, scope, identifier)
            self._layer.workspace.hide(self.kind, scope, record)

    # -- what other parts of the overlay ask for; the ids are those of now

    def current(self, scope: Scope, identifier: str) -> M:
        """The record with that id, as far as the index knows."""
        if self._index.is_empty:
            return self._theirs.get(scope, identifier)
        self.require_visible(scope)
        entry = self._index.get(self.kind, identifier)
        is_new = entry is not None and entry.state == State.CREATED
        if is_new or self._index.is_made_here(self.kind, scope):
            return self._ours.get(scope, identifier)
        if entry is not None and entry.state == State.DELETED:
            raise not_found(self.kind, identifier, scope)
        if entry is None or entry.state != State.CHANGED or entry.scope != scope.ids:
            return self._layer.counts.adjusted(self.kind, self._theirs.get(scope, identifier))
        return self._changed(scope, self._ours.get(scope, identifier))

    def prepared(self, scope: Scope, values: C) -> tuple[Scope, C]:
        """See that a record of these values may be made; what it stands on is here then."""
        self._index.refresh()
        scope = self._index.resolved(self.kind, scope)
        self._layer.copies.require_parent(self.kind, scope)
        values = self._rules.with_references(scope, values, self.kind.references)
        self._rules.require_unique(scope, values)
        return scope, values

    def require_visible(self, scope: Scope) -> None:
        """Raise `NotFoundError` for the first parent that is hidden here."""
        for kind, parent in zip(self.kind.ancestors, scope.ids, strict=True):
            if self._index.state(kind, parent) == State.DELETED:
                raise not_found(kind, parent, scope)

    # -- how it is done

    def _update(self, scope: Scope, identifier: str, changes: U) -> bool:
        """Whether it was changed; not if its changes were dropped or published meanwhile."""
        self._index.refresh()
        scope, identifier = self._now(scope, identifier)
        before = self.current(scope, identifier)
        changes = self._rules.with_references(scope, changes, changes.model_fields_set)
        self._rules.require_unique(scope, changes, before)
        is_here = self._state(identifier) in VISIBLE
        base = None if is_here else self._layer.copies.base(self.kind, scope, identifier)
        return self._layer.workspace.change(self.kind, scope, identifier, changes, base)

    def _page(self, scope: Scope, query: Query) -> Page[M]:
        self.require_visible(scope)
        if self._index.is_made_here(self.kind, scope):
            return self._ours.page(scope, query)
        is_touched = self._has(scope, *DIFFERENT)
        if query.name is not None:
            return self._called(scope, query) if is_touched else self._theirs_called(scope, query)
        position = position_of(query, self.kind)
        if is_touched or position.is_merged:
            return self._merged(scope, query, position)
        page = self._theirs.page(scope, replace(query, cursor=position.theirs.cursor))
        items = self._shown(scope, page.items)
        if page.cursor is None:
            return Page(items, None)
        keys = [key_of(record, query.sort_by) for record in page.items]
        reached = furthest(query, (position.key, *keys))
        after = Position(Mark(page.cursor, reached=reached), key=reached)
        return Page(items, after.cursor(query))

    def _merged(self, scope: Scope, query: Query, position: Position) -> Page[M]:
        def fetch(store: ReadableStore[M], cursor: str | None) -> Page[M]:
            return store.page(scope, replace(query, cursor=cursor))

        def nothing(cursor: str | None) -> Page[M]:
            return Page([], cursor=None)

        there = partial(fetch, self._theirs)
        # Without anything of ours, its parents may not be here either.
        here = partial(fetch, self._ours) if self._has_ours(scope) else nothing
        theirs = Side(there, position.theirs, self._is_theirs, query, position.key)
        ours = Side(here, position.ours, self._is_ours, query, position.key)
        page = merged_page(query, theirs, ours)
        return Page(self._shown(scope, page.items), page.cursor)

    def _called(self, scope: Scope, query: Query) -> Page[M]:
        """Few have one name, so all of them are taken and put in order."""
        found: list[M] = []
        if self._has_ours(scope):
            found = self._matches(self._ours, scope, query, self._is_ours)
        try:
            found += self._matches(self._theirs, scope, query, self._is_theirs)
        except OfflineError:
            if not found:  # nobody knows whether it exists
                raise
        page = page_of(named(found, self.kind.names, cast("str", query.name)), query)
        return Page(self._shown(scope, page.items), page.cursor)

    def _theirs_called(self, scope: Scope, query: Query) -> Page[M]:
        page = self._theirs.page(scope, query)
        return Page(self._shown(scope, page.items), page.cursor)

    def _matches(
        self, store: ReadableStore[M], scope: Scope, query: Query, keep: Callable[[M], bool]
    ) -> list[M]:
        """What one side has of that name, in whichever field."""
        asked = Query(name=query.name)
        kept = [record for record in all_of(store, scope, asked) if keep(record)]
        if kept or len(self.kind.names) == 1:
            return kept
        # What has the name in the first field may be hidden: then the others count.
        return [
            record
            for record in all_of(store, scope, Query())
            if keep(record)
            and any(getattr(record, field) == query.name for field in self.kind.names)
        ]

    def _has_ours(self, scope: Scope) -> bool:
        return self._has(scope, *VISIBLE)

    def _has(self, scope: Scope, *states: State) -> bool:
        assert self.kind.parent is not None
        return self._index.has(self.kind.parent, scope.ids[-1], self.kind, *states)

    def _now(self, scope: Scope, identifier: str) -> tuple[Scope, str]:
        """The ids that an object and its parents have now."""
        index = self._index
        return index.resolved(self.kind, scope), index.resolve(self.kind, identifier)

    def _state(self, identifier: str) -> State:
        return self._index.state(self.kind, identifier)

    def _is_theirs(self, record: M) -> bool:
        return self._state(identifier_of(record)) not in DIFFERENT

    def _is_ours(self, record: M) -> bool:
        return self._state(identifier_of(record)) in VISIBLE

    def _shown(self, scope: Scope, records: list[M]) -> list[M]:
        """The records as the merged view shows them."""
        if self._index.is_empty:
            return records
        return [self._as_shown(scope, record) for record in records]

    def _as_shown(self, scope: Scope, record: M) -> M:
        state = self._state(identifier_of(record))
        if state == State.CREATED:
            return record
        if state == State.CHANGED:
            return self._changed(scope, record)
        return self._layer.counts.adjusted(self.kind, record)

    def _overlaid(self, base: M, ours: M) -> M:
        """The remote's record with the fields that can change here."""
        fields = {*self.kind.update.model_fields, "updated_at"} & {*type(base).model_fields}
        return base.model_copy(update={field: getattr(ours, field) for field in fields})

    def _changed(self, scope: Scope, ours: M) -> M:
        """A record that was changed here, with what only the remote knows of it."""
        identifier = identifier_of(ours)
        entry = self._index.get(self.kind, identifier)
        known = None
        if entry is not None and not entry.is_whole:
            known = self._layer.workspace.entry(self.kind, identifier)
        if known is not None and known.base is not None:
            ours = self._overlaid(kept_record(self.kind, known.base), ours)
        if not self.kind.totals:
            return ours
        theirs = None if entry is None else self._layer.counts.theirs(entry)
        # Deleted there: what was made below it here is left.
        totals = {
            field: 0 if theirs is None else getattr(theirs, field) for field in self.kind.totals
        }
        return self._layer.counts.adjusted(self.kind, ours.model_copy(update=totals))
