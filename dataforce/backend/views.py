"""Views: objects that share all but a few attributes with another."""

from __future__ import annotations

from copy import copy
from typing import TypeVar

T = TypeVar("T")


def view_of(original: T, **attributes: object) -> T:
    """Return a shallow copy of an object with other attributes.

    Args:
        original: Such as connections that are shared.
        attributes: The attributes that differ, such as a timeout.

    Example:
        >>> from types import SimpleNamespace
        >>> patient = view_of(SimpleNamespace(timeout=5, pool=[]), timeout=60)
        >>> patient.timeout
        60
    """
    view = copy(original)
    vars(view).update(attributes)
    return view
