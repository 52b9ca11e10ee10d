"""Typing errors in what a client is given: refused, with what was probably meant."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from inspect import signature
from typing import ParamSpec

from dataforce.config.declaration import suggestion
from dataforce.config.loading import refuse_unknown_settings
from dataforce.errors import UnknownAttributeError

P = ParamSpec("P")


def refuse_typing_errors(constructor: Callable[P, None]) -> Callable[P, None]:
    """Make an unknown keyword a `ConfigurationError` that says what was probably meant.

    The signature stays as it is, for type checkers, editors and `inspect`.
    """
    known = signature(constructor).parameters

    @wraps(constructor)
    def checked(*arguments: P.args, **settings: P.kwargs) -> None:
        refuse_unknown_settings(settings, known)
        constructor(*arguments, **settings)

    return checked


def refuse_unknown_attribute(client: type, name: str) -> None:
    """Refuse to set a public attribute that a client does not have, or one of its resources.

    Args:
        client: The class of the client; what a subclass declares may be set as well.
        name: Of the attribute.

    Raises:
        UnknownAttributeError: It may not be set.
    """
    if name.startswith("_"):
        return
    if hasattr(client, name) and not isinstance(getattr(client, name), cached_property):
        return
    if name in signature(client.__init__).parameters:  # type: ignore[misc]  # of this very class
        raise UnknownAttributeError(
            f"The setting {name!r} cannot be changed later: give it when the client is made, "
            f"{client.__name__}({name}=...)."
        )
    settable = [each for each in dir(client) if getattr(getattr(client, each), "fset", None)]
    meant = suggestion(name, settable, quote="'") or f"; it has {', '.join(settable)}."
    raise UnknownAttributeError(f"{client.__name__} has no attribute {name!r} to set{meant}")
