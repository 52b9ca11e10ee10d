"""What the platform refuses is refused, although each side alone would have no reason to."""

from __future__ import annotations

import pytest

from dataforce import (
    Client,
    ConflictError,
    DataForceError,
    FileDownloadError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.testing import links
from tests.hybrid.reading import Production, registered
from tests.hybrid.reading import production as production


def test_a_bucket_secret_is_unique_on_both_sides(production: Production) -> None:
    behind, hybrid = production.behind, production.hybrid()
    there = behind.bucket_secrets.create("e", "there", region="r")
    here = hybrid.bucket_secrets.create("e", "here", region="r")
    for name in ("there", "here"):
        with pytest.raises(ConflictError):
            hybrid.bucket_secrets.create("e", name, region="r")
    with pytest.raises(ConflictError):
        hybrid.bucket_secrets.update(here.id, "e", "there")
    hybrid.bucket_secrets.update(there.id, "e", "moved")
    hybrid.bucket_secrets.update(here.id, "e", "there")
    with pytest.raises(ConflictError):
        hybrid.bucket_secrets.create("e", "moved", region="r")


def test_a_bucket_secret_in_use_stays(production: Production) -> None:
    behind, hybrid = production.behind, production.hybrid()
    secret = behind.bucket_secrets.create("e", "there", region="r")
    theirs = behind.orbits.create("Theirs", secret.id)
    with pytest.raises(ConflictError):
        hybrid.bucket_secrets.delete(secret.id)
    hybrid.orbits.delete(theirs.id)
    ours = hybrid.orbits.create("Ours", secret.id)
    with pytest.raises(ConflictError):
        hybrid.bucket_secrets.delete(secret.id)
    hybrid.orbits.delete(ours.id)
    hybrid.bucket_secrets.delete(secret.id)
    with pytest.raises(NotFoundError):
        hybrid.orbits.create("Refused", secret.id)
    assert behind.bucket_secrets.get(secret.id) == secret


def test_nothing_is_made_below_what_is_hidden(production: Production) -> None:
    collection = production.behind.collections.create("", "Models", "model")
    hybrid = production.hybrid()
    hybrid.collections.delete(collection.id)
    with pytest.raises(NotFoundError):
        registered(hybrid, collection, "model")
    with pytest.raises(NotFoundError):
        hybrid.model_artifacts.list(collection_id=collection.id)


def test_a_refused_change_leaves_no_copy(production: Production) -> None:
    behind, hybrid = production.behind, production.hybrid()
    collection = behind.collections.create("", "Models", "model")
    model = registered(behind, collection, "model")
    artifacts = hybrid.model_artifacts
    with pytest.raises(DataForceError):
        artifacts.update(
            model.id,
            collection_id=collection.id,
            status="pending_deletion",  # type: ignore[arg-type]  # that is the point
        )
    behind.model_artifacts.update(model.id, collection_id=collection.id, model_name="later")
    found = artifacts.get(model.id, collection_id=collection.id)
    assert found is not None
    assert found.model_name == "later"
    assert not hybrid.overlay.diff()
    artifacts.update(model.id, collection_id=collection.id, status="uploaded")
    with pytest.raises(UnprocessableEntityError):
        artifacts.update(
            model.id,
            collection_id=collection.id,
            status="nonsense",  # type: ignore[arg-type]  # that is the point
        )


def test_bytes_of_the_platform_are_deleted_here_only(production: Production) -> None:
    behind, hybrid = production.behind, production.hybrid()
    collection = behind.collections.create("", "Models", "model")
    package = production.package()
    model = behind.model_artifacts.upload(package, "model", collection_id=collection.id)
    production.seen.clear()
    url = hybrid.model_artifacts.delete_url(model.id, collection_id=collection.id)
    assert {each.split()[0] for each in production.seen} == {"GET"}
    assert content(hybrid, model.id, collection.id) == package.read_bytes()
    found = hybrid.model_artifacts.get(model.id, collection_id=collection.id)
    assert found is not None
    assert found.status == "pending_deletion"
    links.delete(url.url)
    with pytest.raises(FileDownloadError):
        content(hybrid, model.id, collection.id)
    assert behind.model_artifacts.get(model.id, collection_id=collection.id) == model
    assert content(behind, model.id, collection.id) == package.read_bytes()
    hybrid.overlay.reset(model.id)
    assert content(hybrid, model.id, collection.id) == package.read_bytes()
    assert hybrid.model_artifacts.get(model.id, collection_id=collection.id) == model


def content(client: Client, model: str, collection: str) -> bytes:
    with client.model_artifacts.open(model, collection_id=collection) as file:
        return file.read()


def test_an_orbit_refers_to_a_bucket_secret_and_nothing_else(production: Production) -> None:
    hybrid = production.hybrid()
    secret = hybrid.bucket_secrets.list()[0]
    ours = hybrid.orbits.create("Ours", secret.id)
    for orbit in hybrid.orbits.list():
        with pytest.raises(NotFoundError, match=ours.id):
            hybrid.orbits.update("Other", bucket_secret_id=ours.id, orbit_id=orbit.id)
    assert {each.bucket_secret_id for each in hybrid.orbits.list()} == {secret.id}


def test_a_deletion_of_bytes_that_was_taken_back_leaves_nothing(production: Production) -> None:
    """Although the model was hidden with its collection in between."""
    behind, hybrid = production.behind, production.hybrid()
    collection = behind.collections.create("", "Models", "model")
    package = production.package()
    model = behind.model_artifacts.upload(package, "model", collection_id=collection.id)
    hybrid.model_artifacts.delete_url(model.id, collection_id=collection.id)
    hybrid.collections.delete(collection.id)
    hybrid.overlay.reset()
    hybrid.model_artifacts.update(model.id, model_name="new", collection_id=collection.id)
    assert content(hybrid, model.id, collection.id) == package.read_bytes()
