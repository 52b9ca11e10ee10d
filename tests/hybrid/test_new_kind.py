"""A kind that only this file knows works in an overlay, over whatever backend is handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeAlias

import pytest

from dataforce import ConflictError, NotFoundError, OfflineError
from dataforce.backend import Backend, Family, Filter, Kind, MemoryBackend, Query, Scope
from dataforce.backend.filters import Condition
from dataforce.backend.paging import records_of
from dataforce.config import load_settings
from dataforce.models import COLLECTION, REGISTRY, CollectionCreate
from dataforce.models._base import AssetRecord, CreateModel, Name, Timestamp, UpdateModel
from dataforce.overlay import Resolution
from dataforce.testing.assets import Assets
from dataforce_hybrid import HybridBackend
from dataforce_hybrid.overlay_stores import OverlayStores
from dataforce_hybrid.paths import Location


class Report(AssetRecord):
    """A report about the models of a collection."""

    id: str
    collection_id: str
    title: str
    created_at: Timestamp
    updated_at: Timestamp | None = None


class ReportCreate(CreateModel):
    """The values of a new report."""

    title: Name


class ReportUpdate(UpdateModel):
    """The values of a report that can change."""

    title: Name = ""


REPORT = Kind(
    name="report",
    route="reports",
    record=Report,
    create=ReportCreate,
    update=ReportUpdate,
    parent=COLLECTION,
    names=("title",),
    sorts=("created_at", "title"),
    filters={"name_contains": Filter("title", "contains")},
    unique=("title",),
)
FAMILY = Family("reporting", (*REGISTRY.kinds, REPORT))

Open: TypeAlias = Callable[[bool], HybridBackend]


@pytest.fixture
def remote() -> MemoryBackend:
    """The backend in place of a platform."""
    return MemoryBackend(FAMILY)


@pytest.fixture
def open_hybrid(remote: MemoryBackend, tmp_path: Path) -> Iterator[Open]:
    """Opens an overlay over it; one without the network is told so."""
    location = Location(load_settings({"database_url": f"sqlite:///{tmp_path}/overlay.db"}))
    with ExitStack() as opened:

        def open_hybrid(is_offline: bool) -> HybridBackend:
            backend = HybridBackend(
                FAMILY,
                None if is_offline else remote,
                OverlayStores(location, FAMILY),
                open_remote=lambda: remote,
            )
            return opened.enter_context(closing(backend))

        yield open_hybrid


@pytest.fixture
def scope(remote: MemoryBackend) -> Scope:
    """The scope of a collection with three reports."""
    above = Assets(remote, {}).scope(COLLECTION)
    values = CollectionCreate.model_validate(
        {"name": "Models", "description": "", "collection_type": "model"}
    )
    scope = above.child(remote.store(COLLECTION, above).create(values).id)
    remote.store(REPORT, scope).create_many([ReportCreate(title=title) for title in "acd"])
    return scope


def titles(backend: Backend, scope: Scope, *where: Condition) -> list[str]:
    """The titles in order, in pages of two."""
    query = Query(where=where, sort_by="title", limit=2)
    return [each.title for each in records_of(backend.store(REPORT, scope), REPORT, query)]


def change(backend: HybridBackend, scope: Scope) -> None:
    """Create one, change one and delete one."""
    store = backend.store(REPORT, scope)
    made = store.create(ReportCreate(title="b"))
    first, second, third = (store.page(Query(name=title)).items[0] for title in "acd")
    assert store.update(second.id, ReportUpdate(title="z")).id == second.id
    store.delete(third.id)
    assert titles(backend, scope) == ["a", "b", "z"]
    assert titles(backend, scope, Condition("title", "=", ("c", "z", "b"))) == ["b", "z"]
    assert store.get(made.id) == made
    with pytest.raises(NotFoundError):
        store.get(third.id)
    with pytest.raises(ConflictError):
        store.create(ReportCreate(title="a"))
    with pytest.raises(ConflictError):
        store.update(made.id, ReportUpdate(title="z"))
    assert store.get(first.id).title == "a"
    told = [(each.action.value, each.name) for each in backend.overlay(scope.ids[0]).diff()]
    assert sorted(told) == [("changed", "z"), ("created", "b"), ("deleted", "d")]


def test_a_new_kind_needs_no_code_in_the_hybrid_backend(
    remote: MemoryBackend, open_hybrid: Open, scope: Scope
) -> None:
    backend = open_hybrid(False)
    overlay = backend.overlay(scope.ids[0])
    change(backend, scope)
    overlay.reset()
    assert titles(backend, scope) == ["a", "c", "d"]
    change(backend, scope)
    assert titles(remote, scope) == ["a", "c", "d"]
    overlay.push(dry_run=False, on_conflict=Resolution.STOP, advance=lambda size: None)
    assert titles(remote, scope) == titles(backend, scope) == ["a", "b", "z"]
    assert not overlay.diff()
    above = Scope(scope.ids[:2])
    report = overlay.pull(COLLECTION, above, scope.ids[2], content=True, advance=lambda size: None)
    assert report.records["report"] == 3
    offline = open_hybrid(True)
    assert titles(offline, scope) == ["a", "b", "z"]
    offline.store(REPORT, scope).create(ReportCreate(title="offline"))
    assert titles(offline, scope) == ["a", "b", "offline", "z"]
    with pytest.raises(OfflineError):
        titles(offline, above.child("another"))
