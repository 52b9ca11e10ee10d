"""Capabilities that a backend may lack without failing the suite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capabilities:
    """The capabilities of a backend; tests that need more are skipped.

    A backend that lacks something overrides the fixture:

    ```python
    @pytest.fixture
    def capabilities():
        return Capabilities(makes_organizations=False)
    ```

    Args:
        makes_organizations: Organizations can be made; on the platform, only by people.
        signed_urls: There are URLs to move files with that need no client.
        is_shared: A second client with the same settings sees what the first one wrote.
        optional_regions: A bucket secret may have no region. Newer platforms give it one.
        checks_files: What has no files cannot be given the status of what has. Where a bucket
            keeps the files, the platform does not look.
    """

    makes_organizations: bool = True
    signed_urls: bool = True
    is_shared: bool = True
    optional_regions: bool = True
    checks_files: bool = True
