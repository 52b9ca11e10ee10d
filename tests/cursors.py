"""Cursors that nobody made, and what almost is one."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import strategies as st

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(2**64), 0, ""])
    | st.floats()
    | st.text()
    | st.sampled_from(["\0", "\ud800", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)
"""Whatever JSON can say, and more: Python's also says NaN."""


HUGE = base64.urlsafe_b64encode(b"[" + b"9" * 5000 + b"]").decode()
"""A number that Python does not read."""


def encoded(position: Any) -> str:
    """A cursor as backends make them."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def deep(depth: int) -> str:
    """A cursor of lists in lists."""
    return base64.urlsafe_b64encode(b"[" * depth + b"]" * depth).decode()


def cursors(sorts: tuple[str, ...]) -> st.SearchStrategy[tuple[str, str]]:
    """Draw the field that a list is sorted by, and a cursor for it."""

    def after(sort_by: str) -> st.SearchStrategy[tuple[str, str]]:
        marks = st.lists(st.none() | VALUES | st.tuples(st.booleans(), VALUES, VALUES), max_size=4)
        values = VALUES | st.tuples(marks, marks, st.none() | VALUES)
        made = st.tuples(st.just(sort_by), st.just("asc"), values, VALUES | st.just("")).map(
            encoded
        )
        platform = st.tuples(VALUES, VALUES, st.just(sort_by)).map(encoded)
        hostile = st.sampled_from([deep(5_000), deep(900), HUGE])
        return st.tuples(st.just(sort_by), made | platform | hostile | st.text())

    return st.sampled_from(sorts).flatmap(after)
