"""How a backend is found: by name, among the installed distributions."""

from __future__ import annotations

from importlib.metadata import EntryPoint, distributions, entry_points
from typing import TYPE_CHECKING, cast

from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from dataforce.seam.backend import BackendFactory
    from dataforce.seam.workspace import WorkspaceFactory

GROUP = "dataforce.backends"
WORKSPACES = "dataforce.workspaces"


def available_backends() -> list[str]:
    """The names of the installed backends, sorted.

    Returns:
        Names that `backend_type` accepts.

    Example:
        >>> "local" in available_backends()
        True
    """
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def find_backend(name: str) -> BackendFactory:
    """The factory that an installed distribution registered under a name.

    Args:
        name: The value of `backend_type`.

    Returns:
        A function that opens the backend for given settings.

    Raises:
        ConfigurationError: No installed distribution offers a backend of that name.

    Example:
        >>> find_backend("local").__name__
        'open_backend'
    """
    found = _own(GROUP, name) or entry_points(group=GROUP, name=name)
    if not found:
        installed = ", ".join(available_backends()) or "none"
        raise ConfigurationError(
            f"The backend {str(name)!r} is not installed (installed: {installed}). Choose one of "
            f"those with backend_type, or install the package that provides {str(name)!r}."
        )
    return cast("BackendFactory", next(iter(found)).load())


def find_workspace(name: str) -> WorkspaceFactory:
    """The factory of the place where an overlay is kept.

    Args:
        name: That of an entry point in the group `dataforce.workspaces`, such as `local`.

    Returns:
        A function that opens the workspace for given settings.

    Raises:
        ConfigurationError: No installed distribution offers a workspace of that name.

    Example:
        >>> find_workspace("local").__name__
        'open_workspace'
    """
    found = _own(WORKSPACES, name) or entry_points(group=WORKSPACES, name=name)
    if not found:
        raise ConfigurationError(
            f"The workspace {name!r} is not installed. Install the package that provides it."
        )
    return cast("WorkspaceFactory", next(iter(found)).load())


def _own(group: str, name: str) -> list[EntryPoint]:
    """Those of this distribution: to look through all that are installed takes longer."""
    found = (own.entry_points for own in distributions(name="dataforce"))
    return [entry for entries in found for entry in entries.select(group=group, name=name)]
