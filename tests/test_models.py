from __future__ import annotations

import copy
import json
import math
import pickle
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from dataforce import (
    CLEAR,
    BucketSecret,
    Collection,
    CreatedModel,
    ModelArtifact,
    Orbit,
    SignedURL,
    StoreCorruptedError,
)
from dataforce.backend.identity import canonical_id
from dataforce.models import (
    COLLECTION,
    MODEL_ARTIFACT,
    REGISTRY,
    ModelArtifactCreate,
    OrbitCreate,
)
from dataforce.models._deferred import JSONText
from dataforce.package import read_package

MANIFEST = read_package(Path(__file__).parent / "data" / "iris.fnnx").manifest
WIRE: dict[str, Any] = {
    "id": "0199c455-21ee-74c6-b747-19a82f1a1e75",
    "collection_id": "0199c455-21ee-74c6-b747-19a82f1a1e76",
    "file_name": "iris.fnnx",
    "model_name": "iris",
    "description": None,
    "metrics": {"accuracy": 0.5},
    "manifest": {**MANIFEST, "made_in": 2031},
    "file_hash": "0" * 64,
    "file_index": {"manifest.json": [512, 1437]},
    "bucket_location": "orbit-x/collection-y/z-iris.fnnx",
    "size": 51200,
    "unique_identifier": "f" * 32,
    "tags": ["flowers"],
    "status": "pending_deletion",
    "created_by_user": "Ada",
    "created_at": "2026-11-20T18:17:35.178747Z",
    "updated_at": None,
    "colour_of_the_model": "blue",
}
DEFERRED = ("metrics", "manifest", "file_index", "tags")


def wire(**changes: Any) -> dict[str, Any]:
    return {**WIRE, **changes}


def deferred(**changes: Any) -> ModelArtifact:
    """The record as a database hands it over: what is JSON there is text."""
    texts = {name: JSONText(json.dumps(WIRE[name])) for name in DEFERRED}
    return ModelArtifact.model_validate(wire(**{**texts, **changes}))


def test_an_answer_survives_the_round_trip_with_what_we_do_not_know() -> None:
    record = ModelArtifact.model_validate_json(json.dumps(WIRE))
    sent = json.loads(record.model_dump_json())
    assert {name: value for name, value in sent.items() if name != "manifest"} == {
        name: value for name, value in WIRE.items() if name != "manifest"
    }
    assert sent["manifest"]["made_in"] == 2031
    assert record.created_at == datetime(2026, 11, 20, 18, 17, 35, 178747, UTC)


@given(st.datetimes(min_value=datetime(1970, 1, 1)))  # noqa: DTZ001  the zone is added below
def test_times_keep_the_form_of_the_wire(moment: datetime) -> None:
    spelled = moment.isoformat() + "Z"
    orbit = Orbit.model_validate(
        {"id": "a", "name": "b", "organization_id": "c", "bucket_secret_id": "d"}
        | {"created_at": spelled}
    )
    assert orbit.created_at == moment.replace(tzinfo=UTC)
    assert json.loads(orbit.model_dump_json())["created_at"] == spelled


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        ModelArtifact.model_validate(wire(created_at="2026-11-20T18:17:35"))


def test_a_record_cannot_be_changed_by_accident() -> None:
    record = ModelArtifact.model_validate(WIRE)
    with pytest.raises(ValidationError):
        record.model_name = "other"  # type: ignore[misc]  # that is the point
    with pytest.raises(ValidationError):
        deferred().metrics = {}  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    "look",
    [
        lambda record: record.metrics["accuracy"],
        lambda record: record.manifest.inputs[0].name,
        lambda record: record.file_index["manifest.json"],
        lambda record: record.tags,
        repr,
        str,
        dict,
        ModelArtifact.model_dump,
        ModelArtifact.model_dump_json,
        copy.copy,
        copy.deepcopy,
        lambda record: pickle.loads(pickle.dumps(record)),
        lambda record: record.model_copy(update={"size": 1}),
    ],
)
def test_deferred_fields_look_like_any_other(look: Any) -> None:
    assert look(deferred()) == look(ModelArtifact.model_validate(WIRE))


def test_records_are_equal_however_they_were_read() -> None:
    assert deferred() == ModelArtifact.model_validate(WIRE)
    assert ModelArtifact.model_validate(WIRE) == deferred()
    assert deferred(size=1) != deferred()
    assert deferred() != "something else"


