"""What several clients of one overlay do to the same object, in the orders that matter."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from dataforce import ConflictError, NotFoundError
from dataforce.backend import Query
from dataforce.config import Settings
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    REGISTRY,
    BucketSecretUpdate,
    Collection,
    CollectionUpdate,
    OrbitUpdate,
)
from dataforce.overlay.store import ObjectState, State
from dataforce_local import open_overlay_store
from dataforce_local.overlay.store import LocalOverlayStore
from tests.local.platform_records import (
    Below,
    collection,
    create_collection,
    entry_of,
    new_id,
    publish,
    revision_of,
    secret,
    state_of,
)


@pytest.fixture
def below(overlay_store: LocalOverlayStore) -> Below:
    return Below(overlay_store)


@pytest.fixture
def other(
    overlay_store: LocalOverlayStore, overlay_store_settings: Settings
) -> Iterator[LocalOverlayStore]:
    """The same overlay as another client has it; in memory all share one."""
    url = overlay_store_settings.database_url
    if url is not None and url.get_secret_value() == ":memory:":
        yield overlay_store
        return
    opened = open_overlay_store(overlay_store_settings, REGISTRY)
    yield opened
    opened.close()


def rename(overlay_store: LocalOverlayStore, below: Below, identifier: str, name: str) -> None:
    changes = CollectionUpdate(name=name)
    overlay_store.store(COLLECTION, below.scope).update(identifier, changes)


def copied(below: Below, state: State = State.CHANGED) -> Collection:
    """A collection of the other side that was copied."""
    theirs = collection(below.orbit.id)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, state)
    return theirs


def name_of(overlay_store: LocalOverlayStore, below: Below, identifier: str) -> str:
    return overlay_store.store(COLLECTION, below.scope).get(identifier).name


# -- publish


def test_what_changed_while_it_was_published_is_a_change(
    below: Below, other: LocalOverlayStore
) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    uploaded = below.upload(made.id)
    revision = revision_of(below.overlay_store, made.id)
    rename(other, below, made.id, "Later")
    below.overlay_store.publish(COLLECTION, below.scope, made.id, revision, theirs)
    assert entry_of(other, theirs.id) == ObjectState(
        "collections", below.scope.ids, theirs.id, State.CHANGED, theirs.model_dump_json()
    )
    assert entry_of(other, made.id) == ObjectState(
        "collections", below.scope.ids, made.id, State.PUBLISHED, replaced_by=theirs.id
    )
    assert other.store(COLLECTION, below.scope).get(theirs.id) == theirs.model_copy(
        update={"name": "Later", "tags": made.tags, "total_models": 1}
    )
    scope = below.scope.child(theirs.id)
    assert other.store(MODEL_ARTIFACT, scope).get(uploaded.id).collection_id == theirs.id
    with pytest.raises(NotFoundError):
        other.store(COLLECTION, below.scope).get(made.id)


def test_a_key_given_while_a_secret_was_published_is_kept(
    below: Below, other: LocalOverlayStore
) -> None:
    made = below.create_secret(access_key="first")
    revision = revision_of(below.overlay_store, made.id)
    changes = BucketSecretUpdate(access_key="second")
    other.store(BUCKET_SECRET, below.root).update(made.id, changes)
    theirs = secret(below.organization, made.bucket_name)
    below.overlay_store.publish(BUCKET_SECRET, below.root, made.id, revision, theirs)
    entry = entry_of(other, theirs.id)
    assert entry is not None
    assert entry.state is State.CHANGED
    assert json.loads(entry.write_only or "{}") == {"access_key": "second"}


def test_what_was_renamed_while_it_was_published_has_left_its_name_to_others(
    below: Below, other: LocalOverlayStore
) -> None:
    made = below.create_secret("first")
    revision = revision_of(below.overlay_store, made.id)
    store = other.store(BUCKET_SECRET, below.root)
    store.update(made.id, BucketSecretUpdate(bucket_name="second"))
    heir = below.create_secret("first")
    theirs = secret(below.organization, "first")
    below.overlay_store.publish(BUCKET_SECRET, below.root, made.id, revision, theirs)
    assert store.get(theirs.id).bucket_name == "second"
    assert store.get(heir.id).bucket_name == "first"
    assert state_of(other, theirs.id) is State.CHANGED


@pytest.mark.parametrize("is_lossless", [True, False])
def test_whether_a_record_that_changed_while_it_was_published_can_be_held_is_told(
    below: Below, is_lossless: bool
) -> None:
    made = below.create_collection()
    theirs = collection(below.orbit.id, **({} if is_lossless else {"of_tomorrow": 1}))
    revision = revision_of(below.overlay_store, made.id)
    rename(below.overlay_store, below, made.id, "Later")
    below.overlay_store.publish(COLLECTION, below.scope, made.id, revision, theirs)
    entry = entry_of(below.overlay_store, theirs.id)
    assert entry is not None
    assert entry.is_lossless is is_lossless


def test_what_was_deleted_while_it_was_published_is_hidden(
    below: Below, other: LocalOverlayStore
) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    revision = revision_of(below.overlay_store, made.id)
    other.store(COLLECTION, below.scope).delete(made.id)
    below.overlay_store.publish(COLLECTION, below.scope, made.id, revision, theirs)
    assert entry_of(other, theirs.id) == ObjectState(
        "collections", below.scope.ids, theirs.id, State.DELETED, theirs.model_dump_json()
    )
    assert entry_of(other, made.id) == ObjectState(
        "collections", below.scope.ids, made.id, State.PUBLISHED, replaced_by=theirs.id
    )
    with pytest.raises(NotFoundError):
        other.store(COLLECTION, below.scope).get(theirs.id)


@pytest.mark.parametrize("is_changed", [False, True])
def test_what_was_hidden_before_it_was_published_stays_hidden(
    below: Below, other: LocalOverlayStore, is_changed: bool
) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    revision = revision_of(below.overlay_store, made.id)
    other.hide(COLLECTION, below.scope, theirs)
    if is_changed:
        rename(other, below, made.id, "Later")
    below.overlay_store.publish(COLLECTION, below.scope, made.id, revision, theirs)
    assert state_of(other, theirs.id) is State.DELETED
    assert state_of(other, made.id) is State.PUBLISHED
    assert other.store(COLLECTION, below.scope).page(Query()).items == []


@pytest.mark.parametrize("is_changed", [False, True])
def test_what_was_changed_on_both_ids_while_it_was_published_stays_changed(
    below: Below, other: LocalOverlayStore, is_changed: bool
) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    below.upload(made.id)
    revision = revision_of(below.overlay_store, made.id)
    changes = CollectionUpdate(name="Theirs changed")
    assert other.change(COLLECTION, below.scope, theirs.id, changes, theirs)
    if is_changed:
        rename(other, below, made.id, "Later")
    below.overlay_store.publish(COLLECTION, below.scope, made.id, revision, theirs)
    assert state_of(other, theirs.id) is State.CHANGED
    expected = "Later" if is_changed else "Theirs changed"
    assert name_of(other, below, theirs.id) == expected


def test_who_changes_what_was_published_meanwhile_is_told(
    below: Below, other: LocalOverlayStore
) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    publish(other, COLLECTION, below.scope, made.id, theirs)
    with pytest.raises(NotFoundError):
        rename(below.overlay_store, below, made.id, "Later")
    changes = CollectionUpdate(name="Later")
    assert not below.overlay_store.change(COLLECTION, below.scope, made.id, changes, None)


# -- mark_synced


@pytest.mark.parametrize("is_needed", [False, True])
def test_a_change_that_the_other_side_has_is_forgotten(below: Below, is_needed: bool) -> None:
    theirs = copied(below)
    rename(below.overlay_store, below, theirs.id, "Ours")
    uploaded = below.upload(theirs.id) if is_needed else None
    revision = revision_of(below.overlay_store, theirs.id)
    newer = theirs.model_copy(update={"name": "Ours"})
    below.overlay_store.mark_synced(COLLECTION, below.scope, theirs.id, revision, newer)
    if uploaded is None:
        assert state_of(below.overlay_store, theirs.id) is State.REMOVED
        with pytest.raises(NotFoundError):
            name_of(below.overlay_store, below, theirs.id)
    else:
        assert state_of(below.overlay_store, theirs.id) is State.COPIED
        scope = below.scope.child(theirs.id)
        assert below.overlay_store.store(MODEL_ARTIFACT, scope).get(uploaded.id) == uploaded


def test_what_was_deleted_there_as_here_is_forgotten(below: Below) -> None:
    theirs = copied(below)
    below.overlay_store.hide(COLLECTION, below.scope, theirs)
    revision = revision_of(below.overlay_store, theirs.id)
    below.overlay_store.mark_synced(COLLECTION, below.scope, theirs.id, revision, None)
    assert state_of(below.overlay_store, theirs.id) is State.REMOVED


def test_what_changed_since_a_change_was_read_counts_against_the_newer_record(
    below: Below, other: LocalOverlayStore
) -> None:
    theirs = copied(below)
    rename(below.overlay_store, below, theirs.id, "Ours")
    revision = revision_of(below.overlay_store, theirs.id)
    rename(other, below, theirs.id, "Later")
    newer = theirs.model_copy(update={"name": "Ours"})
    before = other.revision()
    below.overlay_store.mark_synced(COLLECTION, below.scope, theirs.id, revision, newer)
    assert other.revision() > before
    entry = entry_of(other, theirs.id)
    assert entry is not None
    assert (entry.state, entry.base) == (State.CHANGED, newer.model_dump_json())
    assert name_of(other, below, theirs.id) == "Later"


def test_what_was_deleted_since_a_change_was_read_stays_hidden(
    below: Below, other: LocalOverlayStore
) -> None:
    theirs = copied(below)
    revision = revision_of(below.overlay_store, theirs.id)
    other.hide(COLLECTION, below.scope, theirs)
    newer = theirs.model_copy(update={"name": "Newer"})
    below.overlay_store.mark_synced(COLLECTION, below.scope, theirs.id, revision, newer)
    assert entry_of(other, theirs.id) == ObjectState(
        "collections", below.scope.ids, theirs.id, State.DELETED, newer.model_dump_json()
    )


def test_what_is_not_there_any_more_keeps_what_changed_since(
    below: Below, other: LocalOverlayStore
) -> None:
    theirs = copied(below)
    revision = revision_of(below.overlay_store, theirs.id)
    rename(other, below, theirs.id, "Later")
    before = entry_of(other, theirs.id)
    below.overlay_store.mark_synced(COLLECTION, below.scope, theirs.id, revision, None)
    assert entry_of(other, theirs.id) == before
    assert name_of(other, below, theirs.id) == "Later"


def test_nothing_else_is_marked_as_synced(below: Below, other: LocalOverlayStore) -> None:
    theirs, made = copied(below), below.create_collection()
    revision = revision_of(below.overlay_store, theirs.id)
    other.revert(COLLECTION, below.scope, theirs.id)
    before = other.revision()
    below.overlay_store.mark_synced(COLLECTION, below.scope, theirs.id, revision, theirs)
    below.overlay_store.mark_synced(COLLECTION, below.scope, new_id(), revision, theirs)
    below.overlay_store.mark_synced(COLLECTION, below.scope, made.id, 0, theirs)
    assert other.revision() == before
    assert state_of(other, made.id) is State.CREATED


def test_a_synced_copy_refers_to_what_the_other_sides_does(below: Below) -> None:
    below.create_collection()
    newer = below.orbit.model_copy(update={"bucket_secret_id": switched(below)})
    below.overlay_store.hide(BUCKET_SECRET, below.root, below.secret)
    revision = revision_of(below.overlay_store, below.orbit.id)
    below.overlay_store.mark_synced(ORBIT, below.root, below.orbit.id, revision, newer)
    entry = entry_of(below.overlay_store, below.orbit.id)
    assert entry is not None
    assert (entry.state, entry.base) == (State.COPIED, newer.model_dump_json())
    stored = below.overlay_store.store(ORBIT, below.root).get(below.orbit.id)
    assert stored.bucket_secret_id == newer.bucket_secret_id
    revision = revision_of(below.overlay_store, below.secret.id)
    below.overlay_store.mark_synced(BUCKET_SECRET, below.root, below.secret.id, revision, None)
    assert state_of(below.overlay_store, below.secret.id) is State.REMOVED


def switched(below: Below) -> str:
    """Let the orbit use a secret that was made here and published; the secret's id."""
    made = below.create_secret("another")
    changes = OrbitUpdate(bucket_secret_id=made.id)
    assert below.overlay_store.change(ORBIT, below.root, below.orbit.id, changes, below.orbit)
    theirs = secret(below.organization, "another")
    publish(below.overlay_store, BUCKET_SECRET, below.root, made.id, theirs)
    return theirs.id


