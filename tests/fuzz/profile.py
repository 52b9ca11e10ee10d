"""How many examples there are, and how damage is done to bytes and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

T = TypeVar("T", str, bytes)

THOROUGH = settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[*HealthCheck],
)


@st.composite
def damaged(draw: st.DrawFn, whole: T, pieces: Sequence[T], most: int = 5) -> T:
    """A text or bytes, in which stretches were replaced by pieces or by other stretches of it.

    Args:
        draw: Hypothesis.
        whole: What is damaged.
        pieces: What may be put in.
        most: How often.
    """
    for _ in range(draw(st.integers(0, most))):
        start = draw(st.integers(0, len(whole)))
        stop = min(len(whole), start + draw(st.sampled_from([0, 1, 3, 12, 100, 512, 10_000])))
        source = draw(st.integers(0, len(whole)))
        pool: list[T] = list(pieces)
        pool.append(whole[source : source + draw(st.sampled_from([0, 1, 8, 512]))])
        piece: T = draw(st.sampled_from(pool))
        whole = whole[:start] + piece + whole[stop:]
    return whole