def test_deferred_text_is_parsed_once() -> None:
    record = deferred()
    assert record.metrics is record.metrics


@pytest.mark.parametrize("text", ["{bad", "[]", '{"a": ' * 500 + "1" + "}" * 500])
@pytest.mark.parametrize("look", [lambda record: record.metrics, dict])
def test_a_damaged_field_is_named(look: Any, text: str) -> None:
    record = deferred(metrics=JSONText(text))
    with pytest.raises(StoreCorruptedError, match=f"^The metrics of .*{WIRE['id']} .* a copy.$"):
        look(record)
    assert record.tags == ["flowers"]


@pytest.mark.parametrize("dump", [ModelArtifact.model_dump, ModelArtifact.model_dump_json])
def test_pydantic_says_why_a_damaged_field_is_not_dumped(dump: Any) -> None:
    # pydantic wraps what a serializer raises.
    with pytest.raises(PydanticSerializationError, match="StoreCorruptedError: The metrics of"):
        dump(deferred(metrics=JSONText("{bad")))


def test_records_can_be_put_in_a_set_before_and_after_they_are_read() -> None:
    read = deferred()
    found = {read}
    repr(read)
    assert isinstance(read.tags, list)
    assert read in found
    assert found | {deferred(), ModelArtifact.model_validate(WIRE)} == found
    assert {read, deferred(size=1), deferred(id="other")} == {
        ModelArtifact.model_validate(wire(size=1)),
        ModelArtifact.model_validate(wire(id="other")),
        deferred(),
    }


def test_a_subclass_hashes_too() -> None:
    class Named(ModelArtifact):
        nickname: str = "it"

    class Counted(ModelArtifact):
        def __hash__(self) -> int:
            return 5

    assert Named.model_validate(WIRE) in {Named.model_validate(WIRE)}
    assert hash(Counted.model_validate(WIRE)) == 5


def test_only_a_backend_may_defer() -> None:
    with pytest.raises(ValidationError):
        ModelArtifact.model_validate(wire(metrics='{"accuracy": 0.5}'))
    with pytest.raises(ValidationError):
        ModelArtifact.model_validate_json(json.dumps(wire(metrics="{}")))


def test_a_subclass_defers_too() -> None:
    class Named(ModelArtifact):
        nickname: str = "it"

    record = Named.model_validate(dict(deferred()))
    assert record.metrics == {"accuracy": 0.5}
    assert Named.model_json_schema()["properties"]["metrics"]["type"] == "object"


def test_a_field_can_be_set_where_pydantic_does_not_watch() -> None:
    record = deferred()
    object.__setattr__(record, "metrics", {"accuracy": 1.0})
    assert record.metrics == {"accuracy": 1.0}


def test_an_azure_account_key_is_not_printed() -> None:
    secret = BucketSecret.model_validate(
        {
            "id": "a",
            "type": "azure",
            "endpoint": "AccountName=x;AccountKey=canary",
            "bucket_name": "models",
            "organization_id": "b",
            "created_at": WIRE["created_at"],
        }
    )
    assert "canary" not in repr(secret) + str(secret)
    assert "models" in repr(secret)
    assert secret.endpoint.endswith("canary")


def test_signed_urls_are_not_printed() -> None:
    part = {"part_number": 1, "url": "https://x?sig=canary", "start_byte": 0, "end_byte": 1}
    created = CreatedModel.model_validate(
        {
            "model": WIRE,
            "url": {"parts": [part | {"part_size": 1}], "complete_url": "https://x?sig=canary"},
        }
    )
    assert "canary" not in repr(created) + str(SignedURL(url="https://x?sig=canary"))
    assert created["url"]["parts"][0]["url"] == "https://x?sig=canary"
    assert created["model"] is created.model
    with pytest.raises(KeyError):
        created["model_dump"]


@pytest.mark.parametrize(
    "file_name",
    ["a.b", "my model.v2.fnnx", "dir/x.dfs", "back\\slash.dfs", "a?b&c<>.x", "ü.fnnx", "l\n.x"],
)
def test_file_names_that_the_platform_takes(file_name: str) -> None:
    assert values(file_name=file_name).file_name == file_name


