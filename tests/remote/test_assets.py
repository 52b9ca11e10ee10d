"""Kinds that the platform does not know, on a server of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dataforce import BadRequestError, FileDownloadError
from dataforce.backend import BytesSource, MemoryBackend, Scope, find_backend
from dataforce.backend.query import Query
from dataforce.config import load_settings
from dataforce.errors import NotOfferedError
from dataforce.server import Server, create_app
from tests.server.serving import KEY, Turntable, running
from tests.test_new_family import CONTENTS, FAMILY, RECIPE, content, recipe, sources, upload


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Turntable]]:
    turntable = Turntable(FAMILY)
    with running(Server(create_app(turntable, api_keys=[KEY]))) as url:
        yield url, turntable


@pytest.fixture
def backend(
    served: tuple[str, Turntable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    url, turntable = served
    turntable.current = MemoryBackend(FAMILY)
    settings = load_settings({"base_url": url, "api_key": KEY, "retry_timeout": 0})
    with closing(find_backend("remote")(settings, FAMILY)) as backend:
        yield backend


def test_an_upload_that_broke_off_is_repeated_with_its_key(backend: Any, tmp_path: Path) -> None:
    files = backend.files(RECIPE, Scope())
    values = recipe([], "oak")
    given = {name: BytesSource(each) for name, each in CONTENTS.items()}

    def break_off(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.upload(values, given, break_off)
    [left] = (tmp_path / "state").rglob("*.jsonl")
    before = left.read_text()
    made = upload(backend, values)
    assert content(backend, made) == CONTENTS
    assert "key" in before
    assert not left.exists()


def test_without_a_place_for_checkpoints_uploads_still_work(backend: Any, tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"a file where a folder should be")
    with pytest.raises(BadRequestError, match="files are not script, manual"):
        backend.files(RECIPE, Scope()).upload(recipe([], "oak"), {}, lambda count: None)
    assert content(backend, upload(backend, recipe([], "oak"))) == CONTENTS


def test_the_file_of_a_deleted_record_does_not_exist(backend: Any) -> None:
    made = upload(backend, recipe([], "oak"))
    backend.store(RECIPE, Scope()).delete("oak")
    for name in CONTENTS:
        with pytest.raises(FileDownloadError, match="recipe oak"):
            b"".join(backend.files(RECIPE, Scope()).open(made, name).read())


def test_what_it_does_not_offer_is_told(backend: Any) -> None:
    with pytest.raises(NotOfferedError, match="no Path"):
        backend.service(Path)


def test_another_file_than_the_kind_has_is_refused(backend: Any) -> None:
    given = dict(sources()) | {"poem": BytesSource(b"oak")}
    with pytest.raises(BadRequestError, match="files are not script, manual"):
        backend.files(RECIPE, Scope()).upload(recipe([]), given, lambda count: None)
    assert backend.store(RECIPE, Scope()).page(Query()).items == []


@pytest.mark.parametrize("key", [".", "..", "%2E", "a/../b"])
def test_a_key_is_no_step_up(backend: Any, key: str) -> None:
    made = upload(backend, recipe([], key))
    assert backend.store(RECIPE, Scope()).get(key) == made
    assert content(backend, made) == CONTENTS
    backend.store(RECIPE, Scope()).delete(key)
    assert backend.store(RECIPE, Scope()).page(Query()).items == []


def test_a_file_whose_server_is_gone_is_not_there() -> None:
    with running(Server(create_app(MemoryBackend(FAMILY), api_keys=[KEY]))) as url:
        settings = load_settings({"base_url": url, "api_key": KEY, "retry_timeout": 0})
        backend: Any = find_backend("remote")(settings, FAMILY)
        made = upload(backend, recipe([], "oak"))
    with closing(backend):
        for name in CONTENTS:
            with pytest.raises(FileDownloadError, match="recipe oak"):
                b"".join(backend.files(RECIPE, Scope()).open(made, name).read())
