"""Manifests: the form they must have, and what is stored of them."""

from __future__ import annotations

from typing import Any

import pytest

from dataforce import Client, Collection, ModelArtifact, UnprocessableEntityError
from dataforce.testing.packages import MANIFEST
from dataforce.testing.plugin import PackageFactory, RecordFactory, ReserveFactory

REQUIRED = set(MANIFEST) - {"name", "version", "description"}
ITEM = {"name": "x", "content_type": "NDJSON", "dtype": "Array[float]", "shape": ["batch", 4]}
WRONG_PARTS: tuple[dict[str, object], ...] = (
    {"variant": None},
    {"producer_tags": None},
    {"inputs": {}},
    {"inputs": [{}]},
    {"inputs": [ITEM | {"content_type": "XML"}]},
    {"inputs": [ITEM | {"dtype": "float"}]},
    {"inputs": [ITEM | {"dtype": "Array[]"}]},
    {"inputs": [ITEM | {"dtype": "Array[float] "}]},
    {"outputs": [ITEM | {"shape": None}]},
    {"outputs": [ITEM | {"shape": [[1]]}]},
    {"outputs": [{"name": "x", "content_type": "JSON"}]},
    {"dynamic_attributes": [{"name": "depth"}]},
    {"env_vars": [{"description": "How many"}]},
    {"name": "a\x00b"},
)


def stored_manifest(client: Client, model: ModelArtifact) -> dict[str, Any]:
    """The manifest as the platform tells it now."""
    found = client.model_artifacts.get(model.id)
    assert found is not None
    return found.manifest.model_dump()


def test_a_manifest_needs_its_fields(
    client: Client, reserve: ReserveFactory, package: PackageFactory
) -> None:
    """Whether it is given or read from a package."""
    for field in REQUIRED:
        manifest = {name: value for name, value in MANIFEST.items() if name != field}
        with pytest.raises(UnprocessableEntityError, match=rf"manifest\.{field}"):
            reserve(manifest=manifest)
        path = package(manifest=manifest)
        with pytest.raises(UnprocessableEntityError, match=rf"manifest\.{field}"):
            client.model_artifacts.upload(path, "iris")
    assert client.model_artifacts.list() == []


def test_a_manifest_needs_the_right_form(client: Client, reserve: ReserveFactory) -> None:
    """The error names the part that is wrong."""
    for changes in WRONG_PARTS:
        with pytest.raises(UnprocessableEntityError, match=rf"manifest\.{next(iter(changes))}"):
            reserve(manifest={**MANIFEST, **changes})
    assert client.model_artifacts.list() == []


@pytest.mark.parametrize("dtype", ["Array[float]", "NDContainer[string]", "Array[Array[int]]"])
def test_a_manifest_that_the_platform_takes(register: RecordFactory, dtype: str) -> None:
    """Names and numbers make a shape; what is left out is stored as absent."""
    item = ITEM | {"dtype": dtype}
    bare = {name: value for name, value in MANIFEST.items() if name in REQUIRED}
    stored = register(manifest={**bare, "inputs": [item]}).manifest.model_dump()
    assert stored["inputs"] == [item | {"tags": None}]
    assert (stored["name"], stored["version"], stored["description"]) == (None, None, None)


def test_what_the_platform_does_not_know_of_a_manifest_is_dropped(
    client: Client, collection: Collection, package: PackageFactory, register: RecordFactory
) -> None:
    """Whether it is given or read from a package."""
    unknown = {**MANIFEST, "colour": "blue", "inputs": [{**ITEM, "colour": "blue"}]}
    known = {**MANIFEST, "inputs": [{**ITEM, "tags": None}]}
    uploaded = client.model_artifacts.upload(package(manifest=unknown), "iris")
    assert stored_manifest(client, uploaded) == known
    assert stored_manifest(client, register(manifest=unknown)) == known
