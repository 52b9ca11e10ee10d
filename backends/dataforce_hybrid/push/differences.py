"""What became of each object, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dataforce.backend import Scope
from dataforce.backend.error_messages import not_found
from dataforce.overlay import Action, Change, FieldChange
from dataforce.overlay.kept import kept_record, reading_kept
from dataforce.overlay.store import Entry, State
from dataforce_hybrid.records.change_index import DIFFERENT

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend.interface import AnyKind
    from dataforce_hybrid.layer import Layer

HIDDEN = "**********"


class Differences:
    """The changes below one root.

    Args:
        layer: Both sides.
        root: Id of the root.
    """

    def __init__(self, layer: Layer, root: str) -> None:
        self._layer = layer
        self._root = root

    def __iter__(self) -> Iterator[Change]:
        """What became of each object, parents before children."""
        for entry in self.entries(*DIFFERENT):
            if (change := self.change(entry)) is not None:
                yield change

    def entries(self, *states: State) -> Sequence[Entry]:
        """The objects that are so, kind by kind, in the order they were made, in short."""
        self._layer.index.refresh()
        return self._layer.index.within(self._root, *states)

    def change(self, entry: Entry) -> Change | None:
        """What became of one; nothing if it was changed back."""
        kind = self._layer.kinds[entry.kind]
        base, mine = self.base(entry), self.mine(entry)
        fields: tuple[FieldChange, ...] = ()
        if entry.state == State.CHANGED:
            hidden = [FieldChange(field, HIDDEN, HIDDEN) for field in self.unshown(entry)]
            fields = (*changed_fields(kind, base, mine), *hidden)
            if not fields:
                return None
        record = base if mine is None else mine
        size = None
        if kind.file is not None and entry.state != State.CHANGED:
            size = getattr(record, kind.file.size)
        return Change(
            action=_ACTIONS[entry.state],
            kind=kind.name,
            id=entry.identifier,
            scope=entry.scope,
            name=name_of(kind, record),
            fields=fields,
            size=size,
        )

    def base(self, entry: Entry) -> Any:
        """The remote's record when it was copied or hidden; `None` of one made here."""
        base = self._known(entry).base
        if base is None:
            return None
        return kept_record(self._layer.kinds[entry.kind], base)

    def mine(self, entry: Entry) -> Any:
        """The record here; `None` of one deleted here."""
        if entry.state == State.DELETED:
            return None
        store = self._layer.workspace.store(self._layer.kinds[entry.kind])
        return store.get(Scope(entry.scope), entry.identifier)

    def unshown(self, entry: Entry) -> dict[str, Any]:
        """What was given and no record shows, such as keys."""
        text = self._known(entry).unshown
        with reading_kept("what was given and no record shows"):
            return dict(json.loads(text or "{}"))

    def _known(self, entry: Entry) -> Entry:
        kind = self._layer.kinds[entry.kind]
        known = self._layer.workspace.entry(kind, entry.identifier)
        if known is None:
            raise not_found(kind, entry.identifier, Scope(entry.scope))
        return known


_ACTIONS = {
    State.CREATED: Action.CREATED,
    State.CHANGED: Action.CHANGED,
    State.DELETED: Action.DELETED,
}


def changeable(kind: AnyKind) -> list[str]:
    """The fields of a kind that an update may set and a record shows."""
    return [field for field in kind.update.model_fields if field in kind.record.model_fields]


def changed_fields(kind: AnyKind, old: BaseModel, new: BaseModel) -> list[FieldChange]:
    """The fields in which two records of one object differ."""
    return [
        FieldChange(field, shown(old, field), shown(new, field))
        for field in changeable(kind)
        if getattr(old, field) != getattr(new, field)
    ]


def shown(record: BaseModel, field: str) -> object:
    """What may be printed of a field: what its record prints, without account keys."""
    printed = dict(record.__repr_args__())
    return printed.get(field, getattr(record, field))


def name_of(kind: AnyKind, record: BaseModel) -> str:
    """What an object is called: by the first of its names that it has."""
    names = (getattr(record, field) for field in kind.names)
    return next((name for name in names if name), "")


def file_status(kind: AnyKind) -> set[str]:
    """The field that tells how far a file has come, which is no part of what an object says."""
    return set() if kind.file is None else {kind.file.status}


def is_same(kind: AnyKind, theirs: Any, mine: Any) -> bool:
    """Whether two records tell of the same, as far as a platform leaves values alone."""
    if kind.file is None:
        fields = {*kind.create.model_fields} & {*kind.record.model_fields}
    else:  # its digest stands for all that is read from the file
        told = {*kind.names, *changeable(kind), kind.file.digest, kind.file.size}
        fields = told - file_status(kind)
    return all(
        # What was not given the platform may have chosen.
        getattr(mine, field) is None or getattr(theirs, field) == getattr(mine, field)
        for field in fields
    )
