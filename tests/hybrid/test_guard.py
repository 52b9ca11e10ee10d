"""Whatever a hybrid client does, the platform only ever gets reads."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from dataforce import DataForceError, PermissionDeniedError, ReadOnlyError
from dataforce.backend import Scope
from dataforce.config import APIVersion
from dataforce.models import ORBIT, ORGANIZATION
from dataforce.overlay.layered import LayeredBackend
from dataforce.testing.assets import Examples
from dataforce.testing.differential import Differential
from dataforce_hybrid import HybridBackend
from tests.hybrid.reading import Production, registered
from tests.hybrid.reading import any_production as any_production
from tests.hybrid.reading import production as production

ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ORBITS = f"/organizations/{ID}/orbits"
COLLECTIONS = f"{ORBITS}/{ID}/collections"
ALLOWED = re.compile(
    f"GET (/users/me/organizations|/organizations/{ID}/bucket-secrets(/{ID})?|{ORBITS}(/{ID})?|"
    f"{COLLECTIONS}(/{ID})?|{COLLECTIONS}/{ID}/model_artifacts(/{ID}(/download-url)?)?|"
    f"/objects/.*)"
)
"""All that a client may ask for that reads."""


def fingerprint(production: Production) -> dict[str, str]:
    """Of each file that the platform keeps, without what SQLite needs for reading."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(production.folder.rglob("*"))
        if path.is_file() and path.suffix not in (".db-shm", ".fnnx")
    }


def filled(production: Production) -> None:
    behind = production.behind
    behind.bucket_secrets.create("e", "there", region="r")
    for name in ("one", "two"):
        collection = behind.collections.create("", name, "model")
        registered(behind, collection, "waiting")
        behind.model_artifacts.upload(
            production.package(seed=len(name)), name, collection_id=collection.id
        )


@pytest.mark.parametrize(
    "any_production",
    [pytest.param(APIVersion.DECEMBER_2025, marks=pytest.mark.slow), APIVersion.JANUARY_2026],
    indirect=True,
)
def test_random_calls_are_reads(any_production: Production, examples: Examples) -> None:
    production, hybrid = any_production, any_production.hybrid()
    production.behind.close()
    before = fingerprint(production)
    home = hybrid.orbits.list()[0].id

    class Guarded(Differential):
        def __init__(self) -> None:
            super().__init__(hybrid.backend, examples)

        def shown(self, *_: object) -> None:
            """Answers are compared elsewhere."""

        @rule()
        def look_at_the_overlay(self) -> None:
            hybrid.overlay.status()
            hybrid.overlay.diff()
            hybrid.overlay.push(dry_run=True)

        @rule()
        def pull(self) -> None:
            with suppress(DataForceError):
                hybrid.overlay.pull(orbit=home, content=True)

        def teardown(self) -> None:
            super().teardown()
            hybrid.overlay.reset()

    run_state_machine_as_test(
        Guarded,
        settings=settings(
            max_examples=10,
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        ),
    )
    assert len(production.seen) > 400
    assert [each for each in production.seen if not ALLOWED.fullmatch(each)] == []
    assert fingerprint(production) == before


def test_a_url_to_delete_with_is_not_asked_for(production: Production) -> None:
    filled(production)
    hybrid = production.hybrid()
    production.seen.clear()
    collection = production.behind.collections.get("one")
    assert collection is not None
    for model in production.behind.model_artifacts.list(collection_id=collection.id):
        hybrid.model_artifacts.download_url(model.id, collection_id=collection.id)
        hybrid.model_artifacts.delete_url(model.id, collection_id=collection.id)
    assert [each for each in production.seen if not each.startswith("GET ")] == []


def test_a_read_only_hybrid_client_writes_nothing_anywhere(
    production: Production, tmp_path: Path
) -> None:
    filled(production)
    hybrid = production.hybrid(read_only=True)
    [collection] = [each for each in hybrid.collections.list() if each.name == "one"]
    for model in hybrid.model_artifacts.list(collection_id=collection.id):
        with pytest.raises(ReadOnlyError):
            hybrid.model_artifacts.update(model.id, model_name="new", collection_id=collection.id)
        with pytest.raises(ReadOnlyError):
            hybrid.model_artifacts.delete_url(model.id, collection_id=collection.id)
    with pytest.raises(ReadOnlyError):
        hybrid.collections.create("", "new", "model")
    production.seen.clear()
    assert not production.hybrid().overlay.diff()


def test_it_is_a_layered_backend_and_tells_no_secret(production: Production) -> None:
    hybrid = production.hybrid()
    assert isinstance(hybrid.backend, LayeredBackend)
    assert hybrid.backend.mode == "hybrid"
    assert "k" * 20 not in repr(hybrid.backend) + repr(hybrid)


def test_closing_closes_both_sides(production: Production) -> None:
    hybrid = production.hybrid()
    hybrid.collections.create("", "mine", "model")
    hybrid.close()
    for _ in range(2):
        with suppress(DataForceError):
            hybrid.close()
    assert [each.name for each in production.hybrid().collections.list()] == ["mine"]


def test_a_write_behind_the_overlay_is_refused(production: Production) -> None:
    backend = production.hybrid().backend
    assert isinstance(backend, HybridBackend)
    scope = Scope((str(production.behind.organization),))
    with pytest.raises(ReadOnlyError) as caught:
        backend._remote.store(ORBIT, scope).delete("5")  # type: ignore[union-attr]
    assert caught.value.message == (
        "Cannot delete orbit 5: hybrid clients never write to the platform. "
        "Publish with client.overlay.push()."
    )
    with pytest.raises(PermissionDeniedError, match="Cannot delete organizations in a hybrid"):
        backend.store(ORGANIZATION, Scope()).delete(scope.ids[0])
