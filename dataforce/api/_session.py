"""What the resources of one client share: its settings, its backend and its defaults."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

from dataforce.api._defaults import Defaults
from dataforce.backend import ReadOnlyBackend
from dataforce.backend.read_only import setting_reason
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from dataforce.api._workers import Workers
    from dataforce.backend import Backend, BackendFactory
    from dataforce.config import Settings


class Session:
    """Opens the backend when a call first needs it, so that making a client touches nothing."""

    def __init__(self, settings: Settings, open_backend: BackendFactory) -> None:
        self.settings = settings
        self.defaults = Defaults(self)
        self.closed = False
        self._open_backend = open_backend
        self._backend: Backend | None = None
        self._lock = threading.Lock()

    @property
    def backend(self) -> Backend:
        """The open backend."""
        if self._backend is None:
            with self._lock:
                self._open()
        assert self._backend is not None
        return self._backend

    def _open(self) -> None:
        if self.closed:
            raise ConfigurationError("This client is closed. Make a new one to go on.")
        if self._backend is None:  # another thread may have been faster
            backend = self._open_backend(self.settings)
            if self.settings.read_only:
                reason = setting_reason(self.settings.origin("read_only"))
                backend = ReadOnlyBackend(backend, reason)
            self._backend = backend

    @cached_property
    def workers(self) -> Workers:
        """The threads of an asynchronous client."""
        from dataforce.api._workers import Workers

        return Workers()

    def close(self) -> None:
        """Close the backend if it was opened; a second time does nothing."""
        with self._lock:
            backend, self._backend, self.closed = self._backend, None, True
        if backend is not None:
            backend.close()
