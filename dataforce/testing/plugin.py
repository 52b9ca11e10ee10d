"""The fixtures of the conformance suite.

Named in `pytest_plugins`, it offers every fixture that the suite asks for but one: the author of a
backend writes `client_settings`, the keyword arguments with which `Client` opens a fresh platform
of one organization, one bucket secret, one orbit and no collections.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pytest

from dataforce import AsyncClient, Client, CreatedModel
from dataforce.backend import Backend, BytesSource, Family, Kind, Scope, find_backend
from dataforce.config import load_settings
from dataforce.models import (
    MODEL_ARTIFACT,
    ORGANIZATION,
    BucketSecret,
    Collection,
    ModelArtifact,
    ModelArtifactCreate,
    Orbit,
    Organization,
    OrganizationCreate,
)
from dataforce.testing.assets import Assets, Examples
from dataforce.testing.awaiting import Awaiting
from dataforce.testing.capabilities import Capabilities
from dataforce.testing.kinds import family_of, kinds_of
from dataforce.testing.packages import MANIFEST, build_package

pytest.register_assert_rewrite("dataforce.testing.suite", "dataforce.testing.differential.machine")

ClientSettings: TypeAlias = dict[str, Any]
OpenClient: TypeAlias = Callable[..., Client]
MakeOrganization: TypeAlias = Callable[[str], Organization]
OrganizationMaker: TypeAlias = Callable[[Backend, str], Organization]
Asynchronously: TypeAlias = Callable[[Callable[[AsyncClient], Awaitable[None]]], None]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark of `for_kinds`."""
    config.addinivalue_line("markers", "kinds(condition): runs for each kind of the family.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for each kind that it is about."""
    mark = metafunc.definition.get_closest_marker("kinds")
    if mark is not None:
        kinds = [kind for kind in kinds_of(metafunc.module) if mark.kwargs["condition"](kind)]
        metafunc.parametrize("kind", kinds, ids=[kind.route for kind in kinds])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about no kind of the family."""
    idle = [
        each
        for each in items
        if each.get_closest_marker("kinds") and not isinstance(_kind_of(each), Kind)
    ]
    if idle:
        config.hook.pytest_deselected(items=idle)
        items[:] = [each for each in items if each not in idle]


def _kind_of(item: pytest.Item) -> object:
    parameters: dict[str, object] = getattr(item, "callspec").params  # noqa: B009  of functions
    return parameters["kind"]


class PackageFactory(Protocol):
    """Writes a model package into a folder of the test's own."""

    def __call__(self, name: str = "model.fnnx", **changes: Any) -> Path:
        """The path of a package of that name; `changes` are those of `build_package`."""


class ReserveFactory(Protocol):
    """Creates a model artifact whose bytes the user is to bring."""

    def __call__(self, content: bytes = b"model", **changes: Any) -> CreatedModel:
        """Return the record for these bytes; `changes` are arguments of `create`."""


class RecordFactory(Protocol):
    """Creates a model artifact."""

    def __call__(
        self, content: bytes = b"model", *, stored: bool = False, **changes: Any
    ) -> ModelArtifact:
        """Return the record for these bytes, which are stored or to come."""


@pytest.fixture
def capabilities() -> Capabilities:
    """Return the capabilities of the backend: all, unless its author overrides this."""
    return Capabilities()


@pytest.fixture
def family(request: pytest.FixtureRequest) -> Family:
    """The family that the tests of a module are about: its `FAMILY`, or else the registry."""
    return family_of(request.module)


@pytest.fixture
def backend(client_settings: ClientSettings, family: Family) -> Iterator[Backend]:
    """The backend of a fresh platform, as a client would open it."""
    given = dict(client_settings)
    opened: Backend | None = given.pop("backend", None)
    if opened is None:
        settings = load_settings(given)
        opened = find_backend(settings.backend_type)(settings, family)
    with closing(opened):
        yield opened


@pytest.fixture
def examples() -> Examples:
    """Values of the registry's fields that cannot be made from their type."""
    return {MODEL_ARTIFACT.route: {"file_name": "model.fnnx"}}


@pytest.fixture
def assets(backend: Backend, examples: Examples) -> Assets:
    """Makes objects of any kind through the backend."""
    return Assets(backend, examples)


@pytest.fixture
def open_client(client_settings: ClientSettings) -> Iterator[OpenClient]:
    """Opens a client with the settings of the test and some more; it is closed after the test."""
    with ExitStack() as opened:
        yield lambda **more: opened.enter_context(Client(**(client_settings | more)))


@pytest.fixture
def client(open_client: OpenClient) -> Client:
    """A client of a fresh platform."""
    return open_client()


@pytest.fixture(params=["called", "awaited"])
def caller(
    request: pytest.FixtureRequest, client_settings: ClientSettings
) -> Iterator[Client | Awaiting]:
    """A client of a fresh platform, and in another run an asynchronous one, awaited."""
    if request.param == "called":
        with Client(**client_settings) as client:
            yield client
        return
    with asyncio.Runner() as runner:
        awaited = Awaiting(AsyncClient(**client_settings), runner)
        yield awaited
        awaited.close()


@pytest.fixture
def there(caller: Client, examples: Examples) -> Assets:
    """Makes objects on the platform of `caller`."""
    return Assets(caller.backend, examples)


@pytest.fixture
def open_another(client: Client, open_client: OpenClient, capabilities: Capabilities) -> OpenClient:
    """Opens further clients of the platform that `client` uses."""
    if not capabilities.is_shared:
        pytest.skip("the backend shows each client a platform of its own")
    return open_client


@pytest.fixture
def asynchronously(client_settings: ClientSettings) -> Asynchronously:
    """Runs a coroutine function with an asynchronous client of a fresh platform."""

    def run(flow: Callable[[AsyncClient], Awaitable[None]]) -> None:
        async def main() -> None:
            async with AsyncClient(**client_settings) as client:
                await flow(client)

        asyncio.run(main())

    return run


@pytest.fixture
def bucket_secret(client: Client) -> BucketSecret:
    """The bucket secret that the platform begins with."""
    return client.bucket_secrets.list()[0]


@pytest.fixture
def orbit(client: Client) -> Orbit:
    """The orbit that the platform begins with, made the client's default."""
    orbit = client.orbits.list()[0]
    client.orbit = orbit.id
    return orbit


@pytest.fixture
def other_orbit(client: Client, orbit: Orbit, bucket_secret: BucketSecret) -> Orbit:
    """A second orbit, which is not the client's default."""
    return client.orbits.create("Other Orbit", bucket_secret.id)


@pytest.fixture
def collection(client: Client) -> Collection:
    """A collection, made the client's default."""
    collection = client.collections.create("Iris and others", "Flowers", "model")
    client.collection = collection.id
    return collection


@pytest.fixture
def organization_maker(capabilities: Capabilities) -> OrganizationMaker:
    """Makes an organization on the platform of a backend, by whatever way there is."""
    if not capabilities.makes_organizations:
        pytest.skip("the backend cannot make organizations")

    def make(backend: Backend, name: str) -> Organization:
        return backend.store(ORGANIZATION, Scope()).create(OrganizationCreate(name=name))

    return make


@pytest.fixture
def make_organization(client: Client, organization_maker: OrganizationMaker) -> MakeOrganization:
    """Makes an organization on the platform that `client` uses."""
    return lambda name: organization_maker(client.backend, name)


@pytest.fixture
def other_organization(client: Client, make_organization: MakeOrganization) -> Organization:
    """A second organization without anything in it; the first is made the client's default."""
    client.organization = client.organizations.list()[0].id
    return make_organization("Other Organization")


@pytest.fixture
def package(tmp_path: Path) -> PackageFactory:
    """Writes model packages."""
    folder = tmp_path / "packages"
    folder.mkdir()

    def write(name: str = "model.fnnx", **changes: Any) -> Path:
        return build_package(folder / name, **changes)

    return write


@pytest.fixture
def signed_urls(capabilities: Capabilities) -> None:
    """Skips what needs signed URLs if there are none."""
    if not capabilities.signed_urls:
        pytest.skip("the backend has no signed URLs")


@pytest.fixture
def reserve(client: Client, collection: Collection, signed_urls: None) -> ReserveFactory:
    """Creates model artifacts in `collection` as users do who move the bytes themselves."""

    def create(content: bytes = b"model", **changes: Any) -> CreatedModel:
        return client.model_artifacts.create(**_values(content, changes))

    return create


@pytest.fixture
def register(client: Client, collection: Collection) -> RecordFactory:
    """Creates model artifacts in `collection`, with their bytes or without."""

    def create(content: bytes = b"model", *, stored: bool = False, **changes: Any) -> ModelArtifact:
        scope = Scope(tuple(map(str, (client.organization, client.orbit, client.collection))))
        values = ModelArtifactCreate.model_validate(_values(content, changes))
        if not stored:
            return client.backend.store(MODEL_ARTIFACT, scope).create(values)
        files = client.backend.files(MODEL_ARTIFACT, scope)
        return files.upload(values, {"file": BytesSource(content)}, lambda size: None)

    return create


def _values(content: bytes, changes: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "file_name": "model.fnnx",
        "metrics": {},
        "manifest": MANIFEST,
        "file_hash": hashlib.sha256(content).hexdigest(),
        "file_index": {},
        "size": len(content),
        "model_name": "model",
    }
    return values | dict(changes)
