"""Whatever is done to an overlay, production is what the overlay showed once it is pushed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dataforce import CLEAR, Client, DataForceError
from tests.hybrid.production import Production, Watch, left, package_at, production_at, shown
from tests.server.serving import Turntable

Operation: TypeAlias = "Callable[[Client, Path, int], object]"


def orbit_of(client: Client, number: int) -> str:
    orbits = client.orbits.list()
    return orbits[number % len(orbits)].id


def collection_of(client: Client, number: int) -> str:
    """Some collection of some orbit, which is the default one from then on."""
    client.orbit = orbit_of(client, number)
    collections = client.collections.list() or [client.collections.create("", "First", "model")]
    return collections[number // 3 % len(collections)].id


def model_of(client: Client, number: int) -> tuple[str, str]:
    collection = collection_of(client, number)
    models = client.model_artifacts.list(collection_id=collection)
    return models[number % len(models)].id if models else collection, collection


def secret_of(client: Client, number: int) -> str:
    secrets = client.bucket_secrets.list()
    return secrets[number % len(secrets)].id


def create_secret(client: Client, _folder: Path, number: int) -> None:
    client.bucket_secrets.create("s3.example.com", f"bucket {number % 4}", region="eu-west-1")


def rename_secret(client: Client, _folder: Path, number: int) -> None:
    client.bucket_secrets.update(secret_of(client, number), bucket_name=f"bucket {number % 5}")


def delete_secret(client: Client, _folder: Path, number: int) -> None:
    client.bucket_secrets.delete(secret_of(client, number))


def create_orbit(client: Client, _folder: Path, number: int) -> None:
    client.orbits.create(f"Orbit {number % 3}", secret_of(client, number))


def change_orbit(client: Client, _folder: Path, number: int) -> None:
    secret = secret_of(client, number // 2)
    client.orbits.update(f"Orbit {number}", secret, orbit_id=orbit_of(client, number))


def delete_orbit(client: Client, _folder: Path, number: int) -> None:
    if len(client.orbits.list()) > 1:
        orbit = orbit_of(client, number)
        client.orbit = next(each.id for each in client.orbits.list() if each.id != orbit)
        client.orbits.delete(orbit)


def create_collection(client: Client, _folder: Path, number: int) -> None:
    client.orbit = orbit_of(client, number)
    client.collections.create("", f"Collection {number % 3}", "dataset", tags=["a", "b"])


def change_collection(client: Client, _folder: Path, number: int) -> None:
    tags = CLEAR if number % 2 else [str(number)]
    collection = collection_of(client, number)
    client.collections.update(f"Collection {number}", "new", tags, collection_id=collection)


def delete_collection(client: Client, _folder: Path, number: int) -> None:
    client.collections.delete(collection_of(client, number))


def upload(client: Client, folder: Path, number: int) -> None:
    package = package_at(folder, f"model{number % 3}", 20_000 * (number % 3 + 1))
    collection = collection_of(client, number)
    client.model_artifacts.upload(package, f"Model {number % 3}", collection_id=collection)


def change_model(client: Client, _folder: Path, number: int) -> None:
    model, collection = model_of(client, number)
    description = CLEAR if number % 2 else f"{number}"
    client.model_artifacts.update(
        model, None, f"Model {number}", description, collection_id=collection
    )


def delete_model(client: Client, _folder: Path, number: int) -> None:
    model, collection = model_of(client, number)
    client.model_artifacts.delete(model, collection_id=collection)


def push(client: Client, _folder: Path, _number: int) -> None:
    client.overlay.push()


OPERATIONS: Mapping[str, Operation] = {
    each.__name__: each
    for each in (
        create_secret,
        rename_secret,
        delete_secret,
        create_orbit,
        change_orbit,
        delete_orbit,
        create_collection,
        change_collection,
        delete_collection,
        upload,
        change_model,
        delete_model,
        push,
    )
}


def fill(production: Production, folder: Path) -> None:
    """Two of each kind."""
    plain = production.plain
    plain.bucket_secrets.create("s3.example.com", "bucket 0", region="eu-west-1")
    plain.orbits.create("Orbit 0", plain.bucket_secrets.list()[0].id)
    plain.orbit = plain.orbits.list()[0].id
    for name in ("Collection 0", "Collection 1"):
        plain.collections.create("old", name, "model", tags=["old"])
    for number in range(4):
        upload(plain, folder, 3 * number)


# Not shrunk: an example takes seconds.
@pytest.mark.slow
@settings(max_examples=24, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 11)), min_size=3, max_size=16
    )
)
def test_whatever_is_done(
    platform: tuple[Turntable, str, Watch], steps: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with production_at(folder, *platform) as production:
            fill(production, folder / "packages")
            with production.hybrid(database_url=f"sqlite:///{folder}/overlay.db") as client:
                for operation, number in steps:
                    with suppress(DataForceError):  # the overlay refuses as the platform does
                        OPERATIONS[operation](client, folder / "packages", number)
                view = shown(client)
                told = client.overlay.push(dry_run=True)
                assert str(client.overlay.push()).replace("pushed", "would be pushed") == str(told)
                # Another client: the default orbit of the first may be gone.
                with Client(database_url=f"sqlite:///{production.place}") as plain:
                    assert shown(plain) == view
                assert shown(client) == view
                assert left(client) == (0, 0, 0)
