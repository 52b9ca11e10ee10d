"""Row 25: the clock of the platform is not that of the overlay; no time decides who wins."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from dataforce import Client, PushConflictError
from tests.hybrid.production import Production, left
from tests.hybrid.reading import registered


def skew(production: Production, year: str) -> None:
    """Let the platform's clock have stood in another year when it wrote what it holds."""
    with closing(sqlite3.connect(production.place)) as connection, connection:
        for table in ("dataforce_collections", "dataforce_model_artifacts"):
            for column in ("created_at", "updated_at"):
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, 5)", [year]
                )


@pytest.mark.parametrize("year", ["1990", "2090"])
def test_a_clock_that_is_wrong_decides_nothing(
    year: str, production: Production, hybrid: Client
) -> None:
    theirs = production.plain.collections.create("", "Flowers", "model")
    hybrid.collection = production.plain.collection = theirs.id
    for name in ("clash", "mine", "theirs", "deleted"):
        registered(production.plain, theirs, name)
    skew(production, year)
    ids = {model.model_name: model.id for model in production.plain.model_artifacts.list()}

    for name in ("clash", "mine"):
        hybrid.model_artifacts.update(ids[name], description="here")
    hybrid.model_artifacts.delete(ids["deleted"])
    registered(hybrid, theirs, "new")
    for name in ("clash", "theirs"):
        production.plain.model_artifacts.update(ids[name], description="there")
    skew(production, year)

    for order in ("asc", "desc"):
        pages = hybrid.model_artifacts.iterate(page_size=1, sort_by="created_at", order=order)
        named = [model.model_name for model in pages]
        assert sorted(map(str, named)) == ["clash", "mine", "new", "theirs"]
        assert (named[0] == "new") == ((year == "2090") == (order == "asc"))
    with pytest.raises(PushConflictError) as caught:
        hybrid.overlay.push()
    assert [conflict.change.id for conflict in caught.value.conflicts] == [ids["clash"]]
    hybrid.overlay.push(on_conflict="mine")
    assert left(hybrid)[1:] == (0, 0)
    now = {model.id: model.description for model in production.plain.model_artifacts.list()}
    assert now == {ids["clash"]: "here", ids["mine"]: "here", ids["theirs"]: "there"}
