"""Records made in a workspace, and copies of those of another side."""

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
    KINDS,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    BucketSecretUpdate,
    CollectionUpdate,
    ModelArtifactUpdate,
    OrbitUpdate,
)
from dataforce.overlay.store import Entry, OverlayStore, State
from dataforce_local import open_backend, open_overlay_store
from dataforce_local.overlay.store import LocalWorkspace
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
def below(workspace: LocalWorkspace) -> Below:
    return Below(workspace)


def test_a_new_workspace_is_empty(workspace_settings: Settings) -> None:
    workspace: OverlayStore = find_overlay_store("local")(workspace_settings, None)
    assert workspace.mode == "local"
    assert workspace.revision() == 0
    assert list(workspace.entries(0)) == []
    assert workspace.store(ORGANIZATION).page(Scope(), Query()).items == []
    workspace.close()


def test_an_ordinary_registry_has_no_more_tables_than_before(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    open_backend(settings).close()
    engine = create_engine(f"sqlite:///{place}")
    names = {f"dataforce_{kind.route.replace('-', '_')}" for kind in KINDS}
    expected = names | {"dataforce_registry", "dataforce_released_files"}
    assert set(inspect(engine).get_table_names()) == expected
    engine.dispose()


def test_an_ordinary_registry_is_no_workspace(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with closing(open_backend(settings)) as registry:
        before = registry.store(ORGANIZATION).page(Scope(), Query()).items
    with pytest.raises(ConfigurationError, match="holds a registry"):
        open_overlay_store(settings)
    with closing(open_backend(settings)) as registry:
        assert registry.store(ORGANIZATION).page(Scope(), Query()).items == before


def test_an_ordinary_registry_on_a_server_is_no_workspace(server_url: str, tmp_path: Path) -> None:
    settings = load_settings({"database_url": server_url, "storage_url": str(tmp_path / "files")})
    open_backend(settings).close()
    with pytest.raises(ConfigurationError, match="holds a registry") as refusal:
        open_overlay_store(settings)
    assert "search_path" not in str(refusal.value)
    open_backend(settings).close()


def test_a_workspace_is_no_ordinary_registry(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with reopened(settings) as workspace:
        made = Below(workspace).create_collection()
    with pytest.raises(ConfigurationError, match="holds an overlay"):
        open_backend(settings)
    with reopened(settings) as workspace:
        assert state_of(workspace, made.id) is State.CREATED


def test_a_workspace_on_a_server_is_no_ordinary_registry(server_url: str, tmp_path: Path) -> None:
    settings = load_settings({"database_url": server_url, "storage_url": str(tmp_path / "files")})
    open_overlay_store(settings).close()
    with pytest.raises(ConfigurationError, match="holds an overlay"):
        open_backend(settings)
    open_overlay_store(settings).close()


def test_a_path_takes_the_place_of_the_settings_database(place: Path) -> None:
    elsewhere = place.with_name("overlay.db")
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with closing(open_overlay_store(settings, elsewhere)) as workspace:
        below = Below(workspace)
        uploaded = below.upload(below.create_collection().id)
    assert not place.exists()
    assert files_of(elsewhere)["sha256"] == [uploaded.file_hash]
    with closing(
        open_overlay_store(load_settings({"database_url": f"sqlite:///{elsewhere}"}))
    ) as same:
        assert state_of(same, uploaded.id) is State.CREATED


def test_entries_are_told_in_short(below: Below) -> None:
    made = below.create_secret(access_key="canary")
    theirs = collection(below.orbit.id)
    below.workspace.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    for entry in below.workspace.entries(0):
        assert (entry.base, entry.unshown) == (None, None)
    mine = below.workspace.entry(BUCKET_SECRET, made.id)
    other = below.workspace.entry(COLLECTION, theirs.id)
    assert mine is not None
    assert mine.unshown is not None
    assert other is not None
    assert other.base == theirs.model_dump_json()
    assert below.workspace.entry(COLLECTION, made.id) is None
    assert below.workspace.entry(COLLECTION, new_id()) is None


def test_an_entry_has_the_revision_of_its_last_change(below: Below) -> None:
    made = below.create_secret(access_key="canary")
    for changes in (
        BucketSecretUpdate(bucket_name="other"),
        BucketSecretUpdate(access_key="canary"),
        BucketSecretUpdate(),
    ):
        before = below.workspace.revision()
        below.workspace.store(BUCKET_SECRET).update(below.root, made.id, changes)
        entry = below.workspace.entry(BUCKET_SECRET, made.id)
        assert entry is not None
        assert entry.revision == below.workspace.revision() > before
        assert [each.identifier for each in below.workspace.entries(before)] == [made.id]


def test_a_name_that_a_copy_lacks_is_none(below: Below) -> None:
    above = collection(below.orbit.id)
    scope, nameless = below.scope.child(above.id), model(above.id, model_name=None)
    below.workspace.copy(COLLECTION, below.scope, above, State.COPIED)
    below.workspace.copy(MODEL_ARTIFACT, scope, nameless, State.CHANGED)
    store = below.workspace.store(MODEL_ARTIFACT)
    assert store.page(scope, Query()).items == [nameless]
    [found] = store.page(scope, Query(name=nameless.file_name)).items
    assert found.model_name is None
    assert store.update(scope, nameless.id, ModelArtifactUpdate(tags=[])).model_name is None
    named = store.update(scope, nameless.id, ModelArtifactUpdate(model_name="ours"))
    assert named.model_name == "ours"


def test_a_stand_in_is_there_until_its_url_is_used(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with reopened(settings) as workspace:
        below = Below(workspace)
        above = collection(below.orbit.id)
        scope, theirs = below.scope.child(above.id), model(above.id)
        workspace.copy(COLLECTION, below.scope, above, State.COPIED)
        workspace.copy(MODEL_ARTIFACT, scope, theirs, State.CHANGED)
        assert not workspace.has_stand_in(MODEL_ARTIFACT, scope, theirs)
        url = workspace.content(MODEL_ARTIFACT).delete_url(scope, theirs.id)
        assert workspace.has_stand_in(MODEL_ARTIFACT, scope, theirs)
        Path(url2pathname(urlsplit(url).path)).unlink()
        assert not workspace.has_stand_in(MODEL_ARTIFACT, scope, theirs)


def test_what_is_made_here_has_an_entry(below: Below) -> None:
    before = below.workspace.revision()
    made = below.create_collection()
    uploaded = below.upload(made.id)
    waiting = below.workspace.content(MODEL_ARTIFACT).create(
        below.scope.child(made.id), model_values()
    )
    assert list(below.workspace.entries(before)) == [
        Entry("collections", below.scope.ids, made.id, State.CREATED),
        Entry("model_artifacts", below.scope.child(made.id).ids, uploaded.id, State.CREATED),
        Entry("model_artifacts", below.scope.child(made.id).ids, waiting.model.id, State.CREATED),
    ]


def test_the_revision_goes_up_with_what_changes(below: Below) -> None:
    store, made = below.workspace.store(COLLECTION), below.create_collection()
    seen = [below.workspace.revision()]
    changed = store.update(below.scope, made.id, CollectionUpdate(name="Renamed"))
    assert changed.name == "Renamed"
    seen.append(below.workspace.revision())
    [entry] = below.workspace.entries(seen[0])
    assert (entry.identifier, entry.state) == (made.id, State.CREATED)
    assert entry.revision == seen[1]
    store.get(below.scope, made.id)
    assert below.workspace.revision() == seen[1]
    store.delete(below.scope, made.id)
    seen.append(below.workspace.revision())
    assert seen == sorted(set(seen))


def test_what_fails_leaves_no_entry(below: Below) -> None:
    below.create_secret("ours")
    revision = below.workspace.revision()
    with pytest.raises(ConflictError):
        below.create_secret("ours")
    with pytest.raises(NotFoundError):
        create_collection(below.workspace, below.root.child(new_id()))
    assert below.workspace.revision() == revision


def test_all_below_what_is_deleted_is_gone(below: Below) -> None:
    kept, made = below.create_collection("Kept"), below.create_collection()
    uploaded, theirs = below.upload(made.id), model(made.id)
    below.workspace.hide(MODEL_ARTIFACT, below.scope.child(made.id), theirs)
    before = below.workspace.revision()
    below.workspace.store(COLLECTION).delete(below.scope, made.id)
    gone = {entry.identifier: entry for entry in below.workspace.entries(before)}
    assert set(gone) == {made.id, uploaded.id, theirs.id}
    assert {entry.state for entry in gone.values()} == {State.GONE}
    assert gone[theirs.id].base is None
    assert state_of(below.workspace, kept.id) is State.CREATED


def test_fields_that_no_record_shows_are_kept_and_not_printed(below: Below) -> None:
    made = below.create_secret(access_key="canary", secret_key="canary-2", session_token=None)
    entry = entry_of(below.workspace, made.id)
    assert entry is not None
    assert entry.unshown is not None
    assert json.loads(entry.unshown) == {"access_key": "canary", "secret_key": "canary-2"}
    assert "canary" not in repr(entry)
    store, revision = below.workspace.store(BUCKET_SECRET), below.workspace.revision()
    changes = BucketSecretUpdate(access_key=None, session_token="canary-3")
    store.update(below.root, made.id, changes)
    assert below.workspace.revision() > revision
    entry = entry_of(below.workspace, made.id)
    assert entry is not None
    assert entry.state is State.CREATED
    assert json.loads(entry.unshown or "") == {
        "secret_key": "canary-2",
        "session_token": "canary-3",
    }
    changes = BucketSecretUpdate(secret_key=None, session_token=None, bucket_name="other")
    store.update(below.root, made.id, changes)
    entry = entry_of(below.workspace, made.id)
    assert entry is not None
    assert entry.unshown is None
    store.delete(below.root, made.id)
    [entry] = below.workspace.entries(below.workspace.revision() - 1)
    assert entry == Entry("bucket-secrets", below.root.ids, made.id, State.GONE)


def test_a_secret_in_what_was_copied_is_not_printed(below: Below) -> None:
    theirs = secret(below.organization, bucket_name="canary")
    below.workspace.copy(BUCKET_SECRET, below.root, theirs, State.CHANGED)
    entry = entry_of(below.workspace, theirs.id)
    assert entry is not None
    assert entry.base is not None
    assert "canary" in entry.base
    assert "canary" not in repr(entry)


def test_a_changed_copy_is_the_record_itself(below: Below) -> None:
    above = collection(below.orbit.id)
    scope = below.scope.child(above.id)
    theirs = model(above.id, description="theirs")
    below.workspace.copy(COLLECTION, below.scope, above, State.COPIED)
    below.workspace.copy(MODEL_ARTIFACT, scope, theirs, State.CHANGED)
    store = below.workspace.store(MODEL_ARTIFACT)
    assert store.get(scope, theirs.id) == theirs
    assert entry_of(below.workspace, theirs.id) == Entry(
        "model_artifacts", scope.ids, theirs.id, State.CHANGED, theirs.model_dump_json()
    )
    changed = store.update(scope, theirs.id, ModelArtifactUpdate(description="ours"))
    assert (changed.description, changed.metrics) == ("ours", theirs.metrics)


def test_of_what_may_not_be_read_the_id_is_kept(workspace: LocalWorkspace) -> None:
    above, kept = organization(), secret(organization())
    scope, identifier = Scope((above.id,)), kept.id
    workspace.copy_id(ORGANIZATION, Scope(), above.id)
    for _ in range(2):
        workspace.copy_id(BUCKET_SECRET, scope, identifier)
    expected = Entry("bucket-secrets", scope.ids, identifier, State.COPIED)
    assert entry_of(workspace, identifier) == expected
    workspace.copy(ORBIT, scope, orbit(above, kept), State.COPIED)
    workspace.release(BUCKET_SECRET, scope, identifier)
    assert state_of(workspace, identifier) is State.COPIED
    workspace.copy(BUCKET_SECRET, scope, kept, State.CHANGED)
    assert workspace.store(BUCKET_SECRET).get(scope, identifier).endpoint == kept.endpoint


def test_what_a_workspace_cannot_hold_is_told(below: Below) -> None:
    workspace = below.workspace
    whole = orbit(below.organization, below.secret, total_collections=5)
    with_role = orbit(below.organization, below.secret, role="admin", permissions={"a": ["b"]})
    with_more = orbit(below.organization, below.secret, fields_of_tomorrow=1)
    for record in (whole, with_role, with_more):
        workspace.copy(ORBIT, below.root, record, State.CHANGED)
    above = collection(below.orbit.id, total_models=3)
    nameless = model(above.id, model_name=None)
    workspace.copy(COLLECTION, below.scope, above, State.CHANGED)
    workspace.copy(MODEL_ARTIFACT, below.scope.child(above.id), nameless, State.CHANGED)
    wholeness = {entry.identifier: entry.is_whole for entry in workspace.entries(0)}
    assert wholeness[whole.id]
    assert wholeness[above.id]
    assert not wholeness[with_role.id]
    assert not wholeness[with_more.id]
    assert wholeness[nameless.id]
    scope = below.scope.child(above.id)
    assert workspace.store(MODEL_ARTIFACT).get(scope, nameless.id) == nameless


def test_a_changed_copy_is_not_replaced(below: Below) -> None:
    theirs = collection(below.orbit.id)
    store = below.workspace.store(COLLECTION)
    below.workspace.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    store.update(below.scope, theirs.id, CollectionUpdate(name="Ours"))
    revision = below.workspace.revision()
    for state in (State.COPIED, State.CHANGED):
        newer = theirs.model_copy(update={"name": "Newer"})
        below.workspace.copy(COLLECTION, below.scope, newer, state)
    assert store.get(below.scope, theirs.id).name == "Ours"
    assert below.workspace.revision() == revision


def test_other_copies_are_replaced_with_what_stands_below_them(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.workspace.copy(COLLECTION, below.scope, theirs, State.COPIED)
    uploaded = below.upload(theirs.id)
    newer = theirs.model_copy(update={"name": "Newer"})
    below.workspace.copy(COLLECTION, below.scope, newer, State.CHANGED)
    entry = entry_of(below.workspace, theirs.id)
    assert entry is not None
    assert (entry.state, entry.base) == (State.CHANGED, newer.model_dump_json())
    assert below.workspace.store(COLLECTION).get(below.scope, theirs.id).name == "Newer"
    scope = below.scope.child(theirs.id)
    assert below.workspace.store(MODEL_ARTIFACT).get(scope, uploaded.id) == uploaded


def test_what_is_hidden_stays_so_though_something_needs_a_copy_of_it(below: Below) -> None:
    theirs = secret(below.organization, "hidden")
    below.workspace.hide(BUCKET_SECRET, below.root, theirs)
    hidden, revision = entry_of(below.workspace, theirs.id), below.workspace.revision()
    below.workspace.copy(BUCKET_SECRET, below.root, theirs, State.COPIED)
    assert below.workspace.store(BUCKET_SECRET).get(below.root, theirs.id).id == theirs.id
    assert entry_of(below.workspace, theirs.id) == hidden
    assert below.workspace.revision() == revision
    below.workspace.copy(
        ORBIT, below.root, orbit(below.organization, theirs, name="Another"), State.COPIED
    )
    below.create_secret("hidden")  # the copy is in nobody's way


def test_what_is_hidden_gets_no_changes(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.workspace.hide(COLLECTION, below.scope, theirs)
    revision = below.workspace.revision()
    with pytest.raises(NotFoundError, match="deleted here meanwhile"):
        below.workspace.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    with pytest.raises(NotFoundError):
        below.workspace.store(COLLECTION).get(below.scope, theirs.id)
    assert below.workspace.revision() == revision


def test_a_stale_copy_is_in_nobodys_way(below: Below) -> None:
    ours = below.create_secret("theirs")
    theirs = secret(below.organization, "ours")
    with pytest.raises(ConflictError):
        below.workspace.copy(
            BUCKET_SECRET, below.root, secret(below.organization, "theirs"), State.CHANGED
        )
    below.workspace.copy(BUCKET_SECRET, below.root, theirs, State.CHANGED)
    with pytest.raises(ConflictError):
        below.create_secret("ours")
    assert state_of(below.workspace, ours.id) is State.CREATED


def test_a_copy_needs_its_parents(below: Below) -> None:
    with pytest.raises(NotFoundError):
        below.workspace.copy(
            COLLECTION, below.root.child(new_id()), collection(new_id()), State.COPIED
        )


def test_what_is_hidden_goes_with_all_below_it(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.workspace.copy(COLLECTION, below.scope, theirs, State.COPIED)
    scope = below.scope.child(theirs.id)
    uploaded, hidden, changed = below.upload(theirs.id), model(theirs.id), model(theirs.id)
    below.workspace.hide(MODEL_ARTIFACT, scope, hidden)
    below.workspace.copy(MODEL_ARTIFACT, scope, changed, State.CHANGED)
    content = below.workspace.content(MODEL_ARTIFACT).open(scope, uploaded)
    assert b"".join(content.read())
    below.workspace.hide(COLLECTION, below.scope, theirs)
    states = {entry.identifier: entry.state for entry in below.workspace.entries(0)}
    assert states[theirs.id] is State.DELETED
    assert {states[each.id] for each in (uploaded, hidden, changed)} == {State.GONE}
    with pytest.raises(NotFoundError):
        below.workspace.store(COLLECTION).get(below.scope, theirs.id)


def test_files_go_with_what_is_hidden_released_or_published(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with closing(LocalWorkspace(settings)) as workspace:
        below = Below(workspace)
        for way in ("hide", "release", "publish"):
            theirs = collection(below.orbit.id)
            workspace.copy(COLLECTION, below.scope, theirs, State.COPIED)
            ours, scope = below.upload(theirs.id), below.scope.child(theirs.id)
            assert files_of(place)["sha256"] == [ours.file_hash]
            if way == "hide":
                workspace.hide(COLLECTION, below.scope, theirs)
            elif way == "release":
                workspace.release(MODEL_ARTIFACT, scope, ours.id)
            else:
                publish(workspace, MODEL_ARTIFACT, scope, ours.id, model(theirs.id))
            assert files_of(place)["sha256"] == []


def test_what_was_never_here_can_be_hidden(below: Below) -> None:
    theirs = model(new_id())
    scope = below.root.child(new_id()).child(theirs.collection_id)
    below.workspace.hide(MODEL_ARTIFACT, scope, theirs)
    assert entry_of(below.workspace, theirs.id) == Entry(
        "model_artifacts", scope.ids, theirs.id, State.DELETED, theirs.model_dump_json()
    )


def test_what_was_changed_and_is_hidden_keeps_its_base(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.workspace.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    newer = theirs.model_copy(update={"name": "Newer"})
    below.workspace.hide(COLLECTION, below.scope, newer)
    entry = entry_of(below.workspace, theirs.id)
    assert entry is not None
    assert (entry.state, entry.base) == (State.DELETED, theirs.model_dump_json())


def test_what_is_referred_to_can_be_hidden_and_is_in_nobodys_way(below: Below) -> None:
    theirs = secret(below.organization, "changed")
    below.workspace.copy(BUCKET_SECRET, below.root, theirs, State.CHANGED)
    store = below.workspace.store(ORBIT)
    below.workspace.copy(ORBIT, below.root, below.orbit, State.CHANGED)
    store.update(below.root, below.orbit.id, OrbitUpdate(bucket_secret_id=theirs.id))
    below.workspace.hide(BUCKET_SECRET, below.root, theirs)
    assert state_of(below.workspace, theirs.id) is State.DELETED
    assert store.get(below.root, below.orbit.id).bucket_secret_id == theirs.id
    below.create_secret("changed")
    below.workspace.release(BUCKET_SECRET, below.root, theirs.id)
    assert state_of(below.workspace, theirs.id) is State.COPIED


def test_a_record_made_here_is_released_with_all_below_it(below: Below) -> None:
    made = below.create_collection()
    uploaded = below.upload(made.id)
    below.workspace.release(COLLECTION, below.scope, made.id)
    assert state_of(below.workspace, made.id) is State.GONE
    assert state_of(below.workspace, uploaded.id) is State.GONE
    with pytest.raises(NotFoundError):
        below.workspace.store(COLLECTION).get(below.scope, made.id)


def test_a_released_copy_stays_as_long_as_something_stands_below_it(below: Below) -> None:
    theirs = collection(below.orbit.id)
    below.workspace.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    uploaded = below.upload(theirs.id)
    below.workspace.release(COLLECTION, below.scope, theirs.id)
    assert state_of(below.workspace, theirs.id) is State.COPIED
    revision = below.workspace.revision()
    below.workspace.release(COLLECTION, below.scope, theirs.id)
    assert below.workspace.revision() == revision
    below.workspace.release(MODEL_ARTIFACT, below.scope.child(theirs.id), uploaded.id)
    below.workspace.release(COLLECTION, below.scope, theirs.id)
    assert state_of(below.workspace, theirs.id) is State.GONE
    with pytest.raises(NotFoundError):
        below.workspace.store(COLLECTION).get(below.scope, theirs.id)


def test_a_released_copy_is_in_nobodys_way(below: Below) -> None:
    store = below.workspace.store(BUCKET_SECRET)
    below.workspace.copy(BUCKET_SECRET, below.root, below.secret, State.CHANGED)
    store.update(below.root, below.secret.id, BucketSecretUpdate(access_key="canary"))
    below.workspace.release(BUCKET_SECRET, below.root, below.secret.id)  # an orbit refers to it
    entry = entry_of(below.workspace, below.secret.id)
    assert entry is not None
    assert (entry.state, entry.unshown) == (State.COPIED, None)
    assert entry.base == below.secret.model_dump_json()
    below.create_secret(below.secret.bucket_name)


def test_what_is_hidden_below_a_released_copy_stays_hidden(below: Below) -> None:
    theirs = collection(below.orbit.id)
    hidden = model(theirs.id)
    below.workspace.copy(COLLECTION, below.scope, theirs, State.CHANGED)
    below.workspace.hide(MODEL_ARTIFACT, below.scope.child(theirs.id), hidden)
    below.workspace.release(COLLECTION, below.scope, theirs.id)
    assert state_of(below.workspace, theirs.id) is State.GONE
    assert state_of(below.workspace, hidden.id) is State.DELETED
    below.workspace.release(MODEL_ARTIFACT, below.scope.child(theirs.id), hidden.id)
    assert state_of(below.workspace, hidden.id) is State.GONE


def test_what_has_no_entry_cannot_be_released_and_needs_not(below: Below) -> None:
    revision = below.workspace.revision()
    below.workspace.release(COLLECTION, below.scope, new_id())
    assert below.workspace.revision() == revision


def test_a_published_record_hands_over_what_stands_below_it(below: Below) -> None:
    made = below.create_collection()
    uploaded, theirs = below.upload(made.id), collection(below.orbit.id)
    before = below.workspace.revision()
    publish(below.workspace, COLLECTION, below.scope, made.id, theirs)
    assert {entry.identifier: entry for entry in below.workspace.entries(before)} == {
        made.id: Entry(
            "collections", below.scope.ids, made.id, State.PUBLISHED, successor=theirs.id
        ),
        theirs.id: Entry("collections", below.scope.ids, theirs.id, State.COPIED),
        uploaded.id: Entry(
            "model_artifacts", below.scope.child(theirs.id).ids, uploaded.id, State.CREATED
        ),
    }
    scope, files = below.scope.child(theirs.id), below.workspace.content(MODEL_ARTIFACT)
    moved = below.workspace.store(MODEL_ARTIFACT).get(scope, uploaded.id)
    assert moved.collection_id == theirs.id
    assert b"".join(files.open(scope, moved).read()) == b"what a model is made of"
    with pytest.raises(NotFoundError):
        below.workspace.store(COLLECTION).get(below.scope, made.id)
    below.workspace.release(COLLECTION, below.scope, made.id)
    assert state_of(below.workspace, made.id) is State.PUBLISHED


def test_a_published_record_hands_over_what_refers_to_it(below: Below) -> None:
    made = below.create_secret(access_key="canary")
    orbits = below.workspace.store(ORBIT)
    below.workspace.copy(ORBIT, below.root, below.orbit, State.CHANGED)
    orbits.update(below.root, below.orbit.id, OrbitUpdate(bucket_secret_id=made.id))
    theirs = secret(below.organization, made.bucket_name)
    publish(below.workspace, BUCKET_SECRET, below.root, made.id, theirs)
    assert orbits.get(below.root, below.orbit.id).bucket_secret_id == theirs.id
    entry = entry_of(below.workspace, made.id)
    assert entry is not None
    assert (entry.state, entry.unshown) == (State.PUBLISHED, None)
    below.create_secret(made.bucket_name)  # the copy is in nobody's way


def test_the_scope_of_all_below_a_published_record_is_told_anew(below: Below) -> None:
    made = below.workspace.store(ORBIT).create(
        below.root, ORBIT.create(name="Ours", bucket_secret_id=below.secret.id)
    )
    inner = create_collection(below.workspace, below.root.child(made.id))
    scope = below.root.child(made.id).child(inner.id)
    gone = create_collection(below.workspace, below.root.child(made.id))
    below.workspace.store(COLLECTION).delete(below.root.child(made.id), gone.id)
    uploaded = Below.upload(_At(below, made.id), inner.id)
    theirs = orbit(below.organization, below.secret)
    publish(below.workspace, ORBIT, below.root, made.id, theirs)
    entry = entry_of(below.workspace, uploaded.id)
    assert entry is not None
    assert entry.scope == (below.organization.id, theirs.id, inner.id)
    new_scope = below.root.child(theirs.id).child(inner.id)
    assert below.workspace.store(MODEL_ARTIFACT).get(new_scope, uploaded.id) == uploaded
    with pytest.raises(NotFoundError):
        below.workspace.store(MODEL_ARTIFACT).get(scope, uploaded.id)


class _At(Below):
    """The same below another orbit."""

    def __init__(self, below: Below, orbit_id: str) -> None:
        self.workspace = below.workspace
        self.scope = below.root.child(orbit_id)


@pytest.mark.parametrize("is_copied", [False, True])
def test_nothing_is_kept_of_a_published_record_that_nothing_needs(
    below: Below, is_copied: bool
) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    if is_copied:
        below.workspace.copy(COLLECTION, below.scope, theirs, State.COPIED)
    publish(below.workspace, COLLECTION, below.scope, made.id, theirs)
    assert state_of(below.workspace, made.id) is State.PUBLISHED
    assert state_of(below.workspace, theirs.id) is (State.GONE if is_copied else None)
    assert below.workspace.store(COLLECTION).page(below.scope, Query()).items == []


def test_a_record_is_published_onto_a_copy(below: Below) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    below.workspace.copy(COLLECTION, below.scope, theirs, State.COPIED)
    both = {below.upload(theirs.id).id, below.upload(made.id).id}
    publish(below.workspace, COLLECTION, below.scope, made.id, theirs)
    scope = below.scope.child(theirs.id)
    models = below.workspace.store(MODEL_ARTIFACT).page(scope, Query()).items
    assert {each.id for each in models} == both
    assert state_of(below.workspace, theirs.id) is State.COPIED


def test_what_is_published_already_is_left_as_it_is(below: Below) -> None:
    made, theirs = below.create_collection(), collection(below.orbit.id)
    publish(below.workspace, COLLECTION, below.scope, made.id, theirs)
    revision = below.workspace.revision()
    publish(below.workspace, COLLECTION, below.scope, made.id, theirs)
    assert below.workspace.revision() == revision


def test_a_record_that_cannot_be_published_stays(below: Below) -> None:
    made = below.workspace.store(ORGANIZATION).create(Scope(), ORGANIZATION.create(name="Ours"))
    theirs = organization()
    below.workspace.copy(ORGANIZATION, Scope(), theirs, State.COPIED)
    for above in (made, theirs):
        values = BUCKET_SECRET.create(endpoint="s3.example", bucket_name="same")
        below.workspace.store(BUCKET_SECRET).create(Scope((above.id,)), values)
    revision = below.workspace.revision()
    with pytest.raises(ConflictError, match="Nothing was changed"):
        publish(below.workspace, ORGANIZATION, Scope(), made.id, theirs)
    assert below.workspace.revision() == revision
    assert len(below.workspace.store(BUCKET_SECRET).page(Scope((made.id,)), Query()).items) == 1


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_copies_are_listed_by_age_whatever_their_ids(below: Below, order: str) -> None:
    first = [
        collection(below.orbit.id, created_at=BORN + timedelta(seconds=age)) for age in (3, 1, 2, 1)
    ]
    for each in first:
        below.workspace.copy(COLLECTION, below.scope, each, State.CHANGED)
    ours = below.create_collection()
    expected = [*sorted(first, key=lambda each: (each.created_at, each.id)), ours]
    seen: list[str] = []
    query = Query(limit=2)
    if order == "desc":
        expected.reverse()
        query = Query(limit=2, order="desc")
    while True:
        page = below.workspace.store(COLLECTION).page(below.scope, query)
        seen += [each.id for each in page.items]
        if page.cursor is None:
            break
        query = Query(limit=2, order=query.order, cursor=page.cursor)
    assert seen == [each.id for each in expected]
