"""Reports of an overlay: its status, its differences, and results of push, pull and copy.

A hybrid client reads the platform through an overlay and writes to the overlay only.
`client.overlay` answers with the classes of this module, and `dataforce.copy` with one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import TypeAlias, overload

from dataforce.models._base import without_credentials

__all__ = [
    "Action",
    "Change",
    "Conflict",
    "CopyReport",
    "Diff",
    "FieldChange",
    "FieldConflict",
    "OverlayStatus",
    "PullReport",
    "PushReport",
    "Resolution",
]

_WIDEST = 60
"""Width of a cell of a table, in characters."""
_NAMED = 10
"""Number of ids that a report shows."""
_LINE = 198
"""Length of the longest repr of a report, in characters."""


class Action(StrEnum):
    """The change of an object in an overlay."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


class Resolution(StrEnum):
    """Whose side a push takes where both sides changed the same."""

    STOP = "stop"
    THEIRS = "theirs"
    MINE = "mine"


class _InOneLine:
    """A repr of one short line: what the report prints as, cut where it is long."""

    def __repr__(self) -> str:
        line = " ".join(f"<{type(self).__name__}: {self}>".split())
        return line if len(line) <= _LINE else f"{line[: _LINE - 2]}…>"


@dataclass(frozen=True, repr=False)
class FieldChange(_InOneLine):
    """One field of an object, before and after.

    Attributes:
        name: Of the field.
        old: The platform's value when the object was first changed here.
        new: The value here; `**********` for what is never shown, such as a key.
    """

    name: str
    old: object
    new: object

    def __str__(self) -> str:
        return f"{self.name}: {_shown(self.old)} → {_shown(self.new)}"


@dataclass(frozen=True, repr=False)
class Change(_InOneLine):
    """The change of one object.

    Attributes:
        action: `created`, `changed` or `deleted`.
        kind: Such as `model artifact`.
        id: Of the object; the one it has here.
        scope: Ids of its parents, from the organization down.
        name: What it is called here.
        fields: What changed, for a changed object.
        size: Of its file, in bytes; `None` if it has none, or for a change, which moves none.
        new_id: The id that the platform gave it, once it was pushed.
    """

    action: Action
    kind: str
    id: str
    scope: tuple[str, ...]
    name: str
    fields: tuple[FieldChange, ...] = ()
    size: int | None = None
    new_id: str | None = None

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {_shown(self.name)} ({self.id})"


class Diff(Sequence[Change]):
    """The differences between an overlay and the platform; prints as a table.

    Args:
        changes: What became of each object, parents before children.

    Example:
        >>> print(Diff([Change(Action.CREATED, "collection", "0199…", (), "Flowers")]))
        action   kind        name     what
        created  collection  Flowers
        1 created, 0 changed, 0 deleted
    """

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self._changes = tuple(changes)

    @overload
    def __getitem__(self, index: int) -> Change: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...

    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        return self._changes[index]

    def __len__(self) -> int:
        return len(self._changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Diff) and self._changes == other._changes

    def __repr__(self) -> str:
        return f"<Diff: {self.summary()}>"

    def __str__(self) -> str:
        return f"{_table(map(_row, self), _HEADINGS)}\n{self.summary()}" if self else "no changes"

    def summary(self) -> str:
        """Return the number of changes of each action, in words.

        Returns:
            One line.

        Example:
            >>> Diff().summary()
            '0 created, 0 changed, 0 deleted'
        """
        return _summary(self)


@dataclass(frozen=True, repr=False)
class OverlayStatus(_InOneLine):
    """The content of an overlay, in numbers.

    Attributes:
        name: Of the overlay.
        created: How many objects were made here.
        changed: How many objects of the platform have changes here.
        deleted: How many objects of the platform are deleted here.
        cached_files: How many files of the platform are kept here.
        cached_bytes: How large they are together.
        pulled_at: When the oldest of what can be read offline was pulled; `None` if nothing was.
        is_offline: Whether only that is read.
    """

    name: str
    created: int
    changed: int
    deleted: int
    cached_files: int
    cached_bytes: int
    pulled_at: datetime | None = None
    is_offline: bool = False

    def __str__(self) -> str:
        pulled = f"pulled {age(self.pulled_at)} ago" if self.pulled_at else "nothing pulled"
        return (
            f"overlay {self.name!r}: {self.created} created, {self.changed} changed, "
            f"{self.deleted} deleted; {self.cached_files} files cached "
            f"({_size(self.cached_bytes)}); {pulled}{', offline' if self.is_offline else ''}"
        )


@dataclass(frozen=True, repr=False)
class FieldConflict(_InOneLine):
    """A field that both sides changed, each to another value.

    Attributes:
        name: Of the field.
        base: What it was when it was first changed here.
        theirs: What it is on the platform now.
        mine: What it is here.
    """

    name: str
    base: object
    theirs: object
    mine: object

    def __str__(self) -> str:
        return (
            f"{self.name}: {_shown(self.base)} → {_shown(self.theirs)} there, "
            f"{_shown(self.mine)} here"
        )


