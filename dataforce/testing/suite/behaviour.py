"""Random calls, compared with the backend in memory."""

from __future__ import annotations

from dataforce.backend import Backend
from dataforce.testing.assets import Examples
from dataforce.testing.capabilities import Capabilities
from dataforce.testing.differential import compare


def test_backend_behaves_like_one_in_memory(
    backend: Backend, examples: Examples, capabilities: Capabilities
) -> None:
    """The same calls get the same answers and the same errors."""
    compare(backend, examples, checks_files=capabilities.checks_files)
