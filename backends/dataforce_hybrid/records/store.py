"""The store of any kind: reads both sides as one, and writes to the overlay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from dataforce.backend import Scope
from dataforce.errors import NotFoundError
from dataforce.overlay.store import State
from dataforce_hybrid.records.change_index import VISIBLE

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Kind
    from dataforce_hybrid.push.delete_baseline import DeleteBaseline
    from dataforce_hybrid.records.constraints import Rules
    from dataforce_hybrid.records.copy_on_write import Copies
    from dataforce_hybrid.records.view import MergedView

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class Writer:
    """Writes records of any kind to an overlay.

    Args:
        view: Both sides.
        copies: Brings what is needed into the overlay.
        rules: Checks the declared rules.
        baseline: Remembers what stood below a deleted object.
    """

    def __init__(
        self, view: MergedView, copies: Copies, rules: Rules, baseline: DeleteBaseline
    ) -> None:
        self._view = view
        self._overlay = view.overlay
        self._index = view.index
        self._copies = copies
        self._rules = rules
        self._baseline = baseline

    def prepared(self, kind: AnyKind, scope: Scope, values: C) -> tuple[Scope, C]:
        """Check that a record may be made; return scope and values by the ids of now.

        What it stands on is in the overlay then.
        """
        self._index.refresh()
        scope = self._index.resolved(kind, scope)
        self._copies.require_parent(kind, scope)
        values = self._rules.with_references(kind, scope, values)
        self._rules.require_new(kind, scope, values)
        self._rules.require_unique(kind, scope, values)
        return scope, values

    def create(self, kind: AnyKind, scope: Scope, values: BaseModel) -> Any:
        """Make a record in the overlay."""
        scope, values = self.prepared(kind, scope, values)
        return self._overlay.store(kind, scope).create(values)

    def create_many(self, kind: AnyKind, scope: Scope, values: Sequence[BaseModel]) -> list[Any]:
        """Make records in the overlay, all or none."""
        prepared = [self.prepared(kind, scope, each) for each in values]
        if not prepared:
            return []
        store = self._overlay.store(kind, prepared[0][0])
        return store.create_many([each for _, each in prepared])

    def update(self, kind: AnyKind, scope: Scope, identifier: str, changes: BaseModel) -> bool:
        """Change a record; one of the remote is copied first, and keeps its id.

        Returns:
            Whether it was changed; not if its changes were dropped or published meanwhile.
        """
        scope, identifier = self._now(kind, scope, identifier)
        before = self._view.current(kind, scope, identifier)
        changes = self._rules.with_references(kind, scope, changes)
        self._rules.require_unique(kind, scope, changes, before)
        is_here = self._index.state(kind, identifier) in VISIBLE
        base = None if is_here else self._copies.base(kind, scope, identifier)
        return self._overlay.change(kind, scope, identifier, changes, base)

    def delete(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Remove a record that was made here; hide one of the remote, and all below it."""
        scope, identifier = self._now(kind, scope, identifier)
        try:
            record = self._view.current(kind, scope, identifier)
        except NotFoundError:
            if kind.forgiving_delete:
                return
            raise
        self._rules.require_unused(kind, scope, identifier)
        state = self._index.state(kind, identifier)
        if state == State.CREATED:
            self._overlay.store(kind, scope).delete(identifier)
            return
        if state != State.CHANGED:
            record = self._view.remote.store(kind, scope).get(identifier)  # with its own totals
        self._baseline.keep(self._view.remote, kind, scope, identifier)
        self._overlay.hide(kind, scope, record)

    def _now(self, kind: AnyKind, scope: Scope, identifier: str) -> tuple[Scope, str]:
        """The ids that an object and its parents have now."""
        self._index.refresh()
        return self._index.resolved(kind, scope), self._index.resolve(kind, identifier)


class HybridStore(Generic[M, C, U]):
    """The records of one kind below one scope; see `dataforce.backend.Store`.

    Args:
        view: Reads them.
        writer: Writes them.
        kind: The kind.
        scope: The scope.
    """

    def __init__(self, view: MergedView, writer: Writer, kind: Kind[M, C, U], scope: Scope) -> None:
        merged = view.store(kind, scope)
        self.page = merged.page
        self.get = merged.get
        self._writer = writer
        self._kind = kind
        self._scope = scope

    def create(self, values: C) -> M:
        """Make a record, which is in the overlay only."""
        record: M = self._writer.create(self._kind, self._scope, values)
        return record

    def create_many(self, values: Sequence[C]) -> list[M]:
        """Make several records, all or none."""
        return self._writer.create_many(self._kind, self._scope, values)

    def update(self, identifier: str, changes: U) -> M:
        """Return the record after the changes."""
        while changes.model_fields_set and not self._writer.update(
            self._kind, self._scope, identifier, changes
        ):
            pass  # its changes were dropped or published meanwhile
        return self.get(identifier)

    def delete(self, identifier: str) -> None:
        """Delete a record, and all below it."""
        self._writer.delete(self._kind, self._scope, identifier)
