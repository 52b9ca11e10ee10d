"""Upload checkpoints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dataforce import ConflictError
from dataforce_remote.files import checkpoints as journal
from dataforce_remote.files.checkpoints import Checkpoints, name_of


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def test_a_note_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "uploads"
    checkpoint = Checkpoints(folder).begin("key", {"model": "m"})
    assert checkpoint is not None

    (path,) = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    checkpoint.discard()
    assert names(folder) == []


def test_a_note_belongs_to_whoever_holds_it(tmp_path: Path) -> None:
    first = Checkpoints(tmp_path).begin("key", {"model": "m"})
    assert first is not None
    first.add({"part": 1, "tag": "t"})
    assert list(Checkpoints(tmp_path).abandoned("key")) == []

    first.keep()
    assert list(Checkpoints(tmp_path).abandoned("another")) == []
    (found,) = Checkpoints(tmp_path).abandoned("key")
    assert found.entries == [{"model": "m"}, {"part": 1, "tag": "t"}]
    assert list(Checkpoints(tmp_path).abandoned("key")) == []
    found.discard()


def test_what_a_killed_process_tore_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "key-1.jsonl").write_bytes(b'{"model": "m"}\n{"part": 1, "ta')

    (found,) = Checkpoints(tmp_path).abandoned("key")

    assert found.entries == [{"model": "m"}]
    found.keep()


def test_old_notes_are_stale_unless_somebody_works_on_them(tmp_path: Path) -> None:
    held = Checkpoints(tmp_path).begin("held", {})
    assert held is not None
    for name in ("old-1.jsonl", "new-1.jsonl"):
        (tmp_path / name).write_bytes(b"{}\n")
    for path in tmp_path.iterdir():
        if not path.name.startswith("new"):
            os.utime(path, (0, 0))

    [stale] = Checkpoints(tmp_path).stale()
    stale.discard()

    assert sorted(name.partition("-")[0] for name in names(tmp_path)) == ["held", "new"]
    held.discard()


def test_a_folder_that_cannot_be_made_costs_only_the_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    hindered = Checkpoints(tmp_path / "file" / "uploads")

    assert hindered.begin("key", {}) is None
    assert list(hindered.abandoned("key")) == []
    assert list(hindered.stale()) == []


def test_where_files_cannot_be_locked_nothing_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "fcntl", None)
    checkpoint = Checkpoints(tmp_path).begin("key", {})
    assert checkpoint is not None
    checkpoint.keep()

    assert list(Checkpoints(tmp_path).abandoned("key")) == []


def test_there_is_one_checkpoint_of_a_key_at_a_time(tmp_path: Path) -> None:
    first = Checkpoints(tmp_path).begin("key", {}, is_only=True)
    assert first is not None
    with pytest.raises(ConflictError, match="same key is under way"):
        Checkpoints(tmp_path).begin("key", {}, is_only=True)
    first.discard()
    assert first.age == 0.0
    again = Checkpoints(tmp_path).begin("key", {}, is_only=True)
    assert again is not None
    assert 0 <= again.age < 60
    again.discard()


def test_the_key_tells_uploads_apart() -> None:
    assert name_of("url", ["a"], {"x": 1, "y": 2}) == name_of("url", ["a"], {"y": 2, "x": 1})
    assert name_of("url", ["a"], {"x": 1}) != name_of("url", ["b"], {"x": 1})
