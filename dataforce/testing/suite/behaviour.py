"""Random calls, compared with dictionaries."""

from __future__ import annotations

from pathlib import Path

from dataforce import Client
from dataforce.testing.capabilities import Capabilities
from dataforce.testing.differential import compare
from dataforce.testing.plugin import PackageFactory


def test_backend_behaves_like_a_dictionary(
    client: Client, package: PackageFactory, tmp_path: Path, capabilities: Capabilities
) -> None:
    """The same calls get the same answers and the same errors."""
    packages = [
        package("a.fnnx", metrics={"accuracy": 0.5}),
        package("b c.dfs", content=b"x" * 5000),
        package("übung 🙂.luml", content=b""),
    ]
    compare(client, packages, tmp_path, optional_regions=capabilities.optional_regions)
