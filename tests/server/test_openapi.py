"""What the server says of itself is what the platform says of itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.server.caller import Caller

CONTRACTS = Path(__file__).parent.parent / "data" / "contracts"
FOR_PERSONS = ("/organizations", "/organizations/{organization_id}")
JSON = "application/json"

Shape = tuple[frozenset[str], frozenset[str]]


def fields(schema: Any, document: Any) -> set[Shape]:
    """All fields and the required ones of an object, or of each object that it may be."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return fields(document["components"]["schemas"][name], document)
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    if alternatives:
        return {shape for one in alternatives for shape in fields(one, document)}
    if schema.get("type") == "array":
        return fields(schema["items"], document)
    properties = schema.get("properties", {})
    return {(frozenset(properties), frozenset(schema.get("required", ())))}


def operations(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path not in FOR_PERSONS
    }


def parameters(operation: Any) -> dict[str, Any]:
    """The parameters of a query: their bounds and whether they are required."""
    found = [item for item in operation.get("parameters", ()) if item["in"] == "query"]
    bounds = ("type", "default", "maximum", "exclusiveMinimum")
    return {
        item["name"]: (item["required"], {key: item["schema"].get(key) for key in bounds})
        for item in found
    }


def body(operation: Any, document: Any) -> set[Shape]:
    given = operation.get("requestBody")
    return fields(given["content"][JSON]["schema"], document) if given else set()


def answer(operation: Any, document: Any) -> set[Shape]:
    given = operation["responses"].get("200")
    return fields(given["content"][JSON]["schema"], document) if given else set()


@pytest.fixture
def contract(version: str) -> Any:
    return json.loads((CONTRACTS / f"dataforce-openapi-{version}.json").read_text("utf-8"))


def test_every_endpoint_is_there_and_no_other(api: Caller, contract: Any) -> None:
    assert operations(api.get("/openapi.json")).keys() == operations(contract).keys()


def test_requests_hold_what_the_platform_takes(api: Caller, contract: Any) -> None:
    ours = api.get("/openapi.json")
    for key, operation in operations(contract).items():
        assert body(operations(ours)[key], ours) == body(operation, contract), key
        assert parameters(operations(ours)[key]) == parameters(operation), key


def test_answers_hold_what_the_platform_answers(api: Caller, contract: Any) -> None:
    ours = api.get("/openapi.json")
    for key, operation in operations(contract).items():
        theirs = answer(operation, contract)
        if key[1].endswith(("/download-url", "/delete-url")):
            theirs = {(frozenset({"url"}), frozenset({"url"}))}  # the contract leaves it open
        mine = answer(operations(ours)[key], ours)
        # Files are kept behind S3's protocol only, even in a container of Azure.
        assert mine <= theirs if "multipart" in key[1] else mine == theirs, key
        assert ("204" in operation["responses"]) == ("204" in operations(ours)[key]["responses"])


def test_the_title_tells_the_version(api: Caller) -> None:
    title = "LUML AI API" if api.is_new else "Dataforce Studio API"
    assert api.get("/openapi.json")["info"]["title"] == title


def test_a_method_that_is_not_there_is_told_which_are(api: Caller) -> None:
    for path, methods in api.get("/openapi.json")["paths"].items():
        url = re.sub(r"\{\w+\}", "0199c455-21ee-74c6-b747-19a82f1a1e75", path)
        answer = api.call("TRACE", url)
        allowed = {method.strip().lower() for method in answer.headers["allow"].split(",")}
        assert (answer.status_code, allowed) == (405, methods.keys()), path