# -- change


def test_what_was_made_or_changed_here_is_changed_as_it_is(below: Below) -> None:
    made, theirs = below.create_collection(), copied(below)
    changes = CollectionUpdate(name="Ours")
    newer = theirs.model_copy(update={"description": "newer"})
    for identifier, base in ((made.id, None), (theirs.id, None), (theirs.id, newer)):
        before = below.overlay_store.revision()
        assert below.overlay_store.change(COLLECTION, below.scope, identifier, changes, base)
        assert name_of(below.overlay_store, below, identifier) == "Ours"
        assert revision_of(below.overlay_store, identifier) > before
    entry = entry_of(below.overlay_store, theirs.id)
    assert entry is not None
    assert entry.base == theirs.model_dump_json()


@pytest.mark.parametrize("is_copied", [False, True])
def test_what_is_of_the_other_side_is_copied_to_be_changed(below: Below, is_copied: bool) -> None:
    theirs, changes = collection(below.orbit.id), CollectionUpdate(name="Ours")
    if is_copied:
        below.overlay_store.copy(COLLECTION, below.scope, theirs, State.COPIED)
    before = below.overlay_store.revision()
    assert not below.overlay_store.change(COLLECTION, below.scope, theirs.id, changes, None)
    assert below.overlay_store.revision() == before
    assert below.overlay_store.change(COLLECTION, below.scope, theirs.id, changes, theirs)
    assert entry_of(below.overlay_store, theirs.id) == ObjectState(
        "collections", below.scope.ids, theirs.id, State.CHANGED, theirs.model_dump_json()
    )
    assert name_of(below.overlay_store, below, theirs.id) == "Ours"


