"""Differences between an overlay and the remote, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dataforce.backend import Scope
from dataforce.backend.error_messages import not_found
from dataforce.overlay import Action, Change, FieldChange
from dataforce.overlay.kept import kept_record, reading_kept
from dataforce.overlay.store import State
from dataforce_hybrid.records.change_index import DIFFERENT

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import AnyKind
    from dataforce.overlay.store import ObjectState, OverlayStore
    from dataforce_hybrid.records.change_index import ChangeIndex

HIDDEN = "**********"


class Differences:
    """The changes of one overlay, such as that below an organization.

    Args:
        overlay: The overlay.
        index: The states of the objects in it.
        root: Id of the root.
    """

    def __init__(self, overlay: OverlayStore, index: ChangeIndex, root: str) -> None:
        self._overlay = overlay
        self._index = index
        self._root = root

    def __iter__(self) -> Iterator[Change]:
        """Yield what became of each object, parents before children."""
        for entry in self.entries(*DIFFERENT):
            if (change := self.change(entry)) is not None:
                yield change

    def entries(self, *states: State) -> Sequence[ObjectState]:
        """Return the objects in these states, kind by kind, in the order of their creation."""
        self._index.refresh()
        return self._index.within(self._root, *states)

    def change(self, entry: ObjectState) -> Change | None:
        """Return what became of one object; nothing if it was changed back."""
        kind = self._index.kinds[entry.kind]
        base, mine = self.base(entry), self.mine(entry)
        fields: tuple[FieldChange, ...] = ()
        if entry.state == State.CHANGED:
            hidden = [FieldChange(field, HIDDEN, HIDDEN) for field in self.write_only(entry)]
            fields = (*changed_fields(kind, base, mine), *hidden)
            if not fields:
                return None
        record = base if mine is None else mine
        size = None
        if kind.files and entry.state != State.CHANGED:
            size = sum(each.size_of(record) or 0 for each in kind.files.values())
        return Change(
            action=_ACTIONS[entry.state],
            kind=kind.name,
            id=entry.identifier,
            scope=entry.scope,
            name=name_of(kind, record),
            fields=fields,
            size=size,
        )

    def base(self, entry: ObjectState) -> Any:
        """Return the remote's record when it was copied or hidden; `None` of one made here."""
        base = self._known(entry).base
        if base is None:
            return None
        return kept_record(self._index.kinds[entry.kind], base)

    def mine(self, entry: ObjectState) -> Any:
        """Return the record in the overlay; `None` of one deleted there."""
        if entry.state == State.DELETED:
            return None
        store = self._overlay.store(self._index.kinds[entry.kind], Scope(entry.scope))
        return store.get(entry.identifier)

    def write_only(self, entry: ObjectState) -> dict[str, Any]:
        """Return the fields that were given and that no record shows, such as keys."""
        text = self._known(entry).write_only
        with reading_kept("what was given and no record shows"):
            return dict(json.loads(text or "{}"))

    def _known(self, entry: ObjectState) -> ObjectState:
        kind = self._index.kinds[entry.kind]
        known = self._overlay.entry(kind, entry.identifier)
        if known is None:
            raise not_found(kind, entry.identifier, Scope(entry.scope))
        return known


_ACTIONS = {
    State.CREATED: Action.CREATED,
    State.CHANGED: Action.CHANGED,
    State.DELETED: Action.DELETED,
}


def changeable(kind: AnyKind) -> list[str]:
    """Return the fields of a kind that an update may set and a record shows."""
    return [field for field in kind.update.model_fields if field in kind.record.model_fields]


def changed_fields(kind: AnyKind, old: BaseModel, new: BaseModel) -> list[FieldChange]:
    """Return the fields in which two records of one object differ."""
    return [
        FieldChange(field, shown(old, field), shown(new, field))
        for field in changeable(kind)
        if getattr(old, field) != getattr(new, field)
    ]


def shown(record: BaseModel, field: str) -> object:
    """Return what may be printed of a field: what its record prints, without account keys."""
    printed = dict(record.__repr_args__())
    return printed.get(field, getattr(record, field))


def name_of(kind: AnyKind, record: BaseModel) -> str:
    """Return what an object is called: the first of its names that it has."""
    names = (getattr(record, field) for field in kind.names)
    return next((name for name in names if name), "")


def file_status(kind: AnyKind) -> set[str]:
    """Return the fields that tell how far a file has come, which say nothing of an object."""
    return {each.status for each in kind.files.values() if each.status is not None}


def is_same(kind: AnyKind, theirs: Any, mine: Any) -> bool:
    """Return whether two records tell of the same, as far as a platform leaves values alone."""
    if kind.files:  # the digests stand for all that is read from the files
        fields = {*kind.names, *changeable(kind)} - file_status(kind)
    else:
        fields = {*kind.create.model_fields} & {*kind.record.model_fields}
    if kind.identity.made_by == "client":
        fields.add(kind.identity_field)
    return all(
        # What was not given the platform may have chosen.
        getattr(mine, field) is None or getattr(theirs, field) == getattr(mine, field)
        for field in fields
    ) and all(
        (each.digest_of(theirs), each.size_of(theirs)) == (each.digest_of(mine), each.size_of(mine))
        for each in kind.files.values()
    )
