"""The machine that thinks of calls and compares the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from dataforce.backend import (
    AnyKind,
    Backend,
    BytesSource,
    MemoryBackend,
    Query,
    Scope,
    identifier_of,
)
from dataforce.backend.paging import records_of
from dataforce.errors import DataForceError
from dataforce.testing.assets import Assets, Examples
from dataforce.testing.differential.strategies import CONTENTS, UNKNOWN, queries, values_of
from dataforce.testing.kinds import is_deletable

Pair: TypeAlias = tuple[str, str]
"""Ids of one object on the two sides."""

NOBODY: Pair = (UNKNOWN, UNKNOWN)


@dataclass(frozen=True)
class Object:
    """An object that both sides made, at least for a while.

    Attributes:
        kind: Its kind.
        scope: Its parents, from the root down.
        pair: Its ids.
    """

    kind: AnyKind
    scope: tuple[Pair, ...]
    pair: Pair

    @property
    def inside(self) -> tuple[Pair, ...]:
        """The scope of what stands below it."""
        return (*self.scope, self.pair)


class Differential(RuleBasedStateMachine):
    """Calls a backend and `MemoryBackend` alike, and demands the same answers and errors.

    Args:
        backend: A backend that holds its starter objects only; what is made there is deleted again.
        examples: Values of fields that cannot be made from their type.
        checks_files: Whether what has no files cannot be given the status of what has.
    """

    objects: Bundle[Object] = Bundle("objects")

    def __init__(self, backend: Backend, examples: Examples, *, checks_files: bool = True) -> None:
        super().__init__()
        self.checks_files = checks_files
        family = backend.family
        self.sides = [Assets(each, examples) for each in (backend, MemoryBackend(family))]
        self.kinds = [kind for kind in family.kinds if is_deletable(kind)]
        self.made: list[Object] = []
        self.gone: set[Object] = set()
        self.numbers: dict[str, int] = {}
        self.starters = [self.starter(kind) for kind in family.kinds if kind.starter is not None]

    def starter(self, kind: AnyKind) -> Object:
        """Return the object of a kind that both sides began with."""
        one, other = (identifier_of(side.first(kind)) for side in self.sides)
        scopes = zip(*(side.scope(kind).ids for side in self.sides), strict=True)
        return self.note(Object(kind, tuple(scopes), (one, other)))

    def note(self, thing: Object) -> Object:
        """Remember an object, so that its ids are compared as one."""
        self.numbers |= dict.fromkeys(thing.pair, len(self.made))
        self.made.append(thing)
        return thing

    # -- how answers are compared

    def same(
        self,
        kind: AnyKind,
        call: Callable[[Assets, int], Any],
        scope: tuple[Pair, ...] | None = None,
    ) -> Any:
        """Make a call on both sides and see that they answer alike.

        Args:
            kind: What it is about.
            call: Is given a side, and its number.
            scope: Where it creates an object, if it does.

        Returns:
            The object that was created, or else the answer.
        """
        one, other = (_outcome(call, side, number) for number, side in enumerate(self.sides))
        thing = None
        if scope is not None and isinstance(one, kind.record) and isinstance(other, kind.record):
            thing = self.note(Object(kind, scope, (identifier_of(one), identifier_of(other))))
        assert self.shown(kind, one) == self.shown(kind, other)
        return one if thing is None else thing

    def shown(self, kind: AnyKind, answer: Any) -> Any:
        """Return what is compared of an answer."""
        if isinstance(answer, list):
            return [self.shown(kind, each) for each in answer]
        if not isinstance(answer, kind.record):
            return answer
        given = kind.create.model_fields  # a platform may have defaults for what is not drawn
        fields = {name for name, field in given.items() if field.is_required()}
        fields |= {*values_of(kind, given), *kind.totals, str(kind.parent_field)}
        fields |= {str(each.status) for each in kind.files.values()}
        return {
            name: self.numbered(value) for name, value in answer.model_dump(include=fields).items()
        }

    def numbered(self, value: Any) -> Any:
        """Return a value with the ids in it replaced by what they are on both sides."""
        if isinstance(value, list):
            return [self.numbered(each) for each in value]
        return self.numbers.get(value, value) if isinstance(value, str) else value

    # -- what calls are made of

    def scope_of(self, data: st.DataObject, kind: AnyKind) -> tuple[Pair, ...]:
        """Draw where to make or look for objects of a kind; mostly where something can be."""
        if kind.parent is None:
            return ()
        parents = [each for each in self.made if each.kind is kind.parent]
        there = [each.inside for each in parents if each not in self.gone]
        # Of a root that is not the caller's, a platform may refuse to say whether it exists.
        above = there[0][:1] if there else self.made[0].inside[:1]
        nowhere = (*above, *(NOBODY for _ in kind.ancestors[1:]))
        astray = [*(each.inside for each in parents), nowhere]
        is_astray = not there or data.draw(st.integers(0, 9)) == 9
        return data.draw(st.sampled_from(astray if is_astray else there))

    def fields(self, data: st.DataObject, kind: AnyKind, model: Any) -> Callable[[int], Any]:
        """Draw fields of a create or update model; return them as they are on a side."""
        drawn = values_of(kind, model.model_fields)
        required = {name: each for name, each in drawn.items() if model is kind.create}
        optional = {name: each for name, each in drawn.items() if name not in required}
        given = data.draw(st.fixed_dictionaries(required, optional=optional))
        pairs: dict[str, tuple[bool, list[Pair]]] = {}
        for path, reference in kind.references.items():
            name = path.removesuffix("[]")
            if name in model.model_fields and (model is kind.create or data.draw(st.booleans())):
                known = [each.pair for each in self.made if each.kind in reference.kinds]
                chosen = st.sampled_from([*known, *known, *known, NOBODY])
                several = path.endswith("[]")
                size = 2 if several else 1
                pairs[name] = several, data.draw(st.lists(chosen, min_size=2 - size, max_size=size))
        if kind.identity.made_by == "client" and model is kind.create:
            given[kind.identity_field] = data.draw(st.sampled_from(["k", "l/m n", "ö"]))

        def on(side: int) -> dict[str, Any]:
            ids = {
                name: [each[side] for each in chosen] if several else chosen[0][side]
                for name, (several, chosen) in pairs.items()
            }
            return given | ids

        return on

    # -- rules

    @initialize(target=objects, data=st.data())
    def begin(self, data: st.DataObject) -> Any:
        """Take what is there already, and make some more of each kind."""
        made = [self.new(data, kind) for kind in self.kinds for _ in range(2)]
        return multiple(*self.starters, *(each for each in made if isinstance(each, Object)))

    @rule(target=objects, data=st.data())
    def create(self, data: st.DataObject) -> Any:
        """Made, refused, in conflict, or without what it points at or stands under."""
        return self.new(data, data.draw(st.sampled_from(self.kinds)))

    def new(self, data: st.DataObject, kind: AnyKind) -> Any:
        """Make an object on both sides."""
        scope, given = self.scope_of(data, kind), self.fields(data, kind, kind.create)

        def call(side: Assets, number: int) -> Any:
            values = side.values(kind, None, None, **given(number))
            return side.backend.store(kind, on(scope, number)).create(values)

        made = self.same(kind, call, scope)
        return made if isinstance(made, Object) else multiple()

    @rule(target=objects, data=st.data(), content=CONTENTS)
    def upload(self, data: st.DataObject, content: bytes) -> Any:
        """Stored with its files, or refused."""
        kinds = [kind for kind in self.kinds if kind.files]
        if not kinds:
            return multiple()
        kind = data.draw(st.sampled_from(kinds))
        scope, given = self.scope_of(data, kind), self.fields(data, kind, kind.create)
        contents = dict.fromkeys(kind.files, content)

        def call(side: Assets, number: int) -> Any:
            values = side.values(kind, None, contents, **given(number))
            sources = {name: BytesSource(each) for name, each in contents.items()}
            files = side.backend.files(kind, on(scope, number))
            return files.upload(values, sources, lambda size: None)

        made = self.same(kind, call, scope)
        return made if isinstance(made, Object) else multiple()

    @rule(thing=objects, data=st.data())
    def update(self, thing: Object, data: st.DataObject) -> None:
        """Changed, cleared, refused, in conflict, or not found."""
        kind = thing.kind
        if thing in self.starters or "update" not in kind.allows:
            return
        given = self.fields(data, kind, kind.update)
        status = kind.status
        if not self.checks_files and status and given(0).get(str(status.status)) == status.ready:
            return

        def call(side: Assets, number: int) -> Any:
            changes = kind.update.model_validate(given(number))
            store = side.backend.store(kind, on(thing.scope, number))
            return store.update(thing.pair[number], changes)

        self.same(kind, call)

    @rule(thing=objects)
    def delete(self, thing: Object) -> None:
        """Gone with all it held, in use, or gone before."""
        if thing not in self.starters:
            kind, scope, pair = thing.kind, thing.scope, thing.pair
            answer = self.same(
                kind, lambda side, n: side.backend.store(kind, on(scope, n)).delete(pair[n])
            )
            if answer is None:
                self.gone |= {each for each in self.made if pair in each.inside}

    @rule(thing=objects, data=st.data())
    def get(self, thing: Object, data: st.DataObject) -> None:
        """Where it is, or astray."""
        kind, pair = thing.kind, thing.pair
        scope = thing.scope if data.draw(st.booleans()) else self.scope_of(data, kind)
        self.same(kind, lambda side, n: side.backend.store(kind, on(scope, n)).get(pair[n]))

    @rule(thing=objects)
    def read(self, thing: Object) -> None:
        """Its files, or none where there are none."""
        kind, pair = thing.kind, thing.pair
        for name in kind.files:

            def call(side: Assets, number: int, name: str = name) -> bytes:
                scope = on(thing.scope, number)
                record = side.backend.store(kind, scope).get(pair[number])
                return b"".join(side.backend.files(kind, scope).open(record, name).read())

            self.same(kind, call)

    @rule(data=st.data())
    def list_records(self, data: st.DataObject) -> None:
        """Filtered and sorted in any way, in pages of any size."""
        kind = data.draw(st.sampled_from(self.kinds))
        scope = self.scope_of(data, kind)
        for query in data.draw(st.lists(queries(kind), min_size=2, max_size=4)):
            self.same(kind, partial(_all, kind, scope, query))

    def teardown(self) -> None:
        """Compare everything once more, then clean up."""
        try:
            for kind, scope in dict.fromkeys((each.kind, each.scope) for each in self.made):
                self.same(kind, partial(_all, kind, scope, Query(limit=None)))
        finally:
            self.clean()

    def clean(self) -> None:
        """Leave the backend with its starter objects, as it was found."""
        # What points at others, or stands below them, is of a later kind.
        kinds = self.sides[0].backend.family.kinds
        for thing in sorted(self.made, key=lambda each: kinds.index(each.kind), reverse=True):
            if thing not in self.starters:
                with suppress(DataForceError):  # gone before
                    store = self.sides[0].backend.store(thing.kind, on(thing.scope, 0))
                    store.delete(thing.pair[0])


def on(scope: Sequence[Pair], side: int) -> Scope:
    """Return a scope as it is on a side."""
    return Scope(tuple(pair[side] for pair in scope))


def _all(
    kind: AnyKind, scope: Sequence[Pair], query: Query, side: Assets, number: int
) -> list[Any]:
    return [*records_of(side.backend.store(kind, on(scope, number)), kind, query)]


def _outcome(call: Callable[[Assets, int], Any], side: Assets, number: int) -> Any:
    """Return the answer, or the class of the error."""
    try:
        return call(side, number)
    except DataForceError as error:
        return type(error)
