"""The synchronous client."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from dataforce.api._resources import Resources
from dataforce.api._session import Session
from dataforce.api._typing_errors import refuse_typing_errors, refuse_unknown_attribute
from dataforce.backend import check_settings, find_backend
from dataforce.config import BackendType, Settings, load_settings
from dataforce.config.destination import check_backend_was_chosen, check_given_backend
from dataforce.models import COLLECTION, ORBIT, ORGANIZATION

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Literal, Self

    from dataforce.api._async_client import AsyncBaseClient as AsyncBaseClient
    from dataforce.api._async_client import AsyncDataForceClient as AsyncDataForceClient
    from dataforce.api._lookup import Ref
    from dataforce.backend import AnyKind, Backend
    from dataforce.config import APIVersion
    from dataforce.models import Collection, Orbit, Organization


class DataForceClientBase(ABC):
    """The base of every client: its constructor, settings and defaults."""

    _default_backend: ClassVar[BackendType]

    @refuse_typing_errors
    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        organization: str | None = None,
        orbit: str | None = None,
        collection: str | None = None,
        *,
        client_name: str | None = None,
        configuration_file: str | os.PathLike[str] | None = None,
        # `str` is for backends of other packages; the literals are what editors offer.
        backend_type: BackendType | Literal["local", "remote", "hybrid"] | str | None = None,
        database_url: str | None = None,
        storage_url: str | os.PathLike[str] | None = None,
        retry_timeout: float | None = None,
        timeout: float | None = None,
        api_version: APIVersion | Literal["2025-12", "2026-01"] | None = None,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        insecure: bool | None = None,
        progress: bool | None = None,
        read_only: bool | None = None,
        overlay: str | None = None,
        offline: bool | None = None,
        cache_size: int | None = None,
        backend: Backend | None = None,
    ) -> None:
        """Configure a client.

        Every argument can also be set by an environment variable or in a config file; what is given
        here wins, and `""` removes what is set there. Making a client touches neither disk nor
        network beyond that: the backend is opened by the first call.

        Args:
            base_url: URL of the platform. Environment variable `DFS_BASE_URL`.
            api_key: Key for the platform, `dfs_…`. Environment variable `DFS_API_KEY`.
            organization: Default organization, by id or name.
            orbit: Default orbit, by id or name. Needs a default organization.
            collection: Default collection, by id or name. Needs a default orbit.
            client_name: Which client of the config file and the environment to be.
            configuration_file: Path of a TOML or YAML file.
            backend_type: `local`, `remote`, `hybrid`, or the name of an installed third backend.
            database_url: Where the local backend keeps its records, and the hybrid one its
                overlay: an SQLAlchemy URL, or `:memory:` for what is gone when the client closes.
            storage_url: Where they keep model files: an fsspec URL or a folder.
            retry_timeout: For how long a call may be tried again, in seconds.
            timeout: For how long the platform may stay silent, in seconds.
            api_version: Version of the platform's API, `2025-12` or `2026-01`, if it should not
                be found out.
            proxy: URL of an HTTP proxy, if it is not the one that the environment names.
            ca_bundle: PEM file or folder of certificates to trust instead of the usual ones.
            client_certificate: PEM file with the certificate and the key to show to the platform.
            insecure: Whether to accept certificates that nobody vouches for.
            progress: Whether transfers show a bar on a terminal.
            read_only: Whether to refuse every call that would write, before anything is sent.
            overlay: Which of several overlays a hybrid client writes to.
            offline: Whether a hybrid client answers only from what `client.overlay.pull` brought.
            cache_size: How many bytes of the platform's files a hybrid client keeps at most.
            backend: An open backend, in place of the one that `backend_type` names. It stays open
                when the client closes.

        Where a default is not set and exactly one candidate exists, that one is the default. A
        default that does not exist is an error of the first call that needs it.

        Raises:
            ConfigurationError: A setting is missing, unknown or wrong, or a `Client` was given a
                URL or a key and no backend that uses them.
            AuthenticationError: The backend is the platform, and there is no key for it.

        Warns:
            ConfigurationWarning: A setting works but is unsafe, or does nothing.
        """
        arguments = locals()
        code = {
            name: os.fspath(value) if isinstance(value, os.PathLike) else value
            for name, value in arguments.items()
            if name in Settings.model_fields
        }
        if backend is not None:
            check_given_backend(backend.mode, code)
            code["backend_type"] = backend.mode
        settings = load_settings(
            code,
            client_name=client_name,
            configuration_file=configuration_file,
            defaults={"backend_type": self._default_backend},
        )
        if backend is None:
            check_backend_was_chosen(settings, code)
            open_backend = find_backend(settings.backend_type, settings.origin("backend_type"))
            check_settings(open_backend, settings)
            self._session = Session(settings, open_backend)
        else:
            self._session = Session(settings, given=backend)

    # A type checker that saw it would take every name.
    if not TYPE_CHECKING:  # pragma: no branch

        def __setattr__(self, name: str, value: object) -> None:
            refuse_unknown_attribute(type(self), name)
            super().__setattr__(name, value)

    @property
    def settings(self) -> Settings:
        """Settings of the client; each value knows its origin."""
        return self._session.settings

    @property
    def backend(self) -> Backend:
        """The backend that calls go to; opened if it was not yet."""
        return self._session.backend

    @property
    def organization(self) -> str | None:
        """Id of the default organization, `None` if there is none.

        Takes an id, a name or the object. Setting it drops a default orbit and collection that do
        not belong to it.
        """
        return self._default(ORGANIZATION)

    @organization.setter
    def organization(self, value: Ref[Organization] | None) -> None:
        self._session.defaults.choose(ORGANIZATION, value)

    @property
    def orbit(self) -> str | None:
        """Id of the default orbit, `None` if there is none.

        Takes an id, a name or the object. Setting it drops a default collection that does not
        belong to it.
        """
        return self._default(ORBIT)

    @orbit.setter
    def orbit(self, value: Ref[Orbit] | None) -> None:
        self._session.defaults.choose(ORBIT, value)

    @property
    def collection(self) -> str | None:
        """Id of the default collection, `None` if there is none.

        Takes an id, a name or the object.
        """
        return self._default(COLLECTION)

    @collection.setter
    def collection(self, value: Ref[Collection] | None) -> None:
        self._session.defaults.choose(COLLECTION, value)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retry_timeout: float | None = None,
        progress: bool | None = None,
        read_only: bool | None = None,
    ) -> Self:
        """Get a view of this client with other settings.

        It shares the connections and the defaults of this client, and ends with it.

        Args:
            timeout: For how long the platform may stay silent, in seconds.
            retry_timeout: For how long a call may be tried again, in seconds.
            progress: Whether transfers show a bar on a terminal.
            read_only: Whether to refuse every call that would write. A client that is read-only
                stays so.

        Returns:
            A client of the same class; what is not given is as it is here.

        Raises:
            ConfigurationError: A value is wrong.
            NotOfferedError: By the first call, if the backend cannot change its timeouts.

        Example:
            >>> patient = client.with_options(timeout=120)
            >>> patient.settings.timeout, client.settings.timeout
            (120.0, 30.0)
        """
        changes = {
            "timeout": timeout,
            "retry_timeout": retry_timeout,
            "progress": progress,
            "read_only": read_only or None,
        }
        view = object.__new__(type(self))
        view._session = self._session.view(changes)
        return view

    @abstractmethod
    def _default(self, kind: AnyKind) -> str | None:
        """The id of a default, as far as it can be told here."""

    def __getstate__(self) -> object:
        raise TypeError(
            f"A {type(self).__name__} cannot be pickled: it holds connections and perhaps a key. "
            f"Make one in each process."
        )

    def __repr__(self) -> str:
        settings, known = self.settings, self._session.defaults.known
        chosen = {"backend_type": str(settings.backend_type)}
        chosen |= {
            kind.name: value for kind in (ORGANIZATION, ORBIT, COLLECTION) if (value := known(kind))
        }
        shown = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
        return f"{type(self).__name__}({shown})"


class SyncBaseClient(DataForceClientBase):
    """Base of the synchronous clients: how they are set up and closed."""

    def _default(self, kind: AnyKind) -> str | None:
        return self._session.defaults.find(kind)

    def setup_config(
        self,
        organization: Ref[Organization] | None = None,
        orbit: Ref[Orbit] | None = None,
        collection: Ref[Collection] | None = None,
    ) -> None:
        """Choose defaults and find out at once whether they exist.

        Args:
            organization: Default organization, by id or name, or the object.
            orbit: Default orbit, by id or name, or the object.
            collection: Default collection, by id or name, or the object.

        Raises:
            OrganizationResourceNotFoundError: The organization does not exist.
            OrbitResourceNotFoundError: The orbit does not exist in the organization.
            CollectionResourceNotFoundError: The collection does not exist in the orbit.
            ConfigurationError: An orbit has no organization, or a collection no orbit.

        After an error, the choice that was made before stands.

        Example:
            >>> client.setup_config(orbit="Default Orbit")
            >>> client.orbit == client.orbits.get("Default Orbit").id
            True
        """
        self._session.defaults.choose_all(organization, orbit, collection)()

    def close(self) -> None:
        """Let go of connections and files. The client cannot be used afterwards."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Client(Resources, SyncBaseClient):
    """A client that works offline unless it is told otherwise.

    Example:
        >>> with Client(database_url=":memory:") as client:
        ...     client.collections.create("Who leaves, and when", "Churn", "model").total_models
        0
    """

    _default_backend = BackendType.LOCAL


class DataForceClient(Client):
    """The client for the platform: a `Client` whose backend is `remote` unless told otherwise.

    For many calls at a time there is `AsyncDataForceClient`.

    Example:
        >>> client = DataForceClient(backend_type="local", database_url=":memory:")
        >>> client.orbits.get("Default Orbit").total_collections
        0
    """

    _default_backend = BackendType.REMOTE


def __getattr__(name: str) -> object:
    if name not in ("AsyncBaseClient", "AsyncDataForceClient"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dataforce.api import _async_client

    return getattr(_async_client, name)
