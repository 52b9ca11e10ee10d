"""The machine that thinks of calls and compares the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from dataforce import CLEAR, Client, OrbitResourceNotFoundError
from dataforce.models import CollectionSort, ModelArtifactSort
from dataforce.package import read_package
from dataforce.testing.differential.answers import by_id, given, outcome, shown
from dataforce.testing.differential.dictionaries import Dictionaries, Values, find, in_order
from dataforce.testing.differential.strategies import (
    BUCKETS,
    ENDPOINTS,
    FILE_NAMES,
    MAYBE_NAMES,
    NAMES,
    ORDERS,
    PAGE_SIZES,
    REGIONS,
    STATUSES,
    TAGS,
    TEXTS,
    TYPES,
    UNKNOWN,
    Order,
    astray,
    clearable,
)
from dataforce.testing.packages import MANIFEST

Path2: TypeAlias = tuple[str, str]
"""A collection: the ids of its orbit and its own."""
Path3: TypeAlias = tuple[str, str, str]
"""A model artifact: the ids of its orbit, its collection and its own."""


class Differential(RuleBasedStateMachine):
    """Calls a client and dictionaries alike, and demands the same answers and errors.

    Args:
        client: Of any backend, on a fresh platform; what is made there is deleted again.
        home: The id of its orbit.
        packages: Model packages to upload.
        folder: Where downloads go.
        optional_regions: Whether a bucket secret may have no region.
    """

    secrets: Bundle[str] = Bundle("secrets")
    orbits: Bundle[str] = Bundle("orbits")
    collections: Bundle[Path2] = Bundle("collections")
    models: Bundle[Path3] = Bundle("models")

    def __init__(
        self,
        client: Client,
        home: str,
        packages: Sequence[Path],
        folder: Path,
        optional_regions: bool = True,
    ) -> None:
        super().__init__()
        self.no_region: Any = CLEAR if optional_regions else "eu-west-1"
        self.client, self.home = client, home
        self.packages, self.target = packages, folder / "downloaded"
        self.clean()  # a run that failed may have left something
        self.twin = Dictionaries(
            by_id(
                client.bucket_secrets.list(), "id", "endpoint", "bucket_name", "secure", "region"
            ),
            by_id(client.orbits.list(), "id", "name", "bucket_secret_id"),
            home,
        )

    def clean(self) -> None:
        """Leave the platform with one orbit and one bucket secret, as it was found."""
        client = self.client
        client.orbit = self.home
        self.first = client.orbits.update("home").bucket_secret_id
        for collection in client.collections.list():
            client.collections.delete(collection.id)
        for orbit in client.orbits.list():
            if orbit.id != self.home:
                client.orbits.delete(orbit.id)
        for secret in client.bucket_secrets.list():
            if secret.id != self.first:
                client.bucket_secrets.delete(secret.id)
        client.bucket_secrets.update(
            self.first, "home", "home", secure=CLEAR, region=self.no_region
        )

    @initialize(target=secrets)
    def first_secrets(self) -> Any:
        """The one that is there already, and one that no orbit uses."""
        spare = self.create_secret("minio:9000", "spare", None, None)
        return multiple(self.first, spare)

    @initialize(target=orbits)
    def first_orbits(self) -> Any:
        """The one that is there already, and one that can be deleted with what it holds."""
        orbit = self.create_orbit("alpha", self.first)
        self.create_collection(
            orbit, name="alpha", description="", collection_type="model", tags=None
        )
        return multiple(self.home, orbit)

    @initialize(target=collections, names=st.tuples(NAMES, NAMES))
    def first_collections(self, names: tuple[str, str]) -> Any:
        """So that there is something to put models into."""
        values = {"description": "", "collection_type": "model", "tags": None}
        made = [self.create_collection(self.home, name=name, **values) for name in names]
        return multiple(*made)

    @initialize(target=models)
    def first_models(self) -> Any:
        """So that there are statuses to change and bytes to fetch."""
        nothing = {"description": None, "tags": None}
        collection = self.create_collection(
            self.home, name="alpha", description="", collection_type="model", tags=None
        )
        registered = [
            self.create_model(
                collection, None, file_name="a.fnnx", size=size, model_name="alpha", **nothing
            )
            for size in range(2)
        ]
        return multiple(
            *registered, self.upload(collection, None, 0, model_name="alpha", **nothing)
        )

    def teardown(self) -> None:
        """Compare everything once more, then clean up."""
        for orbit in self.twin.orbits:
            self.enter(orbit)
            found = outcome(self.client.collections.list)
            assert found == self.twin.list_collections(orbit)
            for row in found:
                models = self.client.model_artifacts.list(collection_id=row["id"])
                assert shown(models) == self.twin.list_models(orbit, row["id"])
        self.clean()

    def enter(self, orbit: str) -> str:
        """Make an orbit the default; home in place of one that is gone."""
        self.client.orbit = orbit if orbit in self.twin.orbits else self.home
        return self.client.orbit

    @invariant()
    def lists_and_totals_agree(self) -> None:
        """The totals of orbits tell of all that is below them."""
        assert outcome(self.client.bucket_secrets.list) == self.twin.list_secrets()
        assert outcome(self.client.orbits.list) == self.twin.list_orbits()

    # -- bucket secrets

    @rule(
        target=secrets,
        endpoint=ENDPOINTS,
        bucket_name=BUCKETS,
        secure=st.none() | st.booleans(),
        region=st.none() | REGIONS,
    )
    def create_secret(
        self, endpoint: str, bucket_name: str, secure: bool | None, region: str | None
    ) -> Any:
        """Made, refused or in conflict."""
        values = {
            "endpoint": endpoint,
            "bucket_name": bucket_name,
            "secure": secure,
            "region": self.no_region if region is None and self.no_region is not CLEAR else region,
        }
        answer = outcome(lambda: self.client.bucket_secrets.create(**values))  # type: ignore[arg-type]
        return self.made(answer, lambda made: self.twin.create_secret(made, values))

    @rule(
        secret=secrets,
        endpoint=st.none() | ENDPOINTS,
        bucket_name=st.none() | BUCKETS,
        secure=clearable(st.booleans()),
        region=clearable(REGIONS),
    )
    def update_secret(self, secret: str, **changes: Any) -> None:
        """Changed, cleared, refused, in conflict or not found."""
        if changes["region"] is CLEAR:
            changes["region"] = self.no_region
        answer = outcome(lambda: self.client.bucket_secrets.update(secret, **changes))
        assert answer == outcome(lambda: self.twin.update_secret(secret, given(**changes)))

    @rule(secret=secrets)
    def delete_secret(self, secret: str) -> None:
        """Gone, in use, or gone before."""
        answer = outcome(lambda: self.client.bucket_secrets.delete(secret))
        assert answer == outcome(lambda: self.twin.delete_secret(secret))

    @rule(value=secrets | BUCKETS)
    def get_secret(self, value: str) -> None:
        """By id or by the name of its bucket."""
        answer = outcome(lambda: self.client.bucket_secrets.get(value))
        assert answer == outcome(lambda: find(self.twin.list_secrets(), ["bucket_name"], value))

    # -- orbits

    @rule(target=orbits, name=MAYBE_NAMES, secret=secrets | st.just(UNKNOWN))
    def create_orbit(self, name: str, secret: str) -> Any:
        """Made, refused, or without its bucket secret."""
        values = {"name": name, "bucket_secret_id": secret}
        answer = outcome(lambda: self.client.orbits.create(name, secret))
        return self.made(answer, lambda made: self.twin.create_orbit(made, values))

    @rule(
        orbit=orbits,
        name=st.none() | MAYBE_NAMES,
        bucket_secret_id=st.none() | secrets | st.just(UNKNOWN),
    )
    def update_orbit(self, orbit: str, **changes: Any) -> None:
        """Changed, refused or not found."""
        answer = outcome(lambda: self.client.orbits.update(orbit_id=orbit, **changes))
        assert answer == outcome(lambda: self.twin.update_orbit(orbit, given(**changes)))

    @rule(orbit=orbits | st.just(UNKNOWN))
    def delete_orbit(self, orbit: str) -> None:
        """Gone with all it held, gone before, or the default one."""
        self.enter(self.home)
        answer = outcome(lambda: self.client.orbits.delete(orbit))
        assert answer == outcome(lambda: self.twin.delete_orbit(orbit))

    @rule(value=orbits | MAYBE_NAMES)
    def get_orbit(self, value: str) -> None:
        """By id or by name."""
        answer = outcome(lambda: self.client.orbits.get(value))
        assert answer == outcome(lambda: find(self.twin.list_orbits(), ["name"], value))

    @rule(orbit=orbits)
    def prefer_orbit(self, orbit: str) -> None:
        """As the default it must exist."""
        self.client.orbit = orbit
        found = outcome(self.client.collections.list)
        exists = orbit in self.twin.orbits
        assert found == (
            self.twin.list_collections(orbit) if exists else OrbitResourceNotFoundError
        )

    # -- collections

    @rule(
        target=collections,
        orbit=orbits,
        name=MAYBE_NAMES,
        description=TEXTS,
        collection_type=TYPES,
        tags=st.none() | TAGS,
    )
    def create_collection(self, orbit: str, **values: Any) -> Any:
        """Made or refused."""
        orbit = self.enter(orbit)
        answer = outcome(lambda: self.client.collections.create(**values))
        made = self.made(answer, lambda made: self.twin.create_collection(made, orbit, values))
        return (orbit, made) if isinstance(made, str) else made

    @rule(
        collection=collections,
        stray=astray(orbits),
        name=st.none() | MAYBE_NAMES,
        description=clearable(TEXTS),
        tags=clearable(TAGS),
    )
    def update_collection(self, collection: Path2, stray: str | None, **changes: Any) -> None:
        """Changed, cleared, refused or not found."""
        orbit, identifier = self.enter(stray or collection[0]), collection[1]
        answer = outcome(
            lambda: self.client.collections.update(collection_id=identifier, **changes)
        )
        assert answer == outcome(
            lambda: self.twin.update_collection(orbit, identifier, given(**changes))
        )

    @rule(collection=collections, stray=astray(orbits))
    def delete_collection(self, collection: Path2, stray: str | None) -> None:
        """Gone with all it held, or not found."""
        orbit, identifier = self.enter(stray or collection[0]), collection[1]
        answer = outcome(lambda: self.client.collections.delete(identifier))
        assert answer == outcome(lambda: self.twin.delete_collection(orbit, identifier))

    @rule(orbit=orbits, value=collections | MAYBE_NAMES)
    def get_collection(self, orbit: str, value: Path2 | str) -> None:
        """By id or by name, in its orbit or in another."""
        orbit, value = self.enter(orbit), value if isinstance(value, str) else value[1]
        answer = outcome(lambda: self.client.collections.get(value))
        rows = self.twin.list_collections(orbit)
        assert answer == outcome(lambda: find(rows, ["name"], value))

    @rule(
        orbit=orbits,
        sort_by=st.sampled_from(["created_at", "name", "collection_type", "description"]),
        order=ORDERS,
        page_size=PAGE_SIZES,
    )
    def iterate_collections(
        self, orbit: str, sort_by: CollectionSort, order: Order, page_size: int
    ) -> None:
        """In any order, in pages of any size."""
        rows = in_order(self.twin.list_collections(self.enter(orbit)), sort_by, order)
        found = self.client.collections.iterate(sort_by=sort_by, order=order, page_size=page_size)
        assert shown(list(found)) == rows

    # -- model artifacts

    @rule(
        target=models,
        collection=collections,
        stray=astray(orbits),
        number=st.integers(0, 2),
        model_name=MAYBE_NAMES,
        description=st.none() | TEXTS,
        tags=st.none() | TAGS,
    )
    def upload(self, collection: Path2, stray: str | None, number: int, **values: Any) -> Any:
        """Stored, refused, or without its collection."""
        orbit, parent = self.enter(stray or collection[0]), collection[1]
        path = self.packages[number % len(self.packages)]
        answer = outcome(
            lambda: self.client.model_artifacts.upload(path, collection_id=parent, **values)
        )
        package = read_package(path)
        row = values | {
            "file_name": package.file_name,
            "size": package.size,
            "metrics": package.metrics,
            "status": "uploaded",
        }
        made = self.made(
            answer,
            lambda made: self.twin.create_model(made, orbit, parent, row, path.read_bytes()),
        )
        return (orbit, parent, made) if isinstance(made, str) else made

    @rule(
        target=models,
        collection=collections,
        stray=astray(orbits),
        file_name=FILE_NAMES,
        size=st.integers(0, 3),
        model_name=MAYBE_NAMES,
        description=st.none() | TEXTS,
        tags=st.none() | TAGS,
    )
    def create_model(self, collection: Path2, stray: str | None, **values: Any) -> Any:
        """Registered without its bytes, refused, or without its collection."""
        orbit, parent = self.enter(stray or collection[0]), collection[1]
        row: Values = values | {"metrics": {"size": values["size"]}}
        generated: Values = {
            "manifest": MANIFEST,
            "file_hash": hashlib.sha256().hexdigest(),
            "file_index": {},
            "collection_id": parent,
        }
        create = self.client.model_artifacts.create
        answer = outcome(lambda: create(**row, **generated).model)
        row["status"] = "pending_upload"
        made = self.made(
            answer, lambda made: self.twin.create_model(made, orbit, parent, row, None)
        )
        return (orbit, parent, made) if isinstance(made, str) else made

    @rule(
        model=models,
        stray=astray(collections),
        file_name=st.none() | FILE_NAMES,
        model_name=st.none() | MAYBE_NAMES,
        description=clearable(TEXTS),
        tags=clearable(TAGS),
        status=st.none() | STATUSES,
    )
    def update_model(self, model: Path3, stray: Path2 | None, **changes: Any) -> None:
        """Changed, cleared, refused, against the order of statuses, or not found."""
        place = self.place(model, stray)
        update = self.client.model_artifacts.update
        answer = outcome(lambda: update(model[2], collection_id=place[1], **changes))
        assert answer == outcome(lambda: self.twin.update_model(*place, given(**changes)))

    @rule(model=models, stray=astray(collections))
    def delete_url(self, model: Path3, stray: Path2 | None) -> None:
        """A deletion begins, whatever the status."""
        place, delete_url = self.place(model, stray), self.client.model_artifacts.delete_url
        answer = outcome(lambda: bool(delete_url(model[2], collection_id=place[1]).url))
        assert answer == outcome(lambda: self.twin.begin_deletion(*place))

    @rule(model=models, stray=astray(collections))
    def delete_model(self, model: Path3, stray: Path2 | None) -> None:
        """Gone or not found."""
        place, delete = self.place(model, stray), self.client.model_artifacts.delete
        answer = outcome(lambda: delete(model[2], collection_id=place[1]))
        assert answer == outcome(lambda: self.twin.delete_model(*place))

    @rule(model=models, stray=astray(collections))
    def download(self, model: Path3, stray: Path2 | None) -> None:
        """Its bytes, or none where there are none."""
        place, download = self.place(model, stray), self.client.model_artifacts.download
        answer = outcome(
            lambda: download(model[2], self.target, collection_id=place[1]).read_bytes()
        )
        assert answer == outcome(lambda: self.twin.download(*place))

    @rule(collection=collections, value=models | MAYBE_NAMES | FILE_NAMES)
    def get_model(self, collection: Path2, value: Path3 | str) -> None:
        """By id, by name or by the name of its file."""
        orbit, parent = self.enter(collection[0]), collection[1]
        wanted = value if isinstance(value, str) else value[2]
        answer = outcome(lambda: self.client.model_artifacts.get(wanted, collection_id=parent))
        names = ["model_name", "file_name"]
        assert answer == outcome(lambda: find(self.twin.list_models(orbit, parent), names, wanted))

    @rule(
        collection=collections,
        sort_by=st.sampled_from(["created_at", "model_name", "size", "description"]),
        order=ORDERS,
        page_size=PAGE_SIZES,
    )
    def iterate_models(
        self, collection: Path2, sort_by: ModelArtifactSort, order: Order, page_size: int
    ) -> None:
        """In any order, in pages of any size."""
        orbit, parent = self.enter(collection[0]), collection[1]
        iterate = self.client.model_artifacts.iterate
        answer = outcome(
            lambda: list(
                iterate(collection_id=parent, sort_by=sort_by, order=order, page_size=page_size)
            )
        )
        assert answer == outcome(
            lambda: in_order(self.twin.list_models(orbit, parent), sort_by, order)
        )

    # -- how it is done

    def place(self, model: Path3, stray: Path2 | None) -> Path3:
        """Where to look for a model: where it was made, or astray."""
        orbit, collection = stray or model[:2]
        return self.enter(orbit), collection, model[2]

    def made(self, answer: Any, twin: Callable[[str], Values]) -> Any:
        """The id of what was made, once both have made it; nothing if both refused."""
        identifier = answer["id"] if isinstance(answer, dict) else UNKNOWN
        assert answer == outcome(lambda: twin(identifier))
        return identifier if isinstance(answer, dict) else multiple()
