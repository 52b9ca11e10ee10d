"""Properties of all records."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from dataforce import Client
from dataforce.testing.plugin import RecordFactory, ReserveFactory

RESOURCES = ("organizations", "bucket_secrets", "orbits", "collections", "model_artifacts")
WIRE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


@pytest.fixture
def records(client: Client, register: RecordFactory) -> list[Any]:
    """A record of each kind."""
    register(tags=["a"])
    return [getattr(client, resource).list()[0] for resource in RESOURCES]


def test_an_id_is_a_uuid_in_its_usual_form(records: list[Any]) -> None:
    """Lower case, with dashes."""
    for record in records:
        assert record.id == str(uuid.UUID(record.id))


def test_times_know_their_zone(records: list[Any]) -> None:
    """They are in UTC, and there is no change before the first."""
    for record in records:
        assert isinstance(record.created_at, datetime)
        assert record.created_at.utcoffset() == timedelta(0)
        assert record.created_at <= datetime.now(UTC) + timedelta(minutes=5)
        assert record.updated_at is None


def test_a_record_becomes_json_of_the_wire_and_back(records: list[Any]) -> None:
    """Times too."""
    for record in records:
        wire = record.model_dump_json()
        assert WIRE_TIME.fullmatch(json.loads(wire)["created_at"])
        assert type(record).model_validate_json(wire) == record
        assert type(record).model_validate(record.model_dump()) == record


def test_what_a_newer_platform_adds_is_kept(records: list[Any]) -> None:
    """It can be read, and goes along."""
    for record in records:
        newer = type(record).model_validate(record.model_dump() | {"colour": {"name": "blue"}})
        assert newer.colour == {"name": "blue"}
        assert newer.model_dump()["colour"] == {"name": "blue"}
        assert json.loads(newer.model_dump_json())["colour"] == {"name": "blue"}


def test_a_record_cannot_be_changed(records: list[Any]) -> None:
    """It is what the platform said; updates go through the client."""
    for record in records:
        with pytest.raises(ValidationError):
            record.id = "another"


def test_a_record_says_what_it_is(client: Client, records: list[Any]) -> None:
    """Its class, its id and its name, in one short line."""
    collection = client.collections.create("d" * 3000, "two\nlines " * 300, "model", ["tag"] * 300)
    for record in (*records, collection):
        for shown in (repr(record), str(record), f"{record}"):
            assert shown.startswith(f"{type(record).__name__}(id='{record.id}', ")
            assert "name='" in shown
            assert len(shown) < 200
            assert "\n" not in shown


def test_a_new_model_says_what_it_is(reserve: ReserveFactory) -> None:
    """Without the signatures of its URLs."""
    made = reserve(model_name="m" * 3000, file_name=f"{'f' * 3000}.fnnx")
    for shown in (repr(made), str(made), repr(made.url), repr(made.url.parts[0])):
        assert len(shown) < 200
        assert "://" not in shown
    assert made.model.id in repr(made)


def test_a_record_can_be_put_in_a_set(client: Client, records: list[Any]) -> None:
    """By its class and its id, so that it is found again after it was read again or changed."""
    again = [
        getattr(client, resource).get(record.id)
        for resource, record in zip(RESOURCES, records, strict=True)
    ]
    assert {*records, *again} == set(records)
    assert len(set(records)) == len(RESOURCES)
    (collection,) = client.collections.list()
    changed = client.collections.update("Plants", collection_id=collection)
    assert hash(changed) == hash(collection)
    assert changed != collection


def test_a_record_is_the_same_however_it_was_got(client: Client, records: list[Any]) -> None:
    """By its id, by its name, in a list."""
    for resource, record in zip(RESOURCES, records, strict=True):
        name = next(
            getattr(record, field)
            for field in ("name", "bucket_name", "model_name")
            if hasattr(record, field)
        )
        ways = [
            getattr(client, resource).get(record.id),
            getattr(client, resource).get(name),
            *getattr(client, resource).list(),
        ]
        assert ways == [record] * len(ways)


def test_a_record_equals_itself_read_again(client: Client, records: list[Any]) -> None:
    """And no other."""
    for record in records:
        for resource in RESOURCES:
            for other in getattr(client, resource).list():
                assert (other == record) == (other.id == record.id)
