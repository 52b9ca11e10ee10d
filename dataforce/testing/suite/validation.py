"""Arguments that are refused: with an error that names them, and nothing written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from dataforce import BucketSecret, Client, Collection, UnprocessableEntityError
from dataforce.testing.packages import MANIFEST
from dataforce.testing.plugin import PackageFactory, RecordFactory, ReserveFactory
from dataforce.testing.suite._support import refuse_all

Wrong = dict[str, Sequence[Any]]

LARGEST = 5 * 1024**4
NAMES = ("", "   ", "\n", "a\x00b", "\ud800", 5, b"bytes", ["name"])
TAGS = ("text", [5], ["a\x00b"], ["\ud800"], [None], {"a": "b"})
DESCRIPTIONS = ("a\x00b", "\ud800", 5)
FORBIDDEN = ":\"*`~#%;'^"
COLLECTION_VALUES: Wrong = {
    "name": (*NAMES, None),
    "tags": TAGS,
    "description": (*DESCRIPTIONS, None),
    "collection_type": ("table", "", "Model", None, 1),
}
FILE_NAMES: Sequence[object] = (
    *("", "noext", ".dfs", "a.", "a.d fs", "a\x00.fnnx", "\ud800.fnnx", 5, b"a.fnnx"),
    *(f"mo{character}del.fnnx" for character in FORBIDDEN),
    *(f"model.fn{character}nx" for character in f"{FORBIDDEN}\t\n"),
)
UPLOADS: Wrong = {"model_name": (*NAMES, None), "tags": TAGS, "description": DESCRIPTIONS}
MODEL_VALUES: Wrong = UPLOADS | {
    "file_name": (*FILE_NAMES, None),
    "metrics": (
        *({"loss": number} for number in (math.nan, math.inf, -math.inf)),
        *(None, [1], {"a": {"b": [math.nan]}}, {"a": object()}),
        *({"a\x00": 1}, {"a": ["b\x00"]}, {"a": "\ud800"}),
    ),
    "size": (LARGEST + 1, None, "large", 1.5),
    "file_index": (None, [], {"a": 1}, {"a": (1,)}, {"a": (1, "b")}, {"a\x00": (1, 2)}),
    "file_hash": (None, 5, "a\x00"),
    "manifest": (None, {}, [], "manifest"),
}


@pytest.mark.parametrize("field", COLLECTION_VALUES)
def test_a_wrong_collection_is_refused(client: Client, field: str) -> None:
    """By the name of the argument."""
    values: dict[str, Any] = {"name": "Churn", "description": "", "collection_type": "model"}
    for value in COLLECTION_VALUES[field]:
        with pytest.raises(UnprocessableEntityError, match=field):
            client.collections.create(**(values | {field: value}))
    assert client.collections.list() == []


@pytest.mark.parametrize("field", MODEL_VALUES)
def test_a_wrong_model_is_refused(client: Client, reserve: ReserveFactory, field: str) -> None:
    """By the name of the argument."""
    for value in MODEL_VALUES[field]:
        change: dict[str, Any] = {field: value}
        with pytest.raises(UnprocessableEntityError, match=field):
            reserve(**change)
    assert client.model_artifacts.list() == []


@pytest.mark.parametrize("field", UPLOADS)
def test_a_wrong_upload_is_refused(
    client: Client, collection: Collection, package: PackageFactory, field: str
) -> None:
    """The file may be right, what is said of it is not."""
    path = package()
    for value in UPLOADS[field]:
        values: dict[str, Any] = {"model_name": "iris"} | {field: value}
        with pytest.raises(UnprocessableEntityError, match=field):
            client.model_artifacts.upload(path, **values)
    assert client.model_artifacts.list() == []


def test_a_model_may_have_the_largest_size(register: RecordFactory) -> None:
    """Five tebibytes."""
    assert register(size=LARGEST).size == LARGEST


def test_file_names_that_the_platform_takes(register: RecordFactory) -> None:
    """They come back as they were given."""
    for name in (
        "a.b",
        "with spaces.fnnx",
        "folder/name.fnnx",
        "back\\slash.fnnx",
        "what?.fnnx",
        "a&b<c>.fnnx",
        "two\nlines.fnnx",
        "modèle-花.fnnx",
        f"{'x' * 300}.fnnx",
        "model.v1.tar.anything",
    ):
        assert register(file_name=name).file_name == name


def test_a_refusal_says_what_a_field_takes(
    client: Client, reserve: ReserveFactory, bucket_secret: BucketSecret
) -> None:
    """In words, and never what was given."""
    model = reserve().model
    wrong: Any = {"tags": ["CANARY", 5], "description": 5}
    item = {"name": "x", "content_type": "CANARY", "dtype": "Array[float]", "shape": [1]}
    calls: dict[str, Callable[[], object]] = {
        "tags takes a list of strings": lambda: client.collections.update(**wrong),
        "description takes text": lambda: client.collections.update(**wrong),
        "collection_type takes 'model' or 'dataset'": lambda: client.collections.create(
            "", "x", cast(Any, "CANARY")
        ),
        "status takes 'uploaded', 'upload_failed' or 'deletion_failed'": (
            lambda: client.model_artifacts.update(model, status=cast(Any, "CANARY"))
        ),
        "metrics takes a dictionary of JSON values": lambda: reserve(metrics={"CANARY": {1}}),
        "file_index takes a dictionary of pairs of whole numbers": (
            lambda: reserve(file_index={"CANARY": (1,)})
        ),
        "size takes a whole number": lambda: reserve(size="CANARY"),
        "size takes at most": lambda: reserve(size=2 * LARGEST),
        "size takes at least": lambda: reserve(size=-2 * LARGEST),
        "file_name must be a name, a dot and": lambda: reserve(file_name="CANARY"),
        "manifest takes a dictionary": lambda: reserve(manifest="CANARY"),
        "manifest.variant is missing": lambda: reserve(manifest={"CANARY": 1}),
        "manifest.producer_tags takes a list of strings": (
            lambda: reserve(manifest={**MANIFEST, "producer_tags": "CANARY"})
        ),
        "manifest.inputs takes a list of dictionaries": (
            lambda: reserve(manifest={**MANIFEST, "inputs": "CANARY"})
        ),
        "manifest.inputs[0].content_type takes one of 'JSON', 'NDJSON'": (
            lambda: reserve(manifest={**MANIFEST, "inputs": [item]})
        ),
        "manifest.inputs[0].content_type is missing": (
            lambda: reserve(manifest={**MANIFEST, "inputs": [{"CANARY": 1}]})
        ),
        "manifest.inputs[0].dtype takes text that matches": lambda: reserve(
            manifest={**MANIFEST, "inputs": [{**item, "content_type": "NDJSON", "dtype": "CANARY"}]}
        ),
        "manifest.env_vars[0].name takes a valid string": lambda: reserve(
            manifest={**MANIFEST, "env_vars": [{"name": 5, "description": "CANARY"}]}
        ),
        "secure takes True or False": (
            lambda: client.bucket_secrets.update(bucket_secret, secure=cast(Any, "CANARY"))
        ),
        "secret_key takes text": (
            lambda: client.bucket_secrets.update(bucket_secret, secret_key=cast(Any, ["CANARY"]))
        ),
    }
    for said, call in calls.items():
        (message,) = refuse_all(UnprocessableEntityError, call)
        assert said in message
        assert "CANARY" not in message
        assert len(message) <= 500
    assert client.model_artifacts.list() == [model]
