"""The conformance suite: proof that a backend behaves like every other one.

The author of a backend runs it in their own repository. `conftest.py` says how to open a client:

```python
import pytest

pytest_plugins = ["dataforce.testing.plugin"]

@pytest.fixture
def client_settings(tmp_path):
    # Keyword arguments of Client. A fresh platform each time: one organization, one bucket secret,
    # one orbit, no collections.
    return {"backend_type": "mine", "storage_url": str(tmp_path)}
```

and `test_conformance.py` takes in the tests:

```python
from dataforce.testing.suite import *
```

```text
plugin         the fixtures that the tests ask for; any of them can be overridden
capabilities   what a backend may lack, such as a way to make organizations
suite          the tests, a module for each subject
differential   the same random calls on the backend and on plain dictionaries
packages       real model packages, made as they are needed
links          the bytes behind the URLs that a backend hands out
```

It needs `pip install "dataforce[testing]"`. Nothing else in dataforce imports this package.
"""

from dataforce.testing.capabilities import Capabilities

__all__ = ["Capabilities"]
