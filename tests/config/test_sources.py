"""Which source of a setting wins, and what a group of settings is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr

from dataforce.config import BackendType, Origin, Settings, load_settings
from tests.config.loading import CANARY, SOURCES, VALUES, Write, plain, refused, value_from


def test_nothing_given_gives_the_defaults() -> None:
    settings = load_settings({})

    assert settings.base_url == "https://api.dataforce.studio"
    assert settings.backend_type is BackendType.LOCAL
    assert (settings.timeout, settings.retry_timeout, settings.insecure) == (30.0, 300.0, False)
    assert (settings.api_key, settings.organization, settings.database_url) == (None, None, None)
    assert (settings.api_version, settings.proxy, settings.progress) == (None, None, True)
    assert (settings.ca_bundle, settings.client_certificate) == (None, None)
    assert (settings.read_only, settings.overlay, settings.offline) == (False, "default", False)
    assert settings.cache_size == 10_000_000_000
    assert {str(settings.origin(name)) for name in Settings.model_fields} == {"default"}


def test_a_client_may_have_its_own_defaults() -> None:
    defaults = {"backend_type": "remote"}

    settings = load_settings({}, defaults=defaults)
    removed = load_settings(
        {"backend_type": ""}, environment={"DFS_BACKEND_TYPE": "hybrid"}, defaults=defaults
    )

    assert settings.backend_type is BackendType.REMOTE
    assert str(settings.origin("backend_type")) == "default"
    assert removed.backend_type is BackendType.REMOTE
    assert str(removed.origin("backend_type")) == "code"


@pytest.mark.filterwarnings("ignore::dataforce.ConfigurationWarning")  # of keys for other hosts
@given(st.dictionaries(st.sampled_from(list(VALUES)), st.sets(st.sampled_from(SOURCES))))
@example({name: set(SOURCES) for name in VALUES})
def test_the_strongest_source_wins(
    tmp_path_factory: pytest.TempPathFactory, chosen: dict[str, set[str]]
) -> None:
    by_source = {
        source: {
            name: value_from(source, name) for name, sources in chosen.items() if source in sources
        }
        for source in SOURCES
    }
    lines = [f"{name} = {toml(value)}" for name, value in by_source["file"].items()]
    file = tmp_path_factory.mktemp("precedence") / "settings.toml"
    file.write_text("\n".join(["[clients.my-client]", *lines]))
    file.chmod(0o600)
    unnamed = {f"DFS_{name.upper()}": str(value) for name, value in by_source["unnamed"].items()}
    named = {
        f"DFS_MY_CLIENT_{name.upper()}": str(value) for name, value in by_source["named"].items()
    }

    settings = load_settings(
        by_source["code"],
        client_name="my-client",
        configuration_file=file,
        environment=unnamed | named,
        defaults=by_source["defaults"],
    )

    origins = {
        "defaults": "default",
        "file": f"clients.my-client.{{}} in {file}",
        "unnamed": "environment variable DFS_{}",
        "named": "environment variable DFS_MY_CLIENT_{}",
        "code": "code",
    }
    for name in VALUES:
        strongest = max(chosen.get(name, set()), key=SOURCES.index, default=None)
        origin = origins[strongest or "defaults"]
        shown = name.upper() if "DFS" in origin else name
        value = plain(getattr(settings, name))
        usual = Settings.model_fields[name].default
        assert value == (value_from(strongest, name) if strongest else usual)
        assert str(settings.origin(name)) == origin.format(shown)


def toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DFS_API_KEY", "dfs_key")

    settings = load_settings({"api_key": None})

    assert plain(settings.api_key) == "dfs_key"
    assert settings.origin("api_key") == Origin("environment", "DFS_API_KEY")


def test_what_is_read_and_written_can_be_said_in_the_environment() -> None:
    settings = load_settings(
        {},
        environment={
            "DFS_READ_ONLY": "1",
            "DFS_OVERLAY": "spring",
            "DFS_OFFLINE": "1",
            "DFS_CACHE_SIZE": "5",
        },
    )

    assert (settings.read_only, settings.overlay) == (True, "spring")
    assert (settings.offline, settings.cache_size) == (True, 5)


def test_an_empty_variable_is_not_set() -> None:
    settings = load_settings({}, environment={"DFS_TIMEOUT": "", "DFS_UNKNOWN": ""})

    assert (settings.timeout, str(settings.origin("timeout"))) == (30.0, "default")


def test_an_empty_string_in_code_removes_what_is_set_below(write: Write) -> None:
    file = write('[clients.a]\norbit = "from file"')

    settings = load_settings(
        dict.fromkeys(["orbit", "timeout", "insecure"], ""),
        client_name="a",
        configuration_file=file,
        environment={"DFS_TIMEOUT": "1", "DFS_A_INSECURE": "true"},
    )

    assert (settings.orbit, settings.timeout, settings.insecure) == (None, 30.0, False)
    assert str(settings.origin("orbit")) == "code"


class Compute(BaseModel):
    url: str | None = Field(default=None, description="a URL")
    token: SecretStr | None = Field(
        default=None, description="a token of 3 characters or more", min_length=3
    )
    slots: int = Field(default=1, description="a whole number")


class WithCompute(Settings):
    compute: Compute = Compute()


@pytest.fixture
def grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataforce.config.loading.Settings", WithCompute)


@pytest.mark.usefixtures("grouped")
def test_a_group_of_settings_is_one_more_model(write: Write) -> None:
    file = write("[clients.a.compute]\nurl = 'file'\ntoken = 'file'\nslots = 2")

    settings = load_settings(
        {"compute": {"url": "code", "token": None, "slots": ""}},
        client_name="a",
        configuration_file=file,
        environment={"DFS_COMPUTE_TOKEN": CANARY, "DFS_A_COMPUTE_SLOTS": "3"},
    )

    assert isinstance(settings, WithCompute)
    assert (settings.compute.url, plain(settings.compute.token)) == ("code", CANARY)
    assert settings.compute.slots == 1
    assert str(settings.origin("compute.token")) == "environment variable DFS_COMPUTE_TOKEN"
    assert "compute.url=code (code), compute.token=**********" in repr(settings)
    assert CANARY not in repr(settings)


@pytest.mark.usefixtures("grouped")
def test_a_group_is_checked_like_the_rest(write: Write) -> None:
    file = write("[clients.a.compute]\nulr = 'x'")
    empty = write("clients: {a: {compute: }}", "a.yaml")
    text = write("[clients.a]\ncompute = 'x'", "b.toml")

    assert "unknown key clients.a.compute.ulr" in refused(configuration_file=file)
    assert "did you mean compute.url?" in refused(configuration_file=file)
    assert "unknown key clients.a.compute in " in refused(configuration_file=text)
    assert "DFS_COMPUTE_URL?" in refused(DFS_COMPUTE_ULR="x")
    assert refused({"compute": {"slots": "x"}}) == ("compute.slots (code): expected a whole number")
    assert load_settings({}, client_name="a", configuration_file=empty).timeout == 30.0
