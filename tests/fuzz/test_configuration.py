"""A configuration file gives settings or a `ConfigurationError`, and no secret is quoted."""

from __future__ import annotations

import warnings
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from dataforce.config import Settings, load_settings
from dataforce.errors import ConfigurationError
from tests.config.loading import CANARY, VALUES
from tests.fuzz.profile import THOROUGH, damaged

pytestmark = pytest.mark.slow

MASK = "**********"

TOML = f"""
default_client = "a"

[clients.a]
base_url = "https://a.example"
api_key = "{CANARY}"
timeout = 5
insecure = false
proxy = "http://{CANARY}@proxy.example:3128"

[clients.b]
database_url = "postgresql://user:{CANARY}@db.example/x"
"""
YAML = f"""
default_client: a
clients:
  a: &a
    base_url: https://a.example
    api_key: {CANARY}
    timeout: 5
    proxy: http://user:{CANARY}@proxy.example:3128
  b:
    <<: *a
    database_url: postgresql://user:{CANARY}@db.example/x
"""
PIECES = [
    *VALUES,
    *"[]{}\"'#=:,.&*!|>-%@`~\\\n\t\0\x1b\ufeff\ud7ff",
    "*a",
    "&a [*a]",
    "!!python/object/apply:os.system [x]",
    "!!timestamp 99999-99-99",
    "? [1, 2] : 3",
    "9" * 5_000,
    "1e999",
    "0x" + "f" * 9,
    "nan",
    "2026-13-45T99:99:99Z",
    "[" * 2_000,
    "{a: " * 500,
    '"""',
    "null",
    "default_client",
    "clients",
]


def assert_masked(found: Settings) -> None:
    """Who takes the shown URLs apart finds no password, no token and no query in them."""
    assert CANARY not in repr(found.api_key)
    for url in (found.database_url, found.storage_url, found.proxy):
        assert CANARY not in str(url).partition("?")[2]
    with suppress(ArgumentError):
        assert make_url(str(found.database_url)).password in (None, "", MASK)
    if found.proxy is not None:
        given, shown = urlsplit(found.proxy.get_secret_value()), urlsplit(str(found.proxy))
        assert shown.password in (None, "", MASK)
        assert given.password or shown.username in (None, "", MASK)


def load(folder: pytest.TempPathFactory, name: str, text: str) -> None:
    path = folder.getbasetemp() / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    path.chmod(0o600)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = load_settings({}, configuration_file=path, environment={}, client_name="a")
        assert isinstance(found, Settings)
        assert_masked(found)
    except ConfigurationError as error:
        said: BaseException | None = error
        while said is not None:
            assert CANARY not in str(said)
            said = said.__context__


@THOROUGH
@given(damaged(TOML, PIECES))
def test_damaged_toml(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    load(tmp_path_factory, "settings.toml", text)


@THOROUGH
@given(damaged(YAML, PIECES))
def test_damaged_yaml(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    load(tmp_path_factory, "settings.yaml", text)


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates().map(str)
    | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.sampled_from([f"http://{CANARY}@x", f"ht\ntp://{CANARY}@x", f"http://a:{CANARY}@b"])
    | st.sampled_from([f"http://user:{CANARY}@[", f"sqlite:///{CANARY}\0", "9" * 500, CANARY]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)


@THOROUGH
@given(st.dictionaries(st.sampled_from([*VALUES, "nonsense"]), VALUE, max_size=4))
def test_any_value_of_any_setting(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    yaml = pytest.importorskip("yaml")
    load(tmp_path_factory, "values.yaml", yaml.safe_dump({"clients": {"a": values}}))
