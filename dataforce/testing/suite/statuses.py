"""The status of a model artifact, and which may follow which."""

from __future__ import annotations

from typing import Any

import pytest

from dataforce import (
    BadRequestError,
    Client,
    ModelArtifact,
    ModelArtifactStatus,
    UnprocessableEntityError,
)
from dataforce.models import CreatedModel
from dataforce.testing import links
from dataforce.testing.capabilities import Capabilities
from dataforce.testing.plugin import RecordFactory, ReserveFactory

PENDING_UPLOAD, UPLOADED, UPLOAD_FAILED, PENDING_DELETION, DELETION_FAILED = ModelArtifactStatus

ALLOWED = {
    (PENDING_UPLOAD, UPLOADED),
    (PENDING_UPLOAD, UPLOAD_FAILED),
    (PENDING_DELETION, DELETION_FAILED),
}
SETTABLE = (UPLOADED, UPLOAD_FAILED, DELETION_FAILED)
REFUSED = [
    (before, after)
    for before in ModelArtifactStatus
    for after in SETTABLE
    if (before, after) not in ALLOWED
]


def bring_to(client: Client, created: CreatedModel, status: ModelArtifactStatus) -> None:
    """Lead a new record to a status."""
    model = created.model
    if status is UPLOADED:  # a backend that can look refuses it without the bytes
        links.put(created.url.parts[0].url, b"model")
    if status in (PENDING_DELETION, DELETION_FAILED):
        client.model_artifacts.delete_url(model.id)
    if status in SETTABLE:
        client.model_artifacts.update(model.id, status=status)


def status_of(client: Client, model: ModelArtifact) -> ModelArtifactStatus:
    """The status as the platform tells it now."""
    found = client.model_artifacts.get(model.id)
    assert found is not None
    return ModelArtifactStatus(found.status)


@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED))
def test_a_status_may_follow(
    client: Client,
    reserve: ReserveFactory,
    before: ModelArtifactStatus,
    after: ModelArtifactStatus,
) -> None:
    """The answer has it, and so has the record ever after."""
    created = reserve()
    model = created.model
    bring_to(client, created, before)
    if after is UPLOADED:
        links.put(created.url.parts[0].url, b"model")
    assert client.model_artifacts.update(model.id, status=after).status is after
    assert status_of(client, model) is after


@pytest.mark.parametrize(("before", "after"), REFUSED)
def test_a_status_may_not_follow(
    client: Client,
    reserve: ReserveFactory,
    before: ModelArtifactStatus,
    after: ModelArtifactStatus,
) -> None:
    """Nor does anything else of that update happen."""
    created = reserve()
    model = created.model
    bring_to(client, created, before)
    with pytest.raises(BadRequestError):
        client.model_artifacts.update(model.id, model_name="changed", status=after)
    assert status_of(client, model) is before
    assert client.model_artifacts.get("changed") is None


def test_a_model_without_its_bytes_does_not_become_uploaded(
    client: Client, reserve: ReserveFactory, capabilities: Capabilities
) -> None:
    """They can still be brought afterwards."""
    if not capabilities.checks_files:
        pytest.skip("the backend does not look whether a file is there")
    created = reserve()
    with pytest.raises(BadRequestError, match="file was not uploaded"):
        client.model_artifacts.update(created.model.id, status=UPLOADED)
    assert status_of(client, created.model) is PENDING_UPLOAD
    links.put(created.url.parts[0].url, b"model")
    assert client.model_artifacts.update(created.model.id, status=UPLOADED).status is UPLOADED


def test_a_status_that_is_never_set_by_hand(client: Client, register: RecordFactory) -> None:
    """The platform sets it, or does not know it."""
    model = register()
    wrong: tuple[Any, ...] = (PENDING_UPLOAD, PENDING_DELETION, "unknown", "", 1)
    for status in wrong:
        with pytest.raises(UnprocessableEntityError, match="status"):
            client.model_artifacts.update(model.id, status=status)
    assert client.model_artifacts.list() == [model]


def test_a_status_may_be_given_as_text(client: Client, register: RecordFactory) -> None:
    """It comes back as a member of the enumeration, which is that text."""
    model = client.model_artifacts.update(register().id, status="upload_failed")
    assert model.status is UPLOAD_FAILED
    assert model.status == "upload_failed"


def test_a_deletion_may_begin_at_any_status(client: Client, reserve: ReserveFactory) -> None:
    """Asking for the URL to delete with is what begins it."""
    for before in ModelArtifactStatus:
        created = reserve()
        model = created.model
        bring_to(client, created, before)
        assert client.model_artifacts.delete_url(model.id).url
        assert status_of(client, model) is PENDING_DELETION


def test_a_model_can_be_deleted_at_any_status(client: Client, reserve: ReserveFactory) -> None:
    """In one call."""
    for before in ModelArtifactStatus:
        created = reserve()
        model = created.model
        bring_to(client, created, before)
        client.model_artifacts.delete(model.id)
    assert client.model_artifacts.list() == []


def test_a_model_can_be_renamed_at_any_status(client: Client, reserve: ReserveFactory) -> None:
    """Its status stays."""
    for before in ModelArtifactStatus:
        created = reserve()
        model = created.model
        bring_to(client, created, before)
        changed = client.model_artifacts.update(model.id, model_name="iris")
        assert (changed.model_name, changed.status) == ("iris", before)
