"""The hybrid backend as the backend interface sees it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel

from dataforce.backend import ReadOnlyBackend, check_settings, find_backend, with_check
from dataforce.backend.views import view_of
from dataforce.config import BackendType
from dataforce.errors import NotOfferedError, OfflineWarning
from dataforce.models import SignedURLs
from dataforce.overlay.reports import age
from dataforce_hybrid.files.signed_urls import HybridSignedURLs
from dataforce_hybrid.files.store import HybridFiles
from dataforce_hybrid.overlay import HybridOverlay
from dataforce_hybrid.overlay_stores import OverlayStores
from dataforce_hybrid.paths import Location
from dataforce_hybrid.pull.pulled_lists import Pulled
from dataforce_hybrid.pull.snapshot import Snapshot
from dataforce_hybrid.push.delete_baseline import DeleteBaseline
from dataforce_hybrid.records.change_index import ChangeIndex, is_overlaid
from dataforce_hybrid.records.constraints import Rules
from dataforce_hybrid.records.copy_on_write import Copies
from dataforce_hybrid.records.read_only_roots import RootRecords
from dataforce_hybrid.records.references import References
from dataforce_hybrid.records.store import HybridStore, Writer
from dataforce_hybrid.records.totals import Totals
from dataforce_hybrid.records.view import MergedView

if TYPE_CHECKING:
    from dataforce.backend import Backend, Family, FileStore, Kind, Scope, Store
    from dataforce.config import Settings
    from dataforce.models import CreatedModel, ModelArtifactCreate
    from dataforce.overlay.store import OverlayStore

_NO_WRITES = "hybrid clients never write to the platform. Publish with client.overlay.push()."

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)
S = TypeVar("S")


class HybridBackend:
    """Reads a remote through overlays and writes to the overlays only.

    Args:
        family: The kinds.
        remote: The backend that is read, and closed in the end; `None` answers from what was
            pulled.
        stores: Where the overlays are kept.
        name: Name of the overlays.
        open_remote: Opens the remote for a push.
    """

    mode: str = BackendType.HYBRID

    def __init__(
        self,
        family: Family,
        remote: Backend | None,
        stores: OverlayStores,
        *,
        name: str = "default",
        open_remote: Callable[[], Backend] | None = None,
    ) -> None:
        self.family = family
        self._name = name
        self._stores = stores
        self._open_remote = None if remote is None else open_remote
        self._remote: ReadOnlyBackend | Snapshot = (
            Snapshot(family, stores.all) if remote is None else ReadOnlyBackend(remote, _NO_WRITES)
        )
        self._is_offline = remote is None
        self._overlays: dict[str, _Overlay] = {}
        self._opening = threading.Lock()

    def __repr__(self) -> str:
        return f"<HybridBackend over {self._remote!r}>"

    def store(self, kind: Kind[M, C, U], scope: Scope) -> Store[M, C, U]:
        """Return the records of that kind below that scope."""
        if not is_overlaid(kind):
            return RootRecords(kind, self._remote.store(kind, scope))
        overlay = self._overlay_of(scope)
        return HybridStore(overlay.view, overlay.writer, kind, scope)

    def files(self, kind: Kind[M, C, U], scope: Scope) -> FileStore[M, C]:
        """Return the files of those records."""
        overlay = self._overlay_of(scope)
        return HybridFiles(overlay.view, overlay.writer, kind, scope)

    def service(self, protocol: type[S]) -> S:
        """Return the signed URLs of the registry, the one service that overlays have."""
        if protocol is not SignedURLs:
            raise NotOfferedError(
                f"A hybrid client has no {protocol.__name__}. Use a client of the platform."
            )
        return cast("S", _SignedURLs(self._signed_urls))

    def with_settings(self, settings: Settings) -> HybridBackend:
        """Return the backend with other timeouts of the platform, on the same connections."""
        if isinstance(self._remote, Snapshot):
            return self
        open_remote = None
        if self._open_remote is not None:
            open_remote = partial(_open_writable, settings, self.family)
        return view_of(
            self,
            _remote=self._remote.with_settings(settings),
            _open_remote=open_remote,
            _overlays={},
        )

    def overlay(self, root: str) -> HybridOverlay:
        """Return the overlay below one root, such as an organization."""
        overlay = self._overlay_at(root)
        return HybridOverlay(
            overlay.remote,
            overlay.store,
            overlay.index,
            overlay.baseline,
            root=root,
            name=self._name,
            open_remote=self._open_remote,
        )

    def close(self) -> None:
        """Close the remote and the overlays."""
        self._remote.close()
        self._stores.close()

    def _signed_urls(self, scope: Scope) -> HybridSignedURLs:
        overlay = self._overlay_of(scope)
        theirs = self._remote.service(SignedURLs)
        return HybridSignedURLs(theirs, overlay.view, overlay.writer, overlay.copies)

    def _overlay_of(self, scope: Scope) -> _Overlay:
        return self._overlay_at(scope.ids[0] if scope.ids else "")

    def _overlay_at(self, root: str) -> _Overlay:
        key = self._stores.key(root)
        overlay = self._overlays.get(key)
        if overlay is None:
            with self._opening:
                overlay = self._overlays.get(key)
                if overlay is None:
                    overlay = self._overlays[key] = self._opened(root)
        return overlay

    def _opened(self, root: str) -> _Overlay:
        store = self._stores.at(root)
        remote = Snapshot(self.family, lambda: [store]) if self._is_offline else self._remote
        return _Overlay(self.family, remote, store)


class _Overlay:
    """The parts of one overlay, put together; each has the others that it uses.

    Args:
        family: The kinds.
        remote: What the overlay lies over.
        store: Where it is kept.
    """

    def __init__(
        self, family: Family, remote: ReadOnlyBackend | Snapshot, store: OverlayStore
    ) -> None:
        self.remote = remote
        self.store = store
        self.index = ChangeIndex(store, family)
        self.baseline = DeleteBaseline(store.key_values, family)
        self.view = MergedView(remote, store, self.index, Totals(remote, store, self.index))
        references = References(remote, self.index)
        self.copies = Copies(self.view, references)
        rules = Rules(family, self.view, references, self.copies)
        self.writer = Writer(self.view, self.copies, rules, self.baseline)


class _SignedURLs:
    """The service of all roots; see `dataforce.models.SignedURLs`.

    Args:
        find: Gives the service of the root of a scope.
    """

    def __init__(self, find: Callable[[Scope], HybridSignedURLs]) -> None:
        self._find = find

    def create(self, scope: Scope, values: ModelArtifactCreate) -> CreatedModel:
        """Make a record in the overlay whose file is pending."""
        return self._find(scope).create(scope, values)

    def download_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL to read from."""
        return self._find(scope).download_url(scope, identifier)

    def delete_url(self, scope: Scope, identifier: str) -> str:
        """Return a URL to delete with."""
        return self._find(scope).delete_url(scope, identifier)


