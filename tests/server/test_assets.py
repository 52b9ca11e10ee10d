"""Kinds that the platform does not know, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import pytest
import requests

from dataforce.backend import Family, Kind, MemoryBackend, Scope
from dataforce.backend.http import IDEMPOTENCY_KEY, UPLOAD_TYPE
from dataforce.models import ORGANIZATION, REGISTRY, AssetRecord
from dataforce.models._base import CreateModel, Text, UpdateModel
from dataforce.server import Access, OrbitRole, OrganizationRole, Server, create_app
from dataforce.testing.assets import Assets
from tests.server.caller import Caller, model
from tests.server.serving import KEY, Turntable, running
from tests.test_new_family import CONTENTS, FAMILY, RECIPE, SAMPLE, recipe

READER, MEMBER = "dfs_reader", "dfs_member"
NOBODY = "0199c455-21ee-74c6-b747-19a82f1a1e75"


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend(FAMILY)


@pytest.fixture
def samples(backend: MemoryBackend) -> str:
    """The path of the samples of a collection."""
    organization, orbit, collection = Assets(backend, {}).scope(SAMPLE).ids
    above = f"/organizations/{organization}/orbits/{orbit}/collections/{collection}"
    return f"{above}/samples"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Turntable, Access]]:
    """The URL of a server, the backend behind it, and the roles of the member."""
    turntable, member = Turntable(FAMILY), Access(OrganizationRole.MEMBER)
    roles = {KEY: Access(), READER: Access(OrganizationRole.MEMBER), MEMBER: member}
    with running(Server(create_app(turntable, api_keys=roles))) as url:
        yield url, turntable, member


@pytest.fixture
def api(
    served: tuple[str, Turntable, Access], backend: MemoryBackend, samples: str
) -> Iterator[Caller]:
    url, turntable, member = served
    turntable.current = backend
    member.orbits = {samples.split("/")[4]: OrbitRole.MEMBER}
    api = Caller(url, "2026-01", KEY)
    with api.session:
        yield api


def made(api: Caller, path: str, body: Any) -> Any:
    answer = api.call("POST", path, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def body_of(record: Any, contents: Mapping[str, bytes] = CONTENTS) -> bytes:
    sizes = [[name, len(content)] for name, content in contents.items()]
    head = json.dumps({"record": record, "files": sizes}).encode()
    return b"\n".join([head, b"".join(contents.values())])


def upload(api: Caller, body: bytes, **headers: str) -> requests.Response:
    given = {"content-type": UPLOAD_TYPE, **headers}
    return api.session.post(f"{api.url}/recipes/upload", data=body, headers=given, timeout=10)


def values(key: str = "oak", **given: Any) -> Any:
    return recipe([], key, **given).model_dump(mode="json")


def test_records_are_made_read_changed_and_deleted(api: Caller, samples: str) -> None:
    first = made(api, samples, {"title": "oak", "tags": ["tree"]})
    several = made(api, f"{samples}/batch", [{"title": "ash"}, {"title": "elm", "weight": 2}])
    path = f"{samples}/{first['id']}"
    assert api.get(path) == first
    assert api.get(path.upper().replace(samples.upper(), samples)) == first
    assert api.patch(path, {"weight": 5})["weight"] == 5
    assert [each["id"] for each in api.items(samples)] == [
        first["id"],
        *(each["id"] for each in several),
    ]
    api.delete(path)
    assert api.refused("GET", path) == (404, "Sample not found")


def test_lists_take_filters_sorts_and_cursors(api: Caller, samples: str) -> None:
    made(
        api, f"{samples}/batch", [{"title": each, "tags": [each[0]]} for each in ("a1", "b1", "a2")]
    )
    titles = [each["title"] for each in api.items(samples, sort_by="title", order="desc", limit=2)]
    assert titles == ["b1", "a2"]
    page = api.get(samples, sort_by="title", limit=2)
    rest = api.get(samples, sort_by="title", limit=2, cursor=page["cursor"])
    assert [each["title"] for each in rest["items"]] == ["b1"]
    assert rest["cursor"] is None
    for asked in (
        {"tag": ["a", "c"]},
        {"name_contains": "A"},
        {"where": '[["title", "=", ["a1", "a2"]]]'},
    ):
        assert [each["title"] for each in api.items(samples, **asked)] == ["a1", "a2"]
    assert [each["title"] for each in api.items(samples, called="b1")] == ["b1"]
    assert api.items(samples, created_after="2999-01-01T00:00:00+00:00") == []
    late = '[["created_at", ">", [{"datetime": "2999-01-01T00:00:00+00:00"}]]]'
    assert api.items(samples, where=late) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "x"},
        {"order": "up"},
        {"sort_by": "colour"},
        {"colour": "red"},
        {"created_after": "yesterday"},
        {"created_after": "2026-11-01"},
        {"where": "x"},
        {"where": '[["__class__.__init__", "=", ["x"]]]'},
        {"where": '[["title.__class__", "=", ["x"]]]'},
        {"where": '[["colour", "=", ["x"]]]'},
        {"where": '[["title", "~", ["x"]]]'},
        {"where": '[["title", "=", []]]'},
        {"where": '[["weight", ">", [1, 2]]]'},
        {"where": '[["title", "=", [null]]]'},
        {"where": '[["title", "=", ["\\u0000"]]]'},
        {"where": '[["created_at", ">", [{"datetime": "2026-11-01"}]]]'},
        {"where": '[["created_at", ">", [{}]]]'},
        {"where": "[" * 5000},
    ],
    ids=str,
)
def test_a_wrong_query_is_refused(api: Caller, samples: str, asked: Any) -> None:
    assert api.call("GET", samples, params=asked).status_code == 422


def test_a_cursor_of_another_list_is_refused(api: Caller, samples: str) -> None:
    assert api.call("GET", samples, params={"cursor": "x"}).status_code == 400


def test_what_is_missing_is_told_by_kind_and_id(api: Caller, samples: str) -> None:
    elsewhere = samples.replace(samples.split("/")[6], NOBODY)
    answer = api.call("GET", elsewhere)
    told = {"kind": "collections", "identifier": NOBODY, "detail": "Collection not found"}
    assert (answer.status_code, answer.json()) == (404, told)
    answer = api.call("POST", "/recipes", values() | {"sample_ids": [NOBODY]})
    told = {"kind": "samples", "identifier": NOBODY, "detail": "Sample not found"}
    assert (answer.status_code, answer.json()) == (404, told)
    oak = made(api, samples, {"title": "oak"})["id"]
    answer = api.call("POST", "/recipes", values() | {"sample_ids": [oak, NOBODY]})
    assert (answer.status_code, answer.json()) == (404, told)
    assert api.call("DELETE", "/recipes/none").json()["identifier"] == "none"
    assert api.call("GET", samples.replace(samples.split("/")[2], "x")).status_code == 422
    assert api.call("GET", f"{samples}/x").status_code == 422


def test_a_wrong_body_is_refused(api: Caller, samples: str) -> None:
    bodies: list[Any] = [{}, {"title": ""}, {"title": "a", "colour": "red"}, []]
    for body in bodies:
        assert api.call("POST", samples, body).status_code == 422
    assert api.call("POST", f"{samples}/batch", {"title": "a"}).status_code == 422


def test_several_are_made_or_none(api: Caller, samples: str) -> None:
    body = [{"title": "oak"}, {"title": "oak"}]
    assert api.call("POST", f"{samples}/batch", body).status_code == 409
    assert api.items(samples) == []


def test_a_record_comes_with_its_files(api: Caller) -> None:
    key = "trees/../oak & 50 %"
    answer = upload(api, body_of(values(key)))
    assert (answer.status_code, answer.json()["status"]) == (201, "tested")
    path = "/recipes/trees%252F..%252Foak%2520%2526%252050%2520%2525"
    assert api.get(path)["key"] == key
    for name, content in CONTENTS.items():
        found = api.call("GET", f"{path}/files/{name}")
        assert (found.content, found.headers["etag"]) == (
            content,
            f'"{sha256(content).hexdigest()}"',
        )
        part = api.call("GET", f"{path}/files/{name}", headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (206, content[2:5])
        assert part.headers["content-range"] == f"bytes 2-4/{len(content)}"
    far = api.call("GET", f"{path}/files/script", headers={"Range": "bytes=99999-"})
    assert far.status_code == 416
    assert api.refused("GET", f"{path}/files/nonsense") == (
        404,
        "Recipes have no file of that name",
    )
    made(api, "/recipes", values("pending"))
    assert api.call("GET", "/recipes/pending/files/script").status_code == 404


def test_an_upload_of_one_key_is_one(api: Caller) -> None:
    first, again = (upload(api, body_of(values()), **{IDEMPOTENCY_KEY: "k"}) for _ in range(2))
    assert first.json() == again.json()
    assert upload(api, body_of(values())).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]\n",
        b"x\n",
        b'{"record": {}, "files": [["script", -1]]}\n',
        body_of(values(), {"script": b"plant it"}),
        body_of(values())[:-1],
        body_of(values()) + b"x",
        body_of(values(), dict.fromkeys(CONTENTS, b"another")),
    ],
    ids=str,
)
def test_an_upload_that_is_none_is_refused(api: Caller, body: bytes) -> None:
    assert upload(api, body).status_code == 400
    assert api.items("/recipes") == []


def test_the_record_of_an_upload_is_checked(api: Caller) -> None:
    assert upload(api, body_of({"key": "oak"})).status_code == 422


def test_an_upload_needs_a_key_and_a_role(api: Caller, samples: str) -> None:
    for key, status in (("dfs_wrong", 401), (READER, 403)):
        api.session.headers["Authorization"] = f"Bearer {key}"
        assert upload(api, body_of(values())).status_code == status
    assert api.items("/recipes") == []
    assert api.refused("POST", samples, {"title": "oak"}) == (403, "Not enough rights")
    api.session.headers["Authorization"] = f"Bearer {MEMBER}"
    oak = made(api, samples, {"title": "oak"})
    assert api.refused("DELETE", f"{samples}/{oak['id']}") == (403, "Not enough rights")


def test_what_is_in_an_organization_is_treated_as_its_secrets() -> None:
    kind = type(SAMPLE)(
        "tool", "tools", SAMPLE.record, SAMPLE.create, SAMPLE.update, parent=ORGANIZATION
    )
    assert Access(OrganizationRole.ADMIN).allows("delete", kind)
    assert not Access(OrganizationRole.MEMBER).allows("list", kind)


def test_the_document_names_every_endpoint(api: Caller) -> None:
    paths = api.get("/openapi.json")["paths"]
    one = "/recipes/{recipe_key}"
    assert {path: set(methods) for path, methods in paths.items() if "recipes" in path} == {
        "/recipes": {"get", "post"},
        "/recipes/batch": {"post"},
        "/recipes/upload": {"post"},
        one: {"get", "patch", "delete"},
        f"{one}/files/{{name}}": {"get"},
    }
    names = [each["name"] for each in paths["/recipes"]["get"]["parameters"]]
    assert names[:6] == ["limit", "cursor", "sort_by", "order", "called", "where"]
    assert {*RECIPE.filters} <= {*names}


class Note(AssetRecord):
    """A record without times, whose file has no status."""

    id: str
    checksum: str


class NoteCreate(CreateModel):
    """What a note is made of."""

    checksum: Text


class NoteUpdate(UpdateModel):
    """What can change of a note."""

    checksum: Text = ""


@pytest.mark.parametrize("allowed", ["create", "update", "delete"])
def test_what_a_kind_does_not_allow_has_no_endpoint(allowed: Any) -> None:
    kind = Kind("note", "notes", Note, NoteCreate, NoteUpdate, allows=frozenset([allowed]))
    backend = MemoryBackend(Family("notebook", (*REGISTRY.kinds, kind)))
    store = backend.store(kind, Scope())
    one = f"/notes/{store.create(NoteCreate(checksum='a')).id}"
    calls = {"create": ("POST", "/notes"), "update": ("PATCH", one), "delete": ("DELETE", one)}
    with running(Server(create_app(backend, api_keys=[KEY]))) as url:
        api = Caller(url, "2026-01", KEY)
        with api.session:
            assert api.get(one) == api.items("/notes")[0]
            for name, (method, path) in calls.items():
                status = api.call(method, path, {"checksum": "b"}).status_code
                assert (status == 405) is (name != allowed), name


def test_what_the_backend_does_not_offer_is_told(api: Caller) -> None:
    collection = api.new_collection()
    status, told = api.refused("POST", f"{collection}/model_artifacts", model())
    assert status == 501
    assert "SignedURLs" in told
