"""Whatever a platform says when it refuses, the user gets an error that can be shown."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dataforce.config import Settings
from dataforce_remote.refusals import refusal

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
FAULTS = st.fixed_dictionaries({}, optional={"loc": VALUES, "msg": VALUES, "type": VALUES})
BODIES = (
    st.binary()
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({"detail": VALUES | st.lists(VALUES | FAULTS)}).map(
        lambda value: json.dumps(value).encode()
    )
)


@given(BODIES, st.sampled_from([302, 400, 401, 403, 404, 405, 418, 422, 429, 500, 503]), st.text())
def test_any_refusal(content: bytes, status: int, location: str) -> None:
    headers = {"location": location}

    error = refusal(Settings(), "GET", "/path", status, headers, content)

    assert error.status_code == status
    assert str(error).startswith(f"GET /path was answered {status}: ")
    assert len(str(error)) < 6000
    str(error).encode()
