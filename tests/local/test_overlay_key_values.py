"""Notes of an overlay."""

from __future__ import annotations

from pathlib import Path

from dataforce.config import load_settings
from dataforce_local.overlay.store import LocalOverlayStore
from tests.local.platform_records import reopened


def test_values_are_added_replaced_and_erased(overlay_store: LocalOverlayStore) -> None:
    values = overlay_store.key_values
    values.write("one", {"a": "1", "b": "2"})
    values.write("one", {"b": "3", "c": ""})
    values.write("one", {})
    values.write("two", {"a": "other"})
    assert values.read("one") == {"a": "1", "b": "3", "c": ""}
    assert [values.get("one", key) for key in "abcd"] == ["1", "3", "", None]
    values.erase("one", "a")
    assert values.read("one") == {"b": "3", "c": ""}
    values.erase("one", "a")
    values.erase("one")
    assert values.read("one") == {}
    assert values.read("two") == {"a": "other"}


def test_namespaces_that_are_not_empty_are_found_by_their_beginning(
    overlay_store: LocalOverlayStore,
) -> None:
    for namespace in ("pulled/b", "pulled/a", "Pulled/a", "pulled_b", "pulled", "other"):
        overlay_store.key_values.write(namespace, {"key": "", "more": ""})
    assert overlay_store.key_values.namespaces("pulled/") == ["pulled/a", "pulled/b"]
    overlay_store.key_values.erase("pulled/a")
    assert overlay_store.key_values.namespaces("pulled") == ["pulled", "pulled/b", "pulled_b"]
    assert len(overlay_store.key_values.namespaces("")) == 5
    assert overlay_store.key_values.namespaces("nothing") == []


def test_a_value_changes_no_revision(overlay_store: LocalOverlayStore) -> None:
    overlay_store.key_values.write("namespace", {"key": "value"})
    assert overlay_store.revision() == 0


def test_values_stay(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with reopened(settings) as overlay_store:
        overlay_store.key_values.write("namespace", {"key": "value"})
    with reopened(settings) as overlay_store:
        assert overlay_store.key_values.get("namespace", "key") == "value"
