"""Metrics in the JSON of a package, and values that cannot be stored."""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from dataforce.errors import UnprocessableEntityError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Metrics(NamedTuple):
    """The metrics of a model, and where in its package they stand."""

    member: str
    path: str
    values: dict[str, object]


class _Rule(NamedTuple):
    tags: frozenset[str]
    paths: tuple[str, ...]
    omitted: frozenset[str]


_DEPTH = 100
_UNSTORED = "The metrics cannot be stored: {}. Give numbers or text."
_UNSENDABLE_TEXT = re.compile("[\0\ud800-\udfff]")
_TABULAR_PRODUCERS = frozenset(
    {
        "dataforce.studio::tabular_classification:v1",
        "dataforce.studio::tabular_regression:v1",
    }
)
_TABULAR_RULE = _Rule(
    tags=frozenset(
        {
            "falcon.beastbyte.ai::tabular_classification_metrics:v1",
            "falcon.beastbyte.ai::tabular_regression_metrics:v1",
        }
    ),
    paths=(
        "payload.metrics.performance.eval_holdout",
        "payload.metrics.performance.eval_cv",
    ),
    omitted=frozenset({"N_SAMPLES"}),
)
_REGISTRY_RULE = _Rule(
    tags=frozenset({"dataforce.studio::registry_metrics:v1"}),
    paths=("payload.metrics",),
    omitted=frozenset(),
)


def find_metrics(manifest: Mapping[str, object], documents: Mapping[str, bytes]) -> Metrics:
    """Finds the metrics that a package reports about its model.

    Args:
        manifest: The package's manifest; its `producer_tags` say which rule applies.
        documents: The bytes of `meta.json` and of the `meta-<hex>.json` members, by name.

    Returns:
        The metrics; empty if the package reports none, or in a form that is not understood.

    Example:
        >>> entry = b'{"tags": ["dataforce.studio::registry_metrics:v1"],'
        >>> entry += b' "payload": {"metrics": {"accuracy": 0.9}}}'
        >>> find_metrics({"producer_tags": []}, {"meta-1f.json": entry}).values
        {'accuracy': 0.9}
    """
    rule = _TABULAR_RULE if _TABULAR_PRODUCERS & _tags(manifest) else _REGISTRY_RULE
    for member, entry in _entries(documents):
        if rule.tags & _tags(entry):
            return _metrics(rule, member, entry)
    return Metrics("meta.json", "", {})


def _metrics(rule: _Rule, member: str, entry: object) -> Metrics:
    for path in rule.paths:
        values = _value_at(entry, path)
        if values and isinstance(values, dict):
            kept = {key: value for key, value in values.items() if key not in rule.omitted}
            return Metrics(member, path, kept)
    return Metrics(member, "", {})


def _entries(documents: Mapping[str, bytes]) -> Iterator[tuple[str, object]]:
    # The appended documents come after the one that the package was made with.
    for member in sorted(documents, key=lambda name: name != "meta.json"):
        for entry in _parse_entries(documents[member]):
            yield member, entry


def _parse_entries(document: bytes) -> list[object]:
    try:
        content = json.loads(document)
    except (ValueError, RecursionError):
        return []
    return content if isinstance(content, list) else [content]


def _tags(entry: object) -> set[str]:
    # Documents that older tools appended to a package say `tags`.
    tags = _value_at(entry, "producer_tags") or _value_at(entry, "tags")
    return {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()


def _value_at(value: object, path: str) -> object:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def find_unsendable(value: object, path: str) -> str | None:
    """Find a value that JSON could carry but that the platform answers with a server error.

    Args:
        value: What `json.loads` returned.
        path: Where `value` stands, put before the path of what is found in it.

    Returns:
        The path of the first such value and what is wrong with it, or None if everything can be
        sent. Lists and objects may be nested 100 deep.

    Example:
        >>> find_unsendable({"loss": [0.1, float("nan")]}, "payload.metrics")
        'payload.metrics.loss[1] is nan, which the platform cannot store'
    """
    # One iterator for each level. A path is only written out for what is found: the paths of all
    # values may be thousands of times as long as the values.
    levels: list[tuple[str, Iterator[tuple[str, object]]]] = [("", iter([(path, value)]))]
    while levels:
        for step, item in levels[-1][1]:
            if not is_sendable(item):
                problem = f"is {reprlib.repr(item)}, which the platform cannot store"
                return f"{_place(levels, step)} {problem}"
            if isinstance(item, dict | list):
                if len(levels) > _DEPTH:
                    return f"{_place(levels, step)} is nested more than {_DEPTH} deep"
                levels.append((step, _parts(item)))
                break
        else:
            levels.pop()
    return None


def _place(levels: list[tuple[str, Iterator[tuple[str, object]]]], step: str) -> str:
    path = "".join(above for above, _ in levels) + step
    path = path.lstrip(".,").strip()
    return path if len(path) <= 120 else f"{path[:60]}...{path[-57:]}"


def is_sendable(value: object) -> bool:
    """Says whether the platform can store a JSON value, not counting the values inside it.

    Args:
        value: A number, a text or any other value.

    Returns:
        False for NaN, for infinity and for a text with NUL or with half a surrogate pair in it.

    Example:
        >>> is_sendable("caf\u00e9"), is_sendable(float("inf"))
        (True, False)
    """
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, str) or _UNSENDABLE_TEXT.search(value) is None


def _parts(value: dict[str, object] | list[object]) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield f"[{number}]", item
        return
    for key, item in value.items():
        yield ", a key", key
        yield f".{key}", item


def checked_metrics(metrics: Mapping[str, object] | None) -> dict[str, object]:
    """Return metrics that a user gives by hand, as they are stored.

    Args:
        metrics: Name of a metric to its value: a number, text, or what JSON holds of them. Numbers
            of other libraries, such as NumPy's, become plain ones.

    Raises:
        UnprocessableEntityError: They cannot be stored.

    Example:
        >>> checked_metrics({"accuracy": 0.93})
        {'accuracy': 0.93}
    """
    if metrics is not None and not isinstance(metrics, Mapping):
        raise UnprocessableEntityError(
            f"The metrics are a {type(metrics).__name__}. Give a dictionary, such as "
            f'{{"accuracy": 0.93}}.'
        )
    try:
        stored: dict[str, object] = json.loads(json.dumps(dict(metrics or {}), default=_plain))
        problem = find_unsendable(stored, "metrics")
    except (TypeError, ValueError, RecursionError) as error:
        problem = f"metrics hold what is no JSON ({str(error)[:100]})"
        raise UnprocessableEntityError(_UNSTORED.format(problem)) from error
    if problem is not None:
        raise UnprocessableEntityError(_UNSTORED.format(problem))
    return stored


def _plain(value: object) -> object:
    """The number in a scalar or the list in an array of another library."""
    to_list = getattr(value, "tolist", None)
    if to_list is None:
        raise TypeError(f"a {type(value).__name__}")
    return to_list()