def check(settings: Settings) -> None:
    """Raise what the platform's backend finds wrong; offline it is not needed."""
    if not settings.offline:
        check_settings(find_backend(BackendType.REMOTE), settings)


@with_check(check)
def open_backend(settings: Settings, family: Family) -> HybridBackend:
    """Lay an overlay over the platform; nothing is asked before the first call.

    Args:
        settings: Those of the remote backend count, `overlay`, `offline` and `cache_size`, and
            `database_url` and `storage_url` if the overlay should not be in the usual place.
        family: The kinds.

    Returns:
        The backend.

    Warns:
        OfflineWarning: It is to answer from what was pulled, and says how long ago that was.

    Example:
        >>> from dataforce.config import load_settings
        >>> from dataforce.models import REGISTRY
        >>> backend = open_backend(load_settings({"api_key": "dfs_your_api_key"}), REGISTRY)
        >>> backend.mode
        'hybrid'
    """
    stores = OverlayStores(Location(settings), family)
    if settings.offline:
        _tell_age(stores, settings)
        return HybridBackend(family, None, stores, name=settings.overlay)
    remote = find_backend(BackendType.REMOTE)
    return HybridBackend(
        family,
        remote(settings.model_copy(update={"read_only": True}), family),
        stores,
        name=settings.overlay,
        open_remote=partial(_open_writable, settings, family),
    )


def _open_writable(settings: Settings, family: Family) -> Backend:
    open_remote = find_backend(BackendType.REMOTE)
    return open_remote(settings.model_copy(update={"read_only": False}), family)


def _tell_age(stores: OverlayStores, settings: Settings) -> None:
    times = (Pulled(each.key_values).oldest() for each in stores.all())
    oldest = min((time for time in times if time is not None), default=None)
    if oldest is not None:
        warnings.warn(
            f"offline ({settings.origin('offline')}): answers come from what was pulled "
            f"{age(oldest)} ago.",
            OfflineWarning,
            stacklevel=2,
        )
