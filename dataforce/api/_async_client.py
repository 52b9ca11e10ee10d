"""The asynchronous client."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataforce.api._client import DataForceClientBase
from dataforce.api.resources._generated._resources import AsyncResources
from dataforce.config import BackendType

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from dataforce.api._lookup import Ref
    from dataforce.backend import AnyKind
    from dataforce.models import Collection, Orbit, Organization


class ChosenDefaults(Coroutine[Any, Any, None]):
    """Defaults that `setup_config` has chosen; `await` finds out whether they exist.

    Unlike a usual coroutine it may be left without `await`: the one that does the work comes to be
    at the first step.
    """

    def __init__(self, verify: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._verify = verify

    @cached_property
    def _coroutine(self) -> Coroutine[Any, Any, None]:
        return self._verify()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        """Run to the next step."""
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an error where the coroutine waits."""
        return self._coroutine.throw(*error)

    def close(self) -> None:
        """End the coroutine."""
        self._coroutine.close()


class AsyncBaseClient(DataForceClientBase):
    """Base of the asynchronous clients: how they are closed."""

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


class AsyncClient(AsyncResources, AsyncBaseClient):
    """The calls of `Client`, awaited. They run in threads of the client's own.

    Cancelling a task that waits for a call stops a running transfer at its next chunk and leaves
    nothing half-done.

    Example:
        >>> async with AsyncClient(database_url=":memory:") as client:
        ...     [orbit.name for orbit in await client.orbits.list()]
        ['Default Orbit']
    """

    _default_backend = BackendType.LOCAL

    def setup_config(
        self,
        organization: Ref[Organization] | None = None,
        orbit: Ref[Orbit] | None = None,
        collection: Ref[Collection] | None = None,
    ) -> ChosenDefaults:
        """Choose defaults; awaited, find out as well whether they exist.

        The choice takes effect before this returns, so a script may call it outside of a loop.
        Without `await`, the first call that needs a default finds out.

        Args:
            organization: Default organization, by id or name, or the object.
            orbit: Default orbit, by id or name, or the object.
            collection: Default collection, by id or name, or the object.

        Returns:
            Something to await. If it raises, the choice that was made before stands again.

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
        verify = self._session.defaults.choose_all(organization, orbit, collection)
        return ChosenDefaults(lambda: self._session.workers.run(verify))


class AsyncDataForceClient(AsyncClient):
    """The asynchronous client for the platform: its backend is `remote` unless told otherwise.

    Example:
        >>> client = AsyncDataForceClient(backend_type="local", database_url=":memory:")
        >>> (await client.orbits.get("Default Orbit")).total_collections
        0
    """

    _default_backend = BackendType.REMOTE
