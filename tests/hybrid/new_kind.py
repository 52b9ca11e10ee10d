"""A kind that the hybrid backend has never heard of, in all that it does.

A program of its own: the kind is there for a whole process. Its argument is an empty folder.
"""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import dataforce.models
from dataforce import ConflictError, NotFoundError
from dataforce.backend import Backend, Kind, Query, Scope, find_backend
from dataforce.config import load_settings
from dataforce.errors import OfflineError
from dataforce.models import COLLECTION, ORBIT, ORGANIZATION, CollectionCreate
from dataforce.models._base import CreateModel, Name, Record, Timestamp, UpdateModel
from dataforce.overlay import Resolution


class Report(Record):
    """What is kept of one."""

    id: str
    collection_id: str
    title: str
    created_at: Timestamp
    updated_at: Timestamp | None = None


class ReportValues(CreateModel):
    """What one is made of."""

    title: Name


class ReportChanges(UpdateModel):
    """What can change."""

    title: Name = ""


REPORT = Kind(
    name="report",
    route="reports",
    record=Report,
    create=ReportValues,
    update=ReportChanges,
    parent=COLLECTION,
    names=("title",),
    sorts=("created_at", "title"),
    unique=("title",),
)


def declare() -> None:
    """As a kind of our own is: among the kinds, and with a table."""
    dataforce.models.KINDS = (*dataforce.models.KINDS, REPORT)  # type: ignore[assignment]
    from sqlalchemy import UniqueConstraint

    from dataforce_local.records import tables

    table = tables._table(REPORT, tables._text("title"), UniqueConstraint("collection_id", "title"))
    tables.TABLES[REPORT] = table  # type: ignore[index]  # a dictionary all the same


def open_remote(folder: Path) -> Backend:
    """A registry in place of a platform."""
    return find_backend("local")(load_settings({"database_url": f"sqlite:///{folder}/remote.db"}))


def hybrid(folder: Path, *, is_offline: bool = False) -> Any:
    """A hybrid backend that is told of the kind."""
    from dataforce_hybrid import HybridBackend
    from dataforce_hybrid.overlay_stores import Workspaces
    from dataforce_hybrid.paths import Location

    settings = load_settings({"database_url": f"sqlite:///{folder}/overlay.db"})
    return HybridBackend(
        None if is_offline else open_remote(folder),
        Workspaces(Location(settings)),
        open_remote=lambda: open_remote(folder),
        kinds=dataforce.models.KINDS,
    )


def filled(backend: Backend) -> Scope:
    """The scope of a collection with three of them."""
    [organization] = backend.store(ORGANIZATION).page(Scope(), Query()).items
    scope = Scope((organization.id,))
    [orbit] = backend.store(ORBIT).page(scope, Query()).items
    scope = scope.child(orbit.id)
    values = CollectionCreate.model_validate(
        {"name": "Models", "description": "", "collection_type": "model"}
    )
    scope = scope.child(backend.store(COLLECTION).create(scope, values).id)
    for title in ("a", "c", "d"):
        backend.store(REPORT).create(scope, ReportValues(title=title))
    return scope


def titles(backend: Any, scope: Scope) -> list[str]:
    """In pages of two, by title."""
    query: Query | None = Query(sort_by="title", limit=2)
    found: list[str] = []
    while query is not None:
        page = backend.store(REPORT).page(scope, query)
        found += [each.title for each in page.items]
        query = None if page.cursor is None else replace(query, cursor=page.cursor)
    return found


def refused(error: type[Exception], call: Any, *arguments: Any) -> None:
    """See that a call is."""
    try:
        call(*arguments)
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


def change(backend: Any, scope: Scope) -> None:
    """One made, one changed, one deleted."""
    store = backend.store(REPORT)
    made = store.create(scope, ReportValues(title="b"))
    first, second, third = (
        store.page(scope, Query(name=title)).items[0] for title in ("a", "c", "d")
    )
    assert store.update(scope, second.id, ReportChanges(title="z")).id == second.id
    store.delete(scope, third.id)
    assert titles(backend, scope) == ["a", "b", "z"]
    assert store.get(scope, made.id) == made
    refused(NotFoundError, store.get, scope, third.id)
    refused(ConflictError, store.create, scope, ReportValues(title="a"))
    refused(ConflictError, store.update, scope, made.id, ReportChanges(title="z"))
    assert store.get(scope, first.id).title == "a"
    told = [(each.action.value, each.name) for each in backend.overlay(scope.ids[0]).diff()]
    assert sorted(told) == [("changed", "z"), ("created", "b"), ("deleted", "d")]


def main(folder: Path) -> None:
    """All that can be done with it."""
    declare()
    with closing(open_remote(folder)) as remote, closing(hybrid(folder)) as backend:
        scope = filled(remote)
        overlay = backend.overlay(scope.ids[0])
        change(backend, scope)
        overlay.reset()
        assert titles(backend, scope) == ["a", "c", "d"]
        change(backend, scope)
        assert titles(remote, scope) == ["a", "c", "d"]
        overlay.push(dry_run=False, on_conflict=Resolution.STOP, advance=lambda size: None)
        assert titles(remote, scope) == titles(backend, scope) == ["a", "b", "z"]
        assert not overlay.diff()
        report = overlay.pull(
            COLLECTION, Scope(scope.ids[:2]), scope.ids[2], content=True, advance=lambda size: None
        )
        assert report.records["report"] == 3
    with closing(hybrid(folder, is_offline=True)) as backend:
        assert titles(backend, scope) == ["a", "b", "z"]
        backend.store(REPORT).create(scope, ReportValues(title="offline"))
        assert titles(backend, scope) == ["a", "b", "offline", "z"]
        refused(OfflineError, titles, backend, Scope((*scope.ids[:2], "another")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
