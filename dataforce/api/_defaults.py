"""The default organization, orbit and collection of a client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dataforce.api._lookup import find, text_of
from dataforce.errors import (
    CollectionResourceNotFoundError,
    ConfigurationError,
    OrbitResourceNotFoundError,
    OrganizationResourceNotFoundError,
    ResourceNotFoundError,
)
from dataforce.models import COLLECTION, ORBIT, ORGANIZATION
from dataforce.models._base import brief, canonical_id
from dataforce.seam import Query, Scope

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.seam.backend import AnyKind

_NOT_FOUND: dict[AnyKind, type[ResourceNotFoundError]] = {
    ORGANIZATION: OrganizationResourceNotFoundError,
    ORBIT: OrbitResourceNotFoundError,
    COLLECTION: CollectionResourceNotFoundError,
}
_LISTED = 20


@dataclass
class _Choice:
    """One level: what was chosen, and the id it turned out to be."""

    chosen: str | None = None
    identifier: str | None = None
    inherited: bool = False
    """Chosen before its parent was changed: dropped if it does not belong to the new parent."""
    deleted: bool = False
    """Its object was deleted: there is none until another is chosen, even if one is left."""

    def under_another_parent(self) -> _Choice:
        """What is left of it: an id may still belong, a name could mean another object there."""
        identifier = self.identifier or canonical_id(self.chosen or "")
        return _Choice(chosen=identifier if self.chosen else None, inherited=True)


class Defaults:
    """Resolves a default once, when a call first needs it, and remembers its id.

    An organization, an orbit or a collection is chosen by id or by name. Where none is chosen and
    exactly one exists, that one is the default.
    """

    LEVELS: ClassVar[tuple[AnyKind, ...]] = (ORGANIZATION, ORBIT, COLLECTION)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.RLock()
        self._choices: dict[AnyKind, _Choice] = {
            kind: _Choice(chosen=getattr(session.settings, kind.name)) for kind in self.LEVELS
        }

    def choose(self, kind: AnyKind, value: object) -> None:
        """Make what `value` means the default; levels below keep theirs if they belong."""
        if value is not None:
            value = text_of(kind, value)
        with self._lock:
            is_first = self.known(kind) is None
            self._choices[kind] = _Choice(chosen=value or None)
            if not is_first:
                for lower in self.LEVELS[self.LEVELS.index(kind) + 1 :]:
                    self._choices[lower] = self._choices[lower].under_another_parent()

    def known(self, kind: AnyKind) -> str | None:
        """The id if it was resolved already, else what was chosen; asks nobody."""
        choice = self._choices[kind]
        return choice.identifier or choice.chosen

    def find(self, kind: AnyKind) -> str | None:
        """The id of the default, `None` if there is none; asks the backend the first time.

        Raises:
            ConfigurationError: One is chosen, but its parent is not.
            ResourceNotFoundError: What was chosen does not exist below the default parent.
            MultipleResourcesFoundError: Several have the name that was chosen.
        """
        # Not under the lock: who sets a default must not wait for a backend that is asked. Two
        # threads may ask it the same, and hear the same.
        choice = self._choices[kind]
        if choice.identifier is None and not choice.deleted:
            choice.identifier = self._resolve(kind, choice)
        return choice.identifier

    def require(self, kind: AnyKind) -> str:
        """The id of the default; `ConfigurationError` if there is none."""
        identifier = self.find(kind)
        if identifier is None:
            raise ConfigurationError(self._explain_absence(kind))
        return identifier

    def scope(self, kind: AnyKind, parent: str | None = None) -> Scope:
        """Where objects of `kind` are: below the defaults, or below `parent` in place of one."""
        if kind.parent is None:
            return Scope()
        return self.scope(kind.parent).child(
            self.require(kind.parent) if parent is None else parent
        )

    def given(self, kind: AnyKind, scope: Scope, value: object) -> str:
        """The id of an object that a user gives in place of a default, in any way.

        Raises:
            ResourceNotFoundError: There is none below `scope`.
            MultipleResourcesFoundError: Several have the name.
        """
        text = text_of(kind, value)
        record = find(self._session.backend.store(kind), kind, scope, text)
        if record is None:
            raise _NOT_FOUND[kind](
                f"The {kind.name} {brief(text)} does not exist{_below(kind, scope)}. "
                f"{self._listing(kind, scope, 'Give')}"
            )
        return _id(record)

    @contextmanager
    def restored_on_error(self) -> Iterator[None]:
        """Keep what was chosen before if the block fails."""
        before = dict(self._choices)
        try:
            yield
        except BaseException:
            self._choices = before
            raise

    def forget(self, kind: AnyKind, identifier: str) -> None:
        """After an object was deleted: if it was the default, there is none now."""
        with self._lock:
            known = self.known(kind)
            if known is not None and canonical_id(known) == identifier:
                self.choose(kind, None)
                self._choices[kind] = _Choice(deleted=True)

    def _resolve(self, kind: AnyKind, choice: _Choice) -> str | None:
        if kind.parent is not None and self.find(kind.parent) is None:
            if choice.chosen is None or choice.inherited:
                return None
            raise ConfigurationError(
                f"The default {kind.name} {choice.chosen!r} needs a default {kind.parent.name}. "
                f"{self._explain_absence(kind.parent)}"
            )
        scope, store = self.scope(kind), self._session.backend.store(kind)
        if choice.chosen is not None:
            record = find(store, kind, scope, choice.chosen)
            if record is not None:
                return _id(record)
            if not choice.inherited:
                raise _NOT_FOUND[kind](
                    f"The default {kind.name} {choice.chosen!r} does not exist"
                    f"{_below(kind, scope)}. {self._listing(kind, scope)}"
                )
            choice.chosen = None
        only = store.page(scope, Query(limit=2)).items
        return _id(only[0]) if len(only) == 1 else None

    def _explain_absence(self, kind: AnyKind) -> str:
        if kind.parent is not None and self.find(kind.parent) is None:
            return self._explain_absence(kind.parent)
        return f"No default {kind.name} is set. {self._listing(kind, self.scope(kind))}"

    def _listing(self, kind: AnyKind, scope: Scope, what_to_do: str | None = None) -> str:
        page = self._session.backend.store(kind).page(scope, Query(limit=_LISTED))
        if not page.items:
            return f"There is no {kind.name}{_below(kind, scope)} yet: create one first."
        more = " and more" if page.cursor else ""
        named = ", ".join(f"{getattr(item, kind.names[0])!r} ({_id(item)})" for item in page.items)
        what_to_do = what_to_do or f"Set client.{kind.name} to"
        return f"{what_to_do} the name or id of one of: {named}{more}."


def _below(kind: AnyKind, scope: Scope) -> str:
    return f" in {kind.parent.name} {scope.parent}" if kind.parent else ""


def _id(record: Any) -> str:
    identifier: str = record.id
    return identifier
