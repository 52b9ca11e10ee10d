"""The asynchronous client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforce.api._client import DataForceClientBase
from dataforce.api.resources._generated._resources import AsyncResources
from dataforce.config import BackendType

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from dataforce.seam.backend import AnyKind


class AsyncClient(AsyncResources, DataForceClientBase):
    """The calls of `Client`, awaited. They run in threads of the client's own.

    Cancelling a task that waits for a call stops a running transfer at its next chunk and leaves
    nothing half-done.

    Example:
        >>> async with AsyncClient(database_url=":memory:") as client:
        ...     [orbit.name for orbit in await client.orbits.list()]
        ['Default Orbit']
    """

    _default_backend = BackendType.LOCAL

    async def setup_config(
        self,
        *,
        organization: str | None = None,
        orbit: str | None = None,
        collection: str | None = None,
    ) -> None:
        """Set defaults and find out at once whether they exist.

        Args:
            organization: Default organization, by id or name.
            orbit: Default orbit, by id or name.
            collection: Default collection, by id or name.

        Raises:
            OrganizationResourceNotFoundError: The organization does not exist.
            OrbitResourceNotFoundError: The orbit does not exist in the organization.
            CollectionResourceNotFoundError: The collection does not exist in the orbit.
            ConfigurationError: An orbit has no organization, or a collection no orbit.

        Example:
            >>> await client.setup_config(orbit="Default Orbit")
            >>> client.orbit == (await client.orbits.get("Default Orbit")).id
            True
        """
        defaults = self._session.defaults
        with defaults.restored_on_error():
            for kind, value in zip(defaults.LEVELS, (organization, orbit, collection), strict=True):
                if value is not None:
                    defaults.choose(kind, value)
            for kind in defaults.LEVELS:
                await self._session.workers.run(defaults.find, kind)

    async def close(self) -> None:
        """Let go of connections, files and threads. The client cannot be used afterwards."""
        await self._session.workers.close(self._session.close)

    def _default(self, kind: AnyKind) -> str | None:
        # A property cannot be awaited: until a call has resolved it, the default is as it was set.
        return self._session.defaults.known(kind)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncDataForceClient(AsyncClient):
    """The asynchronous client for the platform: its backend is `remote` unless told otherwise.

    Example:
        >>> client = AsyncDataForceClient(backend_type="local", database_url=":memory:")
        >>> (await client.orbits.get("Default Orbit")).total_collections
        0
    """

    _default_backend = BackendType.REMOTE
