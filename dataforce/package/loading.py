"""Loading: a model as an object in memory again, from the file that it was saved in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from dataforce.backend.error_messages import words_of
from dataforce.errors import FileError
from dataforce.models._base import brief


@dataclass(frozen=True)
class _Format:
    """A format of files with a model.

    Attributes:
        module: Module that reads it.
        distribution: Distribution of the module.
        load: Reads an open file with that module.
        runs_code: Whether the file brings code that runs while it is read.
    """

    module: str
    distribution: str
    load: Callable[[Any, IO[bytes]], object]
    runs_code: bool


_PICKLE = _Format("pickle", "python", lambda module, file: module.load(file), True)
_FORMATS = {
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".joblib": _Format("joblib", "joblib", lambda module, file: module.load(file), True),
    ".safetensors": _Format(
        "safetensors.numpy",
        "safetensors[numpy]",
        lambda module, file: module.load(file.read()),
        False,
    ),
}


def check_loadable(described: str, name: str | None, *, trust: bool) -> None:
    """Raise `FileError` if a model cannot be loaded, or only by who trusts its file.

    Args:
        described: The model, for messages.
        name: Name of its file, `None` if it has no single file.
        trust: Whether the user trusts the file.
    """
    found = None if name is None else _FORMATS.get(Path(name).suffix.lower())
    if found is None:
        file = "no single file for its model" if name is None else brief(name, 100)
        raise FileError(
            f"Cannot load {described}: it holds {file}, and {', '.join(_FORMATS)} files can be "
            f"loaded here. Use `extract`, and read what it gives with the library that wrote it."
        )
    if found.runs_code and not trust:
        raise FileError(
            f"Cannot load {described} without trust: {brief(name, 100)} is a pickle, and loading "
            f"it runs whatever code its maker put in. If you trust who made it, pass trust=True; "
            f"`extract` gives you the file without running anything."
        )


def load(described: str, path: Path) -> object:
    """Return the model in a file that `check_loadable` has passed.

    Args:
        described: The model, for messages.
        path: Path of the file.

    Raises:
        FileError: What reads it is not installed, or fails.
    """
    found = _FORMATS[path.suffix.lower()]
    try:
        module = import_module(found.module)
    except ImportError as error:
        raise FileError(
            f"Cannot load {described}: reading {brief(path.name, 100)} needs {found.module} "
            f"({words_of(error, 100)}). Run: pip install {found.distribution}"
        ) from error
    try:
        with path.open("rb") as file:
            return found.load(module, file)
    except Exception as error:  # of whatever the file holds
        raise FileError(
            f"Cannot load {described}: reading {brief(path.name, 100)} failed with "
            f"{type(error).__name__}: {words_of(error, 150)}. Install and import what it was made "
            f"with, in the same versions; the manifest may name them."
        ) from error
