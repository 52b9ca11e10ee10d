"""A setting is declared in `Settings`; all that repeats its name is compared with that."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from dataforce import AsyncClient, Client
from dataforce.config import Settings

SETTINGS = list(Settings.model_fields)
ABOVE_THE_SETTINGS = {"client_name", "configuration_file", "backend"}


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_constructor_takes_every_setting(kind: type[Client] | type[AsyncClient]) -> None:
    parameters = inspect.signature(kind).parameters
    assert set(parameters) - ABOVE_THE_SETTINGS == set(SETTINGS)
    assert {each.default for each in parameters.values()} == {None}


def test_the_constructor_documents_every_argument() -> None:
    documented = re.findall(r"^ {4}(\w+): ", inspect.getdoc(Client.__init__) or "", re.M)
    assert set(documented) - {"ConfigurationError", "AuthenticationError"} >= {
        *SETTINGS,
        *ABOVE_THE_SETTINGS,
    }


def test_the_settings_document_themselves() -> None:
    documented = re.findall(r"^ {4}(\w+): ", inspect.getdoc(Settings) or "", re.M)
    assert documented[: len(SETTINGS)] == SETTINGS


def test_the_table_of_the_documentation_has_every_setting_and_its_variable() -> None:
    page = Path("docs/configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(DFS_\w+)` \|", page, re.M)
    assert rows == [(name, f"DFS_{name.upper()}") for name in SETTINGS]
