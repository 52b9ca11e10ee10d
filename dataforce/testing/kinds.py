"""Tests that all kinds of a family share: written once, run for each kind that they are about.

The author of a family says in the test module which one it is, and takes in the modules of the
suite that are about every kind:

```python
from dataforce.testing.suite.file_stores import *
from dataforce.testing.suite.queries import *
from dataforce.testing.suite.stores import *

FAMILY = Family("weather", (STATION, OBSERVATION))
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from dataforce.backend import AnyKind, Family
from dataforce.models import REGISTRY


def for_kinds(condition: Callable[[AnyKind], object] = lambda kind: True) -> pytest.MarkDecorator:
    """Give a test the fixture `kind`: each kind of the family in turn.

    Args:
        condition: Whether the test is about a kind.

    Returns:
        A decorator.
    """
    return pytest.mark.kinds(condition=condition)


def family_of(module: object) -> Family:
    """Return the family that a test module is about: its `FAMILY`, or else the registry."""
    family: Family = getattr(module, "FAMILY", REGISTRY)
    return family


def kinds_of(module: object) -> Sequence[AnyKind]:
    """Return the kinds that a test module is about: its `KINDS`, or else all of its family."""
    kinds: Sequence[AnyKind] = getattr(module, "KINDS", family_of(module).kinds)
    return kinds


def is_creatable(kind: AnyKind) -> bool:
    """Return whether objects of a kind can be created."""
    return "create" in kind.allows


def is_nameable(kind: AnyKind) -> bool:
    """Return whether objects of a kind can be created and given another name."""
    return {"create", "update"} <= kind.allows and name_field(kind) in kind.update.model_fields


def is_deletable(kind: AnyKind) -> bool:
    """Return whether objects of a kind can be created and deleted."""
    return {"create", "delete"} <= kind.allows


def name_field(kind: AnyKind) -> str:
    """Return the field that a user calls objects of a kind by."""
    return kind.names[0]
