"""Ours, through the facade: models in, models out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.peers.registry import DESCRIPTION, EVERYTHING, MODEL_NAME, TAGS, Ways
from benchmarks.sample import iris
from dataforce import Client


class DataforceRegistry:
    """A `Client` over the local backend, an SQLite file.

    Args:
        folder: Where the store goes.
        package: Where the package of a number is.
    """

    name = "dataforce"
    largest = EVERYTHING

    def __init__(self, folder: Path, package: Callable[[int], Path]) -> None:
        self.client = Client(database_url=f"sqlite:///{folder / 'registry.db'}")
        if not self.client.collections.list():
            self.client.collections.create("", "Benchmark", "model")
        self._models = self.client.model_artifacts
        self._package = package
        self._iris = iris()
        self._ids: list[str] = []

    def fill(self, first: int, last: int) -> None:
        """Make models one by one."""
        for number in range(first, last):
            self.create(number)

    def ways(self) -> Mapping[str, Ways]:
        """One way for everything; the models that come back are used no further."""
        models = self._models
        return {
            "create": {"create": self.create},
            "upload": {"upload": self._upload},
            "get by id": {"get": lambda number: _one(models.get(self._ids[number]))},
            "get by name": {"get": lambda number: _one(models.get(MODEL_NAME.format(number)))},
            "list": {"list": lambda _: len(models.list())},
            "iterate": {"iterate": lambda _: sum(1 for _ in models.iterate())},
            "update": {"update": self._update},
        }

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def create(self, number: int) -> int:
        """Make the model of that number."""
        created = self._models.create(
            self._iris.file_name,
            self._iris.metrics,
            self._iris.manifest,
            self._iris.file_hash,
            self._iris.file_index,
            self._iris.size,
            MODEL_NAME.format(number),
            DESCRIPTION,
            TAGS,
        )
        self._ids.append(created.model.id)
        return 1

    def _upload(self, number: int) -> int:
        name = MODEL_NAME.format(number)
        self._ids.append(self._models.upload(self._package(number), name, DESCRIPTION, TAGS).id)
        return 1

    def _update(self, number: int) -> int:
        return _one(self._models.update(self._ids[number], description=f"Changed {number}"))


def _one(model: object) -> int:
    assert model is not None
    return 1
