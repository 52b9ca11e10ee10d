"""The suite as the author of another backend uses it: in a repository of their own."""

from __future__ import annotations

import pytest

CONFTEST = """
import pytest
from dataforce.testing import Capabilities

pytest_plugins = ["dataforce.testing.plugin"]

@pytest.fixture
def client_settings():
    return {"backend_type": "local", "database_url": ":memory:"}

@pytest.fixture
def capabilities():
    return Capabilities(makes_organizations=False, is_shared=False)
"""


def test_two_files_are_all_it_takes(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_conformance="from dataforce.testing.suite import *")
    chosen = "organization or two_clients or wrong_default or in_memory"
    result = pytester.runpytest_subprocess("-W", "error", "-rs", "-k", chosen)
    outcomes = result.parseoutcomes()
    assert set(outcomes) == {"passed", "skipped", "deselected"}
    assert outcomes["passed"] >= 10
    result.stdout.fnmatch_lines_random(
        [
            "*the backend cannot make organizations",
            "*the backend shows each client a platform of its own",
        ]
    )


def test_a_failure_shows_what_was_compared(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        import pytest
        from dataforce.testing.suite.collections import *

        @pytest.fixture
        def client(client):
            client.collections.create("", "surprise", "model")
            return client
        """
    )
    result = pytester.runpytest_subprocess("-k", "fresh_platform")
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["*Left contains one more item: Collection(*"])
