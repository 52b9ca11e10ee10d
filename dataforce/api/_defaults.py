"""The default organization, orbit and collection of a client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dataforce.api._lookup import find, text_of
from dataforce.backend import Query, Scope, identifier_of
from dataforce.backend.identity import canonical_id
from dataforce.config.origin import CODE, Origin
from dataforce.errors import (
    CollectionResourceNotFoundError,
    ConfigurationError,
    MultipleResourcesFoundError,
    OrbitResourceNotFoundError,
    OrganizationResourceNotFoundError,
    ResourceNotFoundError,
)
from dataforce.models import COLLECTION, ORBIT, ORGANIZATION
from dataforce.models._base import brief

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.backend import AnyKind

_NOT_FOUND: dict[AnyKind, type[ResourceNotFoundError]] = {
    ORGANIZATION: OrganizationResourceNotFoundError,
    ORBIT: OrbitResourceNotFoundError,
    COLLECTION: CollectionResourceNotFoundError,
}
_LONGEST_MESSAGE = 500
_LONGEST_ORIGIN = 120
_SUGGESTIONS = 5
_COMPARED = 1000
"""Number of objects whose names are compared with a name that was not found."""


@dataclass
class _Choice:
    """One level: what was chosen, and the id it turned out to be."""

    chosen: str | None = None
    origin: Origin = CODE
    name: str | None = None
    """Name of the object, when it was resolved."""
    identifier: str | None = None
    former: str | None = None
    """Id under the previous parent: stays the default if it belongs to the new parent, too."""
    deleted: bool = False
    """Its object was deleted: there is none until another is chosen, even if one is left."""
    missed: bool = False
    """Was looked for and not found: what is the only one later is not to be changed unnamed."""
    several: bool = False
    """There were several to choose from when it was looked for."""

    def under_another_parent(self) -> _Choice:
        """Keep an id, which may belong to the new parent; a name may mean another object there."""
        former = self.identifier or canonical_id(self.chosen or "")
        return _Choice(
            chosen=former if self.chosen else None,
            origin=self.origin,
            former=former,
            missed=self.missed or self.deleted or (self.chosen is not None and former is None),
        )


class Defaults:
    """Resolves a default once, when a call first needs it, and remembers its id.

    An organization, an orbit or a collection is chosen by id or by name. Where none is chosen and
    exactly one exists, that one is the default. Only a default that was chosen may be destroyed.
    """

    LEVELS: ClassVar[tuple[AnyKind, ...]] = (ORGANIZATION, ORBIT, COLLECTION)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.RLock()
        self._choices: dict[AnyKind, _Choice] = {
            kind: _Choice(getattr(session.settings, kind.name), session.settings.origin(kind.name))
            for kind in self.LEVELS
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

    def choose_all(self, *values: object) -> Callable[[], None]:
        """Make each value that is not `None`, an id or a name, the default of its level.

        Args:
            values: One for each of `LEVELS`.

        Returns:
            Call that resolves the defaults; if one does not exist, it takes the choice back.
        """
        chosen = {
            kind: text_of(kind, value)
            for kind, value in zip(self.LEVELS, values, strict=True)
            if value is not None
        }
        with self._lock:
            before = dict(self._choices)
            for kind, value in chosen.items():
                self.choose(kind, value)
            made = dict(self._choices)

        def verify() -> None:
            try:
                for kind in self.LEVELS:
                    self.find(kind)
            except BaseException:
                with self._lock:
                    for kind in self.LEVELS:
                        if self._choices[kind] is made[kind]:  # nobody has chosen since
                            self._choices[kind] = before[kind]
                raise

        return verify

    def known(self, kind: AnyKind) -> str | None:
        """The id if it was resolved already, else what was chosen; asks nobody."""
        choice = self._choices[kind]
        return choice.identifier or choice.chosen

    def names(self) -> dict[str, str]:
        """Id to name of the defaults that were chosen by name and have been resolved."""
        return {
            choice.identifier: choice.chosen
            for choice in self._choices.values()
            if choice.identifier and choice.chosen and canonical_id(choice.chosen) is None
        }

    def find(self, kind: AnyKind) -> str | None:
        """The id of the default, `None` if there is none; asks the backend the first time.

        Raises:
            ConfigurationError: One is chosen, but its parent is not.
            ResourceNotFoundError: What was chosen does not exist below the default parent.
            MultipleResourcesFoundError: Several have the name that was chosen.
        """
        choice = self._resolved(kind)
        if choice.identifier is None:
            choice.missed = True
        return choice.identifier

    def require(self, kind: AnyKind) -> str:
        """The id of the default; `ConfigurationError` if there is none."""
        identifier = self.find(kind)
        if identifier is None:
            raise ConfigurationError(self._explain_absence(kind))
        return identifier

    def require_chosen(self, kind: AnyKind, *, or_first_found: bool = False) -> str:
        """The id of the default that was chosen.

        Args:
            kind: Its kind.
            or_first_found: Whether the only one at this client's first look will do as well.

        Raises:
            ConfigurationError: There is none, or it is the default only because it is the only one.
        """
        identifier = self.require(kind)
        choice = self._choices[kind]
        will_do = choice.chosen is not None or (or_first_found and not choice.missed)
        if not will_do or choice.identifier != identifier:
            doing = "changed" if or_first_found else "deleted"
            problem = f"No {kind.name} was chosen to be {doing}."
            remedy = f"Give an id, or set client.{kind.name} to"
            raise ConfigurationError(self._suggest(problem, remedy, kind, self.scope(kind)))
        return identifier

    def must_stay(self, kind: AnyKind, identifier: str) -> bool:
        """Return whether this is the default, and was chosen or another could be chosen instead."""
        self.recognize(kind)
        if self._choices[kind].identifier != identifier:
            return False
        return self._choices[kind].chosen is not None or len(self._first_two(kind)) > 1

    def settle(self, kind: AnyKind) -> None:
        """Resolve a default that an object about to be created would make ambiguous."""
        choice = self._choices.get(kind)
        if choice is not None and not (choice.chosen or choice.several):
            self._resolved(kind)

    def scope(self, kind: AnyKind, parent: str | None = None) -> Scope:
        """Return the scope of a kind: below the defaults, or below `parent` in place of one."""
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
        record = find(self._session.backend.store(kind, scope), kind, text)
        if record is None:
            problem = f"The {kind.name} {brief(text)} does not exist{self._below(kind, scope)}."
            raise _NOT_FOUND[kind](self._suggest(problem, "Give", kind, scope, near=text))
        return identifier_of(record)

    def recognize(self, kind: AnyKind) -> None:
        """Resolve a chosen default of the kind, so that `forget` knows it by its id."""
        choice = self._choices.get(kind)
        if choice is not None and (choice.chosen or choice.former):
            with suppress(ConfigurationError, MultipleResourcesFoundError, ResourceNotFoundError):
                self.find(kind)

    def forget(self, kind: AnyKind, identifier: str) -> None:
        """After an object was deleted: if it was the default, there is none now."""
        if kind not in self._choices:
            return
        with self._lock:
            known = self.known(kind)
            if known is not None and canonical_id(known) == identifier:
                self.choose(kind, None)
                self._choices[kind] = _Choice(deleted=True)

    def _resolved(self, kind: AnyKind) -> _Choice:
        # Not under the lock: who sets a default must not wait for a backend that is asked. Two
        # threads may ask it the same, and hear the same.
        choice = self._choices[kind]
        if choice.identifier is None and not choice.deleted:
            record = self._resolve(kind, choice)
            if record is not None:
                choice.name = getattr(record, kind.names[0])
                choice.identifier = identifier_of(record)
        return choice

    def _resolve(self, kind: AnyKind, choice: _Choice) -> Any:
        if kind.parent is not None and self.find(kind.parent) is None:
            if choice.chosen is None or choice.former is not None:
                return None
            needs = f"The default {kind.name} {_described(choice)} needs a default "
            raise ConfigurationError(
                self._explain_absence(kind.parent, f"{needs}{kind.parent.name}. ")
            )
        wanted = choice.former or choice.chosen
        if wanted is not None:
            scope = self.scope(kind)
            record = find(self._session.backend.store(kind, scope), kind, wanted)
            if record is not None:
                return record
            if choice.former is None:
                problem = f"The default {kind.name} {_described(choice)} does not exist"
                problem += f"{self._below(kind, scope)}."
                raise _NOT_FOUND[kind](
                    self._suggest(problem, "Set it to", kind, scope, near=wanted)
                )
            choice.chosen, choice.missed, choice.former = None, True, None
        found = self._first_two(kind)
        choice.several = len(found) > 1
        choice.missed |= choice.several
        return found[0] if len(found) == 1 else None

    def _first_two(self, kind: AnyKind) -> Sequence[Any]:
        return self._session.backend.store(kind, self.scope(kind)).page(Query(limit=2)).items

    def _explain_absence(self, kind: AnyKind, before: str = "") -> str:
        if kind.parent is not None and self.find(kind.parent) is None:
            return self._explain_absence(kind.parent, before)
        problem, remedy = f"{before}No default {kind.name} is set.", f"Set client.{kind.name} to"
        return self._suggest(problem, remedy, kind, self.scope(kind))

    def _suggest(
        self, problem: str, remedy: str, kind: AnyKind, scope: Scope, near: str | None = None
    ) -> str:
        """The message with as many suggestions as it can hold, those like `near` first."""
        query = Query(limit=_SUGGESTIONS + 1 if near is None else _COMPARED)
        page = self._session.backend.store(kind, scope).page(query)
        if not page.items:
            below = self._below(kind, scope)
            return f"{problem} There is no {kind.name}{below} yet: create one first."
        ids = {identifier_of(item): str(getattr(item, kind.names[0])) for item in page.items}
        nearest = list(ids) if near is None else _nearest(near, ids)
        named = [f"{brief(ids[each])} ({each})" for each in nearest[:_SUGGESTIONS]]
        while True:
            more = " and more" if len(named) < len(ids) else ""
            listed = f"{problem} {remedy} the name or id of one of: {', '.join(named)}{more}."
            if len(listed) <= _LONGEST_MESSAGE:
                return listed
            named.pop()

    def _below(self, kind: AnyKind, scope: Scope) -> str:
        if kind.parent is None:
            return ""
        parent = self._choices[kind.parent]
        called = parent.name if parent.identifier == scope.parent and parent.name else scope.parent
        return f" in {kind.parent.name} {brief(called)}"


def _nearest(name: str, ids: dict[str, str]) -> list[str]:
    """The ids, those of the names most like this one first."""
    from difflib import get_close_matches

    compared = {identifier: each[:100].lower() for identifier, each in ids.items()}
    near = get_close_matches(name[:100].lower(), compared.values(), _SUGGESTIONS, 0.5)
    return sorted(
        ids, key=lambda each: near.index(compared[each]) if compared[each] in near else len(near)
    )


def _described(choice: _Choice) -> str:
    origin = str(choice.origin)
    if len(origin) > _LONGEST_ORIGIN:
        origin = f"{origin[: _LONGEST_ORIGIN // 2]}…{origin[-_LONGEST_ORIGIN // 2 :]}"
    return f"{brief(choice.chosen)} ({origin})"
