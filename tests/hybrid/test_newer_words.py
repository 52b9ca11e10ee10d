"""Words that a newer platform adds come through an overlay as they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from dataforce import Client
from tests.hybrid.production import Production


def test_unknown_words_are_read_copied_and_pushed(
    production: Production, hybrid: Client, package: Callable[..., Path]
) -> None:
    made = production.plain.collections.create("", "Films", "dataset")
    model = production.plain.model_artifacts.upload(package("a.fnnx"), "a", collection_id=made)
    with closing(sqlite3.connect(production.place)) as connection, connection:
        connection.execute("UPDATE dataforce_collections SET collection_type = 'video'")
        connection.execute("UPDATE dataforce_model_artifacts SET status = 'quarantined'")

    (collection,) = hybrid.collections.list()
    assert collection.collection_type == "video"
    assert [each.status for each in hybrid.model_artifacts.list()] == ["quarantined"]
    assert hybrid.collections.update("Movies", collection_id=made).collection_type == "video"
    assert hybrid.model_artifacts.update(model, model_name="b").status == "quarantined"
    assert [field.name for change in hybrid.overlay.diff() for field in change.fields] == [
        "name",
        "model_name",
    ]
    hybrid.overlay.push()
    (pushed,) = production.plain.collections.list()
    assert (pushed.name, pushed.collection_type) == ("Movies", "video")
