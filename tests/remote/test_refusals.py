"""Whatever a platform says when it refuses, the user gets an error that can be shown."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dataforce.config import Settings
from dataforce_remote.http.status_errors import status_error

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

    error = status_error(Settings(), "GET", "/path", status, headers, content)

    assert error.status_code == status
    foreign = f"Nothing at https://api.dataforce.studio speaks this API ({status}). Check base_url "
    assert str(error).endswith(f" (GET /path: {status})") or str(error).startswith(foreign)
    assert len(str(error)) <= 500
    assert str(error).isprintable()


@given(st.sampled_from(["plain", "escaped"]), st.text(st.sampled_from('!"\\/%aZ~'), min_size=5))
def test_a_key_that_the_platform_shows_is_masked(how: str, tail: str) -> None:
    key = f"dfs_CANARY{tail}"
    shown = json.dumps(key)
    if how == "escaped":
        shown = '"' + "".join(f"\\u{ord(each):04x}" for each in key) + '"'
    content = b'{"detail": [%s, {"loc": [%s], "msg": %s}], "more": %s}'
    headers = {"x-request-id": f"1-{key}-\x1b[31m"}

    for sent in (content.replace(b"%s", shown.encode()), f"<p>{key}</p>".encode()):
        error = status_error(Settings(api_key=key), "GET", "/path", 400, headers, sent)
        assert "CANARY" not in f"{error} {error.args} {json.dumps(vars(error))}"
        assert str(error).isprintable()
