"""Notes of a workspace."""

from __future__ import annotations

from pathlib import Path

from dataforce.config import load_settings
from dataforce_local.overlay.store import LocalWorkspace
from tests.local.platform_records import reopened


def test_notes_are_added_replaced_and_erased(workspace: LocalWorkspace) -> None:
    notes = workspace.notes
    notes.write("one", {"a": "1", "b": "2"})
    notes.write("one", {"b": "3", "c": ""})
    notes.write("one", {})
    notes.write("two", {"a": "other"})
    assert notes.read("one") == {"a": "1", "b": "3", "c": ""}
    assert [notes.get("one", key) for key in "abcd"] == ["1", "3", "", None]
    notes.erase("one", "a")
    assert notes.read("one") == {"b": "3", "c": ""}
    notes.erase("one", "a")
    notes.erase("one")
    assert notes.read("one") == {}
    assert notes.read("two") == {"a": "other"}


def test_spaces_that_hold_something_are_told_by_how_they_begin(workspace: LocalWorkspace) -> None:
    for space in ("pulled/b", "pulled/a", "Pulled/a", "pulled_b", "pulled", "other"):
        workspace.notes.write(space, {"key": "", "more": ""})
    assert workspace.notes.spaces("pulled/") == ["pulled/a", "pulled/b"]
    workspace.notes.erase("pulled/a")
    assert workspace.notes.spaces("pulled") == ["pulled", "pulled/b", "pulled_b"]
    assert len(workspace.notes.spaces("")) == 5
    assert workspace.notes.spaces("nothing") == []


def test_a_note_changes_no_revision(workspace: LocalWorkspace) -> None:
    workspace.notes.write("space", {"key": "value"})
    assert workspace.revision() == 0


def test_notes_stay(place: Path) -> None:
    settings = load_settings({"database_url": f"sqlite:///{place}"})
    with reopened(settings) as workspace:
        workspace.notes.write("space", {"key": "value"})
    with reopened(settings) as workspace:
        assert workspace.notes.get("space", "key") == "value"
