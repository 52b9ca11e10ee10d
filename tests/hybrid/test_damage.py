"""What an overlay keeps beside its records may be damaged: that is said, and nothing is sent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dataforce import Client, StoreCorruptedError
from tests.hybrid.production import Production
from tests.hybrid.reading import registered

DAMAGED = ["", "{", "[]", "5", '{"id": 5}', "[" * 5_000, "null", '"\\ud800"']


def damage(folder: Path, table: str, column: str, text: str, where: str = "1") -> None:
    """Put a text in place of what is in a column of an overlay."""
    changed = 0
    for path in folder.rglob("*.db"):
        with closing(sqlite3.connect(path)) as connection, connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone():
                statement = (
                    f"UPDATE {table} SET {column} = ? WHERE {column} IS NOT NULL AND {where}"
                )
                changed += connection.execute(statement, [text]).rowcount
    assert changed


@pytest.fixture
def touched(production: Production, hybrid: Client) -> Client:
    """A client that changed a model of the platform, and deleted and made others."""
    theirs = production.plain.collections.create("", "Flowers", "model")
    hybrid.collection = theirs.id
    for name in ("changed", "deleted"):
        registered(production.plain, theirs, name)
    hybrid.model_artifacts.update("changed", model_name="new")
    hybrid.model_artifacts.delete("deleted")
    return hybrid


def test_a_damaged_base_is_reported_and_can_be_reset(
    touched: Client, production: Production, tmp_path: Path
) -> None:
    production.watch.seen.clear()
    for text in DAMAGED:
        damage(tmp_path, "dataforce_entries", "base", text)
        for call in (touched.overlay.diff, touched.overlay.push):
            with pytest.raises(StoreCorruptedError, match=r"is damaged: a model artifact .*reset"):
                call()
    assert production.watch.written == []
    touched.overlay.reset()
    assert not touched.overlay.diff()
    assert {model.model_name for model in touched.model_artifacts.list()} == {"changed", "deleted"}


@pytest.mark.filterwarnings("ignore::dataforce.OfflineWarning")
@pytest.mark.parametrize("damaged", ["namespace = 'pulled'", "namespace LIKE 'pulled/%'"])
def test_what_was_pulled_and_damaged_is_reported(
    production: Production, touched: Client, tmp_path: Path, damaged: str
) -> None:
    touched.overlay.pull()

    for text in DAMAGED:
        damage(tmp_path, "dataforce_key_values", "value", text, damaged)
        with (
            pytest.raises(StoreCorruptedError, match="overlay is damaged"),
            production.hybrid(offline=True, collection=touched.collection) as offline,
        ):
            offline.model_artifacts.list()


def test_damaged_evidence_of_a_deletion_is_reported(
    touched: Client, production: Production, tmp_path: Path
) -> None:
    touched.overlay.reset()
    touched.collections.delete(touched.collection)
    production.watch.seen.clear()
    for text in ("{", "5", "[[]]"):
        damage(tmp_path, "dataforce_key_values", "value", text)
        with pytest.raises(StoreCorruptedError, match="what was seen below"):
            touched.overlay.push()
    assert production.watch.written == []


def test_damaged_keys_of_a_bucket_secret_are_reported(
    hybrid: Client, production: Production, tmp_path: Path
) -> None:
    hybrid.bucket_secrets.create("e", "bucket", secret_key="CANARY", region="r")
    damage(tmp_path, "dataforce_entries", "write_only", '{"secret_key": "CANARY"')
    secret = hybrid.bucket_secrets.list()[-1]
    for call in (
        lambda: hybrid.bucket_secrets.update(secret.id, secret_key="other"),
        hybrid.overlay.push,
    ):
        with pytest.raises(StoreCorruptedError, match="what was given") as caught:
            call()
        error: BaseException | None = caught.value
        while error is not None:
            assert "CANARY" not in str(error)
            error = error.__context__
    assert production.watch.written == []
