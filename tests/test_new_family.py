"""A family that nothing but this file knows, in all that it does and wherever it is kept.

Recipes stand at the root, have keys that the client makes, and two files each; they point at the
samples that they need, which stand below collections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from dataforce import (
    AsyncClient,
    BadRequestError,
    Client,
    ConflictError,
    ReadOnlyError,
    UnprocessableEntityError,
    copy,
)
from dataforce.api._records import Records
from dataforce.api.resources._base import AssetResourceBase
from dataforce.backend import (
    AnyKind,
    Backend,
    BytesSource,
    Family,
    FileFields,
    Filter,
    Identity,
    Kind,
    MemoryBackend,
    Query,
    Reference,
    Scope,
    Transitions,
    find_backend,
)
from dataforce.backend.filters import conditions_of
from dataforce.config import load_settings
from dataforce.models import COLLECTION, MODEL_ARTIFACT, ORBIT, REGISTRY, AssetRecord
from dataforce.models._base import (
    CreateModel,
    Identifier,
    Name,
    Record,
    Text,
    Timestamp,
    UpdateModel,
)
from dataforce.server import Server, create_app
from dataforce.testing.assets import Assets, Examples, all_records
from dataforce.testing.differential import compare
from dataforce.testing.kinds import for_kinds
from dataforce.testing.suite.file_stores import *  # noqa: F403
from dataforce.testing.suite.queries import *  # noqa: F403
from dataforce.testing.suite.stores import *  # noqa: F403
from tests.server.serving import KEY, Turntable, running


class Sample(AssetRecord):
    """What a recipe is tried on."""

    id: str
    collection_id: str
    title: str
    weight: int | None = None
    tags: list[str] | None = None
    created_at: Timestamp
    updated_at: Timestamp | None = None


class SampleCreate(CreateModel):
    """What a sample is made of."""

    title: Name
    weight: int | None = None
    tags: list[Text] | None = None


class SampleUpdate(UpdateModel):
    """What can change of a sample."""

    title: Name = ""
    weight: int | None = None
    tags: list[Text] | None = None


SAMPLE = Kind(
    name="sample",
    route="samples",
    record=Sample,
    create=SampleCreate,
    update=SampleUpdate,
    parent=COLLECTION,
    names=("title",),
    sorts=("created_at", "title", "weight"),
    absent="last",
    filters={
        "name": Filter("title"),
        "name_contains": Filter("title", "contains"),
        "tag": Filter("tags[]"),
        "created_after": Filter("created_at", ">", "datetime"),
    },
    unique=("title",),
)


class Script(Record):
    """The file that a recipe is carried out with."""

    checksum: str
    size: int


class Recipe(AssetRecord):
    """How samples become something else."""

    identity_field: ClassVar[str] = "key"

    key: str
    title: str
    note: str | None = None
    sample_ids: list[str]
    script: Script
    manual_checksum: str
    scores: dict[str, Any]
    status: str
    created_at: Timestamp
    updated_at: Timestamp | None = None


class RecipeCreate(CreateModel):
    """What a recipe is made of."""

    key: Name
    title: Name
    note: Text | None = None
    sample_ids: list[Identifier]
    script: Script
    manual_checksum: Text
    scores: dict[Text, Any]


class RecipeUpdate(UpdateModel):
    """What can change of a recipe."""

    title: Name = ""
    note: Text | None = None
    sample_ids: list[Identifier] = Field(default_factory=list)
    status: Text = ""


RECIPE = Kind(
    name="recipe",
    route="recipes",
    record=Recipe,
    create=RecipeCreate,
    update=RecipeUpdate,
    identity=Identity(made_by="client", form="text"),
    names=("title",),
    sorts=("created_at", "title", "note", "scores.*"),
    filters={
        "name": Filter("title"),
        "name_contains": Filter("title", "contains"),
        "status": Filter("status"),
        "sample": Filter("sample_ids[]"),
        "checksum": Filter("script.checksum"),
        "scores": Filter("scores", takes="comparison"),
        "created_before": Filter("created_at", "<", "datetime"),
    },
    references={"sample_ids[]": Reference((SAMPLE,))},
    files={
        "script": FileFields("script.checksum", "script.size", "status", "tested", "draft"),
        "manual": FileFields("manual_checksum", None, "status", "tested", "draft"),
    },
    transitions=Transitions("status", {"draft": ("tested", "dropped")}, "Upload it anew."),
)

FAMILY = Family("cookbook", (*REGISTRY.kinds, SAMPLE, RECIPE))
KINDS = (SAMPLE, RECIPE)
"""What the shared tests run for."""

PLACES = ("local", "memory", "remote", "hybrid")
KEYED = "trees/oak & ash?"
CONTENTS = {"script": b"plant it", "manual": b"water it " * 1000}


class SampleResource(AssetResourceBase):
    """What a client does with samples; the twin that is awaited is beside it."""

    _family = FAMILY
    _kind = SAMPLE

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)


class AsyncSampleResource(SampleResource):
    """The same, awaited."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self._run(getattr(self._records, name), *arguments)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """Where the family is kept."""
    return str(request.param)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Closes backends and servers after the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[Backend], str]]:
    """Serves a backend, by the one server of this module; gives the base URL."""
    turntable = Turntable(FAMILY)
    with ExitStack() as opened:

        @cache
        def base_url() -> str:
            return opened.enter_context(running(Server(create_app(turntable, api_keys=[KEY]))))

        def put(backend: Backend) -> str:
            turntable.current = backend
            return base_url()

        yield put


@pytest.fixture
def open_place(
    opened: ExitStack, tmp_path: Path, serve: Callable[[Backend], str]
) -> Callable[[str], Backend]:
    """Opens the family somewhere new, or another time; the server of a platform is in a thread."""
    base_urls: list[str] = []

    def open_at(place: str, folder: str | None = None) -> Backend:
        if place == "memory":
            return MemoryBackend(FAMILY)
        given: dict[str, object] = {"database_url": f"sqlite:///{tmp_path}/{folder or place}.db"}
        if place != "local":
            if not base_urls:
                base_urls.append(serve(open_at("local", "platform")))
            given |= {"base_url": base_urls[0], "api_key": KEY}
        settings = load_settings({"backend_type": place, **given})
        return opened.enter_context(closing(find_backend(place)(settings, FAMILY)))

    return open_at


@pytest.fixture
def backend(place: str, open_place: Callable[[str], Backend]) -> Backend:
    """The family in one of the places."""
    return open_place(place)


@pytest.fixture
def examples(examples: Examples) -> Examples:
    """The same as for the registry; all that is new can be made from the types."""
    return {**examples, RECIPE.route: {"scores": {}}}


def recipe(samples: list[str], key: str = KEYED, **given: Any) -> RecipeCreate:
    script, manual = (CONTENTS[name] for name in ("script", "manual"))
    described = Script(checksum=sha256(script).hexdigest(), size=len(script))
    values = {"title": "Oak", "sample_ids": samples, "scores": {"taste": 3}} | given
    return RecipeCreate(
        key=key, script=described, manual_checksum=sha256(manual).hexdigest(), **values
    )


def sources() -> Mapping[str, BytesSource]:
    return {name: BytesSource(content) for name, content in CONTENTS.items()}


def upload(backend: Backend, values: RecipeCreate) -> Recipe:
    return backend.files(RECIPE, Scope()).upload(values, sources(), lambda size: None)


def content(backend: Backend, record: Recipe) -> dict[str, bytes]:
    files = backend.files(RECIPE, Scope())
    return {name: b"".join(files.open(record, name).read()) for name in CONTENTS}


def titles(backend: Backend, kind: AnyKind, scope: Scope, **asked: Any) -> list[str]:
    query = Query(where=conditions_of(kind, asked), sort_by="title", limit=2)
    items = backend.store(kind, scope).page(query).items
    return [each.title for each in items]


def test_everything_is_done_with_the_new_kinds(backend: Backend, assets: Assets) -> None:
    scope = assets.scope(SAMPLE)
    samples, recipes = backend.store(SAMPLE, scope), backend.store(RECIPE, Scope())
    oak, ash = samples.create_many([SampleCreate(title=name) for name in ("oak", "ash")])
    values = recipe([oak.id, ash.id])
    made = upload(backend, values)
    assert (made.key, made.status, made.sample_ids) == (KEYED, "tested", [oak.id, ash.id])
    draft = recipes.create(recipe([oak.id], "draft", title="Beech", scores={"taste": 1}))
    assert draft.status == "draft"
    assert content(backend, made) == CONTENTS
    assert titles(backend, RECIPE, Scope(), sample=ash.id) == ["Oak"]
    assert titles(backend, RECIPE, Scope(), scores="taste<=3") == ["Beech", "Oak"]
    assert titles(backend, RECIPE, Scope(), checksum=made.script.checksum) == ["Beech", "Oak"]
    by_taste = recipes.page(Query(sort_by="scores.taste", order="desc", limit=1))
    assert by_taste.items == [made]
    assert by_taste.cursor is not None
    assert recipes.update(KEYED, RecipeUpdate(sample_ids=[ash.id])).sample_ids == [ash.id]
    assert recipes.update("draft", RecipeUpdate(status="dropped")).status == "dropped"
    for refused in (lambda: samples.delete(ash.id), lambda: recipes.create(values)):
        with pytest.raises(ConflictError):
            refused()
    recipes.delete(KEYED)
    samples.delete(ash.id)
    assert [each.key for each in all_records(recipes)] == ["draft"]
    assert titles(backend, SAMPLE, scope) == ["oak"]


def test_a_client_has_a_resource_of_it(backend: Backend, assets: Assets) -> None:
    collection = assets.first(COLLECTION)
    with Client(backend=backend) as client:
        samples = SampleResource(client._session)
        made = samples.create({"title": "oak", "weight": 5}, collection.id)
        assert samples.get("oak", collection) == made == samples.get(made.id.upper(), collection)
        assert samples.update(made, {"title": "ash"}).title == "ash"
        found = samples.list(collection, {"name_contains": "A", "sort_by": "weight", "limit": 3})
        assert found == [samples.get("ash", collection)]
        with pytest.raises(UnprocessableEntityError, match="there are: name, name_contains, tag"):
            samples.list(collection, {"colour": "blue"})
        samples.delete("ash", collection)
        assert samples.list(collection) == []


def test_an_asynchronous_client_has_one_too(backend: Backend, assets: Assets) -> None:
    collection = assets.first(COLLECTION)

    async def flow() -> None:
        async with AsyncClient(backend=backend) as client:
            samples = AsyncSampleResource(client._session)
            values = [{"title": name} for name in "abc"]
            made = await asyncio.gather(*(samples.create(each, collection) for each in values))
            found = await samples.list(collection, {"sort_by": "title", "order": "desc"})
            assert found == made[::-1]
            with pytest.raises(ConflictError):
                await samples.create(values[0], collection)
            await samples.delete(made[0])
            assert await samples.get("a", collection) is None

    asyncio.run(flow())


def test_a_collection_is_copied_with_its_samples(
    backend: Backend, assets: Assets, opened: ExitStack
) -> None:
    collection = assets.first(COLLECTION)
    made = assets.create(SAMPLE, title="oak", tags=["tree"])
    source = opened.enter_context(Client(backend=backend))
    target = opened.enter_context(Client(backend=MemoryBackend(FAMILY)))
    for expected in (1, 0):
        report = copy(collection, source=source, target=target)
        assert len(report.copied) == expected
    [copied] = SampleResource(target._session).list(target.collections.list()[0])
    assert (copied.title, copied.tags) == (made.title, made.tags)
    back = copy(target.collections.list()[0], source=target, target=source)
    assert (back.copied, back.skipped) == ((), (made.id,))


def test_a_recipe_is_copied_with_its_files_to_where_its_samples_were_copied(
    backend: Backend, assets: Assets, opened: ExitStack
) -> None:
    collection = assets.first(COLLECTION)
    sample = assets.create(SAMPLE, title="oak")
    made = upload(backend, recipe([sample.id]))
    source = opened.enter_context(Client(backend=backend))
    target = opened.enter_context(Client(backend=MemoryBackend(FAMILY)))
    copy(collection, source=source, target=target)
    for expected in ((KEYED,), ()):
        assert copy(made, source=source, target=target).copied == expected
    copied = target.backend.store(RECIPE, Scope()).get(KEYED)
    [oak] = SampleResource(target._session).list(target.collections.list()[0])
    assert (copied.sample_ids, copied.status) == ([oak.id], made.status)
    files = target.backend.files(RECIPE, Scope())
    for name, content in CONTENTS.items():
        assert b"".join(files.open(copied, name).read()) == content


def test_a_resource_finds_what_a_list_of_references_names(backend: Backend, assets: Assets) -> None:
    sample = assets.create(SAMPLE, title="oak")
    with Client(backend=backend) as client:
        records = Records(client._session, RECIPE, FAMILY)
        values = recipe([]).model_dump() | {"sample_ids": [sample]}
        assert records.create(values).sample_ids == [sample.id]


def test_a_refused_deletion_changes_nothing(backend: Backend, assets: Assets) -> None:
    model, sample = assets.upload(MODEL_ARTIFACT), assets.create(SAMPLE)
    above = assets.scope(SAMPLE)
    upload(backend, recipe([sample.id]))
    kinds: tuple[AnyKind, ...] = (COLLECTION, ORBIT)
    for kind in kinds:
        depth = len(kind.ancestors)
        store = backend.store(kind, Scope(above.ids[:depth]))
        with pytest.raises(ConflictError, match="Recipe trees"):
            store.delete(above.ids[depth])
    assert assets.store(MODEL_ARTIFACT).get(model.id) == model
    assert b"".join(assets.files(MODEL_ARTIFACT).open(model, "file").read())
    assert backend.store(SAMPLE, above).get(sample.id) == sample


def test_what_has_no_files_is_not_ready(backend: Backend) -> None:
    recipes = backend.store(RECIPE, Scope())
    recipes.create(recipe([]))
    with pytest.raises(BadRequestError, match="not stored"):
        recipes.update(KEYED, RecipeUpdate(status="tested"))
    assert recipes.get(KEYED).status == "draft"


@pytest.mark.parametrize("place", ["local", "remote"], indirect=True)
def test_files_of_nothing_are_swept(backend: Backend, tmp_path: Path) -> None:
    def stored() -> int:
        return sum(
            content in {file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
            for content in CONTENTS.values()
        )

    upload(backend, recipe([]))
    upload(backend, recipe([], "another"))
    store = backend.store(RECIPE, Scope())
    store.delete(KEYED)
    assert stored() == len(CONTENTS)
    store.delete("another")
    assert stored() == 0


@pytest.mark.parametrize("place", ["local", "remote", "hybrid"], indirect=True)
def test_random_calls_are_answered_as_in_memory(backend: Backend, examples: Examples) -> None:
    compare(backend, examples)


@pytest.fixture
def platform(open_place: Callable[[str], Backend]) -> Backend:
    """What the hybrid backend reads, over HTTP."""
    return open_place("remote")


@pytest.mark.parametrize("place", ["hybrid"], indirect=True)
def test_an_overlay_is_told_pushed_and_pulled(
    backend: Backend, platform: Backend, opened: ExitStack
) -> None:
    there = Assets(platform, {})
    scope = there.scope(SAMPLE)
    oak, ash = (there.create(SAMPLE, title=title) for title in ("oak", "ash"))
    upload(platform, recipe([oak.id], "old"))
    client = opened.enter_context(Client(backend=backend))
    samples, recipes = backend.store(SAMPLE, scope), backend.store(RECIPE, Scope())
    beech = samples.create(SampleCreate(title="beech"))
    samples.update(ash.id, SampleUpdate(weight=7))
    upload(backend, recipe([oak.id, beech.id], "new", title="Beech"))
    recipes.update("old", RecipeUpdate(note="dry"))
    assert titles(backend, RECIPE, Scope()) == ["Beech", "Oak"]
    assert content(backend, recipes.get("new")) == CONTENTS
    told = {(each.action.value, each.kind, each.name) for each in client.overlay.diff()}
    assert told == {
        ("created", "sample", "beech"),
        ("changed", "sample", "ash"),
        ("created", "recipe", "Beech"),
        ("changed", "recipe", "Oak"),
    }
    assert titles(platform, RECIPE, Scope()) == ["Oak"]
    client.overlay.push()
    assert not client.overlay.diff()
    pushed = platform.store(RECIPE, Scope()).get("new")
    named = {each.title: each.id for each in all_records(platform.store(SAMPLE, scope))}
    assert pushed.sample_ids == [oak.id, named["beech"]]
    assert content(platform, pushed) == CONTENTS
    assert platform.store(RECIPE, Scope()).get("old").note == "dry"
    assert platform.store(SAMPLE, scope).get(ash.id).weight == 7
    samples.delete(ash.id)
    client.overlay.reset()
    report = client.overlay.pull(collection=scope.ids[2], content=True)
    assert report.records["sample"] == 3


@for_kinds()
def test_a_read_only_client_writes_none(backend: Backend, kind: AnyKind) -> None:
    with Client(backend=backend, read_only=True) as client:
        store = client.backend.store(kind, Scope(()))
        with pytest.raises(ReadOnlyError):
            store.delete("anything")


def test_the_family_is_that_of_the_registry_and_two_more() -> None:
    assert FAMILY.children(COLLECTION)[-1] is SAMPLE
    assert FAMILY.pointing_at(SAMPLE)[0][0] is RECIPE
