"""Strategies for calls: few values, so that they meet again."""

from __future__ import annotations

from enum import Enum
from typing import Any, get_args

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from dataforce.backend import AnyKind, Filter, Query
from dataforce.backend.filters import conditions_of
from dataforce.testing.assets import are_texts, is_text
from dataforce.testing.kinds import name_field

UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"
"""An id that nothing has."""

# Sorted alike by code point and by every language, so that platforms may differ in that.
NAMES = st.sampled_from(["alpha", "beta 100%", "gamma_'x'", "übung 🙂"])
TEXTS = st.sampled_from(["", "one", "two; --"])
TAGS = st.lists(st.sampled_from(["a", "b", "ü"]), max_size=3)
PARTS = st.sampled_from(["A", "beta", "%", "_", "100", "ÜB", "ü", "nothing"])
NUMBERS = st.sampled_from([0.5, 1, 1.0, -3, 2**40, "text", None])
COMPARISONS = st.sampled_from(["top.5>0", "top.5<=1", "top.5==1", "top.5 != 0.5", "none>0"])
CONTENTS = st.sampled_from([b"", b"bytes", b"x" * 5000])


def values_of(kind: AnyKind, fields: dict[str, FieldInfo]) -> dict[str, st.SearchStrategy[Any]]:
    """Return strategies for the fields of a kind that are not left to the declarations."""
    described = {path for each in kind.files.values() for path in (each.digest, each.size)}
    left = {*described, *kind.references, kind.identity_field}
    found: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in fields.items():
        if name in left or f"{name}[]" in left:
            continue
        strategy = _of_type(kind, name, field.annotation)
        if strategy is not None:
            is_clearable = type(None) in get_args(field.annotation)
            found[name] = st.none() | strategy if is_clearable else strategy
    return found


def _of_type(kind: AnyKind, name: str, annotation: Any) -> st.SearchStrategy[Any] | None:
    if name == name_field(kind) or name in kind.unique:
        return NAMES
    if kind.transitions is not None and name == kind.transitions.field:
        return st.sampled_from([*{each for to in kind.transitions.allowed.values() for each in to}])
    if f"{name}.*" in kind.sorts:
        return st.dictionaries(st.just("top.5"), NUMBERS, max_size=1)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(list(annotation))
    if name in kind.sorts and is_text(annotation):
        return TEXTS
    return TAGS if are_texts(annotation) else None


def queries(kind: AnyKind) -> st.SearchStrategy[Query]:
    """Draw a query: a name, filters, a sort, an order and a limit."""
    filters = {name: _wanted(each) for name, each in kind.filters.items()}
    drawn = {name: strategy for name, strategy in filters.items() if strategy is not None}
    sorts = [f"{name[:-1]}top.5" if name.endswith(".*") else name for name in kind.sorts]
    return st.builds(
        Query,
        name=st.none() | st.none() | NAMES,
        where=st.fixed_dictionaries({}, optional=drawn).map(
            lambda given: conditions_of(kind, given)
        ),
        sort_by=st.none() | st.sampled_from(sorts),
        order=st.sampled_from(["asc", "desc"]),
        limit=st.sampled_from([1, 2, 100, None]),
    )


def _wanted(declared: Filter) -> st.SearchStrategy[Any] | None:
    if declared.takes == "datetime":  # the two sides have other times
        return None
    if declared.takes == "comparison":
        return st.lists(COMPARISONS, min_size=1, max_size=2)
    texts = PARTS if declared.operator == "contains" else NAMES | PARTS | st.just("a")
    return texts | st.lists(texts, min_size=1, max_size=2)