def test_both_of_two_clients_change_the_same(below: Below, other: LocalOverlayStore) -> None:
    theirs = collection(below.orbit.id)
    described = CollectionUpdate(description="Described")
    renamed = CollectionUpdate(name="Renamed")
    assert other.change(COLLECTION, below.scope, theirs.id, described, theirs)
    assert below.overlay_store.change(COLLECTION, below.scope, theirs.id, renamed, theirs)
    changed = other.store(COLLECTION, below.scope).get(theirs.id)
    assert (changed.name, changed.description) == ("Renamed", "Described")


@pytest.mark.parametrize("is_brought", [False, True])
def test_what_was_hidden_meanwhile_is_not_changed(
    below: Below, other: LocalOverlayStore, is_brought: bool
) -> None:
    theirs = copied(below)
    other.hide(COLLECTION, below.scope, theirs)
    before = other.revision()
    base, changes = theirs if is_brought else None, CollectionUpdate(name="Ours")
    with pytest.raises(NotFoundError, match="deleted here meanwhile"):
        below.overlay_store.change(COLLECTION, below.scope, theirs.id, changes, base)
    assert other.revision() == before


def test_what_was_dropped_meanwhile_is_to_be_brought_again(
    below: Below, other: LocalOverlayStore
) -> None:
    theirs, changes = copied(below), CollectionUpdate(name="Ours")
    other.revert(COLLECTION, below.scope, theirs.id)
    assert not below.overlay_store.change(COLLECTION, below.scope, theirs.id, changes, None)
    assert below.overlay_store.change(COLLECTION, below.scope, theirs.id, changes, theirs)
    assert name_of(other, below, theirs.id) == "Ours"


