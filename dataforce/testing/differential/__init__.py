"""The same random calls on a backend and on `MemoryBackend`; both must answer alike.

`test_backend_behaves_like_one_in_memory` of the suite runs a fixed set of calls, so that it says
the same of the same backend each time. To hunt for more, let it run longer and at random:

```python
from dataforce.testing.differential import compare

def test_for_an_hour(backend, examples):
    compare(backend, examples, max_examples=10_000, derandomize=False)
```
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from dataforce.backend import Backend
from dataforce.testing.assets import Examples
from dataforce.testing.differential.machine import Differential

__all__ = ["Differential", "compare"]


def compare(
    backend: Backend,
    examples: Examples,
    *,
    checks_files: bool = True,
    max_examples: int = 25,
    derandomize: bool = True,
    shrink: bool = False,
) -> None:
    """Compare a backend with one in memory, for all kinds of its family.

    Args:
        backend: A backend that holds its starter objects only; what is made there is deleted again.
        examples: Values of fields that cannot be made from their type, by the route of the kind.
        checks_files: Whether what has no files cannot be given the status of what has.
        max_examples: How many sequences of calls are tried, each from the start.
        derandomize: Whether they are the same each time.
        shrink: Whether to look for the shortest sequence that fails, which takes minutes.
    """

    class Bound(Differential):
        def __init__(self) -> None:
            super().__init__(backend, examples, checks_files=checks_files)

    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=max_examples,
            stateful_step_count=50,
            derandomize=derandomize,
            deadline=None,
            phases=[each for each in Phase if shrink or each is not Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
