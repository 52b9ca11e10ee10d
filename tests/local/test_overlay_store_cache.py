"""Cached files of a workspace."""

from __future__ import annotations

import hashlib
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from dataforce import BadRequestError, FileDownloadError
from dataforce.config import Settings, load_settings
from dataforce.models import MODEL_ARTIFACT
from dataforce.overlay.store import OverlayStore
from dataforce_local import open_overlay_store
from dataforce_local.overlay.store import LocalWorkspace
from tests.local.platform_records import Below


def keep(workspace: OverlayStore, content: bytes, *, pinned: bool = False) -> str:
    """Keep these bytes; their SHA-256."""
    digest = hashlib.sha256(content).hexdigest()
    with workspace.cache.keep(digest, len(content), pinned=pinned) as incoming:
        incoming.write(memoryview(content))
    return digest


def content_of(workspace: OverlayStore, digest: str) -> bytes | None:
    found = workspace.cache.open(digest)
    return None if found is None else b"".join(found.read())


def files_in(place: Path) -> list[str]:
    root = place.with_suffix(".files")
    folders = (root / "cache", root / "staging")
    return sorted(path.name for folder in folders for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def settings(place: Path) -> Settings:
    """A workspace in a file, whose cache has room for ten bytes."""
    return load_settings({"database_url": f"sqlite:///{place}", "cache_size": 10})


def test_what_was_kept_can_be_read(workspace: LocalWorkspace) -> None:
    assert workspace.cache.usage() == (0, 0)
    digest = keep(workspace, b"content")
    found = workspace.cache.open(digest)
    assert found is not None
    assert found.streams == 1
    assert b"".join(found.read()) == b"content"
    assert b"".join(found.read(3, 2)) == b"te"
    assert workspace.cache.usage() == (1, 7)
    assert workspace.cache.open("0" * 64) is None


def test_the_file_used_longest_ago_goes_first(workspace: LocalWorkspace) -> None:
    first, second, third = (keep(workspace, content) for content in (b"aaa", b"bbb", b"ccc"))
    assert content_of(workspace, first) == b"aaa"
    fourth = keep(workspace, b"dddd")
    assert content_of(workspace, second) is None
    assert workspace.cache.usage() == (3, 10)
    fifth = keep(workspace, b"eeeeeee")
    left = [content_of(workspace, each) for each in (first, third, fourth, fifth)]
    assert left == [None, None, None, b"eeeeeee"]


def test_a_file_that_is_larger_than_the_cache_is_not_kept(workspace: LocalWorkspace) -> None:
    small = keep(workspace, b"small")
    large = keep(workspace, b"as large as this")
    assert content_of(workspace, large) is None
    assert content_of(workspace, small) == b"small"
    assert workspace.cache.holds(10)
    assert not workspace.cache.holds(11)


def test_a_pinned_file_stays_until_it_is_unpinned(workspace: LocalWorkspace) -> None:
    large = keep(workspace, b"as large as this", pinned=True)
    small = keep(workspace, b"small")
    assert workspace.cache.pin(small)
    last = keep(workspace, b"0123456789")
    assert workspace.cache.usage() == (3, 31)
    workspace.cache.unpin()
    assert workspace.cache.usage() == (3, 31)
    assert workspace.cache.pin(small)
    keep(workspace, b"!")
    left = [content_of(workspace, each) for each in (large, small, last)]
    assert left == [None, b"small", None]


def test_some_files_stay_pinned_when_others_are_not_any_more(workspace: LocalWorkspace) -> None:
    kept, loose = (keep(workspace, each, pinned=True) for each in (b"kept", b"loose"))
    workspace.cache.unpin(but={kept, "0" * 64})
    last = keep(workspace, b"0123456789")
    left = [content_of(workspace, each) for each in (kept, loose, last)]
    assert left == [b"kept", None, b"0123456789"]
    workspace.cache.unpin(but=())
    keep(workspace, b"!")
    assert content_of(workspace, kept) is None


def test_what_is_not_here_cannot_be_pinned(settings: Settings, place: Path) -> None:
    with closing(open_overlay_store(settings)) as workspace:
        assert not workspace.cache.pin("0" * 64)
        digest = keep(workspace, b"content")
        (place.with_suffix(".files") / "cache" / digest[:2] / digest).unlink()
        assert not workspace.cache.pin(digest)
        assert workspace.cache.usage() == (0, 0)


def test_the_same_bytes_can_be_kept_again(workspace: LocalWorkspace) -> None:
    digest = keep(workspace, b"content", pinned=True)
    assert keep(workspace, b"content") == digest
    assert workspace.cache.usage() == (1, 7)
    keep(workspace, b"0123456789")
    assert content_of(workspace, digest) == b"content"  # still pinned


def test_the_same_bytes_kept_at_once_are_one_file(settings: Settings, place: Path) -> None:
    content, digest = b"content", hashlib.sha256(b"content").hexdigest()
    with closing(open_overlay_store(settings)) as workspace:
        with (
            workspace.cache.keep(digest, 7) as one,
            workspace.cache.keep(digest, 7) as other,
        ):
            for incoming in (one, other):
                incoming.write(memoryview(content))
        assert content_of(workspace, digest) == content
    assert files_in(place) == [digest]


def test_nothing_stays_of_what_broke_off(settings: Settings, place: Path) -> None:
    with closing(open_overlay_store(settings)) as workspace:
        with suppress(KeyboardInterrupt), workspace.cache.keep("0" * 64, 7) as incoming:
            incoming.write(memoryview(b"cont"))
            raise KeyboardInterrupt
        assert workspace.cache.usage() == (0, 0)
        keep(workspace, b"as large as this")
    assert files_in(place) == []


def test_what_is_no_digest_names_no_file(workspace: LocalWorkspace) -> None:
    for wrong in ("../../registry-id", "A" * 64, ""):
        with pytest.raises(BadRequestError, match="is not a SHA-256"):
            workspace.cache.keep(wrong, 1).__enter__()
        assert workspace.cache.open(wrong) is None


def test_bytes_that_are_gone_can_be_brought_again(settings: Settings, place: Path) -> None:
    with closing(open_overlay_store(settings)) as workspace:
        digest = keep(workspace, b"content")
        found = workspace.cache.open(digest)
        assert found is not None
        (place.with_suffix(".files") / "cache" / digest[:2] / digest).unlink()
        with pytest.raises(FileDownloadError, match="Try again"):
            b"".join(found.read())
        assert workspace.cache.open(digest) is None
        keep(workspace, b"content")
        assert b"".join(found.read()) == b"content"


def test_what_a_dead_process_left_behind_goes(settings: Settings, place: Path) -> None:
    with closing(open_overlay_store(settings)) as workspace:
        kept = keep(workspace, b"kept")
    left = place.with_suffix(".files") / "cache" / "ff" / ("f" * 64)
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"left behind")
    with closing(open_overlay_store(settings)) as workspace:
        more = keep(workspace, b"more")
        assert content_of(workspace, kept) == b"kept"
    assert files_in(place) == sorted([kept, more])


def test_files_of_models_and_of_the_cache_are_apart(settings: Settings) -> None:
    with closing(open_overlay_store(settings)) as workspace:
        digest = keep(workspace, b"content")
        below = Below(workspace)
        made = below.create_collection()
        uploaded = below.upload(made.id, b"content")
        assert uploaded.file_hash == digest
        workspace.release(MODEL_ARTIFACT, below.scope.child(made.id), uploaded.id)
        assert content_of(workspace, digest) == b"content"


def test_threads_use_the_cache_at_once(workspace: LocalWorkspace) -> None:
    wrong: list[bytes] = []

    def use(name: int) -> None:
        for count in range(10):
            content = f"{name}{count % 3}".encode()
            # It may be gone already, when it was its turn.
            with suppress(FileDownloadError):
                found = content_of(workspace, keep(workspace, content))
                if found not in (content, None):
                    wrong.append(content)

    threads = [threading.Thread(target=use, args=[name]) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert workspace.cache.usage() == (5, 10)