def test_nothing_is_copied_for_changes_that_cannot_be(below: Below) -> None:
    changes, before = OrbitUpdate(bucket_secret_id=new_id()), below.overlay_store.revision()
    with pytest.raises(NotFoundError, match=r"^Bucket secret .* does not exist in organization"):
        below.overlay_store.change(ORBIT, below.root, below.orbit.id, changes, below.orbit)
    assert below.overlay_store.revision() == before
    assert state_of(below.overlay_store, below.orbit.id) is State.COPIED


def test_a_copy_without_changes_is_not_changed(below: Below, other: LocalOverlayStore) -> None:
    theirs = copied(below)
    below.upload(theirs.id)
    other.revert(COLLECTION, below.scope, theirs.id)
    before = other.revision()
    with pytest.raises(NotFoundError, match="dropped or published meanwhile"):
        rename(below.overlay_store, below, theirs.id, "Ours")
    assert other.revision() == before
    assert name_of(other, below, theirs.id) == "Theirs"


# -- hide and revert


def test_nothing_is_made_below_what_was_hidden_meanwhile(
    below: Below, other: LocalOverlayStore
) -> None:
    theirs = copied(below, State.COPIED)
    other.hide(COLLECTION, below.scope, theirs)
    before = other.revision()
    with pytest.raises(NotFoundError, match=theirs.id):
        below.upload(theirs.id)
    # Nor when somebody has copied it since, who did not know of that.
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.COPIED)
    with pytest.raises(NotFoundError, match="deleted here meanwhile"):
        below.upload(theirs.id)
    assert other.revision() == before
    assert other.store(MODEL_ARTIFACT, below.scope.child(theirs.id)).page(Query()).items == []


