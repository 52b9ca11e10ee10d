"""Stores of every kind, called on the backend."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import pytest

from dataforce.backend import AnyKind, Family, Query, Scope, identifier_of
from dataforce.errors import (
    BadRequestError,
    ConflictError,
    DataForceError,
    NotFoundError,
    PermissionDeniedError,
)
from dataforce.testing.assets import Assets, all_records
from dataforce.testing.kinds import (
    for_kinds,
    is_creatable,
    is_deletable,
    is_nameable,
    name_field,
)
from dataforce.testing.suite._support import HOSTILE_NAMES, UNKNOWN, ids, refuse_all

Call: TypeAlias = Callable[[], object]


def renamed(kind: AnyKind, name: str) -> Any:
    """Return the change of a name."""
    return kind.update.model_validate({name_field(kind): name})


def given(values: Any, kind: AnyKind) -> dict[str, object]:
    """Return what a create model says that the record shows, too."""
    return {
        name: value
        for name, value in values
        if name in values.model_fields_set and name in kind.record.model_fields
    }


@for_kinds(lambda kind: kind.starter is not None)
def test_a_fresh_backend_has_the_starter_objects(assets: Assets, kind: AnyKind) -> None:
    """One of each kind that declares one."""
    (record,) = all_records(assets.store(kind))
    for field, value in (kind.starter or {}).items():
        if isinstance(value, str) and field != name_field(kind):
            assert getattr(record, field) is not None
        elif not isinstance(value, str):
            (pointed_at,) = all_records(assets.store(value))  # type: ignore[arg-type]  # a kind
            assert getattr(record, field) == identifier_of(pointed_at)


@for_kinds(is_creatable)
def test_a_new_record_has_what_was_given(assets: Assets, kind: AnyKind) -> None:
    """It is listed after those that were there, and found by its id."""
    store = assets.store(kind)
    before = ids(all_records(store))
    values = assets.values(kind)
    made = store.create(values)
    wanted = given(values, kind)
    assert {name: getattr(made, name) for name in wanted} == wanted
    if kind.parent_field is not None:
        assert getattr(made, kind.parent_field) == assets.scope(kind).parent
    assert store.get(identifier_of(made)) == made
    assert ids(all_records(store)) == [*before, identifier_of(made)]


@for_kinds()
def test_nothing_has_an_unknown_id(assets: Assets, kind: AnyKind) -> None:
    """It is neither read, changed nor deleted; some deletions succeed, as the platform has it."""
    store = assets.store(kind)
    before = all_records(store)
    calls: list[Call] = [lambda: store.get(UNKNOWN)]
    if "update" in kind.allows:
        calls.append(lambda: store.update(UNKNOWN, kind.update()))
    if kind.forgiving_delete:
        store.delete(UNKNOWN)
    elif "delete" in kind.allows:
        calls.append(lambda: store.delete(UNKNOWN))
    for message in refuse_all(NotFoundError, *calls):
        assert f"{kind.name} {UNKNOWN}".lower() in message.lower()
    assert all_records(store) == before


@for_kinds(lambda kind: kind.parent)
def test_the_missing_parent_is_named(assets: Assets, kind: AnyKind) -> None:
    """The highest of those that do not exist."""
    there = assets.scope(kind).ids
    for depth, parent in enumerate(kind.ancestors):
        scope = Scope((*there[:depth], UNKNOWN, *there[depth + 1 :]))
        store = assets.store(kind, scope)
        calls: list[Call] = [partial(store.page, Query()), partial(store.get, UNKNOWN)]
        if is_creatable(kind):
            calls.append(partial(store.create, assets.values(kind)))
        if "create" not in parent.allows:  # then a platform may not say whether it exists
            refuse_all((NotFoundError, PermissionDeniedError), *calls)
            continue
        for message in refuse_all(NotFoundError, *calls):
            assert f"{parent.name} {UNKNOWN}".lower() in message.lower()


@for_kinds(lambda kind: is_nameable(kind) and kind.parent and is_creatable(kind.parent))
def test_the_records_of_another_parent_are_out_of_reach(assets: Assets, kind: AnyKind) -> None:
    """They are neither seen, changed nor deleted from there."""
    made = assets.create(kind)
    identifier = identifier_of(made)
    elsewhere = assets.store(kind, assets.another_scope(kind))
    assert all_records(elsewhere) == []
    assert elsewhere.page(Query(name=getattr(made, name_field(kind)))).items == []
    calls: list[Call] = [
        lambda: elsewhere.get(identifier),
        lambda: elsewhere.update(identifier, renamed(kind, "taken")),
    ]
    if kind.forgiving_delete:
        elsewhere.delete(identifier)
    else:
        calls.append(lambda: elsewhere.delete(identifier))
    refuse_all(NotFoundError, *calls)
    assert assets.store(kind).get(identifier) == made


@for_kinds(is_nameable)
def test_an_update_changes_only_what_is_given(assets: Assets, kind: AnyKind) -> None:
    """The rest stays, and so do the other records."""
    store = assets.store(kind)
    other, before = assets.create(kind), assets.create(kind)
    identifier, field = identifier_of(before), name_field(kind)
    assert store.update(identifier, kind.update()) == before
    changed = store.update(identifier, renamed(kind, "another"))
    assert getattr(changed, field) == "another"
    given = {field, "updated_at"} & kind.record.model_fields.keys()
    assert changed == before.model_copy(update={name: getattr(changed, name) for name in given})
    assert store.get(identifier) == changed
    assert all_records(store)[-2:] == [other, changed]
    if "updated_at" in kind.record.model_fields:
        assert before.updated_at is None
        assert changed.updated_at >= changed.created_at


@for_kinds(is_nameable)
def test_records_are_found_by_their_names(assets: Assets, kind: AnyKind) -> None:
    """Exactly: case counts, and nothing in a name is a wildcard."""
    store, field = assets.store(kind), name_field(kind)
    made: dict[str, Any] = {name: assets.create(kind, **{field: name}) for name in HOSTILE_NAMES}
    for name, record in made.items():
        assert getattr(record, field) == name
        assert store.page(Query(name=name)).items == [record]
    for name in ("under-score", "UNDER_SCORE", "under%", "nothing", ""):
        assert store.page(Query(name=name)).items == []


@for_kinds(is_deletable)
def test_a_deleted_record_does_not_exist_any_more(assets: Assets, kind: AnyKind) -> None:
    """The others stay."""
    store = assets.store(kind)
    before = all_records(store)
    deleted, kept = assets.create(kind), assets.create(kind)
    store.delete(identifier_of(deleted))
    assert all_records(store) == [*before, kept]
    with pytest.raises(NotFoundError):
        store.get(identifier_of(deleted))


@for_kinds(is_creatable)
def test_several_are_created_at_once(assets: Assets, kind: AnyKind) -> None:
    """In the order in which they were given."""
    store = assets.store(kind)
    before = all_records(store)
    values = [assets.values(kind) for _ in range(3)]
    made = store.create_many(values)
    for record, each in zip(made, values, strict=True):
        wanted = given(each, kind)
        assert {name: getattr(record, name) for name in wanted} == wanted
    assert all_records(store) == [*before, *made]
    assert store.create_many([]) == []


@for_kinds(
    lambda kind: (
        is_creatable(kind) and (kind.unique or kind.references or kind.identity.made_by == "client")
    )
)
def test_several_are_created_all_or_none(assets: Assets, kind: AnyKind) -> None:
    """If one of them is refused."""
    store = assets.store(kind)
    before = all_records(store)
    good = assets.values(kind)
    wrong = good
    if not kind.unique and kind.identity.made_by == "backend":
        path = next(iter(kind.references))
        unknown: Any = [UNKNOWN] if path.endswith("[]") else UNKNOWN
        wrong = assets.values(kind, **{path.removesuffix("[]"): unknown})
    with pytest.raises((ConflictError, NotFoundError)):
        store.create_many([good, wrong])
    assert all_records(store) == before


@for_kinds(lambda kind: is_nameable(kind) and kind.unique)
def test_no_two_have_the_same_unique_values(assets: Assets, kind: AnyKind) -> None:
    """Neither new ones nor changed ones; a record is no conflict with itself."""
    store = assets.store(kind)
    first, second = assets.create(kind), assets.create(kind)
    same = {field: getattr(first, field) for field in kind.unique}
    before = all_records(store)
    for message in refuse_all(
        ConflictError,
        lambda: store.create(assets.values(kind, **same)),
        lambda: store.update(identifier_of(second), kind.update.model_validate(same)),
    ):
        assert identifier_of(first) in message or kind.name in message
    assert all_records(store) == before
    store.update(identifier_of(first), kind.update.model_validate(same))
    store.delete(identifier_of(first))
    store.update(identifier_of(second), kind.update.model_validate(same))


@for_kinds(lambda kind: is_creatable(kind) and kind.identity.made_by == "client")
def test_an_id_that_the_client_makes_is_kept(assets: Assets, kind: AnyKind) -> None:
    """No two records have one."""
    store = assets.store(kind)
    values = assets.values(kind)
    identifier = identifier_of(made := store.create(values))
    assert identifier == getattr(values, kind.identity_field)
    with pytest.raises(ConflictError):
        store.create(assets.values(kind, **{kind.identity_field: identifier}))
    assert store.get(identifier) == made


@for_kinds(lambda kind: is_creatable(kind) and kind.references)
def test_what_is_pointed_at_must_exist(assets: Assets, kind: AnyKind) -> None:
    """At the creation and ever after."""
    store = assets.store(kind)
    made = assets.create(kind)
    before = all_records(store)
    for path in kind.references:
        field = path.removesuffix("[]")
        if "." in field:
            continue
        wrong: Any = {field: [UNKNOWN] if path.endswith("[]") else UNKNOWN}
        calls: list[Call] = [partial(store.create, assets.values(kind, **wrong))]
        if field in kind.update.model_fields:
            change = kind.update.model_validate(wrong)
            calls.append(partial(store.update, identifier_of(made), change))
        refuse_all(NotFoundError, *calls)
    assert all_records(store) == before


@for_kinds(lambda kind: is_deletable(kind) and kind.references)
def test_what_is_pointed_at_cannot_be_deleted(assets: Assets, kind: AnyKind) -> None:
    """Unless the declaration allows it; it can be when nothing points at it any more."""
    for path, reference in kind.references.items():
        field = path.removesuffix("[]")
        if "." in field:
            continue
        for other in filter(is_deletable, reference.kinds):
            target = assets.create(other)
            identifier = identifier_of(target)
            given: Any = {field: [identifier] if path.endswith("[]") else identifier}
            made = assets.create(kind, **given)
            targets = assets.store(other)
            if not reference.forbids_deletion:
                targets.delete(identifier)
                continue
            with pytest.raises(ConflictError):
                targets.delete(identifier)
            assert targets.get(identifier) == target
            assets.store(kind).delete(identifier_of(made))
            targets.delete(identifier)


@for_kinds(lambda kind: kind.transitions and is_creatable(kind))
def test_a_status_follows_as_declared(assets: Assets, kind: AnyKind) -> None:
    """From that of a new record; a refused update changes nothing else either."""
    assert kind.transitions is not None
    store, field = assets.store(kind), kind.transitions.field
    ready = {each.ready for each in kind.files.values()}
    for status in {each for after in kind.transitions.allowed.values() for each in after} - ready:
        made = assets.create(kind)
        change = kind.update.model_validate({field: status})
        if status in kind.transitions.allowed.get(getattr(made, field), ()):
            assert getattr(store.update(identifier_of(made), change), field) == status
        else:
            with pytest.raises(BadRequestError):
                store.update(identifier_of(made), change)
            assert store.get(identifier_of(made)) == made


@for_kinds(lambda kind: is_deletable(kind))
def test_what_is_below_is_deleted_too(assets: Assets, kind: AnyKind, family: Family) -> None:
    """All kinds of it."""
    made = assets.create(kind)
    inside = assets.scope(kind).child(identifier_of(made))
    below = [each for each in family.children(kind) if is_creatable(each)]
    for child in below:
        assets.create(child, inside)
    assets.store(kind).delete(identifier_of(made))
    for child in below:
        with pytest.raises(NotFoundError, match=identifier_of(made)):
            assets.store(child, inside).page(Query())


@for_kinds(lambda kind: is_creatable(kind) and kind.totals)
def test_a_record_counts_what_is_below_it(assets: Assets, kind: AnyKind, family: Family) -> None:
    """At any depth, its own only."""
    store = assets.store(kind)
    other, made = assets.create(kind), assets.create(kind)
    for field, route in kind.totals.items():
        scope = assets.scope(kind).child(identifier_of(made))
        lower = family.kind(route)
        for above in lower.ancestors[len(scope.ids) :]:
            scope = scope.child(identifier_of(assets.create(above, scope)))
        before = getattr(store.get(identifier_of(made)), field)
        assets.create(lower, scope)
        assert getattr(store.get(identifier_of(made)), field) == before + 1
        assert getattr(store.get(identifier_of(other)), field) == 0


@for_kinds(lambda kind: is_creatable(kind))
def test_times_are_those_of_the_calls(assets: Assets, kind: AnyKind) -> None:
    """Lists are in the order of creation."""
    if "created_at" not in kind.record.model_fields:
        return
    made = [assets.create(kind) for _ in range(3)]
    times = [each.created_at for each in made]
    assert times == sorted(times)


def test_an_unknown_query_is_refused(assets: Assets, family: Family) -> None:
    """A cursor that nobody made."""
    for kind in family.kinds:
        for cursor in ("", "nonsense", "bm90IGpzb24=", "W10="):
            with pytest.raises(DataForceError, match="Begin again without a cursor"):
                assets.store(kind).page(Query(cursor=cursor))
