"""A remote client that only reads, before a server that writes down what arrives."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dataforce import AsyncClient, Client, ReadOnlyError
from dataforce.backend import AnyKind, FileSource, Scope
from dataforce.config import APIVersion, Settings, load_settings
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    REGISTRY,
    ModelArtifactStatus,
    SignedURLs,
    UploadDetails,
    UploadPart,
)
from dataforce.testing.packages import MANIFEST
from dataforce_remote.backend import RemoteBackend
from dataforce_remote.files.bucket import Bucket
from dataforce_remote.files.multipart import Plan, UploadSource, send
from dataforce_remote.http.api import API
from dataforce_remote.http.guard import Guard
from dataforce_remote.http.messages import Payload
from dataforce_remote.http.retries import RetryBudget
from tests.server.serving import KEY, serving
from tests.writes import IRIS, WRITES, Made, call


@dataclass(frozen=True)
class Served:
    """A platform with one of each, and what arrives there.

    Attributes:
        seen: Method and path of each request since it was emptied last.
    """

    url: str
    version: str
    made: Made
    seen: list[str]

    def settings(self) -> dict[str, Any]:
        """Of a client that only reads."""
        return {
            "backend_type": "remote",
            "base_url": self.url,
            "api_key": KEY,
            "api_version": self.version,
            "retry_timeout": 0,
            "read_only": True,
        }


@pytest.fixture(scope="module", params=list(APIVersion))
def platform(request: pytest.FixtureRequest) -> Iterator[Served]:
    seen: list[str] = []
    with serving(api_version=request.param, seen=seen) as url:
        with Client(url, KEY, backend_type="remote") as client:
            made = Made.by(client)
        yield Served(url, request.param, made, seen)


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where notes of uploads would be."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def client(platform: Served, state: Path) -> Iterator[Client]:
    """A client that has found its defaults."""
    with Client(**platform.settings()) as client:
        assert client.collection == platform.made.collection
        platform.seen.clear()
        yield client


@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_refused_before_anything_is_sent(
    name: str, platform: Served, client: Client, state: Path
) -> None:
    with pytest.raises(ReadOnlyError, match=r"^Cannot .+: this client is read-only \(code\)"):
        call(client, name, platform.made)
    assert platform.seen == []
    assert not state.exists()


def test_an_asynchronous_write_is_refused_too(platform: Served, state: Path) -> None:
    async def flow() -> None:
        async with AsyncClient(**platform.settings()) as client:
            await client.setup_config()
            assert await client.collections.get() is not None
            platform.seen.clear()
            for name in WRITES:
                with pytest.raises(ReadOnlyError):
                    await call(client, name, platform.made)

    asyncio.run(flow())
    assert platform.seen == []


def test_reads_are_answered(platform: Served, client: Client, tmp_path: Path) -> None:
    made = platform.made
    for resource in (client.organizations, client.bucket_secrets, client.orbits):
        [one] = resource.list()
        assert [*resource.iterate()] == [one]
        found = resource.get(one.id)
        assert found is not None
        assert found.id == one.id
    [collection] = client.collections.iterate()
    assert client.collections.get("Flowers") == client.collections.get(made.collection)
    assert collection.total_models == 1
    assert client.model_artifacts.get("iris") == client.model_artifacts.get(made.model)
    assert [each.id for each in client.model_artifacts.iterate()] == [made.model]
    assert client.model_artifacts.download(made.model, tmp_path).read_bytes() == IRIS.read_bytes()
    with client.model_artifacts.open(made.model, "manifest.json") as file:
        assert json.loads(file.read())["name"]
    assert client.model_artifacts.download_url(made.model).url.startswith(platform.url)
    assert [each for each in platform.seen if not each.startswith("GET ")] == []


# --- Below the backend interface ----------------------------------------------------------------

MODEL = {
    "file_name": "iris.fnnx",
    "metrics": {},
    "manifest": MANIFEST,
    "file_hash": "0" * 64,
    "file_index": {},
    "size": 3,
    "model_name": "iris",
}
GIVEN: Mapping[AnyKind, Callable[[Made], tuple[str, dict[str, Any]]]] = {
    BUCKET_SECRET: lambda made: (made.secret, {"endpoint": "s3.example", "bucket_name": "models"}),
    ORBIT: lambda made: (made.orbit, {"name": "Trees", "bucket_secret_id": made.secret}),
    COLLECTION: lambda made: (
        made.collection,
        {"description": "", "name": "Trees", "collection_type": "model"},
    ),
    MODEL_ARTIFACT: lambda made: (made.model, MODEL),
}
"""Of each kind one that is there, and what another one can be made of."""


def settings_for(platform: Served) -> Settings:
    return load_settings(platform.settings(), environment={}, client_name="")


@pytest.fixture
def backend(platform: Served, state: Path) -> Iterator[RemoteBackend]:
    with closing(RemoteBackend(settings_for(platform), REGISTRY)) as backend:
        yield backend


@pytest.fixture
def scope(platform: Served, client: Client) -> Scope:
    """Where the models are."""
    organization = client.organization
    assert organization is not None
    platform.seen.clear()
    return Scope((organization, platform.made.orbit, platform.made.collection))


def source() -> UploadSource:
    return UploadSource(FileSource(IRIS), lambda count: None)


def open_bucket(settings: Settings) -> Bucket:
    return Bucket(settings, Guard(settings, REGISTRY), RetryBudget())


def upload(backend: RemoteBackend, scope: Scope) -> object:
    files = backend.files(MODEL_ARTIFACT, scope)
    return files.upload(values_of_a_model(), {"file": FileSource(IRIS)}, lambda count: None)


def assert_nothing_was_asked_to_change(platform: Served, state: Path) -> None:
    # Some calls look first at what they are to change.
    assert [each for each in platform.seen if not each.startswith("GET ")] == []
    assert [each for each in platform.seen if each.endswith("delete-url")] == []
    assert not state.exists()


@pytest.mark.parametrize("kind", GIVEN, ids=str)
@pytest.mark.parametrize("method", ["create", "update", "delete"])
def test_no_change_of_a_record_is_sent_whoever_asks(
    kind: AnyKind,
    method: str,
    platform: Served,
    backend: RemoteBackend,
    scope: Scope,
    state: Path,
) -> None:
    identifier, values = GIVEN[kind](platform.made)
    changes = kind.update(
        **{name: values[name] for name in kind.update.model_fields if name in values}
    )
    arguments = {
        "create": [kind.create(**values)],
        "update": [identifier, changes],
        "delete": [identifier],
    }
    above = Scope(scope.ids[: len(kind.ancestors)])
    with pytest.raises(ReadOnlyError, match=r"^Cannot send .+: this client is read-only"):
        getattr(backend.store(kind, above), method)(*arguments[method])
    assert_nothing_was_asked_to_change(platform, state)


@pytest.mark.parametrize(
    "act",
    [
        lambda backend, scope, made: backend.service(SignedURLs).create(scope, values_of_a_model()),
        lambda backend, scope, made: upload(backend, scope),
        lambda backend, scope, made: backend.service(SignedURLs).delete_url(scope, made.model),
        lambda backend, scope, made: backend.store(MODEL_ARTIFACT, scope).set_status(
            made.model, ModelArtifactStatus.UPLOAD_FAILED
        ),
    ],
    ids=["create", "upload", "delete_url", "status"],
)
def test_no_change_of_a_file_is_sent_whoever_asks(
    act: Callable[[Any, Scope, Made], object],
    platform: Served,
    backend: RemoteBackend,
    scope: Scope,
    state: Path,
) -> None:
    with pytest.raises(ReadOnlyError, match=r"^Cannot send .+: this client is read-only"):
        act(backend, scope, platform.made)
    assert_nothing_was_asked_to_change(platform, state)


def values_of_a_model() -> Any:
    return MODEL_ARTIFACT.create(**MODEL)


def test_an_upload_that_is_refused_leaves_other_checkpoints_alone(
    platform: Served, backend: RemoteBackend, scope: Scope, state: Path
) -> None:
    stale = state / "dataforce" / "uploads" / f"{'0' * 32}.jsonl"
    stale.parent.mkdir(parents=True)
    stale.write_text("nonsense")
    os.utime(stale, (0, 0))
    with pytest.raises(ReadOnlyError):
        upload(backend, scope)
    assert platform.seen == []
    assert stale.exists()


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "HEAD", "get"])
def test_a_bucket_is_sent_nothing_but_gets(platform: Served, method: str, state: Path) -> None:
    platform.seen.clear()
    payload = Payload(3, lambda: [memoryview(b"abc")])
    with closing(open_bucket(settings_for(platform))) as bucket:
        for given in (None, payload):
            with pytest.raises(ReadOnlyError, match=f"Cannot send {method} to the bucket"):
                bucket.request(method, f"{platform.url}/objects/x", given)
        assert platform.seen == []
        with closing(bucket.open(f"{platform.url}/objects/x", {})):
            assert platform.seen == ["GET /objects/x"]


def test_no_thread_sends_a_part(platform: Served, state: Path) -> None:
    platform.seen.clear()
    parts = [
        UploadPart(
            part_number=number,
            url=f"{platform.url}/objects/{number}",
            start_byte=number,
            end_byte=number + 1,
            part_size=1,
        )
        for number in range(8)
    ]
    plan = Plan("s3", UploadDetails(parts=parts, complete_url=f"{platform.url}/objects/whole"))
    with closing(open_bucket(settings_for(platform))) as bucket:
        sent = send(bucket, plan, source(), {})
        with pytest.raises(ReadOnlyError, match="Cannot send PUT to the bucket"):
            list(sent)
    assert platform.seen == []


def test_a_refusal_is_not_tried_again(
    platform: Served, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dataforce.transfer.cancellation.sleep", lambda seconds: pytest.fail("it waits")
    )
    settings = settings_for(platform).model_copy(update={"retry_timeout": 60})
    with closing(API(settings, REGISTRY)) as api, pytest.raises(ReadOnlyError):
        api.call("POST", "/organizations", is_idempotent=True)
    with closing(open_bucket(settings)) as bucket, pytest.raises(ReadOnlyError):
        bucket.request("DELETE", "not even a URL")
