"""What a family declares holds locally: files of any kind, references, several families at once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, ClassVar

import pytest
from pydantic import BaseModel, Field

from dataforce import ConflictError, FileDownloadError, FileError, FileUploadError, NotFoundError
from dataforce.backend import (
    AnyKind,
    BytesSource,
    Family,
    FileFields,
    FileSource,
    Identity,
    Kind,
    Query,
    Reference,
    Scope,
    Source,
)
from dataforce.config import Settings, load_settings
from dataforce.errors import BadRequestError, NotOfferedError
from dataforce.models import ORGANIZATION, REGISTRY, SignedURLs
from dataforce.models._base import AssetRecord, CreateModel, Record, UpdateModel
from dataforce.overlay.store import State
from dataforce.transfer import cancellation
from dataforce_local import LocalBackend, open_backend, open_overlay_store


class Place(AssetRecord):
    """Where tools are."""

    id: str
    name: str


class PlaceCreate(CreateModel):
    """What a place is made of."""

    name: str


class Tool(AssetRecord):
    """Something with a manual and a cover, at a place."""

    identity_field: ClassVar[str] = "key"

    key: str
    manual: str
    cover: str
    status: str | None = None
    place: str | None = None


class ToolCreate(CreateModel):
    """What a tool is made of."""

    key: str
    manual: str = ""
    cover: str = ""
    place: str | None = None


class ToolUpdate(UpdateModel):
    """What can change of a tool."""

    status: str = ""
    place: str | None = None


class Step(Record):
    """What is done with which tools."""

    tool: str | None = None
    others: list[str] | None = None


class Plan(AssetRecord):
    """Steps, with a place to do them."""

    id: str
    name: str
    steps: list[Step]
    first: Step | None = None
    home: str | None = None


class PlanCreate(CreateModel):
    """What a plan is made of."""

    name: str
    steps: list[Step] = Field(default_factory=list)
    first: Step | None = None
    home: str | None = None


class PlanUpdate(UpdateModel):
    """What can change of a plan."""

    name: str = ""
    steps: list[Step] = Field(default_factory=list)


PLACE = Kind("place", "places", Place, PlaceCreate, UpdateModel, default_sort="name")
TOOL = Kind(
    name="tool",
    route="tools",
    record=Tool,
    create=ToolCreate,
    update=ToolUpdate,
    identity=Identity("client", "text"),
    names=("key",),
    default_sort="key",
    references={"place": Reference((PLACE,), forbids_deletion=False)},
    files={
        "manual": FileFields("manual", status="status", ready="ready", pending="pending"),
        "cover": FileFields("cover"),
    },
)
PLAN = Kind(
    name="plan",
    route="plans",
    record=Plan,
    create=PlanCreate,
    update=PlanUpdate,
    default_sort="name",
    unique=("name",),
    references={
        "steps[].tool": Reference((TOOL,)),
        "steps[].others[]": Reference((TOOL,)),
        "first.tool": Reference((PLACE, TOOL)),
        "home": Reference((PLACE, TOOL)),
    },
)
WORKSHOP = Family("workshop", (PLACE, TOOL, PLAN))
ROOT = Scope()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, place: Path, tmp_path: Path) -> Settings:
    url = f"sqlite:///{place}"
    if request.param == "postgresql":
        url = request.getfixturevalue("server_url")
    return load_settings({"database_url": url, "storage_url": str(tmp_path / "files")})


@pytest.fixture
def backend(settings: Settings) -> Iterator[LocalBackend]:
    with closing(open_backend(settings, WORKSHOP)) as opened:
        yield opened


def ignore(_: int) -> None:
    """Take no notice of how many bytes were moved."""


def upload(
    backend: LocalBackend, key: str, *contents: bytes, upload_key: str | None = None
) -> Tool:
    """Store a tool with the same bytes, or others, for manual and cover."""
    manual, cover = contents * 2 if len(contents) == 1 else contents
    digests = {"manual": sha256(manual).hexdigest(), "cover": sha256(cover).hexdigest()}
    sources: dict[str, Source] = {"manual": BytesSource(manual), "cover": BytesSource(cover)}
    values = ToolCreate(key=key, **digests)
    return backend.files(TOOL, ROOT).upload(values, sources, ignore, key=upload_key)


def content(backend: LocalBackend, tool: Tool, name: str = "manual") -> bytes:
    """The bytes of a file of a tool."""
    return b"".join(backend.files(TOOL, ROOT).open(tool, name).read())


def blobs(tmp_path: Path) -> set[str]:
    """The SHA-256 of all blobs that are kept."""
    return {path.name for path in (tmp_path / "files" / "sha256").rglob("*") if path.is_file()}


def test_files_of_any_kind_stay_as_long_as_one_needs_them(
    backend: LocalBackend, tmp_path: Path
) -> None:
    one, other = upload(backend, "one", b"same"), upload(backend, "other", b"same", b"cover")
    assert (one.status, content(backend, other, "cover")) == ("ready", b"cover")
    backend.store(TOOL, ROOT).delete("one")
    assert content(backend, other) == b"same"
    with pytest.raises(FileDownloadError, match="deleted meanwhile"):
        content(backend, one)
    backend.store(TOOL, ROOT).delete("other")
    assert blobs(tmp_path) == set()


def test_families_share_a_database_and_blobs(settings: Settings, tmp_path: Path) -> None:
    with (
        closing(open_backend(settings, REGISTRY)) as registry,
        closing(open_backend(settings, WORKSHOP)) as workshop,
    ):
        [organization] = registry.store(ORGANIZATION, ROOT).page(Query()).items
        assert upload(workshop, "one", b"bytes").key == "one"
        with pytest.raises(NotOfferedError, match="SignedURLs"):
            workshop.service(SignedURLs)
    with closing(open_backend(settings, REGISTRY)) as registry:
        assert registry.store(ORGANIZATION, ROOT).get(organization.id) == organization
    assert len(blobs(tmp_path)) == 1


def test_a_file_is_pending_until_it_is_uploaded(backend: LocalBackend) -> None:
    store = backend.store(TOOL, ROOT)
    tool = store.create(ToolCreate(key="services/drs"))
    assert tool.status == "pending"
    with pytest.raises(FileDownloadError, match="its status is pending"):
        content(backend, tool)
    with pytest.raises(FileDownloadError, match=r"are not there\. Upload"):
        content(backend, tool, "cover")
    with pytest.raises(BadRequestError, match="was not stored, so its status"):
        store.update(tool.key, ToolUpdate(status="ready"))
    assert store.update(tool.key, ToolUpdate(status="lost")).status == "lost"
    with pytest.raises(ConflictError):
        store.create(ToolCreate(key="services/drs"))


def test_uploads_of_one_key_are_one(backend: LocalBackend) -> None:
    first = upload(backend, "one", b"bytes", upload_key="push 1")
    assert upload(backend, "other", b"bytes", upload_key="push 1") == first
    assert upload(backend, "other", b"bytes", upload_key="push 2").key == "other"
    backend.store(TOOL, ROOT).delete("one")
    assert upload(backend, "again", b"bytes", upload_key="push 1").key == "again"


def test_what_was_written_meanwhile_is_the_upload(backend: LocalBackend) -> None:
    class Slow(BytesSource):
        def check(self) -> None:
            if not backend.store(TOOL, ROOT).page(Query()).items:
                upload(backend, "first", b"bytes", upload_key="push")

    digest = sha256(b"bytes").hexdigest()
    files = backend.files(TOOL, ROOT)
    values = ToolCreate(key="second", manual=digest)
    assert files.upload(values, {"manual": Slow(b"bytes")}, ignore, key="push").key == "first"


def test_bytes_that_are_not_those_announced_leave_nothing(
    backend: LocalBackend, tmp_path: Path
) -> None:
    files, values = backend.files(TOOL, ROOT), ToolCreate(key="one", manual="0" * 64)
    with pytest.raises(FileUploadError, match="with SHA-256"):
        files.upload(values, {"manual": BytesSource(b"bytes")}, ignore)
    assert backend.store(TOOL, ROOT).page(Query()).items == []
    assert blobs(tmp_path) == set()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "manual.txt"
    path.write_bytes(os.urandom(3_000_000))
    return path


def upload_file(backend: LocalBackend, path: Path, advance: Callable[[int], object]) -> Tool:
    """Store a tool whose manual is a file."""
    values = ToolCreate(key="one", manual=sha256(path.read_bytes()).hexdigest())
    return backend.files(TOOL, ROOT).upload(
        values, {"manual": FileSource(path, values.manual)}, advance
    )


@pytest.mark.parametrize("can_copy", [True, False])
def test_a_file_is_copied_whatever_the_system_can(
    backend: LocalBackend, file: Path, can_copy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    if not can_copy:
        monkeypatch.setattr(os, "copy_file_range", refuse)
    moved: list[int] = []
    tool = upload_file(backend, file, moved.append)
    assert sum(moved) == 3_000_000
    assert content(backend, tool) == file.read_bytes()


def test_a_file_that_is_cut_while_it_is_copied_is_refused(
    backend: LocalBackend, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = "dataforce_local.files.file_system.StagedFile.reserve"
    monkeypatch.setattr(reserve, lambda *_: os.truncate(file, 1000))
    with pytest.raises(FileError, match="changed while it was read"):
        upload_file(backend, file, ignore)
    assert blobs(tmp_path) == set()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_copy_that_fails_midway_leaves_nothing(
    backend: LocalBackend, file: Path, tmp_path: Path, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    copy = os.copy_file_range

    def first(source: int, target: int, _: int) -> int:
        monkeypatch.setattr(os, "copy_file_range", fail)
        return copy(source, target, 1000)

    monkeypatch.setattr(os, "copy_file_range", first)
    with pytest.raises(Exception, match="could not be"):
        upload_file(backend, file, ignore)
    assert blobs(tmp_path) == set()


@pytest.mark.parametrize("has_path", [True, False])
def test_a_cancelled_upload_leaves_nothing(
    backend: LocalBackend, file: Path, tmp_path: Path, has_path: bool
) -> None:
    signal = cancellation.Signal()
    source: Source = FileSource(file) if has_path else BytesSource(file.read_bytes())
    values = ToolCreate(key="one", manual=sha256(file.read_bytes()).hexdigest())
    token = cancellation._signal.set(signal)
    try:
        signal._event.set()
        with pytest.raises(cancellation.Cancelled):
            backend.files(TOOL, ROOT).upload(values, {"manual": source}, ignore)
    finally:
        cancellation._signal.reset(token)
    assert blobs(tmp_path) == set()


class Endless(BytesSource):
    """A source that grows while it is read."""

    def open(self) -> IO[bytes]:
        return Path("/dev/zero").open("rb")


class Broken(BytesSource):
    """A source whose disk fails."""

    def open(self) -> IO[bytes]:
        return os.fdopen(os.open("/proc/self/mem", os.O_RDONLY), "rb")


@pytest.mark.parametrize(("source", "error"), [(Endless, FileUploadError), (Broken, FileError)])
def test_a_source_that_cannot_be_read_to_its_end_is_refused(
    backend: LocalBackend, source: Any, error: type[Exception]
) -> None:
    values = ToolCreate(key="one", manual="0" * 64)
    with pytest.raises(error):
        backend.files(TOOL, ROOT).upload(values, {"manual": source(b"bytes")}, ignore)


# -- references


def make_tools(backend: LocalBackend, *keys: str) -> None:
    """Make tools of those keys."""
    backend.store(TOOL, ROOT).create_many([ToolCreate(key=key) for key in keys])


def make_plan(backend: LocalBackend, **fields: Any) -> Plan:
    """Make a plan."""
    return backend.store(PLAN, ROOT).create(PlanCreate(name="plan", **fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"steps": [Step(tool="saw")]},
        {"steps": [Step(), Step(others=["hammer", "saw", "saw"])]},
        {"first": Step(tool="saw")},
        {"home": "saw"},
    ],
)
def test_what_is_pointed_at_is_there_and_stays(backend: LocalBackend, fields: Any) -> None:
    make_tools(backend, "hammer")
    with pytest.raises(NotFoundError, match="saw does not exist"):
        make_plan(backend, **fields)
    make_tools(backend, "saw")
    plan = make_plan(backend, **fields)
    with pytest.raises(ConflictError, match=rf"Plan {plan.id} uses tool saw"):
        backend.store(TOOL, ROOT).delete("saw")
    backend.store(PLAN, ROOT).delete(plan.id)
    backend.store(TOOL, ROOT).delete("saw")


def test_what_is_no_longer_pointed_at_may_go(backend: LocalBackend) -> None:
    make_tools(backend, "hammer", "saw")
    plan = make_plan(backend, steps=[Step(tool="saw")])
    plans = backend.store(PLAN, ROOT)
    plans.update(plan.id, PlanUpdate(name="renamed"))
    with pytest.raises(ConflictError):
        backend.store(TOOL, ROOT).delete("saw")
    plans.update(plan.id, PlanUpdate(steps=[Step(tool="hammer")]))
    backend.store(TOOL, ROOT).delete("saw")
    with pytest.raises(NotFoundError, match="saw"):
        plans.update(plan.id, PlanUpdate(steps=[Step(tool="saw")]))


def test_a_reference_may_let_go(backend: LocalBackend) -> None:
    tools = backend.store(TOOL, ROOT)
    places = backend.store(PLACE, ROOT)
    place = places.create(PlaceCreate(name="shed"))
    old = tools.create(ToolCreate(key="old", place=place.id))
    places.delete(place.id)
    assert tools.get("old") == old
    with pytest.raises(NotFoundError, match=place.id):
        tools.update("old", ToolUpdate(place=place.id))


def test_many_records_are_made_all_or_none(backend: LocalBackend) -> None:
    plans = backend.store(PLAN, ROOT)
    values = [PlanCreate(name=str(number)) for number in range(100)]
    for wrong in (values[0], PlanCreate(name="wrong", home="nowhere")):
        with pytest.raises((ConflictError, NotFoundError)):
            plans.create_many([*values, wrong])
        assert plans.page(Query()).items == []
    made = plans.create_many(values)
    assert [each.name for each in made] == [each.name for each in values]
    assert plans.create_many([]) == []
    assert {each.id for each in plans.page(Query()).items} == {each.id for each in made}
    with pytest.raises(ConflictError, match="name '5' exists already"):
        plans.create_many([PlanCreate(name="5")])


# -- overlays


def published(store: Any, kind: AnyKind, identifier: str, record: BaseModel) -> None:
    """Publish what is there now."""
    entry = store.entry(kind, identifier)
    store.publish(kind, ROOT, identifier, entry.revision, record)


def test_what_points_at_a_published_record_points_at_the_new_one(settings: Settings) -> None:
    with closing(open_overlay_store(settings, WORKSHOP)) as store:
        plans = store.store(PLAN, ROOT)
        home = store.store(PLACE, ROOT).create(PlaceCreate(name="shed"))
        plan = plans.create(PlanCreate(name="plan", home=home.id, first=Step(tool=home.id)))
        theirs = home.model_copy(update={"id": "0199c455-21ee-74c6-b747-19a82f1a1e75"})
        published(store, PLACE, home.id, theirs)
        found = plans.get(plan.id)
        assert (found.home, found.first) == (theirs.id, Step(tool=theirs.id))
        store.hide(PLACE, ROOT, theirs)
        assert plans.get(plan.id).home == theirs.id


def test_lists_point_at_the_new_one_too(settings: Settings) -> None:
    with closing(open_overlay_store(settings, WORKSHOP)) as store:
        upload(store, "services/saw", b"bytes")
        plans = store.store(PLAN, ROOT)
        steps = [Step(tool="services/saw", others=["services/saw"]), Step()]
        plan = plans.create(PlanCreate(name="plan", steps=steps))
        renamed = store.store(TOOL, ROOT).get("services/saw").model_copy(update={"key": "saw"})
        published(store, TOOL, "services/saw", renamed)
        assert plans.get(plan.id).steps == [Step(tool="saw", others=["saw"]), Step()]


@pytest.mark.parametrize("is_changed", [False, True])
def test_an_id_that_a_client_made_stays_when_it_is_published(
    settings: Settings, is_changed: bool, tmp_path: Path
) -> None:
    with closing(open_overlay_store(settings, WORKSHOP)) as store:
        tool = upload(store, "services/saw", b"bytes")
        entry = store.entry(TOOL, tool.key)
        assert entry is not None
        if is_changed:
            store.store(TOOL, ROOT).update(tool.key, ToolUpdate(status="worn"))
        store.publish(TOOL, ROOT, tool.key, entry.revision, tool)
        after = store.entry(TOOL, tool.key)
        assert after is not None
        assert after.state is (State.CHANGED if is_changed else State.COPIED)
        status = store.store(TOOL, ROOT).get(tool.key).status
        assert status == ("worn" if is_changed else "ready")
        assert blobs(tmp_path) == set()


def test_what_was_deleted_while_it_was_published_is_hidden(settings: Settings) -> None:
    with closing(open_overlay_store(settings, WORKSHOP)) as store:
        tool = upload(store, "saw", b"bytes")
        store.store(TOOL, ROOT).delete("saw")
        store.publish(TOOL, ROOT, "saw", 1, tool)
        entry = store.entry(TOOL, "saw")
        assert entry is not None
        assert entry.state is State.DELETED


def test_what_is_hidden_and_pointed_at_loses_its_files(settings: Settings, tmp_path: Path) -> None:
    with closing(open_overlay_store(settings, WORKSHOP)) as store:
        tool = upload(store, "saw", b"bytes")
        store.store(PLAN, ROOT).create(PlanCreate(name="plan", home="saw"))
        store.hide(TOOL, ROOT, tool)
        assert blobs(tmp_path) == set()
        entry = store.entry(TOOL, "saw")
        assert entry is not None
        assert entry.state is State.DELETED
