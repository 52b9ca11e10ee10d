"""What calls are made of: few values, so that they meet again."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st

from dataforce import CLEAR

Order: TypeAlias = Literal["asc", "desc"]

UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"
"""An id that nothing has."""

# Sorted alike by code point and by every language, so that platforms may differ in that.
NAMES = st.sampled_from(["alpha", "beta 100%", "gamma_'x'", "übung 🙂"])
MAYBE_NAMES = st.one_of(NAMES, NAMES, NAMES, st.just(""))
FILE_NAMES = st.sampled_from(["a.fnnx", "b c.dfs", "übung 🙂.luml"])
TEXTS = st.sampled_from(["", "one", "two; --"])
TAGS = st.lists(st.sampled_from(["a", "b", "ü"]), max_size=3)
BUCKETS = st.sampled_from(["models", "models", "data", "logs", ""])
ENDPOINTS = st.sampled_from(["s3.example.com", "s3.example.com", "minio:9000", ""])
REGIONS = st.sampled_from(["eu-west-1", ""])
STATUSES = st.sampled_from(["uploaded", "upload_failed", "deletion_failed"])
TYPES = st.sampled_from(["model", "dataset"])
ORDERS: st.SearchStrategy[Order] = st.sampled_from(["asc", "desc"])
PAGE_SIZES = st.sampled_from([1, 2, 100])


def clearable(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value, a clearing, or nothing at all."""
    return st.none() | st.just(CLEAR) | values


def astray(places: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly where it is, sometimes another place."""
    return st.one_of(st.none(), st.none(), st.none(), places)
