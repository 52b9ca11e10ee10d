"""Cached files of an overlay."""

from __future__ import annotations

import hashlib
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from dataforce import BadRequestError, FileDownloadError
from dataforce.config import Settings, load_settings
from dataforce.models import MODEL_ARTIFACT, REGISTRY
from dataforce.overlay.store import OverlayStore
from dataforce_local import open_overlay_store
from dataforce_local.overlay.store import LocalOverlayStore
from tests.local.platform_records import Below


def keep(overlay_store: OverlayStore, content: bytes, *, pinned: bool = False) -> str:
    """Keep these bytes; their SHA-256."""
    digest = hashlib.sha256(content).hexdigest()
    with overlay_store.cache.keep(digest, len(content), pinned=pinned) as incoming:
        incoming.write(memoryview(content))
    return digest


def content_of(overlay_store: OverlayStore, digest: str) -> bytes | None:
    found = overlay_store.cache.open(digest)
    return None if found is None else b"".join(found.read())


def files_in(place: Path) -> list[str]:
    root = place.with_suffix(".files")
    folders = (root / "cache", root / "staging")
    return sorted(path.name for folder in folders for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def settings(place: Path) -> Settings:
    """An overlay in a file, whose cache has room for ten bytes."""
    return load_settings({"database_url": f"sqlite:///{place}", "cache_size": 10})


def test_what_was_kept_can_be_read(overlay_store: LocalOverlayStore) -> None:
    assert overlay_store.cache.usage() == (0, 0)
    digest = keep(overlay_store, b"content")
    found = overlay_store.cache.open(digest)
    assert found is not None
    assert found.streams == 1
    assert b"".join(found.read()) == b"content"
    assert b"".join(found.read(3, 2)) == b"te"
    assert overlay_store.cache.usage() == (1, 7)
    assert overlay_store.cache.open("0" * 64) is None


def test_the_file_used_longest_ago_goes_first(overlay_store: LocalOverlayStore) -> None:
    first, second, third = (keep(overlay_store, content) for content in (b"aaa", b"bbb", b"ccc"))
    assert content_of(overlay_store, first) == b"aaa"
    fourth = keep(overlay_store, b"dddd")
    assert content_of(overlay_store, second) is None
    assert overlay_store.cache.usage() == (3, 10)
    fifth = keep(overlay_store, b"eeeeeee")
    left = [content_of(overlay_store, each) for each in (first, third, fourth, fifth)]
    assert left == [None, None, None, b"eeeeeee"]


def test_a_file_that_is_larger_than_the_cache_is_not_kept(overlay_store: LocalOverlayStore) -> None:
    small = keep(overlay_store, b"small")
    large = keep(overlay_store, b"as large as this")
    assert content_of(overlay_store, large) is None
    assert content_of(overlay_store, small) == b"small"
    assert overlay_store.cache.holds(10)
    assert not overlay_store.cache.holds(11)


def test_a_pinned_file_stays_until_it_is_unpinned(overlay_store: LocalOverlayStore) -> None:
    large = keep(overlay_store, b"as large as this", pinned=True)
    small = keep(overlay_store, b"small")
    assert overlay_store.cache.pin(small)
    last = keep(overlay_store, b"0123456789")
    assert overlay_store.cache.usage() == (3, 31)
    overlay_store.cache.unpin()
    assert overlay_store.cache.usage() == (3, 31)
    assert overlay_store.cache.pin(small)
    keep(overlay_store, b"!")
    left = [content_of(overlay_store, each) for each in (large, small, last)]
    assert left == [None, b"small", None]


def test_some_files_stay_pinned_when_others_are_not_any_more(
    overlay_store: LocalOverlayStore,
) -> None:
    kept, loose = (keep(overlay_store, each, pinned=True) for each in (b"kept", b"loose"))
    overlay_store.cache.unpin(but={kept, "0" * 64})
    last = keep(overlay_store, b"0123456789")
    left = [content_of(overlay_store, each) for each in (kept, loose, last)]
    assert left == [b"kept", None, b"0123456789"]
    overlay_store.cache.unpin(but=())
    keep(overlay_store, b"!")
    assert content_of(overlay_store, kept) is None


def test_what_is_not_here_cannot_be_pinned(settings: Settings, place: Path) -> None:
    with closing(open_overlay_store(settings, REGISTRY)) as overlay_store:
        assert not overlay_store.cache.pin("0" * 64)
        digest = keep(overlay_store, b"content")
        (place.with_suffix(".files") / "cache" / digest[:2] / digest).unlink()
        assert not overlay_store.cache.pin(digest)
        assert overlay_store.cache.usage() == (0, 0)


def test_the_same_bytes_can_be_kept_again(overlay_store: LocalOverlayStore) -> None:
    digest = keep(overlay_store, b"content", pinned=True)
    assert keep(overlay_store, b"content") == digest
    assert overlay_store.cache.usage() == (1, 7)
    keep(overlay_store, b"0123456789")
    assert content_of(overlay_store, digest) == b"content"  # still pinned


def test_the_same_bytes_kept_at_once_are_one_file(settings: Settings, place: Path) -> None:
    content, digest = b"content", hashlib.sha256(b"content").hexdigest()
    with closing(open_overlay_store(settings, REGISTRY)) as overlay_store:
        with (
            overlay_store.cache.keep(digest, 7) as one,
            overlay_store.cache.keep(digest, 7) as other,
        ):
            for incoming in (one, other):
                incoming.write(memoryview(content))
        assert content_of(overlay_store, digest) == content
    assert files_in(place) == [digest]


def test_nothing_stays_of_what_broke_off(settings: Settings, place: Path) -> None:
    with closing(open_overlay_store(settings, REGISTRY)) as overlay_store:
        with suppress(KeyboardInterrupt), overlay_store.cache.keep("0" * 64, 7) as incoming:
            incoming.write(memoryview(b"cont"))
            raise KeyboardInterrupt
        assert overlay_store.cache.usage() == (0, 0)
        keep(overlay_store, b"as large as this")
    assert files_in(place) == []


def test_what_is_no_digest_names_no_file(overlay_store: LocalOverlayStore) -> None:
    for wrong in ("../../registry-id", "A" * 64, ""):
        with pytest.raises(BadRequestError, match="is not a SHA-256"):
            overlay_store.cache.keep(wrong, 1).__enter__()
        assert overlay_store.cache.open(wrong) is None


def test_bytes_that_are_gone_can_be_brought_again(settings: Settings, place: Path) -> None:
    with closing(open_overlay_store(settings, REGISTRY)) as overlay_store:
        digest = keep(overlay_store, b"content")
        found = overlay_store.cache.open(digest)
        assert found is not None
        (place.with_suffix(".files") / "cache" / digest[:2] / digest).unlink()
        with pytest.raises(FileDownloadError, match="Try again"):
            b"".join(found.read())
        assert overlay_store.cache.open(digest) is None
        keep(overlay_store, b"content")
        assert b"".join(found.read()) == b"content"


def test_what_a_dead_process_left_behind_goes(settings: Settings, place: Path) -> None:
    with closing(open_overlay_store(settings, REGISTRY)) as overlay_store:
        kept = keep(overlay_store, b"kept")
    left = place.with_suffix(".files") / "cache" / "ff" / ("f" * 64)
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"left behind")
    with closing(open_overlay_store(settings, REGISTRY)) as overlay_store:
        more = keep(overlay_store, b"more")
        assert content_of(overlay_store, kept) == b"kept"
    assert files_in(place) == sorted([kept, more])


def test_files_of_models_and_of_the_cache_are_apart(settings: Settings) -> None:
    with closing(open_overlay_store(settings, REGISTRY)) as overlay_store:
        digest = keep(overlay_store, b"content")
        below = Below(overlay_store)
        made = below.create_collection()
        uploaded = below.upload(made.id, b"content")
        assert uploaded.file_hash == digest
        overlay_store.revert(MODEL_ARTIFACT, below.scope.child(made.id), uploaded.id)
        assert content_of(overlay_store, digest) == b"content"


def test_threads_use_the_cache_at_once(overlay_store: LocalOverlayStore) -> None:
    wrong: list[bytes] = []

    def use(name: int) -> None:
        for count in range(10):
            content = f"{name}{count % 3}".encode()
            # It may be gone already, when it was its turn.
            with suppress(FileDownloadError):
                found = content_of(overlay_store, keep(overlay_store, content))
                if found not in (content, None):
                    wrong.append(content)

    threads = [threading.Thread(target=use, args=[name]) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert overlay_store.cache.usage() == (5, 10)
