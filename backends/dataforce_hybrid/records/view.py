"""Merged view: the overlay and the remote, read as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from dataforce.backend import Page, Query, Scope, identifier_of
from dataforce.backend.error_messages import not_found
from dataforce.backend.filters import match_all
from dataforce.backend.paging import page_of, records_of, sort_key
from dataforce.errors import OfflineError
from dataforce.overlay.kept import kept_record
from dataforce.overlay.store import State
from dataforce_hybrid.records.change_index import DIFFERENT, VISIBLE
from dataforce_hybrid.records.merging import (
    Mark,
    Position,
    Side,
    furthest,
    merged_page,
    position_of,
)

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Kind, ReadableBackend, ReadableStore
    from dataforce.overlay.store import OverlayStore
    from dataforce_hybrid.records.change_index import ChangeIndex
    from dataforce_hybrid.records.totals import Totals

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class MergedView:
    """The records of an overlay and of the remote below it, of any kind.

    Args:
        remote: The backend that the overlay lies over.
        overlay: The overlay.
        index: The states of the objects in it.
        totals: Counts what both sides hold below an object.
    """

    def __init__(
        self, remote: ReadableBackend, overlay: OverlayStore, index: ChangeIndex, totals: Totals
    ) -> None:
        self.remote = remote
        self.overlay = overlay
        self.index = index
        self.totals = totals

    def store(self, kind: Kind[M, C, U], scope: Scope) -> MergedRecords[M]:
        """Return the records of a kind below a scope; its ids may be those of before a push."""
        return MergedRecords(self, kind, scope)

    def current(self, kind: AnyKind, scope: Scope, identifier: str) -> Any:
        """Return a record by the ids of now, as far as the index knows."""
        return MergedRecords[Any](self, kind, scope).current(identifier)


class MergedRecords(Generic[M]):
    """The records of one kind below one scope.

    Args:
        view: The sides.
        kind: The kind.
        scope: The scope.
    """

    def __init__(self, view: MergedView, kind: Kind[M, Any, Any], scope: Scope) -> None:
        self._view = view
        self._index = view.index
        self._kind = kind
        self._scope = scope

    def page(self, query: Query) -> Page[M]:
        """Return one page of both sides."""
        return self._index.undisturbed(lambda: self._now().current_page(query), at_one_moment=True)

    def get(self, identifier: str) -> M:
        """Return the record with that id, or with the id that it had before it was published."""
        return self._index.undisturbed(
            lambda: self._now().current(self._index.resolve(self._kind, identifier)),
            at_one_moment=True,
        )

    # From here on, the ids are those of now

    def current(self, identifier: str) -> M:
        """Return the record with that id, as far as the index knows."""
        if self._index.is_empty:
            return self._theirs.get(identifier)
        self._require_visible()
        entry = self._index.get(self._kind, identifier)
        is_new = entry is not None and entry.state == State.CREATED
        if is_new or self._index.is_made_here(self._kind, self._scope):
            return self._ours.get(identifier)
        if entry is not None and entry.state == State.DELETED:
            raise not_found(self._kind, identifier, self._scope)
        if entry is None or entry.state != State.CHANGED or entry.scope != self._scope.ids:
            return self._view.totals.adjusted(self._kind, self._theirs.get(identifier))
        return self._changed(self._ours.get(identifier))

    @property
    def _theirs(self) -> ReadableStore[M]:
        return self._view.remote.store(self._kind, self._scope)

    @property
    def _ours(self) -> ReadableStore[M]:
        return self._view.overlay.store(self._kind, self._scope)

    def _now(self) -> MergedRecords[M]:
        scope = self._index.resolved(self._kind, self._scope)
        return self if scope == self._scope else MergedRecords(self._view, self._kind, scope)

    def _require_visible(self) -> None:
        """Raise `NotFoundError` for the first parent that is hidden here."""
        for kind, parent in zip(self._kind.ancestors, self._scope.ids, strict=True):
            if self._index.state(kind, parent) == State.DELETED:
                raise not_found(kind, parent, self._scope)

    def current_page(self, query: Query) -> Page[M]:
        """Return one page, as far as the index knows."""
        self._require_visible()
        if self._index.is_made_here(self._kind, self._scope):
            return self._ours.page(query)
        is_touched = self._has(*DIFFERENT)
        if query.name is not None:
            return self._called(query) if is_touched else self._shown(self._theirs.page(query))
        position = position_of(query, self._kind)
        if is_touched or position.is_merged:
            return self._merged(query, position)
        page = self._theirs.page(replace(query, cursor=position.theirs.cursor))
        shown = self._shown(page)
        if page.cursor is None:
            return shown
        keys = [sort_key(self._kind, record, query) for record in page.items]
        reached = furthest(query, (position.key, *keys))
        after = Position(Mark(page.cursor, reached=reached), key=reached)
        return Page(shown.items, after.cursor(query))

    def _merged(self, query: Query, position: Position) -> Page[M]:
        def fetch(store: ReadableStore[M], query: Query, cursor: str | None) -> Page[M]:
            return store.page(replace(query, cursor=cursor))

        def nothing(cursor: str | None) -> Page[M]:
            return Page([], cursor=None)

        there = partial(fetch, self._theirs, query)
        # Without anything of ours, its parents may not be here either. The conditions are for what
        # is shown, which may be more than the overlay can hold of a record.
        is_here = self._has(*VISIBLE)
        here = partial(fetch, self._ours, replace(query, where=())) if is_here else nothing
        keep = partial(self._is_ours_and_asked_for, query)
        theirs = Side(there, position.theirs, self._is_theirs, self._kind, query, position.key)
        ours = Side(here, position.ours, keep, self._kind, query, position.key)
        return self._shown(merged_page(query, theirs, ours))

    def _called(self, query: Query) -> Page[M]:
        """Return a page of those of one name: they are few, so all are taken and put in order."""
        found: list[M] = []
        if self._has(*VISIBLE):
            found = self._matches(self._ours, query.name, self._is_ours)
        try:
            found += self._matches(self._theirs, query.name, self._is_theirs)
        except OfflineError:
            if not found:  # nobody knows whether it exists
                raise
        return page_of(self._kind, map(self._as_shown, found), query)

    def _matches(
        self, store: ReadableStore[M], name: str | None, keep: Callable[[M], bool]
    ) -> list[M]:
        """Return the records of one side that have a name, in whichever field."""
        asked = Query(name=name, limit=None)
        kept = [record for record in records_of(store, self._kind, asked) if keep(record)]
        if kept or len(self._kind.names) == 1:
            return kept
        # What has the name in the first field may be hidden: then the others count.
        return [
            record
            for record in records_of(store, self._kind)
            if keep(record) and any(getattr(record, field) == name for field in self._kind.names)
        ]

    def _has(self, *states: State) -> bool:
        return self._index.has(self._scope, self._kind, *states)

    def _state(self, record: M) -> State:
        return self._index.state(self._kind, identifier_of(record))

    def _is_theirs(self, record: M) -> bool:
        return self._state(record) not in DIFFERENT

    def _is_ours(self, record: M) -> bool:
        return self._state(record) in VISIBLE

    def _is_ours_and_asked_for(self, query: Query, record: M) -> bool:
        return self._is_ours(record) and (
            not query.where or match_all(query.where, self._as_shown(record))
        )

    def _shown(self, page: Page[M]) -> Page[M]:
        """The records of a page as the merged view shows them."""
        if self._index.is_empty:
            return page
        return Page([*map(self._as_shown, page.items)], page.cursor)

    def _as_shown(self, record: M) -> M:
        state = self._state(record)
        if state == State.CREATED:
            return record
        if state == State.CHANGED:
            return self._changed(record)
        return self._view.totals.adjusted(self._kind, record)

    def _changed(self, ours: M) -> M:
        """A record that was changed here, with what only the remote knows of it."""
        identifier, totals = identifier_of(ours), self._view.totals
        entry = self._index.get(self._kind, identifier)
        known = None
        if entry is not None and not entry.is_lossless:
            known = self._view.overlay.entry(self._kind, identifier)
        if known is not None and known.base is not None:
            base = kept_record(self._kind, known.base)
            fields = {*self._kind.update.model_fields, "updated_at"} & {*type(base).model_fields}
            ours = base.model_copy(update={field: getattr(ours, field) for field in fields})
        if not self._kind.totals:
            return ours
        theirs = None if entry is None else totals.theirs(entry)
        # Deleted there: what was made below it here is left.
        counted = {
            field: 0 if theirs is None else getattr(theirs, field) for field in self._kind.totals
        }
        return totals.adjusted(self._kind, ours.model_copy(update=counted))
