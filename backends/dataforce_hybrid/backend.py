"""The hybrid backend as the backend interface sees it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from dataforce.backend import check_settings, find_backend, with_check
from dataforce.backend.read_only import ReadOnlyBackend
from dataforce.config import BackendType
from dataforce.errors import OfflineWarning
from dataforce.models import KINDS
from dataforce.overlay.reports import age
from dataforce_hybrid.dispatch import ContentBelow, RecordsBelow
from dataforce_hybrid.layer import Layer
from dataforce_hybrid.overlay import HybridOverlay
from dataforce_hybrid.overlay_stores import Workspaces
from dataforce_hybrid.paths import Location
from dataforce_hybrid.pull.snapshot import Pulled, Snapshot
from dataforce_hybrid.records.read_only_roots import RootRecords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataforce.backend import Backend, ContentStore, Kind, ReadableBackend, Store
    from dataforce.backend.interface import AnyKind
    from dataforce.config import Settings

_NO_WRITES = "hybrid clients never write to the platform. Publish with client.overlay.push()."

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class HybridBackend:
    """Reads a remote through overlays and writes to the overlays only.

    Args:
        remote: What is read, and closed in the end; `None` answers from what was pulled.
        workspaces: Where the overlays are kept.
        name: Of the overlays.
        open_remote: Opens the remote for a push.
        kinds: Every kind, parents before children.
    """

    mode: str = BackendType.HYBRID

    def __init__(
        self,
        remote: Backend | None,
        workspaces: Workspaces,
        *,
        name: str = "default",
        open_remote: Callable[[], Backend] | None = None,
        kinds: Sequence[AnyKind] = KINDS,
    ) -> None:
        self._name = name
        self._kinds = kinds
        self._workspaces = workspaces
        self._open_remote = None if remote is None else open_remote
        self._remote: ReadableBackend = (
            Snapshot(workspaces.all) if remote is None else ReadOnlyBackend(remote, _NO_WRITES)
        )
        self._is_offline = remote is None
        self._layers: dict[str, Layer] = {}
        self._opening = threading.Lock()

    def __repr__(self) -> str:
        return f"<HybridBackend over {self._remote!r}>"

    def store(self, kind: Kind[M, C, U]) -> Store[M, C, U]:
        """The records of that kind."""
        if kind.parent is None:
            return RootRecords(kind, self._remote.store(kind))
        return RecordsBelow(lambda root: self._layer(root).records(kind))

    def content(self, kind: Kind[M, C, U]) -> ContentStore[M, C]:
        """The files of that kind."""
        return ContentBelow(lambda root: self._layer(root).content(kind))

    def overlay(self, root: str) -> HybridOverlay:
        """The overlay below one root, such as an organization."""
        return HybridOverlay(self._layer(root), root, self._name, self._open_remote)

    def close(self) -> None:
        """Close the remote and the workspaces."""
        self._remote.close()
        self._workspaces.close()

    def _layer(self, root: str) -> Layer:
        key = self._workspaces.key(root)
        layer = self._layers.get(key)
        if layer is None:
            with self._opening:
                layer = self._layers.get(key)
                if layer is None:
                    layer = self._layers[key] = self._opened(root)
        return layer

    def _opened(self, root: str) -> Layer:
        workspace = self._workspaces.at(root)
        remote = Snapshot(lambda: [workspace]) if self._is_offline else self._remote
        return Layer(remote, workspace, self._kinds)


def check(settings: Settings) -> None:
    """Raise what the platform's backend finds wrong; offline it is not needed."""
    if not settings.offline:
        check_settings(find_backend(BackendType.REMOTE), settings)


@with_check(check)
def open_backend(settings: Settings) -> HybridBackend:
    """Lay an overlay over the platform; nothing is asked before the first call.

    Args:
        settings: Those of the remote backend count, `overlay`, `offline` and `cache_size`, and
            `database_url` and `storage_url` if the overlay should not be in the usual place.

    Returns:
        The backend.

    Warns:
        OfflineWarning: It is to answer from what was pulled, and says how long ago that was.

    Example:
        >>> from dataforce.config import load_settings
        >>> backend = open_backend(load_settings({"api_key": "dfs_your_api_key"}))
        >>> backend.mode
        'hybrid'
    """
    workspaces = Workspaces(Location(settings))
    if settings.offline:
        _tell_age(workspaces, settings)
        return HybridBackend(None, workspaces, name=settings.overlay)
    open_remote = find_backend(BackendType.REMOTE)
    return HybridBackend(
        open_remote(settings.model_copy(update={"read_only": True})),
        workspaces,
        name=settings.overlay,
        open_remote=partial(open_remote, settings.model_copy(update={"read_only": False})),
    )


def _tell_age(workspaces: Workspaces, settings: Settings) -> None:
    times = (Pulled(each.notes).oldest() for each in workspaces.all())
    oldest = min((time for time in times if time is not None), default=None)
    if oldest is not None:
        warnings.warn(
            f"offline ({settings.origin('offline')}): answers come from what was pulled "
            f"{age(oldest)} ago.",
            OfflineWarning,
            stacklevel=2,
        )
