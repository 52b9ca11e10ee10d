"""Discovery of backends by name, among the installed distributions."""

from __future__ import annotations

from importlib.metadata import EntryPoint, distributions, entry_points
from typing import TYPE_CHECKING, TypeVar, cast

from dataforce.config.declaration import suggestion
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataforce.backend.interface import BackendFactory
    from dataforce.config import Settings
    from dataforce.overlay.store import OverlayStoreFactory

GROUP = "dataforce.backends"
OVERLAY_STORES = "dataforce.overlay_stores"

_CHECK = "check"

F = TypeVar("F", bound="BackendFactory")


def available_backends() -> list[str]:
    """Return the names of the installed backends, sorted.

    Returns:
        Names that `backend_type` accepts.

    Example:
        >>> "local" in available_backends()
        True
    """
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def find_backend(name: str, origin: object = None) -> BackendFactory:
    """Return the factory that an installed distribution registered under a name.

    Args:
        name: The value of `backend_type`.
        origin: Where that came from, for the message.

    Returns:
        A function that opens the backend of a family for given settings.

    Raises:
        ConfigurationError: No installed distribution offers a backend of that name.

    Example:
        >>> find_backend("local").__name__
        'open_backend'
    """
    found = _own(GROUP, name) or entry_points(group=GROUP, name=name)
    if not found:
        installed = available_backends()
        backend = f"{str(name)!r} (backend_type from {origin})" if origin else repr(str(name))
        raise ConfigurationError(
            f"The backend {backend} is not installed{suggestion(name, installed) or '.'} Choose "
            f"one of those that are ({', '.join(installed) or 'none'}), or install the package "
            f"that provides it."
        )
    return cast("BackendFactory", next(iter(found)).load())


def with_check(check: Callable[[Settings], None]) -> Callable[[F], F]:
    """Give the factory of a backend a check of its settings, which a new client makes at once.

    A client opens its backend with the first call. What can be found wrong before, without disk
    and network, such as a missing key, is found by the check.

    Args:
        check: Raises what is wrong with settings.

    Returns:
        A decorator for the factory.

    Example:
        >>> def require_key(settings):
        ...     if settings.api_key is None:
        ...         raise ConfigurationError("Set api_key.")
        >>> @with_check(require_key)
        ... def open_backend(settings, family): ...
    """

    def decorate(factory: F) -> F:
        vars(factory)[_CHECK] = check
        return factory

    return decorate


def check_settings(factory: BackendFactory, settings: Settings) -> None:
    """Check settings as far as a backend can before it is opened.

    Args:
        factory: From `find_backend`.
        settings: That the factory would be given.

    Raises:
        DataForceError: The backend cannot be opened with them.

    Example:
        >>> from dataforce.config import Settings
        >>> check_settings(find_backend("local"), Settings())
    """
    check: Callable[[Settings], None] | None = getattr(factory, _CHECK, None)
    if check is not None:
        check(settings)


def find_overlay_store(name: str) -> OverlayStoreFactory:
    """Return the factory of the place where an overlay is kept.

    Args:
        name: That of an entry point in the group `dataforce.overlay_stores`, such as `local`.

    Returns:
        A function that opens the store of a family for given settings.

    Raises:
        ConfigurationError: No installed distribution offers an overlay store of that name.

    Example:
        >>> find_overlay_store("local").__name__
        'open_overlay_store'
    """
    found = _own(OVERLAY_STORES, name) or entry_points(group=OVERLAY_STORES, name=name)
    if not found:
        raise ConfigurationError(
            f"The overlay store {name!r} is not installed. Install the package that provides it."
        )
    return cast("OverlayStoreFactory", next(iter(found)).load())


def _own(group: str, name: str) -> list[EntryPoint]:
    """Those of this distribution: to look through all that are installed takes longer."""
    found = (own.entry_points for own in distributions(name="dataforce"))
    return [entry for entries in found for entry in entries.select(group=group, name=name)]
