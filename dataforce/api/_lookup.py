"""One object by what a user calls it: its id or its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from dataforce.errors import MultipleResourcesFoundError, NotFoundError
from dataforce.models._base import canonical_id
from dataforce.seam import Query

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.seam import Kind, Scope, Store

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel")
U = TypeVar("U", bound="BaseModel")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMED = 10
"""How many ids the message about an ambiguous name lists."""


def find(store: Store[M, C, U], kind: Kind[M, C, U], scope: Scope, value: str) -> M | None:
    """The object under `scope` with that id or exactly that name, `None` if there is none.

    Raises:
        MultipleResourcesFoundError: Several have the name; the message lists their ids.
        NotFoundError: A parent in `scope` does not exist.
    """
    if not can_be_stored(value):
        return None
    identifier = canonical_id(value)
    if identifier is not None:
        try:
            return store.get(scope, identifier)
        except NotFoundError:
            pass  # a name may look like an id
    return find_named(store, kind, scope, value)


def find_named(store: Store[M, C, U], kind: Kind[M, C, U], scope: Scope, value: str) -> M | None:
    """The object under `scope` with exactly that name, also if it looks like an id.

    Raises:
        MultipleResourcesFoundError: Several have the name; the message lists their ids.
        NotFoundError: A parent in `scope` does not exist.
    """
    named = store.page(scope, Query(name=value, limit=_NAMED)).items
    if len(named) > 1:
        ids = ", ".join(str(record.id) for record in named)  # type: ignore[attr-defined]
        raise MultipleResourcesFoundError(
            f"Several {kind.name}s are called {value!r}: {ids}. Give the id instead."
        )
    return named[0] if named else None


def can_be_stored(text: str) -> bool:
    """Whether any object can have this name: a database chokes on what is not Unicode text."""
    return text.isprintable() or ("\x00" not in text and not _LONE_SURROGATE.search(text))
