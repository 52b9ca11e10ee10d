"""Objects below another, and references that forbid its deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dataforce.backend.identity import identifier_of
from dataforce.backend.paging import records_of
from dataforce.backend.query import Scope

if TYPE_CHECKING:
    from dataforce.backend.interface import ReadableStore
    from dataforce.backend.kind import AnyKind, Family

Lists: TypeAlias = "Callable[[AnyKind, Scope], Iterable[Any]]"
"""Gives the records of a kind in a scope."""


class Use(NamedTuple):
    """A reference that forbids a deletion.

    Attributes:
        kind: The kind of what is pointed at.
        identifier: Its id.
        user: The kind of what points at it.
        by: The id of that.
        path: The path of the reference.
    """

    kind: AnyKind
    identifier: str
    user: AnyKind
    by: str
    path: str


def lists_of(find: Callable[[AnyKind, Scope], ReadableStore[Any]]) -> Lists:
    """Return what lists the records of stores, such as those of `backend.store`."""
    return lambda kind, scope: records_of(find(kind, scope), kind)


def uses(
    lists: Lists, family: Family, kind: AnyKind, scope: Scope, identifier: str
) -> Iterator[Use]:
    """Yield what forbids to delete an object: references to it, or to what stands below it.

    Those of what would be deleted with it do not.

    Args:
        lists: Gives the records of a kind in a scope.
        family: The kinds.
        kind: The kind of the object.
        scope: Its parents.
        identifier: Its id.
    """
    inside = scope.child(identifier)
    for target in family.kinds:
        if target is not kind and kind not in target.ancestors:
            continue
        pointing: dict[AnyKind, set[str]] = {}
        for user, path, reference in family.pointing_at(target):
            # What stands below the object, as its target does, always goes with it.
            if reference.forbids_deletion and (target is kind or kind not in user.ancestors):
                pointing.setdefault(user, set()).add(path)
        ids = {identifier}
        if pointing and target is not kind:
            ids = {identifier_of(each) for each in all_below(lists, target, inside)}
        for user, paths in pointing.items() if ids else ():
            for by, record in _outside(lists, user, kind, inside):
                for path, _, to in user.references_of(record):
                    if path in paths and to in ids:
                        yield Use(target, to, user, by, path)


def all_below(lists: Lists, kind: AnyKind, scope: Scope) -> Iterator[Any]:
    """Yield every object of a kind below a scope, which may be that of a kind above it.

    Args:
        lists: Gives the records of a kind in a scope.
        kind: The kind of the objects.
        scope: Where to begin.
    """
    for place in places_below(lists, kind, scope):
        yield from lists(kind, place)


def places_below(lists: Lists, kind: AnyKind, scope: Scope) -> Iterator[Scope]:
    """Yield every scope of a kind below a scope, which may be that of a kind above it.

    Args:
        lists: Gives the records of a kind in a scope.
        kind: The kind.
        scope: Where to begin.
    """
    if len(scope.ids) == len(kind.ancestors):
        yield scope
        return
    for parent in lists(kind.ancestors[len(scope.ids)], scope):
        yield from places_below(lists, kind, scope.child(identifier_of(parent)))


def _outside(
    lists: Lists, user: AnyKind, kind: AnyKind, inside: Scope
) -> Iterator[tuple[str, Any]]:
    """Yield the records of a kind beside an object, neither itself nor below it, with their ids."""
    *above, identifier = inside.ids
    for place in places_below(lists, user, Scope(tuple(above[: len(user.ancestors)]))):
        if place.ids[: len(inside.ids)] == inside.ids and kind in user.ancestors:
            continue
        for record in lists(user, place):
            by = identifier_of(record)
            if (user, by) != (kind, identifier):
                yield by, record
