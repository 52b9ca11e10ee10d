"""Records made in an overlay, and copies of those of another side."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from sqlalchemy import create_engine, inspect

from dataforce import ConfigurationError, ConflictError, NotFoundError
from dataforce.backend import Query, Scope, find_overlay_store
from dataforce.config import Settings, load_settings
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    REGISTRY,
    BucketSecretUpdate,
    CollectionUpdate,
    ModelArtifactUpdate,
    OrbitUpdate,
    SignedURLs,
)
from dataforce.overlay.store import ObjectState, OverlayStore, State
from dataforce_local import open_backend, open_overlay_store
from dataforce_local.overlay.store import LocalOverlayStore
from tests.local.conftest import files_of
from tests.local.platform_records import (
    BORN,
    Below,
    collection,
    create_collection,
    entry_of,
    model,
    model_values,
    new_id,
    orbit,
    organization,
    publish,
    reopened,
    secret,
    state_of,
)


@pytest.fixture
def below(overlay_store: LocalOverlayStore) -> Below:
    return Below(overlay_store)


def test_a_new_overlay_store_is_empty(overlay_store_settings: Settings) -> None:
    overlay_store: OverlayStore = find_overlay_store("local")(
        overlay_store_settings, REGISTRY, None
    )
    assert overlay_store.mode == "local"
    assert overlay_store.revision() == 0
    assert list(overlay_store.entries(0)) == []
    assert overlay_store.store(ORGANIZATION, Scope()).page(Query()).items == []
    overlay_store.close()


def test_an_ordinary_registry_has_no_more_tables_than_before(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    open_backend(settings, REGISTRY).close()
    engine = create_engine(f"sqlite:///{place}")
    names = {f"dataforce_{kind.route.replace('-', '_')}" for kind in REGISTRY.kinds}
    shared = ("registry", "released_files", "files", "links")
    expected = names | {f"dataforce_{name}" for name in shared}
    assert set(inspect(engine).get_table_names()) == expected
    engine.dispose()


def test_an_ordinary_registry_is_no_workspace(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with closing(open_backend(settings, REGISTRY)) as registry:
        before = registry.store(ORGANIZATION, Scope()).page(Query()).items
    with pytest.raises(ConfigurationError, match="holds a registry"):
        open_overlay_store(settings, REGISTRY)
    with closing(open_backend(settings, REGISTRY)) as registry:
        assert registry.store(ORGANIZATION, Scope()).page(Query()).items == before


def test_an_ordinary_registry_on_a_server_is_no_workspace(server_url: str, tmp_path: Path) -> None:
    settings = load_settings({"database_url": server_url, "storage_url": str(tmp_path / "files")})
    open_backend(settings, REGISTRY).close()
    with pytest.raises(ConfigurationError, match="holds a registry") as refusal:
        open_overlay_store(settings, REGISTRY)
    assert "search_path" not in str(refusal.value)
    open_backend(settings, REGISTRY).close()


def test_an_overlay_is_no_ordinary_registry(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with reopened(settings) as overlay_store:
        made = Below(overlay_store).create_collection()
    with pytest.raises(ConfigurationError, match="holds an overlay"):
        open_backend(settings, REGISTRY)
    with reopened(settings) as overlay_store:
        assert state_of(overlay_store, made.id) is State.CREATED


def test_an_overlay_on_a_server_is_no_ordinary_registry(server_url: str, tmp_path: Path) -> None:
    settings = load_settings({"database_url": server_url, "storage_url": str(tmp_path / "files")})
    open_overlay_store(settings, REGISTRY).close()
    with pytest.raises(ConfigurationError, match="holds an overlay"):
        open_backend(settings, REGISTRY)
    open_overlay_store(settings, REGISTRY).close()


def test_a_path_takes_the_place_of_the_settings_database(place: Path) -> None:
    elsewhere = place.with_name("overlay.db")
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with closing(open_overlay_store(settings, REGISTRY, elsewhere)) as overlay_store:
        below = Below(overlay_store)
        uploaded = below.upload(below.create_collection().id)
    assert not place.exists()
    assert files_of(elsewhere)["sha256"] == [uploaded.file_hash]
    with closing(
        open_overlay_store(load_settings({"database_url": f"sqlite:///{elsewhere}"}), REGISTRY)
    ) as same:
        assert state_of(same, uploaded.id) is State.CREATED


def test_entries_are_told_in_short(below: Below) -> None:
    made = below.create_secret(access_key="canary")
    theirs = collection(below.orbit.id)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    for entry in below.overlay_store.entries(0):
        assert (entry.base, entry.write_only) == (None, None)
    mine = below.overlay_store.entry(BUCKET_SECRET, made.id)
    other = below.overlay_store.entry(COLLECTION, theirs.id)
    assert mine is not None
    assert mine.write_only is not None
    assert other is not None
    assert other.base == theirs.model_dump_json()
    assert below.overlay_store.entry(COLLECTION, made.id) is None
    assert below.overlay_store.entry(COLLECTION, new_id()) is None


def test_an_entry_has_the_revision_of_its_last_change(below: Below) -> None:
    made = below.create_secret(access_key="canary")
    for changes in (
        BucketSecretUpdate(bucket_name="other"),
        BucketSecretUpdate(access_key="canary"),
        BucketSecretUpdate(),
    ):
        before = below.overlay_store.revision()
        below.overlay_store.store(BUCKET_SECRET, below.root).update(made.id, changes)
        entry = below.overlay_store.entry(BUCKET_SECRET, made.id)
        assert entry is not None
        assert entry.revision == below.overlay_store.revision() > before
        assert [each.identifier for each in below.overlay_store.entries(before)] == [made.id]


def test_a_name_that_a_copy_lacks_is_none(below: Below) -> None:
    above = collection(below.orbit.id)
    scope, nameless = below.scope.child(above.id), model(above.id, model_name=None)
    below.overlay_store.copy(COLLECTION, below.scope, above, State.COPIED)
    below.overlay_store.copy(MODEL_ARTIFACT, scope, nameless, State.CHANGED)
    store = below.overlay_store.store(MODEL_ARTIFACT, scope)
    assert store.page(Query()).items == [nameless]
    [found] = store.page(Query(name=nameless.file_name)).items
    assert found.model_name is None
    assert store.update(nameless.id, ModelArtifactUpdate(tags=[])).model_name is None
    named = store.update(nameless.id, ModelArtifactUpdate(model_name="ours"))
    assert named.model_name == "ours"


def test_a_deletion_marker_is_there_until_its_url_is_used(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with reopened(settings) as overlay_store:
        below = Below(overlay_store)
        above = collection(below.orbit.id)
        scope, theirs = below.scope.child(above.id), model(above.id)
        overlay_store.copy(COLLECTION, below.scope, above, State.COPIED)
        overlay_store.copy(MODEL_ARTIFACT, scope, theirs, State.CHANGED)
        assert not overlay_store.has_deletion_marker(MODEL_ARTIFACT, scope, theirs)
        url = overlay_store.service(SignedURLs).delete_url(scope, theirs.id)
        assert overlay_store.has_deletion_marker(MODEL_ARTIFACT, scope, theirs)
        Path(url2pathname(urlsplit(url).path)).unlink()
        assert not overlay_store.has_deletion_marker(MODEL_ARTIFACT, scope, theirs)


def test_what_is_made_here_has_an_entry(below: Below) -> None:
    before = below.overlay_store.revision()
    made = below.create_collection()
    uploaded = below.upload(made.id)
    waiting = below.overlay_store.service(SignedURLs).create(
        below.scope.child(made.id), model_values()
    )
    assert list(below.overlay_store.entries(before)) == [
        ObjectState("collections", below.scope.ids, made.id, State.CREATED),
        ObjectState("model_artifacts", below.scope.child(made.id).ids, uploaded.id, State.CREATED),
        ObjectState(
            "model_artifacts", below.scope.child(made.id).ids, waiting.model.id, State.CREATED
        ),
    ]


def test_the_revision_goes_up_with_what_changes(below: Below) -> None:
    store, made = below.overlay_store.store(COLLECTION, below.scope), below.create_collection()
    seen = [below.overlay_store.revision()]
    changed = store.update(made.id, CollectionUpdate(name="Renamed"))
    assert changed.name == "Renamed"
    seen.append(below.overlay_store.revision())
    [entry] = below.overlay_store.entries(seen[0])
    assert (entry.identifier, entry.state) == (made.id, State.CREATED)
    assert entry.revision == seen[1]
    store.get(made.id)
    assert below.overlay_store.revision() == seen[1]
    store.delete(made.id)
    seen.append(below.overlay_store.revision())
    assert seen == sorted(set(seen))


def test_what_fails_leaves_no_entry(below: Below) -> None:
    below.create_secret("ours")
    revision = below.overlay_store.revision()
    with pytest.raises(ConflictError):
        below.create_secret("ours")
    with pytest.raises(NotFoundError):
        create_collection(below.overlay_store, below.root.child(new_id()))
    assert below.overlay_store.revision() == revision


def test_all_below_what_is_deleted_is_gone(below: Below) -> None:
    kept, made = below.create_collection("Kept"), below.create_collection()
    uploaded, theirs = below.upload(made.id), model(made.id)
    below.overlay_store.hide(MODEL_ARTIFACT, below.scope.child(made.id), theirs)
    before = below.overlay_store.revision()
    below.overlay_store.store(COLLECTION, below.scope).delete(made.id)
    gone = {entry.identifier: entry for entry in below.overlay_store.entries(before)}
    assert set(gone) == {made.id, uploaded.id, theirs.id}
    assert {entry.state for entry in gone.values()} == {State.REMOVED}
    assert gone[theirs.id].base is None
    assert state_of(below.overlay_store, kept.id) is State.CREATED


def test_fields_that_no_record_shows_are_kept_and_not_printed(below: Below) -> None:
    made = below.create_secret(access_key="canary", secret_key="canary-2", session_token=None)
    entry = entry_of(below.overlay_store, made.id)
    assert entry is not None
    assert entry.write_only is not None
    assert json.loads(entry.write_only) == {"access_key": "canary", "secret_key": "canary-2"}
    assert "canary" not in repr(entry)
    store, revision = (
        below.overlay_store.store(BUCKET_SECRET, below.root),
        below.overlay_store.revision(),
    )
    changes = BucketSecretUpdate(access_key=None, session_token="canary-3")
    store.update(made.id, changes)
    assert below.overlay_store.revision() > revision
    entry = entry_of(below.overlay_store, made.id)
    assert entry is not None
    assert entry.state is State.CREATED
    assert json.loads(entry.write_only or "") == {
        "secret_key": "canary-2",
        "session_token": "canary-3",
    }
    changes = BucketSecretUpdate(secret_key=None, session_token=None, bucket_name="other")
    store.update(made.id, changes)
    entry = entry_of(below.overlay_store, made.id)
    assert entry is not None
    assert entry.write_only is None
    store.delete(made.id)
    [entry] = below.overlay_store.entries(below.overlay_store.revision() - 1)
    assert entry == ObjectState("bucket-secrets", below.root.ids, made.id, State.REMOVED)


def test_a_secret_in_what_was_copied_is_not_printed(below: Below) -> None:
    theirs = secret(below.organization, bucket_name="canary")
    below.overlay_store.copy(BUCKET_SECRET, below.root, theirs, State.CHANGED)
    entry = entry_of(below.overlay_store, theirs.id)
    assert entry is not None
    assert entry.base is not None
    assert "canary" in entry.base
    assert "canary" not in repr(entry)


def test_a_changed_copy_is_the_record_itself(below: Below) -> None:
    above = collection(below.orbit.id)
    scope = below.scope.child(above.id)
    theirs = model(above.id, description="theirs")
    below.overlay_store.copy(COLLECTION, below.scope, above, State.COPIED)
    below.overlay_store.copy(MODEL_ARTIFACT, scope, theirs, State.CHANGED)
    store = below.overlay_store.store(MODEL_ARTIFACT, scope)
    assert store.get(theirs.id) == theirs
    assert entry_of(below.overlay_store, theirs.id) == ObjectState(
        "model_artifacts", scope.ids, theirs.id, State.CHANGED, theirs.model_dump_json()
    )
    changed = store.update(theirs.id, ModelArtifactUpdate(description="ours"))
    assert (changed.description, changed.metrics) == ("ours", theirs.metrics)


def test_of_what_may_not_be_read_the_id_is_kept(overlay_store: LocalOverlayStore) -> None:
    above, kept = organization(), secret(organization())
    scope, identifier = Scope((above.id,)), kept.id
    overlay_store.copy_id(ORGANIZATION, Scope(), above.id)
    for _ in range(2):
        overlay_store.copy_id(BUCKET_SECRET, scope, identifier)
    expected = ObjectState("bucket-secrets", scope.ids, identifier, State.COPIED)
    assert entry_of(overlay_store, identifier) == expected
    overlay_store.copy(ORBIT, scope, orbit(above, kept), State.COPIED)
    overlay_store.revert(BUCKET_SECRET, scope, identifier)
    assert state_of(overlay_store, identifier) is State.COPIED
    overlay_store.copy(BUCKET_SECRET, scope, kept, State.CHANGED)
    assert overlay_store.store(BUCKET_SECRET, scope).get(identifier).endpoint == kept.endpoint


def test_what_an_overlay_cannot_hold_is_told(below: Below) -> None:
    overlay_store = below.overlay_store
    whole = orbit(below.organization, below.secret, total_collections=5)
    with_role = orbit(below.organization, below.secret, role="admin", permissions={"a": ["b"]})
    with_more = orbit(below.organization, below.secret, fields_of_tomorrow=1)
    for record in (whole, with_role, with_more):
        overlay_store.copy(ORBIT, below.root, record, State.CHANGED)
    above = collection(below.orbit.id, total_models=3)
    nameless = model(above.id, model_name=None)
    overlay_store.copy(COLLECTION, below.scope, above, State.CHANGED)
    overlay_store.copy(MODEL_ARTIFACT, below.scope.child(above.id), nameless, State.CHANGED)
    wholeness = {entry.identifier: entry.is_lossless for entry in overlay_store.entries(0)}
    assert wholeness[whole.id]
    assert wholeness[above.id]
    assert not wholeness[with_role.id]
    assert not wholeness[with_more.id]
    assert wholeness[nameless.id]
    scope = below.scope.child(above.id)
    assert overlay_store.store(MODEL_ARTIFACT, scope).get(nameless.id) == nameless


def test_a_changed_copy_is_not_replaced(below: Below) -> None:
    theirs = collection(below.orbit.id)
    store = below.overlay_store.store(COLLECTION, below.scope)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    store.update(theirs.id, CollectionUpdate(name="Ours"))
    revision = below.overlay_store.revision()
    for state in (State.COPIED, State.CHANGED):
        newer = theirs.model_copy(update={"name": "Newer"})
        below.overlay_store.copy(COLLECTION, below.scope, newer, state)
    assert store.get(theirs.id).name == "Ours"
    assert below.overlay_store.revision() == revision


def test_other_copies_are_replaced_with_what_stands_below_them(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.COPIED)
    uploaded = below.upload(theirs.id)
    newer = theirs.model_copy(update={"name": "Newer"})
    below.overlay_store.copy(COLLECTION, below.scope, newer, State.CHANGED)
    entry = entry_of(below.overlay_store, theirs.id)
    assert entry is not None
    assert (entry.state, entry.base) == (State.CHANGED, newer.model_dump_json())
    assert below.overlay_store.store(COLLECTION, below.scope).get(theirs.id).name == "Newer"
    scope = below.scope.child(theirs.id)
    assert below.overlay_store.store(MODEL_ARTIFACT, scope).get(uploaded.id) == uploaded


def test_what_is_hidden_stays_so_though_something_needs_a_copy_of_it(below: Below) -> None:
    theirs = secret(below.organization, "hidden")
    below.overlay_store.hide(BUCKET_SECRET, below.root, theirs)
    hidden, revision = entry_of(below.overlay_store, theirs.id), below.overlay_store.revision()
    below.overlay_store.copy(BUCKET_SECRET, below.root, theirs, State.COPIED)
    assert below.overlay_store.store(BUCKET_SECRET, below.root).get(theirs.id).id == theirs.id
    assert entry_of(below.overlay_store, theirs.id) == hidden
    assert below.overlay_store.revision() == revision
    below.overlay_store.copy(
        ORBIT, below.root, orbit(below.organization, theirs, name="Another"), State.COPIED
    )
    below.create_secret("hidden")  # the copy is in nobody's way


def test_what_is_hidden_gets_no_changes(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.overlay_store.hide(COLLECTION, below.scope, theirs)
    revision = below.overlay_store.revision()
    with pytest.raises(NotFoundError, match="deleted here meanwhile"):
        below.overlay_store.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    with pytest.raises(NotFoundError):
        below.overlay_store.store(COLLECTION, below.scope).get(theirs.id)
    assert below.overlay_store.revision() == revision


def test_a_stale_copy_is_in_nobodys_way(below: Below) -> None:
    ours = below.create_secret("theirs")
    theirs = secret(below.organization, "ours")
    with pytest.raises(ConflictError):
        below.overlay_store.copy(
            BUCKET_SECRET, below.root, secret(below.organization, "theirs"), State.CHANGED
        )
    below.overlay_store.copy(BUCKET_SECRET, below.root, theirs, State.CHANGED)
    with pytest.raises(ConflictError):
        below.create_secret("ours")
    assert state_of(below.overlay_store, ours.id) is State.CREATED


def test_a_copy_needs_its_parents(below: Below) -> None:
    with pytest.raises(NotFoundError):
        below.overlay_store.copy(
            COLLECTION, below.root.child(new_id()), collection(new_id()), State.COPIED
        )


def test_what_is_hidden_goes_with_all_below_it(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.COPIED)
    scope = below.scope.child(theirs.id)
    uploaded, hidden, changed = below.upload(theirs.id), model(theirs.id), model(theirs.id)
    below.overlay_store.hide(MODEL_ARTIFACT, scope, hidden)
    below.overlay_store.copy(MODEL_ARTIFACT, scope, changed, State.CHANGED)
    content = below.overlay_store.files(MODEL_ARTIFACT, scope).open(uploaded, "file")
    assert b"".join(content.read())
    below.overlay_store.hide(COLLECTION, below.scope, theirs)
    states = {entry.identifier: entry.state for entry in below.overlay_store.entries(0)}
    assert states[theirs.id] is State.DELETED
    assert {states[each.id] for each in (uploaded, hidden, changed)} == {State.REMOVED}
    with pytest.raises(NotFoundError):
        below.overlay_store.store(COLLECTION, below.scope).get(theirs.id)


def test_files_go_with_what_is_hidden_reverted_or_published(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with closing(LocalOverlayStore(settings, REGISTRY)) as overlay_store:
        below = Below(overlay_store)
        for way in ("hide", "revert", "publish"):
            theirs = collection(below.orbit.id)
            overlay_store.copy(COLLECTION, below.scope, theirs, State.COPIED)
            ours, scope = below.upload(theirs.id), below.scope.child(theirs.id)
            assert files_of(place)["sha256"] == [ours.file_hash]
            if way == "hide":
                overlay_store.hide(COLLECTION, below.scope, theirs)
            elif way == "revert":
                overlay_store.revert(MODEL_ARTIFACT, scope, ours.id)
            else:
                publish(overlay_store, MODEL_ARTIFACT, scope, ours.id, model(theirs.id))
            assert files_of(place)["sha256"] == []


def test_what_was_never_here_can_be_hidden(below: Below) -> None:
    theirs = model(new_id())
    scope = below.root.child(new_id()).child(theirs.collection_id)
    below.overlay_store.hide(MODEL_ARTIFACT, scope, theirs)
    assert entry_of(below.overlay_store, theirs.id) == ObjectState(
        "model_artifacts", scope.ids, theirs.id, State.DELETED, theirs.model_dump_json()
    )


def test_what_was_changed_and_is_hidden_keeps_its_base(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    newer = theirs.model_copy(update={"name": "Newer"})
    below.overlay_store.hide(COLLECTION, below.scope, newer)
    entry = entry_of(below.overlay_store, theirs.id)
    assert entry is not None
    assert (entry.state, entry.base) == (State.DELETED, theirs.model_dump_json())


def test_what_is_referred_to_can_be_hidden_and_is_in_nobodys_way(below: Below) -> None:
    theirs = secret(below.organization, "changed")
    below.overlay_store.copy(BUCKET_SECRET, below.root, theirs, State.CHANGED)
    store = below.overlay_store.store(ORBIT, below.root)
    below.overlay_store.copy(ORBIT, below.root, below.orbit, State.CHANGED)
    store.update(below.orbit.id, OrbitUpdate(bucket_secret_id=theirs.id))
    below.overlay_store.hide(BUCKET_SECRET, below.root, theirs)
    assert state_of(below.overlay_store, theirs.id) is State.DELETED
    assert store.get(below.orbit.id).bucket_secret_id == theirs.id
    below.create_secret("changed")
    below.overlay_store.revert(BUCKET_SECRET, below.root, theirs.id)
    assert state_of(below.overlay_store, theirs.id) is State.COPIED


def test_a_record_made_here_is_reverted_with_all_below_it(below: Below) -> None:
    made = below.create_collection()
    uploaded = below.upload(made.id)
    below.overlay_store.revert(COLLECTION, below.scope, made.id)
    assert state_of(below.overlay_store, made.id) is State.REMOVED
    assert state_of(below.overlay_store, uploaded.id) is State.REMOVED
    with pytest.raises(NotFoundError):
        below.overlay_store.store(COLLECTION, below.scope).get(made.id)


def test_a_reverted_copy_stays_as_long_as_something_stands_below_it(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    uploaded = below.upload(theirs.id)
    below.overlay_store.revert(COLLECTION, below.scope, theirs.id)
    assert state_of(below.overlay_store, theirs.id) is State.COPIED
    revision = below.overlay_store.revision()
    below.overlay_store.revert(COLLECTION, below.scope, theirs.id)
    assert below.overlay_store.revision() == revision
    below.overlay_store.revert(MODEL_ARTIFACT, below.scope.child(theirs.id), uploaded.id)
    below.overlay_store.revert(COLLECTION, below.scope, theirs.id)
    assert state_of(below.overlay_store, theirs.id) is State.REMOVED
    with pytest.raises(NotFoundError):
        below.overlay_store.store(COLLECTION, below.scope).get(theirs.id)


def test_a_reverted_copy_is_in_nobodys_way(below: Below) -> None:
    store = below.overlay_store.store(BUCKET_SECRET, below.root)
    below.overlay_store.copy(BUCKET_SECRET, below.root, below.secret, State.CHANGED)
    store.update(below.secret.id, BucketSecretUpdate(access_key="canary"))
    below.overlay_store.revert(BUCKET_SECRET, below.root, below.secret.id)  # an orbit refers to it
    entry = entry_of(below.overlay_store, below.secret.id)
    assert entry is not None
    assert (entry.state, entry.write_only) == (State.COPIED, None)
    assert entry.base == below.secret.model_dump_json()
    below.create_secret(below.secret.bucket_name)


def test_what_is_hidden_below_a_reverted_copy_stays_hidden(below: Below) -> None:
    theirs = collection(below.orbit.id)
    hidden = model(theirs.id)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    below.overlay_store.hide(MODEL_ARTIFACT, below.scope.child(theirs.id), hidden)
    below.overlay_store.revert(COLLECTION, below.scope, theirs.id)
    assert state_of(below.overlay_store, theirs.id) is State.REMOVED
    assert state_of(below.overlay_store, hidden.id) is State.DELETED
    below.overlay_store.revert(MODEL_ARTIFACT, below.scope.child(theirs.id), hidden.id)
    assert state_of(below.overlay_store, hidden.id) is State.REMOVED


def test_what_has_no_entry_cannot_be_reverted_and_needs_not(below: Below) -> None:
    revision = below.overlay_store.revision()
    below.overlay_store.revert(COLLECTION, below.scope, new_id())
    assert below.overlay_store.revision() == revision


def test_a_published_record_hands_over_what_stands_below_it(below: Below) -> None:
    made = below.create_collection()
    uploaded, theirs = below.upload(made.id), collection(below.orbit.id)
    before = below.overlay_store.revision()
    publish(below.overlay_store, COLLECTION, below.scope, made.id, theirs)
    assert {entry.identifier: entry for entry in below.overlay_store.entries(before)} == {
        made.id: ObjectState(
            "collections", below.scope.ids, made.id, State.PUBLISHED, replaced_by=theirs.id
        ),
        theirs.id: ObjectState("collections", below.scope.ids, theirs.id, State.COPIED),
        uploaded.id: ObjectState(
            "model_artifacts", below.scope.child(theirs.id).ids, uploaded.id, State.CREATED
        ),
    }
    scope = below.scope.child(theirs.id)
    files = below.overlay_store.files(MODEL_ARTIFACT, scope)
    moved = below.overlay_store.store(MODEL_ARTIFACT, scope).get(uploaded.id)
    assert moved.collection_id == theirs.id
    assert b"".join(files.open(moved, "file").read()) == b"what a model is made of"
    with pytest.raises(NotFoundError):
        below.overlay_store.store(COLLECTION, below.scope).get(made.id)
    below.overlay_store.revert(COLLECTION, below.scope, made.id)
    assert state_of(below.overlay_store, made.id) is State.PUBLISHED


def test_a_published_record_hands_over_what_refers_to_it(below: Below) -> None:
    made = below.create_secret(access_key="canary")
    orbits = below.overlay_store.store(ORBIT, below.root)
    below.overlay_store.copy(ORBIT, below.root, below.orbit, State.CHANGED)
    orbits.update(below.orbit.id, OrbitUpdate(bucket_secret_id=made.id))
    theirs = secret(below.organization, made.bucket_name)
    publish(below.overlay_store, BUCKET_SECRET, below.root, made.id, theirs)
    assert orbits.get(below.orbit.id).bucket_secret_id == theirs.id
    entry = entry_of(below.overlay_store, made.id)
    assert entry is not None
    assert (entry.state, entry.write_only) == (State.PUBLISHED, None)
    below.create_secret(made.bucket_name)  # the copy is in nobody's way


def test_the_scope_of_all_below_a_published_record_is_told_anew(below: Below) -> None:
    made = below.overlay_store.store(ORBIT, below.root).create(
        ORBIT.create(name="Ours", bucket_secret_id=below.secret.id)
    )
    inner = create_collection(below.overlay_store, below.root.child(made.id))
    scope = below.root.child(made.id).child(inner.id)
    gone = create_collection(below.overlay_store, below.root.child(made.id))
    below.overlay_store.store(COLLECTION, below.root.child(made.id)).delete(gone.id)
    uploaded = Below.upload(_At(below, made.id), inner.id)
    theirs = orbit(below.organization, below.secret)
    publish(below.overlay_store, ORBIT, below.root, made.id, theirs)
    entry = entry_of(below.overlay_store, uploaded.id)
    assert entry is not None
    assert entry.scope == (below.organization.id, theirs.id, inner.id)
    new_scope = below.root.child(theirs.id).child(inner.id)
    assert below.overlay_store.store(MODEL_ARTIFACT, new_scope).get(uploaded.id) == uploaded
    with pytest.raises(NotFoundError):
        below.overlay_store.store(MODEL_ARTIFACT, scope).get(uploaded.id)


class _At(Below):
    """The same below another orbit."""

    def __init__(self, below: Below, orbit_id: str) -> None:
        self.overlay_store = below.overlay_store
        self.scope = below.root.child(orbit_id)


@pytest.mark.parametrize("is_copied", [False, True])
def test_nothing_is_kept_of_a_published_record_that_nothing_needs(
    below: Below, is_copied: bool
) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    if is_copied:
        below.overlay_store.copy(COLLECTION, below.scope, theirs, State.COPIED)
    publish(below.overlay_store, COLLECTION, below.scope, made.id, theirs)
    assert state_of(below.overlay_store, made.id) is State.PUBLISHED
    assert state_of(below.overlay_store, theirs.id) is (State.REMOVED if is_copied else None)
    assert below.overlay_store.store(COLLECTION, below.scope).page(Query()).items == []


def test_a_record_is_published_onto_a_copy(below: Below) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    below.overlay_store.copy(COLLECTION, below.scope, theirs, State.COPIED)
    both = {below.upload(theirs.id).id, below.upload(made.id).id}
    publish(below.overlay_store, COLLECTION, below.scope, made.id, theirs)
    scope = below.scope.child(theirs.id)
    models = below.overlay_store.store(MODEL_ARTIFACT, scope).page(Query()).items
    assert {each.id for each in models} == both
    assert state_of(below.overlay_store, theirs.id) is State.COPIED


def test_what_is_published_already_is_left_as_it_is(below: Below) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    publish(below.overlay_store, COLLECTION, below.scope, made.id, theirs)
    revision = below.overlay_store.revision()
    publish(below.overlay_store, COLLECTION, below.scope, made.id, theirs)
    assert below.overlay_store.revision() == revision


def test_a_record_that_cannot_be_published_stays(below: Below) -> None:
    made = below.overlay_store.store(ORGANIZATION, Scope()).create(ORGANIZATION.create(name="Ours"))
    theirs = organization()
    below.overlay_store.copy(ORGANIZATION, Scope(), theirs, State.COPIED)
    for above in (made, theirs):
        values = BUCKET_SECRET.create(endpoint="s3.example", bucket_name="same")
        below.overlay_store.store(BUCKET_SECRET, Scope((above.id,))).create(values)
    revision = below.overlay_store.revision()
    with pytest.raises(ConflictError, match="Nothing was changed"):
        publish(below.overlay_store, ORGANIZATION, Scope(), made.id, theirs)
    assert below.overlay_store.revision() == revision
    assert len(below.overlay_store.store(BUCKET_SECRET, Scope((made.id,))).page(Query()).items) == 1


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_copies_are_listed_by_age_whatever_their_ids(below: Below, order: str) -> None:
    first = [
        collection(below.orbit.id, created_at=BORN + timedelta(seconds=age)) for age in (3, 1, 2, 1)
    ]
    for each in first:
        below.overlay_store.copy(COLLECTION, below.scope, each, State.CHANGED)
    ours = below.create_collection()
    expected = [*sorted(first, key=lambda each: (each.created_at, each.id)), ours]
    seen: list[str] = []
    query = Query(limit=2)
    if order == "desc":
        expected.reverse()
        query = Query(limit=2, order="desc")
    while True:
        page = below.overlay_store.store(COLLECTION, below.scope).page(query)
        seen += [each.id for each in page.items]
        if page.cursor is None:
            break
        query = Query(limit=2, order=query.order, cursor=page.cursor)
    assert seen == [each.id for each in expected]
