"""A push finds what the platform changed meanwhile, and sends nothing until that is settled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataforce import CLEAR, Client, DataForceError, PushConflictError, Resolution
from dataforce.overlay import Action, Conflict, FieldConflict
from tests.hybrid.production import WRITING, Production, left, shown

Package = Callable[..., Path]


@pytest.fixture
def flowers(production: Production, hybrid: Client, package: Package) -> str:
    """A collection of the platform with one model, the default one of both clients; its id."""
    collection = production.plain.collections.create("as before", "Flowers", "model", tags=["a"])
    production.plain.collection = hybrid.collection = collection.id
    production.plain.model_artifacts.upload(package("iris"), "iris")
    return collection.id


def refused(production: Production, hybrid: Client, **arguments: Any) -> tuple[Conflict, ...]:
    """The conflicts that a push stops at, having sent nothing and changed nothing here."""
    before = left(hybrid)
    production.watch.seen.clear()
    with pytest.raises(PushConflictError) as caught:
        hybrid.overlay.push(**arguments)
    assert production.watch.written == []
    assert left(hybrid) == before
    with pytest.raises(PushConflictError):
        hybrid.overlay.push(dry_run=True, **arguments)
    conflicts = tuple(caught.value.conflicts)
    for conflict in conflicts:
        assert str(conflict) in str(caught.value)
        assert conflict.change.id in str(conflict)
    return conflicts


def stumble(method: str, _path: str) -> None:
    """The platform carries out nothing that changes something."""
    if method in WRITING:
        raise ConnectionError("the platform stumbles")


def check_that_it_goes_through(production: Production, hybrid: Client, conflict: Conflict) -> None:
    """When that one change is given up."""
    hybrid.overlay.reset(conflict.change.id)
    hybrid.overlay.push()
    assert left(hybrid) == (0, 0, 0)
    assert shown(hybrid) == shown(production.plain)


@pytest.mark.parametrize("side", [Resolution.THEIRS, Resolution.MINE])
def test_the_same_field_on_both_sides(
    side: Resolution, production: Production, hybrid: Client, flowers: str
) -> None:
    hybrid.collections.update("Mine", "mine")
    production.plain.collections.update("Theirs")
    [conflict] = refused(production, hybrid)
    assert conflict.fields == (FieldConflict("name", "Flowers", "Theirs", "Mine"),)
    assert (conflict.change.action, conflict.change.id) == (Action.CHANGED, flowers)
    assert (conflict.can_be_mine, conflict.can_be_theirs) == (True, True)
    report = hybrid.overlay.push(on_conflict=side)
    sent = {each.name for change in report.changes for each in change.fields}
    assert sent == ({"name", "description"} if side == "mine" else {"description"})
    [collection] = production.plain.collections.list()
    assert (collection.name, collection.description) == (side.capitalize(), "mine")
    assert shown(hybrid) == shown(production.plain)
    assert left(hybrid) == (0, 0, 0)


def test_a_change_that_is_given_up(production: Production, hybrid: Client, flowers: str) -> None:
    hybrid.collections.update("Mine")
    production.plain.collections.update("Theirs")
    report = hybrid.overlay.push(on_conflict="theirs")
    assert not report.changes
    assert [change.id for change in report.dropped] == [flowers]
    assert left(hybrid) == (0, 0, 0)
    assert shown(hybrid) == shown(production.plain)


def test_different_fields_are_merged(production: Production, hybrid: Client, flowers: str) -> None:
    hybrid.collections.update("Mine", tags=CLEAR)
    production.plain.collections.update(description="theirs")
    hybrid.overlay.push()
    [collection] = production.plain.collections.list()
    assert (collection.name, collection.description) == ("Mine", "theirs")
    assert collection.tags is None
    assert shown(hybrid) == shown(production.plain)


def test_the_same_change_on_both_sides(
    production: Production, hybrid: Client, flowers: str
) -> None:
    hybrid.collections.update("Blossoms")
    production.plain.collections.update("Blossoms")
    assert not hybrid.overlay.push().changes
    assert production.watch.written == []
    assert left(hybrid) == (0, 0, 0)


def test_changed_here_and_deleted_there(
    production: Production, hybrid: Client, flowers: str
) -> None:
    hybrid.collections.update("Mine")
    production.plain.collections.delete(flowers)
    [conflict] = refused(production, hybrid)
    assert "deleted there" in conflict.reason
    assert not conflict.can_be_mine
    refused(production, hybrid, on_conflict="mine")
    assert len(hybrid.overlay.push(on_conflict="theirs").dropped) == 1
    assert hybrid.collections.list() == production.plain.collections.list() == []


@pytest.mark.parametrize("side", [Resolution.THEIRS, Resolution.MINE])
def test_deleted_here_and_changed_there(
    side: Resolution, production: Production, hybrid: Client, flowers: str
) -> None:
    hybrid.collections.delete(flowers)
    production.plain.collections.update("Theirs")
    [conflict] = refused(production, hybrid)
    assert conflict.fields == (FieldConflict("name", "Flowers", "Theirs", None),)
    hybrid.overlay.push(on_conflict=side)
    assert len(production.plain.collections.list()) == (side == "theirs")
    assert left(hybrid) == (0, 0, 0)
    assert shown(hybrid) == shown(production.plain)


@pytest.mark.parametrize("what", ["collection", "orbit"])
def test_deleted_here_and_grown_there(
    what: str, production: Production, hybrid: Client, flowers: str, package: Package
) -> None:
    hybrid.collections.update("Mine")  # the deletion is of what it was before that
    if what == "collection":
        hybrid.collections.delete(flowers)
    else:
        orbit = production.plain.orbit = hybrid.orbit
        assert orbit is not None
        hybrid.orbit = hybrid.orbits.create("Another", hybrid.bucket_secrets.list()[0].id).id
        hybrid.orbits.delete(orbit)
    production.plain.model_artifacts.upload(package("rose"), "rose")
    [conflict] = refused(production, hybrid)
    assert "is not what it was: 1 new, 0 changed" in conflict.reason
    hybrid.overlay.reset()
    hybrid.orbit = production.plain.orbit
    assert len(hybrid.model_artifacts.list(collection_id=flowers)) == 2


def test_deleted_on_both_sides(production: Production, hybrid: Client, flowers: str) -> None:
    hybrid.collections.delete(flowers)
    production.plain.collections.delete(flowers)
    assert not hybrid.overlay.push().changes
    assert production.watch.written == []
    assert left(hybrid) == (0, 0, 0)


def test_created_below_what_was_deleted_there(
    production: Production, hybrid: Client, flowers: str, package: Package
) -> None:
    model = hybrid.model_artifacts.upload(package("rose"), "rose")
    production.plain.collections.delete(flowers)
    [conflict] = refused(production, hybrid)
    assert conflict.change.id == model.id
    assert flowers in conflict.reason
    for side in ("theirs", "mine"):
        refused(production, hybrid, on_conflict=side)
    check_that_it_goes_through(production, hybrid, conflict)


@pytest.mark.parametrize("is_new", [True, False])
def test_an_orbit_on_a_bucket_secret_that_was_deleted_there(
    is_new: bool, production: Production, hybrid: Client
) -> None:
    secret = production.plain.bucket_secrets.create("s3.example.com", "models").id
    if is_new:
        hybrid.orbits.create("Garden", secret)
    else:
        hybrid.orbits.update(bucket_secret_id=secret)
    production.plain.bucket_secrets.delete(secret)
    [conflict] = refused(production, hybrid)
    assert secret in conflict.reason
    assert (conflict.can_be_mine, conflict.can_be_theirs) == (False, not is_new)
    check_that_it_goes_through(production, hybrid, conflict)


def test_a_bucket_secret_that_an_orbit_there_uses_by_now(
    production: Production, hybrid: Client
) -> None:
    secret = production.plain.bucket_secrets.create("s3.example.com", "models").id
    hybrid.bucket_secrets.delete(secret)
    orbit = production.plain.orbits.create("Garden", secret)
    [conflict] = refused(production, hybrid)
    assert orbit.id in conflict.reason
    assert (conflict.can_be_mine, conflict.can_be_theirs) == (False, True)
    hybrid.overlay.push(on_conflict="theirs")
    assert len(hybrid.bucket_secrets.list()) == 2


@pytest.mark.parametrize("is_new", [True, False])
def test_a_bucket_that_another_secret_there_has_by_now(
    is_new: bool, production: Production, hybrid: Client
) -> None:
    if is_new:
        hybrid.bucket_secrets.create("s3.example.com", "models")
    else:
        secret = production.plain.bucket_secrets.create("s3.example.com", "old").id
        hybrid.bucket_secrets.update(secret, bucket_name="models")
    other = production.plain.bucket_secrets.create("s3.example.com", "models")
    [conflict] = refused(production, hybrid)
    assert other.id in conflict.reason
    assert (conflict.can_be_mine, conflict.can_be_theirs) == (False, not is_new)
    check_that_it_goes_through(production, hybrid, conflict)


def test_the_place_of_one_that_stays_after_all(production: Production, hybrid: Client) -> None:
    """The deletion that would make room is dropped in favour of the platform's side."""
    secret = production.plain.bucket_secrets.create("s3.example.com", "models")
    hybrid.bucket_secrets.delete(secret.id)
    new = hybrid.bucket_secrets.create("s3.example.com", "models")
    production.plain.bucket_secrets.update(secret.id, region="eu-west-1")
    [conflict] = refused(production, hybrid, on_conflict="theirs")
    assert conflict.change.id == new.id
    hybrid.overlay.push(on_conflict="mine")
    assert [each.region for each in production.plain.bucket_secrets.list()][1:] == ["us-east-1"]


