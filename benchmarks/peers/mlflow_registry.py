"""MLflow's model registry on SQLite, through `MlflowClient`, in the ways that make it fastest.

MLflow knows registered models and versions of them, so there are two ways to keep 1,000 models:
1,000 registered models, or 1,000 versions of one. Both are measured, every listing with several
page sizes, every update by tag and by description; the best of all stands for MLflow. It keeps
less than the others: a name and a source, neither manifest nor metrics nor file index.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.peers.registry import DESCRIPTION, MODEL_NAME, Ways

_LARGEST = 1_000
_ONE = "the-one-model"
_PAGE_SIZES = (100, 1_000, 10_000)


def connect(path: Path) -> Any:
    """An `MlflowClient` for an SQLite file, its tables made.

    Raises:
        ImportError: MLflow, or what its SQLite registry needs, is not installed.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    tracking = import_module("mlflow.tracking")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    url = f"sqlite:///{path}"
    client = tracking.MlflowClient(url, url)
    client.search_registered_models(max_results=1)
    return client


class MlflowModels:
    """One registered model for each model.

    Args:
        folder: Where the database goes.
        package: Where the package of a number is.
    """

    name = "MLflow models"
    largest = _LARGEST

    def __init__(self, folder: Path, package: Callable[[int], Path]) -> None:
        self._client = connect(folder / "mlflow-models.db")

    def fill(self, first: int, last: int) -> None:
        """Make registered models one by one."""
        for number in range(first, last):
            self.create(number)

    def ways(self) -> Mapping[str, Ways]:
        """Every way there is."""
        client = self._client
        get: Ways = {
            "get_registered_model": lambda number: _one(
                client.get_registered_model(MODEL_NAME.format(number))
            )
        }
        return {
            "create": {"create_registered_model": self.create},
            "get by id": get,
            "get by name": get,
            "list": _listings("search_registered_models", client, _PAGE_SIZES[:2]),
            "iterate": _listings("search_registered_models", client, _PAGE_SIZES[:1]),
            "update": {
                "update_registered_model": lambda number: _one(
                    client.update_registered_model(MODEL_NAME.format(number), f"Changed {number}")
                ),
                "set_registered_model_tag": lambda number: _done(
                    client.set_registered_model_tag(MODEL_NAME.format(number), "changed", number)
                ),
            },
        }

    def close(self) -> None:
        """Nothing to do: MLflow keeps its engines."""

    def create(self, number: int) -> int:
        """Make the model of that number."""
        return _one(self._client.create_registered_model(MODEL_NAME.format(number)))


class MlflowVersions:
    """One registered model, and a version of it for each model.

    Args:
        folder: Where the database and the files go.
        package: Where the package of a number is.
    """

    name = "MLflow versions"
    largest = _LARGEST

    def __init__(self, folder: Path, package: Callable[[int], Path]) -> None:
        self._client = connect(folder / "mlflow-versions.db")
        self._client.create_registered_model(_ONE)
        repositories = import_module("mlflow.store.artifact.local_artifact_repo")
        self._files = repositories.LocalArtifactRepository(str(folder / "mlflow-files"))
        self._package = package

    def fill(self, first: int, last: int) -> None:
        """Make versions one by one."""
        for number in range(first, last):
            self.create(number)

    def ways(self) -> Mapping[str, Ways]:
        """Every way there is; its only key is the name with the version."""
        client = self._client
        get: Ways = {
            "get_model_version": lambda number: _one(client.get_model_version(_ONE, number + 1))
        }
        return {
            "create": {"create_model_version": self.create},
            "upload": {"log_artifact, create_model_version": self._upload},
            "get by id": get,
            "get by name": get,
            "list": _listings("search_model_versions", client, _PAGE_SIZES),
            "iterate": _listings("search_model_versions", client, _PAGE_SIZES[:1]),
            "update": {
                "update_model_version": lambda number: _one(
                    client.update_model_version(_ONE, str(number + 1), f"Changed {number}")
                ),
                "set_model_version_tag": lambda number: _done(
                    client.set_model_version_tag(_ONE, str(number + 1), "changed", number)
                ),
            },
        }

    def close(self) -> None:
        """Nothing to do: MLflow keeps its engines."""

    def create(self, number: int) -> int:
        """Make the model of that number."""
        return _one(self._client.create_model_version(_ONE, "/models/iris.fnnx"))

    def _upload(self, number: int) -> int:
        package = self._package(number)
        self._files.log_artifact(str(package))
        return _one(self._client.create_model_version(_ONE, str(package), description=DESCRIPTION))


def _listings(search: str, client: Any, page_sizes: tuple[int, ...]) -> Ways:
    def listing(page_size: int) -> Callable[[int], int]:
        return lambda _: _list(getattr(client, search), page_size)

    return {f"{search}, pages of {size:,}": listing(size) for size in page_sizes}


def _list(search: Callable[..., Any], page_size: int) -> int:
    records: list[object] = []
    token: str | None = None
    while True:
        page = search(max_results=page_size, page_token=token)
        records += page
        token = page.token
        if not token:
            return len(records)


def _one(answer: object) -> int:
    assert answer is not None
    return 1


def _done(_: object) -> int:
    return 1
