"""The overlay of a hybrid client: status, differences, push and pull."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from dataforce.api._lookup import Ref
from dataforce.api._progress import reported
from dataforce.api._records import LARGEST_PAGE, check_query
from dataforce.api.resources._base import ResourceBase, asynchronous_twins
from dataforce.backend import Order, Query, Scope, identifier_of
from dataforce.backend.identity import can_be_stored, canonical_id
from dataforce.errors import (
    ConfigurationError,
    MultipleResourcesFoundError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.models import (
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    Collection,
    ModelArtifactSort,
    Orbit,
)
from dataforce.models._base import AssetRecord, brief
from dataforce.overlay import Change, Diff, OverlayStatus, PullReport, PushReport, Resolution
from dataforce.overlay.layered import LayeredBackend, Overlay

if TYPE_CHECKING:
    from dataforce.api.resources._generated.overlay import (
        AsyncOverlayResource as AsyncOverlayResource,
    )
    from dataforce.backend import AnyKind, Family

_NAMED = 5
"""Number of objects that the message about an ambiguous name shows."""


class OverlayResourceBase(ResourceBase):
    """Abstract resource for the overlay."""


class OverlayResource(OverlayResourceBase):
    """Resource for the overlay of the default organization.

    Only a client with `backend_type="hybrid"` has one. It reads the platform through the overlay
    and writes to the overlay, so nobody else sees what it does before `push`.

    Every call raises `ConfigurationError` for a client whose backend has no overlays, or that has
    no default organization.

    Example:
        >>> collection = client.collections.create("", "Flowers", "model")
        >>> print(client.overlay.diff())
        action   kind        name     what
        created  collection  Flowers
        1 created, 0 changed, 0 deleted
    """

    def status(self) -> OverlayStatus:
        """Tell how much there is in the overlay.

        Returns:
            How many objects were created, changed and deleted, and what is kept of the platform.

        Example:
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> client.overlay.status().created
            1
        """
        return self._overlay().status()

    def diff(self) -> Diff:
        """List the differences between the overlay and the platform.

        Returns:
            What became of each object, parents before children; prints as a table.

        Example:
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> [(change.action.value, change.name) for change in client.overlay.diff()]
            [('created', 'Flowers')]
        """
        return self._overlay().diff()

    def reset(self, object_id: Ref[AssetRecord] | Change | None = None) -> None:
        """Drop changes that were not pushed. This cannot be undone.

        Args:
            object_id: The object whose changes to drop: its id, its name, the object itself, or
                what `diff` says of it. One that was made here goes with all that was made below it.
                All changes in the organization if not given.

        Raises:
            NotFoundError: The overlay holds no change of that object.
            MultipleResourcesFoundError: It holds changes of several objects of that name or id.
            UnprocessableEntityError: It is none of these.

        Example:
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> client.overlay.reset(collection.id)
            >>> print(client.overlay.diff())
            no changes
        """
        overlay = self._overlay()
        family = self._session.backend.family
        identifier, kind = (
            (None, None) if object_id is None else _changed(overlay, family, object_id)
        )
        overlay.reset(identifier, kind)

    def pull(
        self,
        *,
        orbit: Ref[Orbit] | None = None,
        collection: Ref[Collection] | None = None,
        name: str | None = None,
        sort_by: ModelArtifactSort = "created_at",
        order: Order = "asc",
        limit: int | None = None,
        content: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> PullReport:
        """Bring records of the platform here, for reading them offline.

        With `name` or `limit`, some model artifacts of one collection are pulled. Else a whole
        collection is, or a whole orbit if an orbit is all that is given. With no arguments that
        is the default collection, or the default orbit if there is no default collection.

        Args:
            orbit: An orbit: its id, its exact name, or the object; the default orbit if not given.
            collection: A collection in that orbit, in the same ways.
            name: Model name or file name: only the model artifacts that have it.
            sort_by: `created_at`, `model_name`, `size`, `description` or `status`; which are
                first counts with `limit`.
            order: `asc` or `desc`.
            limit: Only the first so many model artifacts, from 1 to 1,000.
            content: Whether to bring the model files too.
            progress: Is called with the bytes moved so far, and 0 since nobody knows how many
                there will be; a pull that takes long shows a bar on a terminal if not given. What
                it raises ends the pull and comes out.

        Returns:
            How many records of each kind were pulled, and how many files and bytes.

        Raises:
            OrbitResourceNotFoundError: The orbit does not exist in the default organization.
            CollectionResourceNotFoundError: The collection does not exist in the orbit.
            MultipleResourcesFoundError: Several have that name.
            ConfigurationError: A collection is needed, and none is given or a default.
            UnprocessableEntityError: An argument does not have the form it must have.

        Example:
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> client.overlay.pull(collection="Flowers", content=True).files
            0
        """
        overlay = self._overlay()
        query = _query(name, sort_by, order, limit)
        kind, scope, wanted = self._wanted(orbit, collection, query)
        with reported("pull", None, progress, self._session.settings) as advance:
            return overlay.pull(kind, scope, wanted, content=content, advance=advance)

    def push(
        self,
        *,
        dry_run: bool = False,
        on_conflict: Resolution | Literal["stop", "theirs", "mine"] = Resolution.STOP,
        progress: Callable[[int, int], object] | None = None,
    ) -> PushReport:
        """Publish the changes of the overlay on the platform.

        Args:
            dry_run: Whether to tell only what would be done.
            on_conflict: What to do where the platform changed the same meanwhile: `stop`, or take
                the side of the platform with `theirs` or that of the overlay with `mine`.
            progress: Is called with the bytes moved so far, and 0 since nobody knows how many
                there will be; a push that takes long shows a bar on a terminal if not given. What
                it raises ends the push and comes out.

        Returns:
            What was published, in that order; prints as a table.

        Raises:
            PushConflictError: The platform changed the same meanwhile; nothing was published.
            UnprocessableEntityError: `on_conflict` is none of the three.

        Example:
            >>> collection = client.collections.create("", "Flowers", "model")
            >>> print(client.overlay.push(dry_run=True))
            would be pushed:
            action   kind        name     what
            created  collection  Flowers
            1 created, 0 changed, 0 deleted
        """
        overlay, resolution = self._overlay(), _resolution(on_conflict)
        with reported("push", None, progress, self._session.settings) as advance:
            return overlay.push(dry_run=dry_run, on_conflict=resolution, advance=advance)

    def _overlay(self) -> Overlay:
        backend, settings = self._session.backend, self._session.settings
        if isinstance(backend, LayeredBackend):
            return backend.overlay(self._session.defaults.require(ORGANIZATION))
        if settings.read_only:
            raise ConfigurationError(
                f"This client has no overlay: it is set to read only "
                f"({settings.origin('read_only')}). Make one without read_only."
            )
        raise ConfigurationError(
            f"This client has no overlay: its backend is {str(backend.mode)!r}. Make one with "
            f'backend_type="hybrid", which lays an overlay over the platform.'
        )

    def _wanted(
        self, orbit: Ref[Orbit] | None, collection: Ref[Collection] | None, query: Query | None
    ) -> tuple[AnyKind, Scope, str | Query]:
        """Return the kind and the scope of what to pull, and its id or a query."""
        defaults = self._session.defaults
        if orbit is None and isinstance(collection, Collection):
            orbit = collection.orbit_id
        scope = defaults.scope(ORBIT)
        orbit_id = defaults.require(ORBIT) if orbit is None else defaults.given(ORBIT, scope, orbit)
        within = scope.child(orbit_id)
        if collection is not None:
            collection_id: str | None = defaults.given(COLLECTION, within, collection)
        else:
            collection_id = defaults.find(COLLECTION) if orbit is None else None
        if query is not None:
            searched = collection_id or self._searched(orbit_id)
            return MODEL_ARTIFACT, within.child(searched), query
        if collection_id is not None:
            return COLLECTION, within, collection_id
        return ORBIT, scope, orbit_id

    def _searched(self, orbit_id: str) -> str:
        """The collection to look for model artifacts in if none is given."""
        defaults = self._session.defaults
        if orbit_id == defaults.find(ORBIT):
            return defaults.require(COLLECTION)
        raise ConfigurationError(
            f"name and limit choose among the model artifacts of one collection, and orbit "
            f"{orbit_id} is not the default one, so it has no default collection. Give collection "
            f"as well."
        )


def _query(name: str | None, sort_by: str, order: Order, limit: int | None) -> Query | None:
    """Return the query for some model artifacts, `None` for all."""
    if name is not None and not _is_name(name):
        raise UnprocessableEntityError(
            f"{name!r} is not the name of a {MODEL_ARTIFACT.name}: give text."
        )
    checked = LARGEST_PAGE if limit is None else limit
    check_query(MODEL_ARTIFACT, Query(name, sort_by=sort_by, order=order, limit=checked), "limit")
    return (
        None
        if name is None and limit is None
        else Query(name, sort_by=sort_by, order=order, limit=limit)
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and can_be_stored(value)


def _changed(overlay: Overlay, family: Family, value: object) -> tuple[str, AnyKind | None]:
    """The id of an object that has changes, however it is given, and its kind if that is told."""
    if isinstance(value, AssetRecord):
        kind = next(kind for kind in family.kinds if isinstance(value, kind.record))
        return identifier_of(value), kind
    if isinstance(value, Change):
        return value.id, _kind_of(family, value)
    if not isinstance(value, str | UUID):
        raise UnprocessableEntityError(
            f"{brief(value)} is no object of the registry: give its id, its name, or the object "
            f"itself."
        )
    identifier = canonical_id(str(value))
    if identifier is not None:
        return identifier, None
    named = [change for change in overlay.diff() if change.name == value]
    if len(named) == 1:
        return named[0].id, _kind_of(family, named[0])
    if named:
        shown = ", ".join(f"{change.kind} {change.id}" for change in named[:_NAMED])
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        raise MultipleResourcesFoundError(
            f"The overlay holds changes of several objects called {brief(value)}: {shown}{more}. "
            f"Give the id instead."
        )
    raise NotFoundError(
        f"The overlay holds no change of an object called {brief(value)}. client.overlay.diff() "
        f"lists those that there are."
    )


def _kind_of(family: Family, change: Change) -> AnyKind:
    return next(kind for kind in family.kinds if kind.name == change.kind)


def _resolution(value: object) -> Resolution:
    try:
        return Resolution(value)  # type: ignore[arg-type]  # it refuses what is none
    except ValueError:
        choices = ", ".join(repr(each.value) for each in Resolution)
        raise UnprocessableEntityError(f"on_conflict takes {choices}, not {value!r}.") from None


__getattr__ = asynchronous_twins(__name__)
