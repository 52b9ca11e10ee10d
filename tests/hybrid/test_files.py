"""Files of the platform are fetched once, verified, and kept as long as there is room."""

from __future__ import annotations

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dataforce import ChecksumMismatchError, Client, Collection, ModelArtifact
from tests.hybrid.reading import Production
from tests.hybrid.reading import production as production


@pytest.fixture
def collection(production: Production) -> Collection:
    return production.behind.collections.create("", "Models", "model")


def uploaded(production: Production, collection: Collection, package: Path) -> ModelArtifact:
    return production.behind.model_artifacts.upload(package, "model", collection_id=collection.id)


def content(client: Client, model: ModelArtifact) -> bytes:
    with client.model_artifacts.open(model.id, collection_id=model.collection_id) as file:
        return file.read()


def download(client: Client, model: ModelArtifact, folder: Path, **options: Any) -> bytes:
    path = client.model_artifacts.download(
        model.id, folder / "model.fnnx", collection_id=model.collection_id, **options
    )
    return Path(path).read_bytes()


def stored(production: Production, model: ModelArtifact) -> Path:
    """The file at the source."""
    return next(
        path
        for path in production.folder.rglob("*")
        if path.is_file() and digest(path) == model.file_hash and path.suffix != ".fnnx"
    )


def cached(folder: Path, model: ModelArtifact) -> Path:
    """The file in the cache."""
    return next((folder / "home").rglob(f"cache/*/{model.file_hash}"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def flip(path: Path) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(damaged)


def kept(client: Client) -> int:
    return client.overlay.status().cached_files


def test_a_file_is_fetched_once(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    package = production.package()
    model, hybrid = uploaded(production, collection, package), production.hybrid()
    for _ in range(2):
        assert download(hybrid, model, tmp_path) == package.read_bytes()
        assert content(hybrid, model) == package.read_bytes()
    assert production.files() == 1
    equal = uploaded(production, collection, package)
    assert download(production.hybrid(), equal, tmp_path) == package.read_bytes()
    assert production.files() == 1
    status = hybrid.overlay.status()
    assert (status.cached_files, status.cached_bytes) == (1, package.stat().st_size)


def test_damage_at_the_source_is_noticed_and_not_kept(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    model, hybrid = uploaded(production, collection, production.package()), production.hybrid()
    flip(stored(production, model))
    with pytest.raises(ChecksumMismatchError):
        download(hybrid, model, tmp_path)
    assert not (tmp_path / "model.fnnx").exists()
    assert kept(hybrid) == 0


def test_damage_of_the_cache_is_made_good(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    package = production.package()
    model, hybrid = uploaded(production, collection, package), production.hybrid()
    download(hybrid, model, tmp_path)
    flip(cached(tmp_path, model))
    with pytest.raises(ChecksumMismatchError):
        download(hybrid, model, tmp_path)
    assert download(hybrid, model, tmp_path) == package.read_bytes()
    assert production.files() == 2


def test_a_cached_file_that_was_removed_is_fetched_again(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    package = production.package()
    model, hybrid = uploaded(production, collection, package), production.hybrid()
    download(hybrid, model, tmp_path)
    cached(tmp_path, model).unlink()
    assert content(hybrid, model) == package.read_bytes()
    assert download(hybrid, model, tmp_path) == package.read_bytes()
    assert kept(hybrid) == 1


def test_a_part_is_read_without_the_rest(production: Production, collection: Collection) -> None:
    package = production.package(9_000_000)
    model, hybrid = uploaded(production, collection, package), production.hybrid()
    with hybrid.model_artifacts.open(model.id, collection_id=collection.id) as file:
        file.seek(4_000_000)
        assert file.read(10) == package.read_bytes()[4_000_000:4_000_010]
    assert kept(hybrid) == 0
    assert content(hybrid, model) == package.read_bytes()


def test_what_was_given_up_is_not_kept(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    package = production.package(5_000_000)
    model, hybrid = uploaded(production, collection, package), production.hybrid()

    def give_up(done: int, total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        download(hybrid, model, tmp_path, progress=give_up)
    assert kept(hybrid) == 0
    assert not [*(tmp_path / "home").rglob("staging/*")]
    assert download(hybrid, model, tmp_path) == package.read_bytes()


def test_two_at_once_get_the_same(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    package = production.package(2_000_000)
    model, hybrid = uploaded(production, collection, package), production.hybrid()
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        found = [*pool.map(lambda folder: download(hybrid, model, folder), folders)]
    assert found == [package.read_bytes()] * 4
    assert kept(hybrid) == 1


def test_what_was_used_longest_ago_goes_first(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    models = [
        uploaded(production, collection, production.package(20_000, seed)) for seed in range(3)
    ]
    hybrid = production.hybrid(cache_size=2 * models[0].size)
    for number in (0, 1, 0, 2):
        download(hybrid, models[number], tmp_path)
    assert kept(hybrid) == 2
    assert production.files() == 3
    download(hybrid, models[0], tmp_path)
    assert production.files() == 3
    download(hybrid, models[1], tmp_path)
    assert production.files() == 4


@pytest.mark.parametrize("cache_size", [0, 100])
def test_what_does_not_fit_is_read_all_the_same(
    production: Production, collection: Collection, tmp_path: Path, cache_size: int
) -> None:
    package = production.package()
    model, hybrid = (
        uploaded(production, collection, package),
        production.hybrid(cache_size=cache_size),
    )
    for _ in range(2):
        assert content(hybrid, model) == package.read_bytes()
    assert download(hybrid, model, tmp_path) == package.read_bytes()
    assert kept(hybrid) == 0


def test_a_file_too_large_for_the_cache_comes_in_parallel(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    package = production.package(70_000_000)
    model = uploaded(production, collection, package)
    assert download(production.hybrid(cache_size=1000), model, tmp_path) == package.read_bytes()
    assert production.files() > 1


def test_a_full_disk_does_not_end_a_download(
    production: Production,
    collection: Collection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = production.package(3_000_000)
    model, hybrid = uploaded(production, collection, package), production.hybrid()
    write = os.ftruncate

    def refuse(descriptor: int, size: int) -> None:
        if "default.files/staging" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(descriptor, size)

    monkeypatch.setattr(os, "ftruncate", refuse)
    assert download(hybrid, model, tmp_path) == package.read_bytes()
    assert kept(hybrid) == 0


def test_files_made_here_stay_here(
    production: Production, collection: Collection, tmp_path: Path
) -> None:
    package, hybrid = production.package(), production.hybrid()
    production.seen.clear()
    model = hybrid.model_artifacts.upload(package, "mine", collection_id=collection.id)
    assert download(hybrid, model, tmp_path) == package.read_bytes()
    assert {each.split()[0] for each in production.seen} == {"GET"}
    assert production.behind.model_artifacts.list(collection_id=collection.id) == []
    assert production.files() == 0
