"""The names that a declaration of settings holds, and tables of values under such names.

A setting in a group carries a dotted name: `url` in the group `compute` is `compute.url`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.fields import FieldInfo

__all__ = ["Table", "declared_settings", "flatten", "nearest", "nest", "refusal", "suggestion"]

_LONGEST: Final = 500
"""Length of the longest message, in characters."""
_NOTE: Final = 20
"""Room for the line that counts what is left out."""
SIMILAR: Final = 0.6

Table = Mapping[str, object]


def declared_settings(declaration: type[BaseModel], group: str = "") -> dict[str, FieldInfo]:
    """Name every setting of a declaration, those of its groups included."""
    settings: dict[str, FieldInfo] = {}
    for name, field in declaration.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            settings |= declared_settings(kind, f"{group}{name}.")
        else:
            settings[f"{group}{name}"] = field
    return settings


def flatten(
    table: Table, settings: Mapping[str, FieldInfo], group: str = ""
) -> Iterator[tuple[str, object]]:
    """Yield every value of a table under its dotted name; a group may be missing or null."""
    for key, value in table.items():
        name = f"{group}{key}"
        is_group = any(setting.startswith(f"{name}.") for setting in settings)
        if is_group and (value is None or isinstance(value, Mapping)):
            yield from flatten(value or {}, settings, f"{name}.")
        else:
            yield name, value


def nest(values: Table) -> dict[str, object]:
    """Turn values under dotted names into tables within tables, as pydantic reads them."""
    tables: dict[str, dict[str, object]] = {"": {}}
    for name, value in values.items():
        group, _, key = name.rpartition(".")
        table_of(group, tables)[key] = value
    return tables[""]


def table_of(group: str, tables: dict[str, dict[str, object]]) -> dict[str, object]:
    """Find the table of a group, making it and those above it when they are missing."""
    if group not in tables:
        above, _, key = group.rpartition(".")
        table_of(above, tables)[key] = tables[group] = {}
    return tables[group]


def suggestion(word: str, known: Iterable[str], quote: str = "") -> str:
    """Ask whether the nearest known word was meant; say nothing when none is near."""
    meant = nearest(word, known)
    return f"; did you mean {quote}{meant}{quote}?" if meant else ""


def nearest(word: str, known: Iterable[str], similarity: float = SIMILAR) -> str | None:
    """Return the known word that is most like this one; None when none is near.

    Args:
        word: What somebody wrote.
        known: What may have been meant.
        similarity: How alike the two must be, from 0 to 1, as `difflib` measures it.
    """
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, n=1, cutoff=similarity)), None)


def refusal(faults: Sequence[str]) -> ConfigurationError:
    """Return an error that names the faults, a line each, as far as there is room for them.

    Args:
        faults: One or more.

    Example:
        >>> print(refusal(["timeout: expected a number"]))
        timeout: expected a number
    """
    whole = "\n".join(faults)
    if len(whole) <= _LONGEST:
        return ConfigurationError(whole)
    first, *others = faults
    room = _LONGEST - _NOTE
    shown = [first if len(first) <= room else f"{first[: room - 1]}…"]
    for fault in others:
        if len("\n".join([*shown, fault])) > room:
            break
        shown.append(fault)
    if left := len(faults) - len(shown):
        shown.append(f"… and {left} more")
    return ConfigurationError("\n".join(shown))
