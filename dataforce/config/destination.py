"""Checks that calls and the API key go to no other place than the user meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dataforce.config.notices import warn_once
from dataforce.config.origin import DEFAULT, Given
from dataforce.config.settings import BackendType
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from dataforce.config.settings import Settings

__all__ = ["check_backend_was_chosen", "check_given_backend", "warn_of_another_host"]

OF_THE_PLATFORM = ("base_url", "api_key")
ABOVE = frozenset(("organization", "orbit", "collection", "progress", "read_only"))
"""Settings of what stands above a backend."""


def check_backend_was_chosen(settings: Settings, code: Mapping[str, object]) -> None:
    """See that nobody who gave the platform's URL or key works on the local registry unknowingly.

    Args:
        settings: Of a client.
        code: What code gave, by setting.

    Raises:
        ConfigurationError: Code gave one of them, and nobody chose a backend.

    Warns:
        ConfigurationWarning: A variable or a file gave one of them, and nobody chose a backend.
    """
    is_default = settings.origin("backend_type") == DEFAULT or code.get("backend_type") == ""
    if not is_default or settings.backend_type != BackendType.LOCAL:
        return
    if given := [name for name in OF_THE_PLATFORM if code.get(name)]:
        raise ConfigurationError(
            f"The local registry has no use for {' and '.join(given)}, and no other backend was "
            f'chosen. For the platform, add backend_type="remote" or "hybrid", or use '
            f"DataForceClient (AsyncDataForceClient); for the local registry, leave out "
            f"{' and '.join(given)}."
        )
    origins = [settings.origin(name) for name in OF_THE_PLATFORM]
    if found := [str(origin) for origin in origins if origin.source in ("environment", "file")]:
        warn_once(
            f"This client works on the local registry, which does not use {' and '.join(found)}. "
            f"Set backend_type (environment variable DFS_BACKEND_TYPE) to remote or hybrid for "
            f"the platform, or to local to go on without this warning."
        )


def check_given_backend(backend: str, code: Mapping[str, object]) -> None:
    """See that nobody gives an open backend and settings that only open one.

    Args:
        backend: Name of the backend that code gave.
        code: The settings that code gave.

    Raises:
        ConfigurationError: There are such settings.
    """
    if given := [name for name, value in code.items() if value is not None and name not in ABOVE]:
        raise ConfigurationError(
            f"The backend {backend!r} is open already, so {', '.join(given)} cannot be set. Leave "
            f"out backend, or set that where the backend is opened."
        )


def warn_of_another_host(sources: Sequence[Mapping[str, Given]]) -> None:
    """Warn when a source sends the API key of a weaker one to another host.

    A key is meant for the URL beside it or below it. That of a file's table without a URL is
    meant for the platform's own; that of a variable alone, for whatever URL there is.

    Args:
        sources: What each source gives, the weakest first.
    """
    urls, keys = (
        {place: source[name] for place, source in enumerate(sources) if name in source}
        for name in OF_THE_PLATFORM
    )
    if not urls or not keys or max(urls) <= max(keys):
        return
    url, key = urls[max(urls)], keys[max(keys)]
    meant = [urls[place].value for place in urls if place <= max(keys)][-1:]
    if (meant or key.origin.source == "file") and url.value not in meant:
        warn_once(
            f"The API key from {key.origin} goes to the host that base_url from {url.origin} "
            f"names. If it is not meant for that host, give both in one place."
        )
