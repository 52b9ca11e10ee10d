"""What the holder of a key may do, by its role in the organization and in orbits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from dataforce.server import Access, OrbitRole, OrganizationRole
from tests.server.caller import Caller, model
from tests.server.serving import KEY, serving

UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"
DENIED = (403, {"detail": "Not enough rights"})
HOLDER = "dfs_holder"

OWNER, ADMIN, MEMBER = OrganizationRole
ORBIT_ADMIN, ORBIT_MEMBER = OrbitRole

HOLDERS = {
    "owner": (OWNER, None),
    "admin": (ADMIN, None),
    "member": (MEMBER, None),
    "orbit admin": (MEMBER, ORBIT_ADMIN),
    "orbit member": (MEMBER, ORBIT_MEMBER),
}
ADMINS = {"owner", "admin"}
EVERYBODY = {*HOLDERS}
IN_ORBIT = EVERYBODY - {"member"}
DELETING = IN_ORBIT - {"orbit member"}


@dataclass
class Place:
    """An orbit of the test's own, and what the holder of a key makes of it."""

    api: Caller
    access: Access
    secret: str
    orbit: str
    collection: str
    model: str

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the body of a request with the holder's key."""
        headers = {"Authorization": f"Bearer {HOLDER}"}
        answer = self.api.call(method, path, body, headers=headers)
        is_json = answer.headers.get("content-type") == "application/json" and answer.content
        return answer.status_code, answer.json() if is_json else answer.text

    def join(self, role: OrganizationRole, orbit_role: OrbitRole | None) -> None:
        """Give the key these roles."""
        orbit = self.orbit.rpartition("/")[2]
        self.access.role = role
        self.access.orbits = {} if orbit_role is None else {orbit: orbit_role}


class Call(NamedTuple):
    """A call, and who may make it."""

    allowed: set[str]
    method: str
    path: str
    body: Any = None
    is_new: bool = False


def secret_body(**changes: Any) -> Any:
    return {
        "type": "s3",
        "endpoint": "s3",
        "bucket_name": "b",
        "region": "r",
        "id": UNKNOWN,
    } | changes


CALLS = {
    "secret list": Call(ADMINS, "GET", "{api.secrets}"),
    "secret read": Call(ADMINS, "GET", "{secret}"),
    "secret create": Call(ADMINS, "POST", "{api.secrets}", secret_body()),
    "secret update": Call(ADMINS, "PATCH", "{secret}", secret_body()),
    "secret delete": Call(ADMINS, "DELETE", "{api.secrets}/" + UNKNOWN),
    "orbit list": Call(EVERYBODY, "GET", "{api.orbits}"),
    "orbit read": Call(EVERYBODY, "GET", "{orbit}"),
    "orbit create": Call(ADMINS, "POST", "{api.orbits}", {"name": "New"}),
    "orbit update": Call(ADMINS | {"orbit admin"}, "PATCH", "{orbit}", {"name": "Renamed"}),
    "orbit delete": Call({"owner", "orbit admin"}, "DELETE", "{orbit}"),
    "collection list": Call(IN_ORBIT, "GET", "{orbit}/collections"),
    "collection read": Call(IN_ORBIT, "GET", "{collection}", is_new=True),
    "collection create": Call(
        *(IN_ORBIT, "POST", "{orbit}/collections"),
        {"name": "c", "description": "", "collection_type": "model"},
    ),
    "collection update": Call(IN_ORBIT, "PATCH", "{collection}", {"name": "n", "description": ""}),
    "collection delete": Call(DELETING, "DELETE", "{empty}"),
    "model list": Call(IN_ORBIT, "GET", "{collection}/model_artifacts"),
    "model read": Call(IN_ORBIT, "GET", "{model}", is_new=True),
    "model create": Call(IN_ORBIT, "POST", "{collection}/model_artifacts", model()),
    "model update": Call(IN_ORBIT, "PATCH", "{model}", {"tags": ["new"]}),
    "model download": Call(IN_ORBIT, "GET", "{model}/download-url"),
    "model delete-url": Call(DELETING, "GET", "{model}/delete-url"),
    "model delete": Call(DELETING, "DELETE", "{deleting}"),
    "model force": Call(DELETING, "DELETE", "{model}/force"),
}


@pytest.fixture(scope="module", params=["2025-12", "2026-01"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Caller, Access]]:
    access = Access()
    with serving(api_version=request.param, roles={HOLDER: access}) as url:
        api = Caller(url, request.param, KEY)
        yield api, access
        api.session.close()


