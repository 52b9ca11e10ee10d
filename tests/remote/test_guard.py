"""The list of what a remote client that only reads may ask for."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforce import ReadOnlyError
from dataforce.backend import Family, Kind
from dataforce.config import Settings, load_settings
from dataforce.models import ORBIT, REGISTRY
from dataforce_remote.http.guard import Guard

CONTRACTS = Path(__file__).parent.parent / "data" / "contracts"
VERSIONS = ("2025-12", "2026-01")
ID = "0199c455-21ee-74c6-b747-19a82f1a1e75"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "get", "Get", "GET ", "")

ORGANIZATION_PATH = "/organizations/{organization_id}"
COLLECTIONS_PATH = f"{ORGANIZATION_PATH}/orbits/{{orbit_id}}/collections"
MODELS_PATH = f"{COLLECTIONS_PATH}/{{collection_id}}/model_artifacts"
READS = {
    "/users/me/organizations",
    f"{ORGANIZATION_PATH}/bucket-secrets",
    f"{ORGANIZATION_PATH}/bucket-secrets/{{secret_id}}",
    f"{ORGANIZATION_PATH}/orbits",
    f"{ORGANIZATION_PATH}/orbits/{{orbit_id}}",
    COLLECTIONS_PATH,
    f"{COLLECTIONS_PATH}/{{collection_id}}",
    MODELS_PATH,
    f"{MODELS_PATH}/{{model_artifact_id}}",
    f"{MODELS_PATH}/{{model_artifact_id}}/download-url",
}
"""What may be asked for with GET, as the contracts spell it."""


def set_to(read_only: bool) -> Settings:
    return load_settings({"read_only": read_only}, environment={}, client_name="")


GUARD = Guard(set_to(read_only=True), REGISTRY)


def lets_pass(method: str, path: str, guard: Guard = GUARD) -> bool:
    try:
        guard.check_call(method, path)
    except ReadOnlyError:
        return False
    return True


@pytest.mark.parametrize("version", VERSIONS)
def test_of_the_routes_of_the_platform_those_that_read_are_allowed(version: str) -> None:
    contract = CONTRACTS / f"dataforce-openapi-{version}.json"
    routes = json.loads(contract.read_text(encoding="utf-8"))["paths"]
    offered = {(method.upper(), path) for path, methods in routes.items() for method in methods}
    every = offered | {(method, path) for path in routes for method in METHODS}
    allowed = {each for each in every if lets_pass(each[0], re.sub(r"\{\w+\}", ID, each[1]))}
    # 2025-12 has no GET of a single collection or model, and answers 405.
    assert allowed == {("GET", path) for path in READS & set(routes)}
    assert ("GET", f"{MODELS_PATH}/{{model_artifact_id}}/delete-url") in offered - allowed


def test_all_reads_are_in_a_contract() -> None:
    newest = CONTRACTS / f"dataforce-openapi-{VERSIONS[-1]}.json"
    assert set(json.loads(newest.read_text(encoding="utf-8"))["paths"]) >= READS


def test_a_new_kind_of_asset_can_be_read_as_well() -> None:
    declared: dict[str, Any] = dict.fromkeys(("record", "create", "update"), dict)
    kind: Kind[Any, Any, Any] = Kind("data set", "data.sets", parent=ORBIT, **declared)
    path = f"/organizations/{ID}/orbits/{ID}/data.sets/{ID}"
    guard = Guard(set_to(read_only=True), Family("wider", (*REGISTRY.kinds, kind)))
    assert lets_pass("GET", path, guard)
    assert lets_pass("GET", path.removesuffix(f"/{ID}"), guard)
    assert not lets_pass("GET", path)
    assert not lets_pass("GET", path.replace(".", "-"), guard)
    assert not lets_pass("GET", f"{path}/download-url", guard), "it has no files"
    assert not lets_pass("DELETE", path, guard)


MODEL = re.sub(r"\{\w+\}", ID, f"{MODELS_PATH}/{{model_artifact_id}}")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        MODEL.removeprefix("/"),
        f"{MODEL}/",
        f"/{MODEL}",
        MODEL.replace("/orbits/", "//orbits/"),
        f"{MODEL}/.",
        f"{MODEL}/download-url/../delete-url",
        f"{MODEL}/download-url/%2e%2e/delete-url",
        f"{MODEL}/download-url%00",
        f"{MODEL}/download-url\n",
        f"{MODEL}/delete%2Durl",
        f"{MODEL}/DOWNLOAD-URL",
        f"{MODEL}?method=DELETE",
        f"{MODEL}#delete-url",
        f"{MODEL};delete-url",
        f"{MODEL}\\delete-url",
        MODEL.replace("organizations", "Organizations"),
        MODEL.replace("o", "%6f", 1),
        MODEL.replace("0199", "٠١٩٩"),
        MODEL.replace("-", ""),
        f"{MODEL}/force",
        MODEL.removesuffix(ID) + "delete-url",
        f"http://elsewhere.example{MODEL}",
        "/users/me/organizations/",
        "/users/me",
        f"/bucket-secrets/{ID}",
        "/organizations",
        f"/organizations/{ID}",
    ],
)
def test_another_spelling_is_another_path(path: str) -> None:
    assert lets_pass("GET", MODEL)
    assert not lets_pass("GET", path)


def is_read(method: str, path: str) -> bool:
    """The same question, answered in another way."""
    asked = path.split("/")
    return method == "GET" and any(
        len(asked) == len(known.split("/"))
        and all(
            is_id(one) if other.startswith("{") else one == other
            for one, other in zip(asked, known.split("/"), strict=True)
        )
        for known in READS
    )


def is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


WORDS = [*{word for path in READS for word in path.split("/") if "{" not in word}, "delete-url"]
ODD = ["", ".", "..", "%2e%2e", "%2f", "force", "urls", "GET", "delete-url?", ID[:-1], f"{ID}\n"]
SEGMENTS = st.lists(st.sampled_from([*WORDS, *ODD, ID, ID.upper()]), max_size=10).map("/".join)
KNOWN = st.sampled_from(sorted(READS)).map(lambda path: re.sub(r"\{\w+\}", ID, path))
EDITED = st.builds(
    lambda path, at, cut, put: path[:at] + put + path[at + cut :],
    KNOWN,
    st.integers(0, 200),
    st.integers(0, 3),
    st.sampled_from(["", "/", ".", "%", "?", "#", "\n", "\0", "a", "-", "é", "delete-url"]),
)


@given(
    st.sampled_from(METHODS) | st.text(max_size=5),
    KNOWN | EDITED | SEGMENTS | SEGMENTS.map("/".__add__) | st.text(),
)
def test_what_is_not_literally_allowed_is_refused(method: str, path: str) -> None:
    assert lets_pass(method, path) == is_read(method, path)


def test_the_refusal_names_request_and_setting() -> None:
    with pytest.raises(ReadOnlyError) as caught:
        GUARD.check_call("GET", f"{MODEL}/delete-url")
    assert caught.value.message.startswith(
        f"Cannot send GET {MODEL}/delete-url: this client is read-only (code). "
    )


@given(st.sampled_from(METHODS) | st.text(max_size=5), SEGMENTS)
def test_without_the_setting_all_is_left_to_the_platform(method: str, path: str) -> None:
    guard = Guard(set_to(read_only=False), REGISTRY)
    assert lets_pass(method, path, guard)
    guard.check_transfer(method)


@given(st.sampled_from(METHODS) | st.text(max_size=5))
def test_a_bucket_is_only_read_from(method: str) -> None:
    if method == "GET":
        GUARD.check_transfer(method)
    else:
        with pytest.raises(ReadOnlyError, match=r"(?s)^Cannot send .* to the bucket"):
            GUARD.check_transfer(method)
