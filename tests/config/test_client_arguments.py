"""Arguments of a client: its signature, typing errors, and attributes that can be set."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dataforce import (
    AsyncClient,
    AsyncDataForceClient,
    Client,
    ConfigurationError,
    DataForceClient,
    DataForceError,
    UnknownAttributeError,
)

CLASSES = (Client, DataForceClient, AsyncClient, AsyncDataForceClient)
every_class = pytest.mark.parametrize("client_class", CLASSES)


@pytest.fixture(params=CLASSES)
def client(request: pytest.FixtureRequest) -> Iterator[Client | AsyncClient]:
    opened = request.param(backend_type="local", database_url=":memory:")
    yield opened
    closed = opened.close()
    if closed is not None:
        asyncio.run(closed)


@every_class
def test_a_typing_error_in_a_setting_is_refused(client_class: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client_class(tiemout=5)
    assert caught.value.message == "unknown setting 'tiemout'; did you mean 'timeout'?"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"client_nmae": "a"}, "unknown setting 'client_nmae'; did you mean 'client_name'?"),
        ({"xyz": None}, "unknown setting 'xyz'"),
        (
            {"xyz": 1, "obrit": "a"},
            "unknown setting 'xyz'\nunknown setting 'obrit'; did you mean 'orbit'?",
        ),
    ],
)
def test_an_unknown_setting_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(**given)
    assert caught.value.message == message


@every_class
def test_the_signature_shows_the_settings(client_class: type[Client] | type[AsyncClient]) -> None:
    parameters = inspect.signature(client_class).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    assert list(parameters)[:5] == ["base_url", "api_key", "organization", "orbit", "collection"]
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    assert "Literal['2025-12', '2026-01']" in str(parameters["api_version"].annotation)


@pytest.mark.parametrize(
    ("name", "meant"), [("colection", "collection"), ("organisation", "organization")]
)
def test_a_typing_error_in_an_attribute_is_refused(
    client: Client | AsyncClient, name: str, meant: str
) -> None:
    with pytest.raises(UnknownAttributeError) as caught:
        setattr(client, name, "x")
    kind = type(client).__name__
    assert caught.value.message == (
        f"{kind} has no attribute {name!r} to set; did you mean {meant!r}?"
    )


def test_an_attribute_that_cannot_be_set_is_an_error_of_ours_and_of_pythons() -> None:
    for kind in (AttributeError, ConfigurationError, DataForceError):
        with Client(database_url=":memory:") as client, pytest.raises(kind):
            client.colection = "x"  # type: ignore[attr-defined]  # that is the point


def test_an_attribute_like_no_other_is_told_what_can_be_set(client: Client | AsyncClient) -> None:
    with pytest.raises(UnknownAttributeError, match=r"; it has collection, orbit, organization\.$"):
        client.colour = "blue"  # type: ignore[union-attr]  # that is the point


def test_a_default_is_not_mixed_up_with_the_resource(client: Client | AsyncClient) -> None:
    for name in ("organization", "orbit", "collection"):
        with pytest.raises(UnknownAttributeError, match=f"did you mean '{name}'"):
            setattr(client, f"{name}s", "Mine")


def test_a_setting_is_given_when_the_client_is_made(client: Client | AsyncClient) -> None:
    with pytest.raises(UnknownAttributeError) as caught:
        client.timeout = 5  # type: ignore[union-attr]  # that is the point
    assert f"{type(client).__name__}(timeout=...)" in caught.value.message


def test_defaults_and_private_attributes_can_be_set(client: Client | AsyncClient) -> None:
    client.orbit = "Default Orbit"
    client._mine = 1  # type: ignore[union-attr]  # a private attribute of a caller
    assert "orbit='Default Orbit'" in repr(client)


def test_a_subclass_may_set_what_it_declares() -> None:
    class Mine(Client):
        experiment: str | None = None

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.experiment = "first"

    with Mine(database_url=":memory:") as client:
        assert client.experiment == "first"
        with pytest.raises(UnknownAttributeError):
            client.expriment = "second"  # type: ignore[attr-defined]  # that is the point
        with pytest.raises(ConfigurationError, match="did you mean 'timeout'"):
            Mine(tiemout=5)
