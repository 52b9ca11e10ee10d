"""The same random calls on a backend and on plain dictionaries; both must answer alike.

`test_backend_behaves_like_a_dictionary` of the suite runs a fixed set of calls, so that it says the
same of the same backend each time. To hunt for more, let it run longer and at random:

```python
from dataforce.testing.differential import compare

def test_for_an_hour(client, package, tmp_path):
    compare(client, [package()], tmp_path, max_examples=10_000, derandomize=False)
```
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from dataforce import Client
from dataforce.testing.differential.machine import Differential

__all__ = ["Differential", "compare"]


def compare(
    client: Client,
    packages: Sequence[Path],
    folder: Path,
    *,
    optional_regions: bool = True,
    max_examples: int = 25,
    derandomize: bool = True,
) -> None:
    """Compare a backend with dictionaries.

    Args:
        client: Of the backend, on a fresh platform; what is made there is deleted again.
        packages: Model packages to upload.
        folder: Where downloads go.
        optional_regions: Whether a bucket secret may have no region.
        max_examples: How many sequences of calls are tried, each from the start.
        derandomize: Whether they are the same each time.
    """
    home = client.orbits.list()[0].id

    class Bound(Differential):
        def __init__(self) -> None:
            super().__init__(client, home, packages, folder, optional_regions)

    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=max_examples,
            stateful_step_count=50,
            derandomize=derandomize,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
