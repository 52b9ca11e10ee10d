"""Something of everything, on the platform and in an overlay."""

from __future__ import annotations

from pathlib import Path

from dataforce import CLEAR, Client
from tests.hybrid.production import Production, package_at

KEYS = "CANARYaccess", "CANARYsecret", "CANARYtoken"


def fill(production: Production, folder: Path) -> None:
    """Three collections with models in the default orbit, and another orbit."""
    plain = production.plain
    for name in ("Flowers", "Trees", "Weeds"):
        collection = plain.collections.create("as before", name, "model", tags=["old"])
        for model in ("iris", "rose"):
            plain.model_artifacts.upload(
                package_at(folder, f"{name}-{model}"),
                model,
                description="as before",
                tags=["old"],
                collection_id=collection.id,
            )
    secret = plain.bucket_secrets.list()[0].id
    plain.orbits.create("Doomed", secret)
    plain.orbits.create("Kept", secret)
    unused = plain.bucket_secrets.create("s3.example.com", "unused")
    plain.bucket_secrets.update(unused.id, region="eu-west-1")


def collection_called(client: Client, name: str) -> str:
    found = client.collections.get(name)
    assert found is not None
    return found.id


def change_everything(client: Client, folder: Path) -> dict[str, str]:
    """Something of each kind; the ids of what was made."""
    client.orbit = "Default Orbit"
    secret = client.bucket_secrets.create("s3.example.com", "new", *KEYS, region="eu-west-1")
    orbit = client.orbits.create("Garden", secret.id)
    flowers, trees = collection_called(client, "Flowers"), collection_called(client, "Trees")
    model = client.model_artifacts.upload(
        package_at(folder, "tulip", 90_000), "tulip", tags=["new"], collection_id=flowers
    )
    found = client.model_artifacts.get("iris", collection_id=flowers)
    assert found is not None
    client.model_artifacts.update(
        found.id, model_name="lily", description=CLEAR, tags=CLEAR, collection_id=flowers
    )
    found = client.model_artifacts.get("rose", collection_id=flowers)
    assert found is not None
    client.model_artifacts.delete(found.id, collection_id=flowers)
    client.collections.update("Blossoms", "", ["a", "b"], collection_id=flowers)
    client.collections.delete(trees)
    for each in client.orbits.list():
        if each.name == "Doomed":
            client.orbits.delete(each.id)
        elif each.name == "Kept":
            client.orbits.update("Kept on", secret.id, orbit_id=each.id)
    for bucket in client.bucket_secrets.list():
        if bucket.bucket_name == "unused":
            client.bucket_secrets.delete(bucket.id)
    before, client.orbit = client.orbit, orbit.id
    within = client.collections.create("new", "Beds", "dataset", tags=["x"])
    for name in ("one", "two"):
        client.model_artifacts.upload(
            package_at(folder, name, 60_000), name, collection_id=within.id
        )
    client.orbit = before
    return {"secret": secret.id, "orbit": orbit.id, "collection": within.id, "model": model.id}