def test_places_that_were_swapped_cannot_be_published_at_once(
    production: Production, hybrid: Client
) -> None:
    one = production.plain.bucket_secrets.create("s3.example.com", "one").id
    two = production.plain.bucket_secrets.create("s3.example.com", "two").id
    for secret, name in ((one, "three"), (two, "one"), (one, "two")):
        hybrid.bucket_secrets.update(secret, bucket_name=name)
    conflicts = refused(production, hybrid)
    assert {conflict.change.id for conflict in conflicts} <= {one, two}
    hybrid.bucket_secrets.update(one, bucket_name="three")
    hybrid.overlay.push()
    hybrid.bucket_secrets.update(one, bucket_name="two")
    hybrid.overlay.push()
    assert shown(hybrid) == shown(production.plain)


def test_all_conflicts_are_told_at_once(
    production: Production, hybrid: Client, package: Package
) -> None:
    collections = [
        production.plain.collections.create("", f"Collection {number}", "model").id
        for number in range(25)
    ]
    for each in collections:
        hybrid.collections.update("Mine", collection_id=each)
        production.plain.collections.update("Theirs", collection_id=each)
    hybrid.collections.create("", "New", "model")
    with pytest.raises(PushConflictError) as caught:
        hybrid.overlay.push()
    assert [each.change.id for each in caught.value.conflicts] == collections
    assert {each.change.name for each in caught.value.conflicts} == {"Mine"}
    named = str(caught.value).count("both sides changed it")
    assert named >= 1
    assert f"and {25 - named} more" in str(caught.value)
    assert len(str(caught.value)) <= 500
    assert production.watch.written == []
    for each in collections:
        hybrid.overlay.reset(each)
    assert [change.name for change in hybrid.overlay.push().changes] == ["New"]


