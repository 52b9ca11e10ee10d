"""Updates: what is cleared, what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dataforce import CLEAR, Client, UnprocessableEntityError
from dataforce.testing.capabilities import Capabilities
from dataforce.testing.plugin import RecordFactory

Change = Callable[..., Any]


@pytest.fixture
def change_collection(client: Client) -> Change:
    """Changes a collection with a description and a tag."""
    made = client.collections.create("Who leaves", "Churn", "model", ["crm"])
    return lambda **changes: client.collections.update(collection_id=made.id, **changes)


@pytest.fixture
def change_model(client: Client, register: RecordFactory) -> Change:
    """Changes a model artifact with a description and a tag."""
    model = register(description="Flowers", tags=["iris"])
    return lambda **changes: client.model_artifacts.update(model.id, **changes)


@pytest.fixture
def change_secret(client: Client) -> Change:
    """Changes a bucket secret all of whose values are set."""
    made = client.bucket_secrets.create(
        "s3.example.com", "models", "key", "secret", "token", False, "eu-west-1", False
    )
    return lambda **changes: client.bucket_secrets.update(made.id, **changes)


@pytest.fixture
def change_orbit(client: Client) -> Change:
    """Changes the default orbit."""
    return client.orbits.update


def test_the_description_of_a_collection_can_be_cleared(change_collection: Change) -> None:
    """It is empty then; a collection always has one."""
    changed = change_collection(description=CLEAR)
    assert (changed.description, changed.tags, changed.name) == ("", ["crm"], "Churn")


def test_the_tags_of_a_collection_can_be_cleared(change_collection: Change) -> None:
    """There are none then, which an empty list is not."""
    assert change_collection(tags=[]).tags == []
    changed = change_collection(tags=CLEAR)
    assert (changed.description, changed.tags) == ("Who leaves", None)


def test_the_values_of_a_model_can_be_cleared(change_model: Change) -> None:
    """One by one."""
    changed = change_model(description=CLEAR)
    assert (changed.description, changed.tags) == (None, ["iris"])
    changed = change_model(tags=CLEAR)
    assert (changed.description, changed.tags, changed.model_name) == (None, None, "model")


def test_empty_values_of_a_model_are_kept(change_model: Change) -> None:
    """An empty text and an empty list are values."""
    changed = change_model(description="", tags=[])
    assert (changed.description, changed.tags) == ("", [])


@pytest.mark.parametrize("field", ["secure", "region", "cert_check"])
def test_the_values_of_a_bucket_secret_can_be_cleared(
    change_secret: Change, field: str, capabilities: Capabilities
) -> None:
    """The others stay."""
    if field == "region" and not capabilities.optional_regions:
        pytest.skip("a bucket secret always has a region")
    values = {"secure": False, "region": "eu-west-1", "cert_check": False}
    changed = change_secret(**{field: CLEAR})
    assert {name: getattr(changed, name) for name in values} == values | {field: None}


@pytest.mark.parametrize("field", ["access_key", "secret_key", "session_token"])
def test_the_credentials_of_a_bucket_secret_can_be_cleared(
    change_secret: Change, field: str
) -> None:
    """What can be seen of it stays."""
    assert change_secret(**{field: CLEAR}).region == "eu-west-1"


def test_what_must_be_there_cannot_be_cleared(
    change_collection: Change, change_model: Change, change_secret: Change, change_orbit: Change
) -> None:
    """Nothing is changed."""
    for change, fields in (
        (change_collection, ["name"]),
        (change_model, ["file_name", "model_name", "status"]),
        (change_secret, ["endpoint", "bucket_name"]),
        (change_orbit, ["name", "bucket_secret_id"]),
    ):
        before = change()
        for field in fields:
            with pytest.raises(UnprocessableEntityError, match=field):
                change(**{field: CLEAR})
        assert change() == before


def test_an_update_without_changes_changes_nothing(
    change_collection: Change, change_model: Change, change_secret: Change, change_orbit: Change
) -> None:
    """Nor does it count as one."""
    for change in (change_collection, change_model, change_secret, change_orbit):
        before = change()
        assert before.updated_at is None
        assert change() == before


def test_an_update_tells_when_it_happened(change_collection: Change, change_orbit: Change) -> None:
    """Not before the object was made."""
    for change in (change_collection, change_orbit):
        before = change()
        after = change(name="another")
        assert after.created_at == before.created_at
        assert after.updated_at >= after.created_at
        assert change(name="a third").updated_at >= after.updated_at
