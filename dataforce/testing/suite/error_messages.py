"""Messages say what could not be done, why, and what to do next, the same on every backend."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dataforce import (
    BucketSecret,
    Client,
    Collection,
    ConflictError,
    DataForceError,
    ModelArtifact,
    NotFoundError,
)
from dataforce.testing.suite._support import UNKNOWN

_HTTP = re.compile(r" \([A-Z]+ \S+: \d{3}[^)]*\)$")


def said(error: type[DataForceError], call: Callable[[], object]) -> str:
    """Return the message of a call's error, without the request that a platform refused."""
    with pytest.raises(error) as caught:
        call()
    return _HTTP.sub("", str(caught.value))


def test_an_unknown_object_is_named_with_what_could_not_be_done(
    client: Client, collection: Collection
) -> None:
    """Each with its parent."""
    organization, orbit = client.organization, client.orbit
    models = client.model_artifacts
    for call, wanted in (
        (
            lambda: models.delete(UNKNOWN),
            f"Cannot delete model artifact {UNKNOWN}: it does not exist in collection "
            f"{collection.id}.",
        ),
        (
            lambda: models.update(UNKNOWN, model_name="New"),
            f"Cannot update model artifact {UNKNOWN}: it does not exist in collection "
            f"{collection.id}.",
        ),
        (
            lambda: client.collections.delete(UNKNOWN),
            f"Cannot delete collection {UNKNOWN}: it does not exist in orbit {orbit}.",
        ),
        (
            lambda: client.collections.update("New", collection_id=UNKNOWN),
            f"Cannot update collection {UNKNOWN}: it does not exist in orbit {orbit}.",
        ),
        (
            lambda: client.orbits.update("New", orbit_id=UNKNOWN),
            f"Cannot update orbit {UNKNOWN}: it does not exist in organization {organization}.",
        ),
        (
            lambda: client.bucket_secrets.update(UNKNOWN, region="eu-west-1"),
            f"Cannot update bucket secret {UNKNOWN}: it does not exist in organization "
            f"{organization}.",
        ),
    ):
        assert said(NotFoundError, call) == wanted


def test_what_a_call_points_at_is_named_if_it_does_not_exist(client: Client) -> None:
    """A parent, or another object."""
    assert said(NotFoundError, lambda: client.model_artifacts.list(collection_id=UNKNOWN)) == (
        f"Cannot list model artifacts: collection {UNKNOWN} does not exist in orbit {client.orbit}."
    )
    assert said(NotFoundError, lambda: client.orbits.create("Research", UNKNOWN)) == (
        f"Cannot create a new orbit: bucket secret {UNKNOWN} does not exist in organization "
        f"{client.organization}."
    )


def test_a_parent_that_was_chosen_by_name_is_called_so(
    client: Client, collection: Collection, model: ModelArtifact
) -> None:
    """Who chose `Flowers` need not know its id."""
    client.model_artifacts.delete(model.id)
    client.collection = collection.name
    assert said(NotFoundError, lambda: client.model_artifacts.delete(model.id)) == (
        f"Cannot delete model artifact {model.id}: it does not exist in collection "
        f"{collection.name!r}."
    )


def test_another_object_of_the_same_unique_values_is_named(client: Client) -> None:
    """With its id, and without the account key of an Azure bucket."""
    made = client.bucket_secrets.create("s3.example.com", "models")
    assert said(
        ConflictError, lambda: client.bucket_secrets.create("s3.example.com", "models")
    ) == (
        f"A bucket secret for endpoint 's3.example.com' and bucket name 'models' exists already "
        f"(id {made.id})."
    )
    other = client.bucket_secrets.create("s3.example.com", "data")
    assert made.id in said(
        ConflictError, lambda: client.bucket_secrets.update(other.id, bucket_name="models")
    )


def test_what_stands_in_the_way_of_a_deletion_is_told(
    client: Client, bucket_secret: BucketSecret
) -> None:
    """By what it is."""
    message = said(ConflictError, lambda: client.bucket_secrets.delete(bucket_secret.id))
    assert message.startswith(f"Cannot delete bucket secret {bucket_secret.id}: orbit ")
    assert message.endswith(" uses it. Give the orbit another one first, or delete it.")
