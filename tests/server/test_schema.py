"""Every request that the served OpenAPI allows is answered as it says; slow."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from dataforce.backend import find_backend
from dataforce.config import APIVersion, load_settings
from dataforce.models import REGISTRY
from dataforce.server import create_app
from tests.server.serving import KEY

pytestmark = pytest.mark.slow
schemathesis = pytest.importorskip("schemathesis", reason="only `tox run -e slow` installs it")

EXAMPLES = 50
CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
"""Left out are those that the platform does not pass: it crashes on a NUL, takes `"yes"` for a
boolean, and refuses requests that its schema allows."""


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("version", APIVersion)
def test_requests_are_answered_as_the_schema_says(version: APIVersion, mode: str) -> None:
    from schemathesis.specs.openapi import checks

    chosen = [getattr(checks, name) for name in CHECKS]
    local = load_settings({"database_url": ":memory:"}, environment={}, client_name="")
    with closing(find_backend("local")(local, REGISTRY)) as backend:
        app = create_app(backend, api_keys=[KEY], api_version=version)
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        for found in schema.get_all_operations():
            generation = schemathesis.GenerationMode(mode)

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                suppress_health_check=[*HealthCheck],
            )
            @given(case=found.ok().as_strategy(generation_mode=generation))
            def ask(case: Any) -> None:
                headers = {"Authorization": f"Bearer {KEY}"}
                case.call_and_validate(headers=headers, checks=chosen)

            with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
                ask()