@pytest.fixture
def place(served: tuple[Caller, Access]) -> Iterator[Place]:
    api, access = served
    secret = api.post(api.secrets, api.secret(bucket_name=uuid4().hex))["id"]
    made = api.post(api.orbits, {"name": "Own", "bucket_secret_id": secret})
    first = api.orbit, api.collections
    api.orbit = f"{api.orbits}/{made['id']}"
    api.collections = f"{api.orbit}/collections"
    collection = api.new_collection()
    file = api.new_file(collection)
    access.role, access.orbits = OWNER, {}
    yield Place(api, access, f"{api.secrets}/{secret}", api.orbit, collection, file)
    api.orbit, api.collections = first


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_role_allows_what_the_platform_allows(place: Place, name: str, holder: str) -> None:
    call, api = CALLS[name], place.api
    if call.is_new and not api.is_new:
        pytest.skip("from 2026-01 on only")
    empty = api.new_collection() if "{empty}" in call.path else ""
    deleting = place.model
    if "{deleting}" in call.path:
        api.get(f"{place.model}/delete-url")
    body = call.body
    if name == "orbit create":
        body = body | {"bucket_secret_id": place.secret.rpartition("/")[2]}
    elif name in ("secret create", "secret update"):
        body = body | {"bucket_name": uuid4().hex}
    place.join(*HOLDERS[holder])
    path = call.path.format(**vars(place), empty=empty, deleting=deleting)
    status, answer = place.call(call.method, path, body)
    if holder in call.allowed:
        assert status in (200, 204), answer
    else:
        assert (status, answer) == DENIED


def test_a_member_lists_only_the_orbits_that_it_belongs_to(place: Place) -> None:
    place.join(MEMBER, None)
    assert place.call("GET", place.api.orbits) == (200, [])
    place.join(MEMBER, ORBIT_MEMBER)
    _, [mine] = place.call("GET", place.api.orbits)
    assert (mine["id"], mine["role"]) == (place.orbit.rpartition("/")[2], "member")
    assert (mine["total_satellites"], mine["total_model_artifacts"]) == (None, None)
    assert mine["total_collections"] == 1
    assert place.call("GET", place.orbit)[1]["role"] is None
    for role in (OWNER, ADMIN):
        place.join(role, ORBIT_MEMBER)
        listed = place.call("GET", place.api.orbits)[1]
        assert len(listed) > 1
        assert {orbit["role"] for orbit in listed} == {None}


@pytest.mark.parametrize(
    ("role", "orbit", "secrets"),
    [(OWNER, ["create"], True), (ADMIN, ["create"], True), (MEMBER, None, False)],
)
def test_an_organization_tells_the_role_of_the_caller(
    place: Place, role: OrganizationRole, orbit: Any, secrets: bool
) -> None:
    place.join(role, ORBIT_ADMIN)
    _, [mine] = place.call("GET", "/users/me/organizations")
    assert mine["role"] == role.value
    assert mine["permissions"].get("orbit") == orbit
    assert ("bucket_secret" in mine["permissions"]) == secrets


def test_an_admin_is_admin_of_the_orbits_that_it_creates(place: Place) -> None:
    place.join(ADMIN, None)
    secret = place.secret.rpartition("/")[2]
    body = {"name": "Made", "bucket_secret_id": secret}
    made = f"{place.api.orbits}/{place.call('POST', place.api.orbits, body)[1]['id']}"
    assert place.call("DELETE", place.orbit)[0] == 403
    assert place.call("DELETE", made)[0] == 204


def test_permission_is_looked_at_after_the_body_and_before_existence(place: Place) -> None:
    place.join(MEMBER, ORBIT_MEMBER)
    unknown = f"{place.api.orbits}/{UNKNOWN}"
    assert place.call("POST", place.api.orbits, {})[0] == 422
    assert place.call("POST", place.api.secrets, secret_body(bucket_name="\x00")) == DENIED
    assert place.call("GET", f"{unknown}/collections") == DENIED
    assert place.call("PATCH", unknown, {"name": "x"}) == DENIED
    assert place.call("GET", unknown) == (404, {"detail": "Orbit not found"})
    missing = f"{place.orbit}/collections/{UNKNOWN}"
    assert place.call("DELETE", missing) == DENIED
    changes = {"name": "x", "description": ""}
    assert place.call("PATCH", missing, changes) == (404, {"detail": "Collection not found"})
    place.join(ADMIN, None)
    assert place.call("GET", f"{unknown}/collections") == (404, {"detail": "Orbit not found"})


def test_an_orbit_admin_moves_the_orbit_to_a_secret_that_it_cannot_read(place: Place) -> None:
    place.join(MEMBER, ORBIT_ADMIN)
    other = place.api.post(place.api.secrets, place.api.secret(bucket_name=uuid4().hex))["id"]
    changes = {"bucket_secret_id": other}
    assert place.call("PATCH", place.orbit, changes)[1]["bucket_secret_id"] == other


def test_parts_of_an_upload_are_for_those_who_may_create(place: Place) -> None:
    if not place.api.is_new:
        pytest.skip("from 2026-01 on only")
    details = place.api.new_model(place.collection)["upload_details"]
    body = {
        "bucket_id": details["bucket_secret_id"],
        "bucket_location": details["bucket_location"],
        "size": 5,
        "upload_id": "x",
    }
    path = "/bucket-secrets/upload/multipart"
    place.join(MEMBER, None)
    assert place.call("POST", path, body) == DENIED
    place.join(MEMBER, ORBIT_MEMBER)
    assert place.call("POST", path, body)[0] == 200
