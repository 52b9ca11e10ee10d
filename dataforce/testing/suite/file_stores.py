"""The files of every kind that has some, asked of the backend."""

from __future__ import annotations

from typing import Any

import pytest

from dataforce.backend import AnyKind, BytesSource, Family, identifier_of
from dataforce.errors import FileDownloadError, FileUploadError
from dataforce.testing.assets import Assets, all_records
from dataforce.testing.kinds import for_kinds, is_deletable

CONTENT = b"equal bytes of several files " * 50


def has_files(kind: AnyKind) -> bool:
    """Return whether records of a kind have files and can be made and deleted."""
    return bool(kind.files) and is_deletable(kind)


def read(assets: Assets, kind: AnyKind, record: Any) -> dict[str, bytes]:
    """Return the files of a record."""
    files = assets.files(kind)
    return {name: b"".join(files.open(record, name).read()) for name in kind.files}


def equal(kind: AnyKind) -> dict[str, bytes]:
    """Return the same bytes for each file of a kind."""
    return dict.fromkeys(kind.files, CONTENT)


def uploaded(assets: Assets, kind: AnyKind, values: Any, key: str | None = None) -> Any:
    """Upload a record of these values whose files are all `CONTENT`."""
    sources = {name: BytesSource(CONTENT) for name in kind.files}
    return assets.files(kind).upload(values, sources, lambda size: None, key=key)


@for_kinds(has_files)
def test_files_come_back_as_they_were(assets: Assets, kind: AnyKind) -> None:
    """Whole, and in part."""
    contents = assets.contents(kind)
    record = assets.upload(kind)
    assert kind.is_ready(record)
    assert assets.store(kind).get(identifier_of(record)) == record
    assert read(assets, kind, record) == contents
    for name, content in contents.items():
        opened = assets.files(kind).open(record, name)
        for offset, length in ((0, 10), (12, 100), (len(content) - 1, None), (5, 10_000), (3, 0)):
            part = content[offset:] if length is None else content[offset : offset + length]
            assert b"".join(opened.read(offset, length)) == part


@for_kinds(has_files)
def test_empty_files_are_files(assets: Assets, kind: AnyKind) -> None:
    """Without a byte."""
    nothing = dict.fromkeys(kind.files, b"")
    assert read(assets, kind, assets.upload(kind, None, nothing)) == nothing


@for_kinds(has_files)
def test_the_progress_adds_up(assets: Assets, kind: AnyKind) -> None:
    """To the size of all files."""
    contents = assets.contents(kind)
    told: list[int] = []
    sources = {name: BytesSource(content) for name, content in contents.items()}
    assets.files(kind).upload(assets.values(kind), sources, told.append)
    assert sum(told) == sum(map(len, contents.values()))


@for_kinds(has_files)
def test_other_bytes_than_described_are_refused(assets: Assets, kind: AnyKind) -> None:
    """Whichever file it is; neither the record nor a file is kept."""
    before = all_records(assets.store(kind))
    for wrong in kind.files:
        contents = assets.contents(kind)
        values = assets.values(kind)
        sources = {
            name: BytesSource(content[::-1] if name == wrong else content)
            for name, content in contents.items()
        }
        with pytest.raises(FileUploadError):
            assets.files(kind).upload(values, sources, lambda size: None)
    kept = [each for each in all_records(assets.store(kind)) if kind.is_ready(each)]
    assert kept == before


@for_kinds(lambda kind: has_files(kind) and kind.status)
def test_a_pending_file_cannot_be_read(assets: Assets, kind: AnyKind) -> None:
    """Its record is there, its bytes are to come."""
    record = assets.store(kind).create(assets.values(kind))
    assert not kind.is_ready(record)
    for name in kind.files:
        with pytest.raises(FileDownloadError):
            b"".join(assets.files(kind).open(record, name).read())


@for_kinds(has_files)
def test_equal_files_outlive_each_other(assets: Assets, kind: AnyKind, family: Family) -> None:
    """A file of one kind never removes the bytes of another, nor those of its own."""
    kept = [
        (other, assets.upload(other, None, equal(other)))
        for other in family.kinds
        if has_files(other)
    ]
    deleted = assets.upload(kind, None, equal(kind))
    assets.store(kind).delete(identifier_of(deleted))
    for other, record in kept:
        assert read(assets, other, record) == equal(other)
    for name in kind.files:
        with pytest.raises(FileDownloadError):
            b"".join(assets.files(kind).open(deleted, name).read())


@for_kinds(has_files)
def test_uploads_of_one_key_are_one(assets: Assets, kind: AnyKind) -> None:
    """However often it is repeated."""
    values = assets.values(kind, None, equal(kind))
    first = uploaded(assets, kind, values, "one")
    assert uploaded(assets, kind, values, "one") == first
    assert all_records(assets.store(kind)).count(first) == 1


@for_kinds(lambda kind: has_files(kind) and kind.identity.made_by == "backend" and not kind.unique)
def test_uploads_of_different_keys_are_different(assets: Assets, kind: AnyKind) -> None:
    """Of the same values and bytes, too; and so are two that both ended well."""
    values = assets.values(kind, None, equal(kind))
    records = [uploaded(assets, kind, values, key) for key in ("one", "two", None, None)]
    assert len(set(records)) == len(records)
    assert all(read(assets, kind, each) == equal(kind) for each in records)
