"""Origins of the values of settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CODE", "DEFAULT", "Given", "Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of the value of a setting; `str()` of it is meant for messages.

    Args:
        source: The kind of source.
        key: The environment variable, or the dotted key in the file; empty for the other sources.
        file: The configuration file, for the source `file`.

    Example:
        >>> str(Origin("environment", "DFS_API_KEY"))
        'environment variable DFS_API_KEY'
    """

    source: Literal["code", "environment", "file", "default"]
    key: str = ""
    file: Path | None = None

    def __str__(self) -> str:
        if self.source == "environment":
            return f"environment variable {self.key}"
        return f"{self.key} in {self.file}" if self.source == "file" else self.source


CODE: Final = Origin("code")
DEFAULT: Final = Origin("default")


class Given(NamedTuple):
    """A value as a source gave it, before validation."""

    value: object
    origin: Origin