@pytest.mark.parametrize("what", ["renamed", "come"])
def test_changed_below_what_a_push_could_not_delete(
    what: str, production: Production, hybrid: Client, flowers: str, package: Package
) -> None:
    """That the platform has begun to delete the file excuses nothing else."""
    [iris] = production.plain.model_artifacts.list()
    hybrid.collections.delete(flowers)
    production.watch.before = stumble
    with pytest.raises(DataForceError):
        hybrid.overlay.push()
    production.watch.before = None
    if what == "renamed":
        production.plain.model_artifacts.update(iris.id, model_name="precious")
    else:
        production.plain.model_artifacts.upload(package("rose"), "rose")
    [conflict] = refused(production, hybrid)
    assert conflict.change.id == flowers
    hybrid.overlay.push(on_conflict="mine")
    assert production.plain.collections.list() == []


def test_others_made_what_a_push_could_not_make(production: Production, hybrid: Client) -> None:
    new = hybrid.bucket_secrets.create("s3.example.com", "models", region="eu-west-1")
    production.watch.before = stumble
    with pytest.raises(DataForceError):
        hybrid.overlay.push()
    production.watch.before = None
    other = production.plain.bucket_secrets.create("s3.example.com", "models", region="us-east-1")
    for side in ("stop", "mine", "theirs"):
        [conflict] = refused(production, hybrid, on_conflict=side)
        assert conflict.change.id == new.id
        assert other.id in conflict.reason
    check_that_it_goes_through(production, hybrid, *refused(production, hybrid))


