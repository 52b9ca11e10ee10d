"""Views: objects, among them open backends, that share all but a little with another."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, TypeVar

from dataforce.errors import NotOfferedError

if TYPE_CHECKING:
    from dataforce.backend.interface import Backend
    from dataforce.config import Settings

T = TypeVar("T")


def with_settings(backend: Backend, settings: Settings) -> Backend:
    """Return an open backend with other timeouts, on the same connections.

    Args:
        backend: One that has a method `with_settings`.
        settings: `timeout` and `retry_timeout` count.

    Raises:
        NotOfferedError: It has none.
    """
    change = getattr(backend, "with_settings", None)
    if change is None:
        raise NotOfferedError(
            f"The backend {str(backend.mode)!r} takes no other timeout once it is open. Make a "
            f"client with that setting."
        )
    view: Backend = change(settings)
    return view


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
