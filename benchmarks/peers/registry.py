"""What every contender in the registry benchmark can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias

from benchmarks.timing import Call

Ways: TypeAlias = Mapping[str, Call]
"""The ways a contender has to do one thing, by name; the fastest counts."""


class Registry(Protocol):
    """A registry that holds one collection of models.

    Its calls take the number of a model: one that is there to read or update it, the next one to
    create it. Listing calls take any number and ignore it.
    """

    name: str
    largest: int
    """The size up to which it is measured."""

    def create(self, number: int) -> int:
        """Make the model of that number."""

    def fill(self, first: int, last: int) -> None:
        """Make the models `first` to `last - 1`, in whatever way is fastest; not measured."""

    def ways(self) -> Mapping[str, Ways]:
        """Ways to `create`, `upload`, `get by id`, `get by name`, `list`, `iterate`, `update`."""

    def close(self) -> None:
        """Let go of the store."""


Opener: TypeAlias = Callable[[Path, Callable[[int], Path]], Registry]
"""Opens the registry in a folder; the function tells where the package of a number is."""

MODEL_NAME = "model-{:07d}"
DESCRIPTION = "Random forest on the iris measurements"
TAGS = ["flowers", "forest"]
EVERYTHING = 10**9
