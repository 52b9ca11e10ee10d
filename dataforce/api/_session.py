"""The session of a client: its settings, its backends and its defaults."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

from dataforce.api._defaults import Defaults
from dataforce.backend import ReadOnlyBackend
from dataforce.backend.read_only import refusal, setting_reason
from dataforce.backend.views import with_settings
from dataforce.errors import ConfigurationError, NotOfferedError
from dataforce.models import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataforce.api._workers import Workers
    from dataforce.backend import Backend, BackendFactory, Family
    from dataforce.config import Settings


class Session:
    """Opens the backend of a family when a call first needs it: making a client touches nothing.

    Args:
        settings: The settings of the client.
        open_backend: Opens the backend of a family.
        given: A backend that somebody else opened, and closes, in place of `open_backend`.
    """

    def __init__(
        self,
        settings: Settings,
        open_backend: BackendFactory | None = None,
        given: Backend | None = None,
    ) -> None:
        self.settings = settings
        self.defaults = Defaults(self)
        self.closed = False
        self.open_backend = open_backend
        self.given = given
        self._backends: dict[Family, Backend] = {}
        self._lock = threading.Lock()

    @property
    def backend(self) -> Backend:
        """The open backend of the registry."""
        return self.backend_of(REGISTRY)

    def backend_of(self, family: Family) -> Backend:
        """Return the open backend of a family."""
        backend = self._backends.get(family)
        if backend is None:
            with self._lock:
                backend = self._backends.get(family) or self._open(family)
                self._backends[family] = backend
        return backend

    def view(self, changes: Mapping[str, object]) -> Session:
        """Return a session with other settings that shares the connections of this one."""
        return _View(self, changes)

    @cached_property
    def workers(self) -> Workers:
        """The threads of an asynchronous client."""
        from dataforce.api._workers import Workers

        return Workers()

    def close(self) -> None:
        """Close the backends that were opened; a second time does nothing."""
        with self._lock:
            backends, self._backends, self.closed = self._backends, {}, True
        if self.given is None:
            for backend in backends.values():
                backend.close()

    def _open(self, family: Family) -> Backend:
        if self.closed:
            raise ConfigurationError("This client is closed. Make a new one to go on.")
        if self.open_backend is not None:
            return self._guarded(self.open_backend(self.settings, family))
        backend = self.given
        assert backend is not None  # one of the two is
        if not set(family.kinds) <= set(backend.family.kinds):
            raise NotOfferedError(
                f"{backend!r} keeps the {backend.family.name}, not the {family.name}. Give the "
                f"client a backend of that family."
            )
        return self._guarded(backend)

    def require_writable(self, operation: str) -> None:
        """Raise `ReadOnlyError` if this client only reads, before a long preparation.

        Args:
            operation: What cannot be done then, after `Cannot`.
        """
        if self.settings.read_only:
            raise refusal(operation, setting_reason(self.settings.origin("read_only")))

    def _guarded(self, backend: Backend) -> Backend:
        if not self.settings.read_only or isinstance(backend, ReadOnlyBackend):
            return backend
        return ReadOnlyBackend(backend, setting_reason(self.settings.origin("read_only")))


class _View(Session):
    """Another session's connections and defaults, with other settings."""

    def __init__(self, base: Session, changes: Mapping[str, object]) -> None:
        settings = base.settings.changed(changes)
        super().__init__(settings, base.open_backend, base.given)
        self.defaults = base.defaults
        self._base = base

    @cached_property
    def workers(self) -> Workers:
        """The threads of the other session."""
        return self._base.workers

    def close(self) -> None:
        """Leave the connections to the other session."""

    def _open(self, family: Family) -> Backend:
        backend = self._base.backend_of(family)
        if self._differs("timeout") or self._differs("retry_timeout"):
            backend = with_settings(backend, self.settings)
        return self._guarded(backend)

    def _differs(self, name: str) -> bool:
        before: object = getattr(self._base.settings, name)
        return bool(getattr(self.settings, name) != before)