def test_the_place_of_one_that_is_not_renamed_after_all(
    production: Production, hybrid: Client
) -> None:
    """The change that would make room is dropped in favour of the platform's side."""
    old = production.plain.bucket_secrets.create("s3.example.com", "models", region="eu-west-1")
    hybrid.bucket_secrets.update(old.id, bucket_name="old")
    new = hybrid.bucket_secrets.create("s3.example.com", "models", region="eu-west-1")
    production.plain.bucket_secrets.create("s3.example.com", "old", region="eu-west-1")
    for _ in range(2):
        [conflict] = refused(production, hybrid, on_conflict="theirs")
        assert conflict.change.id == new.id
    hybrid.overlay.reset(new.id)
    hybrid.overlay.push(on_conflict="theirs")
    assert left(hybrid) == (0, 0, 0)
    assert shown(hybrid) == shown(production.plain)


def test_what_was_changed_here_and_deleted_there_can_be_deleted(
    production: Production, hybrid: Client, flowers: str
) -> None:
    hybrid.collections.update("Mine")
    production.plain.collections.delete(flowers)
    hybrid.collections.delete(flowers)
    assert hybrid.collections.list() == []
    assert not hybrid.overlay.push().changes
    assert production.watch.written == []
    assert left(hybrid) == (0, 0, 0)


ACCOUNT = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}"


def test_account_keys_are_told_nowhere(production: Production, hybrid: Client) -> None:
    """They are in the endpoint of a bucket secret for Azure."""
    secret = production.plain.bucket_secrets.create(ACCOUNT.format("CANARY-1"), "models").id
    hybrid.bucket_secrets.update(secret, endpoint=ACCOUNT.format("CANARY-2"))
    production.plain.bucket_secrets.update(secret, endpoint=ACCOUNT.format("CANARY-3"))
    diff, conflicts = hybrid.overlay.diff(), refused(production, hybrid)
    with pytest.raises(PushConflictError) as caught:
        hybrid.overlay.push()
    theirs = hybrid.overlay.push(dry_run=True, on_conflict="theirs")
    mine = hybrid.overlay.push(on_conflict="mine")
    told = (diff, caught.value, mine, theirs, *diff, *conflicts, *mine.changes, *theirs.dropped)
    assert [each for each in told if "CANARY" in f"{each}{each!r}"] == []
    assert production.plain.bucket_secrets.list()[1].endpoint == ACCOUNT.format("CANARY-2")


def test_the_message_of_one_conflict_is_short_too(production: Production, hybrid: Client) -> None:
    collection = production.plain.collections.create("", "Flowers", "model").id
    hybrid.collections.update("m" * 2000, collection_id=collection)
    production.plain.collections.update("t" * 2000, collection_id=collection)
    with pytest.raises(PushConflictError, match="- collection 'mmm") as caught:
        hybrid.overlay.push()
    assert len(str(caught.value)) <= 500
