"""Filters of lists: declared by a kind, checked once, and matched in memory where need be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

from dataforce.backend.identity import can_be_stored
from dataforce.backend.paths import values_at
from dataforce.errors import UnprocessableEntityError

if TYPE_CHECKING:
    from dataforce.backend.kind import AnyKind

Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "contains"]
Scalar: TypeAlias = str | int | float | bool | datetime

_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "!=": lambda one, other: one != other,
    "=": lambda one, other: one == other,
}
_COMPARISON = re.compile(
    r"\s*(?P<key>[^<>=!]*[^<>=!\s])\s*(?P<sign><=|>=|==|!=|<|>|=)\s*(?P<number>\S+)\s*"
)
_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that every object of a list fulfils.

    Args:
        path: Path of the values that are compared; one of them has to match.
        operator: `=` holds for a value that equals one of `values`. `contains` holds for text that
            contains one of them, whatever the case of the letters A to Z. The others compare
            numbers with numbers and dates with dates; a value of another type does not match.
        values: What to compare with; exactly one, but for `=` and `contains`.

    Example:
        >>> Condition("name", "contains", ("flow",)).matches({"name": "Flowers"})
        True
    """

    path: str
    operator: Operator
    values: tuple[Scalar, ...]

    def matches(self, record: object) -> bool:
        """Return whether a record fulfils the condition."""
        found = [_plain(each) for each in values_at(record, self.path)]
        if self.operator == "contains":
            wanted = [lowered(str(value)) for value in self.values]
            texts = [lowered(each) for each in found if isinstance(each, str)]
            return any(part in text for text in texts for part in wanted)
        if self.operator == "=" and not _is_number(self.values[0]):
            return any(each == value for each in found for value in self.values)
        holds = _ORDERED[self.operator]
        return any(
            holds(each, value)
            for each in found
            for value in self.values
            if _are_comparable(each, value)
        )


def lowered(text: str) -> str:
    """Return text with the letters A to Z in lower case, and no other changed."""
    return text.translate(_LOWER)


def match_all(conditions: Iterable[Condition], record: object) -> bool:
    """Return whether a record fulfils all conditions."""
    return all(condition.matches(record) for condition in conditions)


@dataclass(frozen=True)
class Filter:
    """A filter that the lists of a kind take.

    Args:
        path: Path of the values that are compared.
        operator: See `Condition`; `compare` takes text such as `accuracy>0.9`, whose left side is
            a key of the dictionary at the path.
        takes: `text`, `datetime` or `comparison`: what a user gives; of text and comparisons one
            or several.

    Example:
        >>> Filter("tags[]", "=").conditions("tag", ["crm", "churn"])
        (Condition(path='tags[]', operator='=', values=('crm', 'churn')),)
    """

    path: str
    operator: Operator = "="
    takes: Literal["text", "datetime", "comparison"] = "text"

    def conditions(self, name: str, value: object) -> tuple[Condition, ...]:
        """Return what a value of the filter demands.

        Args:
            name: Name of the filter, for messages.
            value: What a user gave.

        Raises:
            UnprocessableEntityError: The filter does not take it.
        """
        if self.takes == "datetime":
            return (Condition(self.path, self.operator, (_moment(name, value),)),)
        given = [value] if isinstance(value, str) else value
        several = [each for each in given if _is_text(each)] if isinstance(given, Sequence) else []
        if not isinstance(given, Sequence) or not several or len(several) < len(given):
            raise UnprocessableEntityError(
                f"{name} takes text, or a list of texts, not {_shown(value)}."
            )
        if self.takes == "comparison":
            return tuple(parse_comparison(self.path, each, name) for each in several)
        return (Condition(self.path, self.operator, tuple(map(str, several))),)


def parse_comparison(path: str, text: str, name: str = "metrics") -> Condition:
    """Return the condition that a comparison of a number states.

    Args:
        path: Path of the dictionary that holds the numbers.
        text: A key, one of `<`, `<=`, `>`, `>=`, `==` and `!=`, and a number.
        name: Name of the filter, for messages.

    Raises:
        UnprocessableEntityError: It is no comparison.

    Example:
        >>> parse_comparison("metrics", "accuracy >= 0.9")
        Condition(path='metrics.accuracy', operator='>=', values=(0.9,))
    """
    match = _COMPARISON.fullmatch(text)
    try:
        number = float(match["number"]) if match else float("nan")
    except ValueError:
        number = float("nan")
    if match is None or number != number or abs(number) == float("inf"):
        raise UnprocessableEntityError(
            f"{name} takes a key, a comparison and a number, such as 'accuracy>0.9', not "
            f"{_shown(text)}. The comparisons are <, <=, >, >=, == and !=."
        )
    sign = match["sign"]
    return Condition(f"{path}.{match['key']}", "=" if sign == "==" else sign, (number,))  # type: ignore[arg-type]  # the pattern lists the operators


def conditions_of(kind: AnyKind, given: Mapping[str, object]) -> tuple[Condition, ...]:
    """Return the conditions that the filters of a list stand for.

    Args:
        kind: The kind of the list.
        given: Name of a filter to its value; `None` stands for no filter.

    Raises:
        UnprocessableEntityError: The kind has no such filter, or it does not take the value.
    """
    conditions: list[Condition] = []
    for name, value in given.items():
        if value is None:
            continue
        if name not in kind.filters:
            known = ", ".join(kind.filters) or "none"
            raise UnprocessableEntityError(
                f"{kind.name.capitalize()}s have no filter {_shown(name)}; there are: {known}."
            )
        conditions += kind.filters[name].conditions(name, value)
    return tuple(conditions)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_comparable(one: object, other: object) -> bool:
    if _is_number(one) and _is_number(other):
        return True
    return isinstance(one, datetime) and isinstance(other, datetime)


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and can_be_stored(value)


def _moment(name: str, value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UnprocessableEntityError(
            f"{name} takes a datetime with a time zone, such as "
            f"datetime(2026, 11, 1, tzinfo=UTC), not {_shown(value)}."
        )
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