@pytest.mark.parametrize(
    "file_name",
    [
        "noext",
        ".dfs",
        "a.",
        "a.d fs",
        "a:b.c",
        'a".c',
        "a*.c",
        "a`.c",
        "~.c",
        "#.c",
        "a.%",
        "a.b\n",
    ],
)
def test_file_names_that_the_platform_refuses(file_name: str) -> None:
    with pytest.raises(ValidationError):
        values(file_name=file_name)


@pytest.mark.parametrize(
    "metrics",
    [
        {"a": float("nan")},
        {"a": [float("inf")]},
        {"a": "\x00"},
        {"\x00": 1},
        {"a": object()},
        {"a": "\\\x00"},
    ],
)
def test_metrics_that_crash_the_platform_are_refused(metrics: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        values(metrics=metrics)


class SomeFloat(float):
    """As numpy.float64 is one."""


def nested(depth: int, *, lists: bool = False) -> dict[str, Any]:
    value: Any = 1
    for _ in range(depth - 1):
        value = [value] if lists else {"a": value}
    return {"a": value}


CYCLE: dict[str, Any] = {}
CYCLE["a"] = [CYCLE, CYCLE]


@pytest.mark.parametrize(
    ("metrics", "location", "message"),
    [
        ({"a": math.nan}, "", "must not contain NaN or infinity"),
        ({"a": [math.inf]}, "", "must not contain NaN or infinity"),
        ({"a": {"b": -math.inf}}, "", "must not contain NaN or infinity"),
        ({"a": SomeFloat("nan")}, "", "must not contain NaN or infinity"),
        ({"a": 10**4300}, "", "must not contain a number of more than 4300 digits"),
        ({"a": [-(10**9999)]}, "", "must not contain a number of more than 4300 digits"),
        ({"a": "\ud800"}, "", "must be Unicode text; it holds half of a character"),
        ({"\ud800": 1}, "", "must be Unicode text; it holds half of a character"),
        ({"a": [{"b\x00": 1}]}, "", "must not contain a NUL character"),
        (CYCLE, "", "must not be nested so deeply that it cannot be read back"),
        ({"a": object()}, ".a", "input was not a valid JSON value"),
        ({"a": {"b": {1}}}, ".a.dict.b", "input was not a valid JSON value"),
        ({"a": (1, 2)}, ".a", "input was not a valid JSON value"),
        ({1: 2}, ".1.[key]", "Input should be a valid string"),
        ({"a": {1: 2}}, ".a.dict.1.[key]", "Input should be a valid string"),
        ([1], "", "Input should be a valid dictionary"),
    ],
)
def test_a_refusal_of_metrics_is_short_and_right(
    metrics: object, location: str, message: str
) -> None:
    assert refusal(metrics) == ("metrics" + location, message)


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("depth", [200, 201, 202, 230, 254, 255, 256, 257, 300, 5000])
def test_metrics_that_could_not_be_read_back_are_refused(depth: int, lists: bool) -> None:
    assert refusal(nested(depth, lists=lists)) == (
        "metrics",
        "must not be nested so deeply that it cannot be read back",
    )


def refusal(metrics: object) -> tuple[str, str]:
    with pytest.raises(ValidationError) as refused:
        values(metrics=metrics)
    [fault] = refused.value.errors()
    return ".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize("lists", [True, False])
def test_the_deepest_metrics_can_be_read_from_a_list_of_models(lists: bool) -> None:
    taken = values(metrics=nested(198, lists=lists)).metrics
    answer = json.dumps([wire(metrics=taken)])
    [read] = TypeAdapter(list[ModelArtifact]).validate_json(answer)
    assert read.metrics == taken == nested(198, lists=lists)
    assert deferred(metrics=JSONText(json.dumps(taken))).metrics == taken


KEYS = st.text("abc\\ü")
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(st.dictionaries(KEYS, JSON_VALUES))
def test_metrics_are_taken_as_they_are(metrics: dict[str, Any]) -> None:
    assert values(metrics=metrics).metrics == metrics


def test_unusual_numbers_are_taken() -> None:
    metrics = {"a": SomeFloat(0.1), "b": 10**4299, "c": 1e308, "d": 5e-324}
    assert values(metrics=metrics).metrics == metrics


def test_metrics_that_only_look_like_it_are_taken() -> None:
    assert values(metrics={"a": "\\u0000"}).metrics == {"a": "\\u0000"}


def test_metrics_nested_without_end_are_refused() -> None:
    nested: dict[str, Any] = {}
    for _ in range(100_000):
        nested = {"a": nested}
    with pytest.raises(ValidationError):
        values(metrics=nested)


def test_a_manifest_is_stored_as_the_platform_stores_it() -> None:
    made = values(manifest={**MANIFEST, "made_in": 2031}).manifest
    assert "made_in" not in made.model_dump()


@pytest.mark.parametrize("missing", ["variant", "producer_name", "inputs", "env_vars"])
def test_a_manifest_without_a_required_field_is_refused(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        values(manifest={name: value for name, value in MANIFEST.items() if name != missing})


def values(**changes: Any) -> ModelArtifactCreate:
    given = {
        "file_name": "iris.fnnx",
        "metrics": {},
        "manifest": MANIFEST,
        "file_hash": "0" * 64,
        "file_index": {},
        "size": 1,
        "model_name": "iris",
    }
    return ModelArtifactCreate.model_validate(given | changes)


@given(st.uuids())
def test_every_spelling_of_a_uuid_is_an_id(identifier: Any) -> None:
    spellings = [
        str(identifier),
        str(identifier).upper(),
        identifier.hex,
        identifier.urn,
        f"{{{identifier}}}",
    ]
    assert {canonical_id(spelling) for spelling in spellings} == {str(identifier)}


SPELLING = r"(urn:(uuid:)?|URN:UUID:|\{)?\+?([\dA-Fa-f_]{4,8}-?){4}([\dA-Fa-f]{12})?\}?\n?"


@given(st.text(max_size=40) | st.from_regex(SPELLING, fullmatch=True))
def test_an_id_is_what_the_platform_takes_for_one(text: str) -> None:
    try:
        expected = str(TypeAdapter(uuid.UUID).validate_python(text))
    except ValidationError:
        expected = None
    assert canonical_id(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "+199c45521ee74c6b74719a82f1a1e75",
        "0199c45521ee74c_b74719a82f1a1e75",
        "\N{ARABIC-INDIC DIGIT ONE}199c45521ee74c6b74719a82f1a1e75",
        "0199-c45521ee74c6b74719a82f1a1e75",
        "{0199c455-21ee-74c6-b747-19a82f1a1e75",
        "urn:uuid:0199c45521ee74c6b74719a82f1a1e75",
        "0199c455-21ee-74c6-b747-19a82f1a1e75\n",
        "\ud800",
        "",
    ],
)
def test_what_python_alone_takes_for_a_uuid_is_no_id(text: str) -> None:
    assert canonical_id(text) is None


@pytest.mark.parametrize("size", [10**30, -(10**30)])
def test_a_size_that_no_database_can_hold_is_refused(size: int) -> None:
    with pytest.raises(ValidationError, match="size"):
        values(size=size)


def test_a_backend_is_given_ids_and_no_names() -> None:
    identifier = WIRE["id"]
    assert OrbitCreate(name="a", bucket_secret_id=identifier.upper()).bucket_secret_id == identifier
    with pytest.raises(ValidationError, match="must be an id"):
        OrbitCreate(name="a", bucket_secret_id="models")


def test_kinds_stand_in_their_places() -> None:
    assert [kind.name for kind in MODEL_ARTIFACT.ancestors] == [
        "organization",
        "orbit",
        "collection",
    ]
    assert MODEL_ARTIFACT.parent_field == "collection_id"
    assert repr(COLLECTION) == "<Kind collection>"
    kinds = REGISTRY.kinds
    for kind in kinds:
        assert {"id", "created_at", *kind.names} <= set(kind.record.model_fields)
        assert kind.parent is None or kinds.index(kind.parent) < kinds.index(kind)


def test_a_collection_says_what_it_holds() -> None:
    collection = Collection.model_validate(
        {
            "id": "a",
            "orbit_id": "b",
            "description": "",
            "name": "c",
            "collection_type": "model",
            "created_at": WIRE["created_at"],
        }
    )
    assert (collection.collection_type, collection.tags, collection.total_models) == (
        "model",
        None,
        0,
    )


def test_a_family_knows_its_kinds_by_their_route() -> None:
    assert REGISTRY.kind("collections") is COLLECTION
    with pytest.raises(KeyError, match="satellites"):
        REGISTRY.kind("satellites")


def test_the_marker_of_an_empty_field_is_called_as_it_is_written() -> None:
    assert repr(CLEAR) == "CLEAR"
