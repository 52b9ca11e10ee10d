"""Who is let in, and which complaint comes first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.caller import Caller
from tests.server.conftest import Serve
from tests.server.serving import KEY

UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"
MINE = "/users/me/organizations"

NOBODY = (401, "Not authenticated")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", KEY, f"Basic {KEY}", f"Bearer {KEY} {KEY}", "Bearer dfs_other", "é"],
)
def test_who_is_not_let_in(api: Caller, header: str) -> None:
    headers = {"Authorization": header.encode()}
    assert api.refused("GET", MINE, headers=headers) == NOBODY
    assert api.refused("GET", MINE, headers={"Authorization": None, "X-API-Key": KEY}) == NOBODY


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_way(api: Caller, scheme: str) -> None:
    assert api.call("GET", MINE, headers={"Authorization": f"{scheme} {KEY}"}).status_code == 200


def test_a_cookie_counts_from_2026_on_where_there_is_no_header(api: Caller) -> None:
    headers = {"Authorization": None, "Cookie": f"access_token={KEY}"}
    expected = 200 if api.is_new else 401
    assert api.call("GET", MINE, headers=headers).status_code == expected
    headers["Authorization"] = "Bearer dfs_other"
    assert api.refused("GET", MINE, headers=headers) == NOBODY


def test_what_only_persons_may_do(api: Caller) -> None:
    said = (403, "This endpoint requires jwt authentication.")
    assert api.refused("POST", "/organizations", {}) == said
    assert api.refused("POST", "/users/me/api-keys") == said
    for method in ("GET", "PATCH", "DELETE"):
        assert api.refused(method, api.organization) == said
        assert api.refused(method, api.organization, headers={"Authorization": "no"}) == NOBODY


def test_the_order_of_complaints(api: Caller) -> None:
    wrong = {"data": b"{", "headers": {"Authorization": "no", "Content-Type": "application/json"}}
    assert api.call("POST", api.orbits, **wrong).status_code == 422
    assert api.refused("POST", api.orbits, {}, headers={"Authorization": "no"}) == NOBODY
    strange = f"/organizations/{UNKNOWN}"
    assert api.call("POST", f"{strange}/orbits", {}).status_code == 422
    right = {"name": "New", "bucket_secret_id": UNKNOWN}
    assert api.refused("POST", f"{strange}/orbits", right) == (403, "Not enough rights")
    assert api.refused("POST", api.orbits, right) == (404, "Bucket secret not found")


@pytest.mark.parametrize("rest", ["orbits", "bucket-secrets", f"orbits/{UNKNOWN}/collections"])
def test_an_unknown_organization_is_one_without_rights(api: Caller, rest: str) -> None:
    said = (403, "Not enough rights")
    assert api.refused("GET", f"/organizations/{UNKNOWN}/{rest}") == said
    assert api.refused("PATCH", f"{api.organization}x/{rest}")[0] in (405, 422)


def test_forgiving_deletions_still_need_an_organization(api: Caller) -> None:
    for path in (f"orbits/{UNKNOWN}", f"bucket-secrets/{UNKNOWN}"):
        api.delete(f"{api.organization}/{path}")
        refused = api.refused("DELETE", f"/organizations/{UNKNOWN}/{path}")
        assert refused == (403, "Not enough rights")


def test_an_organization_tells_what_the_caller_may_do(api: Caller) -> None:
    [mine] = api.get(MINE)
    assert mine["role"] == "owner"
    assert mine["permissions"]["orbit"] == ["create"]
    assert mine.keys() == {
        *("id", "name", "logo", "created_at", "updated_at", "role", "permissions")
    }


def test_methods_and_paths_that_are_not_there(api: Caller) -> None:
    for method in ("HEAD", "OPTIONS", "PUT"):
        assert api.call(method, api.orbit).status_code == 405
    assert api.refused("PUT", api.orbit) == (405, "Method Not Allowed")
    assert api.refused("GET", "/nothing") == (404, "Not Found")
    answer = api.call("GET", f"{api.orbits}/", allow_redirects=False)
    assert (answer.status_code, answer.content) == (307, b"")
    assert answer.headers["location"] == api.url + api.orbits


def test_ids_are_read_in_every_spelling(api: Caller) -> None:
    start, _, identifier = api.orbit.rpartition("/")
    for spelling in (identifier.upper(), identifier.replace("-", ""), f"urn:uuid:{identifier}"):
        assert api.get(f"{start}/{spelling}")["id"] == identifier
    status, [fault] = api.refused("GET", f"{start}/name")
    assert (status, fault["type"], fault["loc"]) == (422, "uuid_parsing", ["path", "orbit_id"])
    assert "invalid character" in fault["ctx"]["error"]


def test_a_registry_that_was_closed_says_so_without_crashing(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    backends = []

    class NoObjects:
        routes = ()

    def note(backend: object) -> NoObjects:
        backends.append(backend)
        return NoObjects()

    api = serve(objects=note)
    backends[0].close()  # type: ignore[attr-defined]  # it is a backend
    status, detail = api.refused("GET", MINE)
    assert (status, detail) == (
        503,
        "The registry cannot be used at present; the log of its server says why.",
    )
    assert "closed" in caplog.text


def test_a_damaged_registry_is_no_passing_fault(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api = serve(database_url=f"sqlite:///{tmp_path}/registry.db")
    with closing(sqlite3.connect(tmp_path / "registry.db")) as connection, connection:
        connection.execute("UPDATE dataforce_organizations SET name = CAST(x'ff41' AS TEXT)")
    answer = api.call("GET", MINE)
    assert (answer.status_code, answer.json()) == (
        500,
        {"detail": "The registry cannot be used; the log of its server says why."},
    )
    assert "Restore it from a copy" in caplog.text