@dataclass(frozen=True, repr=False)
class Conflict(_InOneLine):
    """Why a change cannot be published as it is.

    Attributes:
        change: The change.
        reason: What happened on the platform meanwhile.
        fields: The fields that both sides changed, if that is why.
        can_be_mine: Whether `mine` would publish it all the same.
        can_be_theirs: Whether `theirs` would drop it.
    """

    change: Change
    reason: str
    fields: tuple[FieldConflict, ...] = ()
    can_be_mine: bool = True
    can_be_theirs: bool = True

    def __str__(self) -> str:
        said = "; ".join(map(str, self.fields))
        return (
            f"{self.change.kind} {self.change.name!r} ({self.change.id}): {self.reason}"
            f"{': ' if said else ''}{said}"
        )


@dataclass(frozen=True, repr=False)
class PushReport(_InOneLine):
    """The result of a push, or of a dry run; prints as a table.

    Attributes:
        changes: What was published, in that order.
        dropped: What was given up in favour of the platform's side.
        left_out: What cannot be published and stays here, such as an upload that failed.
        is_dry_run: Whether nothing was done.
    """

    changes: Diff
    dropped: Diff = field(default_factory=Diff)
    left_out: Diff = field(default_factory=Diff)
    is_dry_run: bool = False

    def __repr__(self) -> str:
        return f"<PushReport: {self.changes.summary()}{', a dry run' if self.is_dry_run else ''}>"

    def __str__(self) -> str:
        lines = ["nothing to push"]
        if self.changes or self.dropped:
            verb = "would be pushed" if self.is_dry_run else "pushed"
            lines = [f"{verb}:", str(self.changes)]
        if self.dropped:
            lines += ["dropped, as the platform's side was taken:", str(self.dropped)]
        if self.left_out:
            lines += ["left out, as it cannot be published:", str(self.left_out)]
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class PullReport(_InOneLine):
    """The result of a pull.

    Attributes:
        records: Kind to how many records of it.
        files: How many files are here now for reading offline.
        bytes: How large they are together.
    """

    records: Mapping[str, int]
    files: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        counted = ", ".join(_counted(number, kind) for kind, number in self.records.items())
        return (
            f"pulled {counted or 'nothing'}; {_counted(self.files, 'file')} ({_size(self.bytes)})"
        )


@dataclass(frozen=True, repr=False)
class CopyReport(_InOneLine):
    """The result of a copy.

    Attributes:
        kind: `collection` or `model artifact`.
        id: Of what was copied, at the target.
        copied: Ids of the model artifacts that were brought there, at the target.
        skipped: Ids of those that were there already, at the target.
        left_out: Ids of those that have no bytes or no name, at the source.
        bytes: How many were brought.
    """

    kind: str
    id: str
    copied: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    bytes: int = 0

    def __str__(self) -> str:
        said = (
            f"{self.kind} {self.id}: {_counted(len(self.copied), 'model artifact')} copied "
            f"({_size(self.bytes)}), {len(self.skipped)} there already"
        )
        if not self.left_out:
            return said
        named = ", ".join(self.left_out[:_NAMED])
        more = " and more" if len(self.left_out) > _NAMED else ""
        number = len(self.left_out)
        return f"{said}, {number} left out, as they have no bytes or no name: {named}{more}"


def age(moment: datetime) -> str:
    """Return the time since a moment, in words.

    Args:
        moment: With its time zone.

    Returns:
        Such as `3 hours`.

    Example:
        >>> age(datetime.now(UTC))
        '0 seconds'
    """
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return _counted(seconds // length, unit)
    return _counted(seconds, "second")


# -- how it is shown

_Row: TypeAlias = tuple[str, str, str, str]
_HEADINGS: _Row = ("action", "kind", "name", "what")


def _row(change: Change) -> _Row:
    what = "; ".join(map(str, change.fields))
    if change.size is not None:
        what = _size(change.size)
    return change.action, change.kind, change.name, what


def _table(rows: Iterable[_Row], headings: _Row) -> str:
    lines = [headings, *rows]
    cut = [[_cut(cell) for cell in line[:-1]] + [line[-1]] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in cut
    )
    return "\n".join(line.rstrip() for line in padded)


def _cut(text: str) -> str:
    if not text.isprintable():  # a line break in a name would break the table
        text = repr(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _shown(value: object) -> str:
    value = value.value if isinstance(value, Enum) else value
    return _cut(repr(without_credentials(value)))


def _size(size: int) -> str:
    if size < 1000:
        return f"{size} B"
    value, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while round(value, 1) >= 1000 and len(units) > 1:
        value /= 1000
        del units[0]
    return f"{value:.1f} {units[0]}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _summary(changes: Iterable[Change]) -> str:
    counts = Counter(change.action for change in changes)
    sizes = Counter[Action]()
    for change in changes:
        sizes[change.action] += change.size or 0
    return ", ".join(
        f"{counts[action]} {action}{f' ({_size(sizes[action])})' if sizes[action] else ''}"
        for action in Action
    )