def test_nothing_is_made_anywhere_below_what_is_hidden(below: Below) -> None:
    theirs = copied(below, State.COPIED)
    below.overlay_store.hide(ORBIT, below.root, below.orbit)
    below.overlay_store.copy(ORBIT, below.root, below.orbit, State.COPIED)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.COPIED)
    with pytest.raises(NotFoundError, match=below.orbit.id):
        below.upload(theirs.id)
    with pytest.raises(NotFoundError, match=below.orbit.id):
        create_collection(below.overlay_store, below.scope)


def test_a_reverted_copy_that_stays_is_as_it_was(below: Below) -> None:
    theirs = copied(below)
    below.upload(theirs.id)
    changes = CollectionUpdate(name="Ours", description="ours", tags=["ours"])
    assert below.overlay_store.change(COLLECTION, below.scope, theirs.id, changes, None)
    below.overlay_store.revert(COLLECTION, below.scope, theirs.id)
    left = below.overlay_store.store(COLLECTION, below.scope).get(theirs.id)
    assert left == theirs.model_copy(update={"total_models": 1})


def test_what_a_reverted_copy_referred_to_can_be_released_too(below: Below) -> None:
    below.create_collection()
    made = below.create_secret("ours")
    changes = OrbitUpdate(bucket_secret_id=made.id)
    assert below.overlay_store.change(ORBIT, below.root, below.orbit.id, changes, below.orbit)
    below.overlay_store.revert(ORBIT, below.root, below.orbit.id)
    below.overlay_store.revert(BUCKET_SECRET, below.root, made.id)
    assert state_of(below.overlay_store, made.id) is State.REMOVED
    stored = below.overlay_store.store(ORBIT, below.root).get(below.orbit.id)
    assert stored.bucket_secret_id == below.secret.id


def test_a_copy_is_reverted_that_referred_to_what_is_hidden_now(below: Below) -> None:
    below.create_collection()
    made = below.create_secret("ours")
    changes = OrbitUpdate(bucket_secret_id=made.id)
    assert below.overlay_store.change(ORBIT, below.root, below.orbit.id, changes, below.orbit)
    below.overlay_store.hide(BUCKET_SECRET, below.root, below.secret)
    below.overlay_store.revert(ORBIT, below.root, below.orbit.id)
    assert state_of(below.overlay_store, below.orbit.id) is State.COPIED
    assert state_of(below.overlay_store, below.secret.id) is State.DELETED
    below.overlay_store.revert(BUCKET_SECRET, below.root, made.id)
    assert state_of(below.overlay_store, made.id) is State.REMOVED


def test_a_copy_is_reverted_that_referred_to_what_is_unknown_here(below: Below) -> None:
    below.create_collection()
    used = switched(below)
    below.overlay_store.hide(BUCKET_SECRET, below.root, below.secret)
    below.overlay_store.revert(BUCKET_SECRET, below.root, below.secret.id)
    assert state_of(below.overlay_store, below.secret.id) is State.REMOVED
    below.overlay_store.revert(ORBIT, below.root, below.orbit.id)
    entry = entry_of(below.overlay_store, below.orbit.id)
    assert entry is not None
    assert (entry.state, entry.base) == (State.COPIED, below.orbit.model_dump_json())
    stored = below.overlay_store.store(ORBIT, below.root).get(below.orbit.id)
    assert stored.bucket_secret_id == used


def test_what_two_clients_delete_is_deleted_once(below: Below, other: LocalOverlayStore) -> None:
    made = below.create_collection()
    orbits = below.overlay_store.store(ORBIT, below.root)
    ours = orbits.create(ORBIT.create(name="Ours", bucket_secret_id=below.secret.id))
    other.store(COLLECTION, below.scope).delete(made.id)
    other.store(ORBIT, below.root).delete(ours.id)
    before = other.revision()
    with pytest.raises(NotFoundError, match=made.id):
        below.overlay_store.store(COLLECTION, below.scope).delete(made.id)
    orbits.delete(ours.id)  # the platform does not mind either
    assert other.revision() == before


def test_what_another_client_refers_to_is_not_released(
    below: Below, other: LocalOverlayStore
) -> None:
    made = below.create_secret("ours")
    changes = OrbitUpdate(bucket_secret_id=made.id)
    assert other.change(ORBIT, below.root, below.orbit.id, changes, below.orbit)
    before = other.revision()
    with pytest.raises(ConflictError, match=r"^Orbit .* uses bucket secret"):
        below.overlay_store.revert(BUCKET_SECRET, below.root, made.id)
    assert other.revision() == before
    assert state_of(other, made.id) is State.CREATED
