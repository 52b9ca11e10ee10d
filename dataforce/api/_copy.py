"""Collections and model artifacts on their way from one client to another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dataforce.api._client import DataForceClientBase
from dataforce.api._lookup import Ref, find, find_named
from dataforce.api._progress import reported
from dataforce.api._records import validated
from dataforce.backend import Query, Scope, identifier_of
from dataforce.backend.paging import records_of
from dataforce.backend.paths import with_values_at
from dataforce.backend.references import lists_of, places_below
from dataforce.errors import (
    FileDownloadError,
    MultipleResourcesFoundError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.models import (
    COLLECTION,
    MODEL_ARTIFACT,
    AssetRecord,
)
from dataforce.models._base import brief
from dataforce.overlay import CopyReport
from dataforce.transfer import cancellation
from dataforce.transfer.spool import spooled

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.api._async_client import AsyncClient
    from dataforce.api._client import Client
    from dataforce.api._session import Session
    from dataforce.backend import Advance, AnyKind, Reference

_NAMED = 5
"""Number of ids that a message shows."""


def copy(
    ref: Ref[AssetRecord],
    *,
    source: Client | AsyncClient,
    target: Client | AsyncClient,
    progress: Callable[[int, int], object] | None = None,
) -> CopyReport:
    """Copy a collection with its model artifacts, or one model artifact, to another client.

    A collection goes to the default orbit of `target`: into the collection of the same name, or
    a new one like it. A model artifact goes into the default collection of `target`. Files are
    verified, and come by way of the folder for temporary files, which must have room for the
    largest of them.

    What is there already is skipped: an uploaded model artifact of the same SHA-256, model name
    and file name. So a copy that was interrupted goes on when it is made again.

    With asyncio: `await asyncio.to_thread(dataforce.copy, ...)`. Cancelling the task that awaits it
    does not stop it.

    Args:
        ref: A collection, a model artifact, or an object of another kind, as `source` gave it. Or
            an id or name: that of a collection in the default orbit of `source`, or else that of a
            model artifact in its default collection. Of a name that both have, the collection is
            meant.
        source: A `Client` or `AsyncClient` of any backend.
        target: Another one, or the same if its defaults lead elsewhere.
        progress: Is called with the bytes moved so far, those fetched and those brought, and 0
            since nobody knows how many there will be; a copy that takes long shows a bar on a
            terminal if not given. What it raises ends the copy and comes out.

    Returns:
        What was copied and what was there; also the model artifacts of the collection whose
        status is not `uploaded`: they have no bytes and are left out.

    Raises:
        NotFoundError: The source has nothing of that id or name.
        MultipleResourcesFoundError: Several have that name, at the source or the target.
        ConfigurationError: One of the clients lacks a default that is needed.
        UnprocessableEntityError: Source and target are the same collection, the target cannot keep
            what the source has, or an argument is not what it must be.
        ChecksumMismatchError: Bytes at the source are not those that were stored there.
        FileDownloadError: Bytes cannot be fetched, or not kept on the way.
        FileUploadError: Bytes cannot be stored at the target.

    Example:
        >>> collection = client.collections.create("", "Flowers", "model")
        >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
        >>> with Client(database_url=":memory:") as production:
        ...     report = copy("Flowers", source=client, target=production)
        ...     production.model_artifacts.get("iris").size, len(report.copied)
        (51200, 1)
    """
    here, there = _session("source", source), _session("target", target)
    origin = _find(here, ref)
    with reported("copy", None, progress, there.settings) as advance:
        return _Copying(here, there, advance).copy(origin)


@dataclass(frozen=True)
class _Origin:
    """A record of the source, and where it is."""

    kind: AnyKind
    scope: Scope
    record: Any


class _Copying:
    """Copies records of one client to another, but for those that are there.

    Args:
        source: The session to read.
        target: The session to write.
        advance: Is told how many bytes were fetched, and how many stored.
    """

    def __init__(self, source: Session, target: Session, advance: Advance) -> None:
        self._source = source
        self._target = target
        self._family = source.backend.family
        self._advance = advance
        self._copied: dict[str, None] = {}
        self._skipped: dict[str, None] = {}
        self._left_out: list[str] = []
        self._bytes = 0

    def copy(self, origin: _Origin) -> CopyReport:
        """Copy a record with all below it."""
        kind, record = origin.kind, origin.record
        scope = self._target.defaults.scope(kind)
        if kind.files:
            _refuse_same(kind, origin.scope, scope)
            _require_files(kind, record)
        is_leaf = not self._family.children(kind)
        named = getattr(record, kind.names[0]) if kind.names else None
        present = self._present(kind, scope, named)
        identifier = self._add(kind, origin.scope, scope, record, present, is_told=is_leaf)
        if not is_leaf:
            inside = origin.scope.child(identifier_of(record)), scope.child(str(identifier))
            _refuse_same(kind, *inside)
            self._copy_below(kind, *inside)
        return CopyReport(
            kind=kind.name,
            id=str(identifier),
            copied=tuple(self._copied),
            skipped=tuple(self._skipped),
            left_out=tuple(self._left_out),
            bytes=self._bytes,
        )

    def _copy_below(self, kind: AnyKind, source: Scope, target: Scope) -> None:
        for lower in self._family.children(kind):
            present = self._present(lower, target)
            has_children = bool(self._family.children(lower))
            for record in records_of(self._source.backend.store(lower, source), lower):
                identifier = self._add(lower, source, target, record, present)
                if has_children and identifier is not None:
                    below = source.child(identifier_of(record)), target.child(identifier)
                    self._copy_below(lower, *below)

    def _present(
        self, kind: AnyKind, scope: Scope, name: str | None = None
    ) -> dict[bytes, list[str]]:
        """Return the ids of what is at the target, by what equal records have in common."""
        found: dict[bytes, list[str]] = {}
        query = Query(name=name, limit=None)
        for record in records_of(self._target.backend.store(kind, scope), kind, query):
            if kind.is_ready(record):
                found.setdefault(_sameness(kind, record), []).append(identifier_of(record))
        return found

    def _add(
        self,
        kind: AnyKind,
        source: Scope,
        target: Scope,
        record: Any,
        present: dict[bytes, list[str]],
        *,
        is_told: bool = True,
    ) -> str | None:
        """Return the id at the target of a record, which is copied if need be.

        A record without files, or without a name, is left out: `None`.
        """
        cancellation.check()
        has_no_name = kind.names and getattr(record, kind.names[0]) is None
        if not kind.is_ready(record) or has_no_name:
            self._left_out.append(identifier_of(record))
            return None
        equal = present.get(_sameness(kind, record), [])
        if equal and not kind.files and len(equal) > 1:
            raise MultipleResourcesFoundError(
                f"Several {kind.name}s of the target are called "
                f"{brief(getattr(record, kind.names[0]), 30)}: {', '.join(equal[:_NAMED])}. "
                f"Rename or delete all but one."
            )
        # Of two equal files at the source, two must be at the target.
        identifier = (equal.pop() if kind.files else equal[0]) if equal else None
        told = self._copied if identifier is None else self._skipped
        if identifier is None:
            identifier = self._create(kind, source, target, record)
        if is_told:
            told[identifier] = None
        return identifier

    def _create(self, kind: AnyKind, source: Scope, target: Scope, record: Any) -> str:
        self._target.defaults.settle(kind)
        values = self._values(kind, source, target, record)
        backend = self._target.backend
        if not kind.files:
            return identifier_of(backend.store(kind, target).create(values))
        files = self._source.backend.files(kind, source)
        identity = (identifier_of(record), *target.ids)
        with spooled(files, kind, record, "Nothing was copied", self._advance) as sources:
            key = hashlib.sha256(_sameness(kind, record) + repr(identity).encode()).hexdigest()
            made = backend.files(kind, target).upload(values, sources, self._advance, key=key)
        self._bytes += sum(each.size for each in sources.values())
        return identifier_of(made)

    def _values(self, kind: AnyKind, source: Scope, target: Scope, record: Any) -> BaseModel:
        """Return the create model of a record like another one."""
        given = {
            field: getattr(record, field)
            for field in kind.create.model_fields
            if field in kind.record.model_fields
        }
        for fields in kind.files.values():
            if fields.digest in given:
                given[fields.digest] = fields.digest_of(record)
        try:
            values: BaseModel = validated(kind, kind.create, given)
        except UnprocessableEntityError as error:
            fault = error.message
            raise UnprocessableEntityError(
                f"{kind.name.capitalize()} {identifier_of(record)} was not copied. {fault}"
            ) from None
        for path, reference in kind.references.items():
            counterpart = partial(self._counterpart, reference, source, target)
            values = with_values_at(values, path, counterpart)
        return values

    def _counterpart(
        self, reference: Reference, source: Scope, target: Scope, identifier: str
    ) -> str:
        """Return what a reference points at when it is copied: the same id, or the same name."""
        for kind in reference.kinds:
            if _first(self._target, kind, target, lambda store: store.get(identifier)):
                return identifier
            pointed = _first(self._source, kind, source, lambda store: store.get(identifier))
            if pointed is not None:
                named = partial(find_named, kind=kind, value=getattr(pointed, kind.names[0]))
                same = _first(self._target, kind, target, named)
                if same is not None:
                    return identifier_of(same)
        return identifier


def _first(session: Session, kind: AnyKind, scope: Scope, find: Callable[[Any], Any]) -> Any:
    """Return the first record that is found where a reference from a scope may lead."""
    shared = Scope(scope.ids[: len(kind.ancestors)])
    for place in places_below(lists_of(session.backend.store), kind, shared):
        with suppress(NotFoundError):
            found = find(session.backend.store(kind, place))
            if found is not None:
                return found
    return None


def _sameness(kind: AnyKind, record: object) -> bytes:
    """Return what equal records have in common, in few bytes: there may be very many."""
    if kind.identity.made_by == "client":
        same: tuple[object, ...] = (identifier_of(record),)
    elif kind.files:
        digests = [fields.digest_of(record) for fields in kind.files.values()]
        same = (*digests, *(getattr(record, name) for name in kind.names))
    else:
        same = (getattr(record, kind.names[0]),)
    return hashlib.sha256(repr(same).encode()).digest()


def _refuse_same(kind: AnyKind, source: Scope, target: Scope) -> None:
    if source == target and source.ids:
        raise UnprocessableEntityError(
            f"{kind.name.capitalize()} {source.parent} is both source and target, so there is "
            f"nothing to copy. Set orbit or collection of the target client to where the copy "
            f"should go."
        )


def _require_files(kind: AnyKind, record: Any) -> None:
    if not kind.is_ready(record):
        status = getattr(record, str(kind.status.status)) if kind.status else ""
        raise FileDownloadError(
            f"{kind.name.capitalize()} {identifier_of(record)} has the status {status}, so there "
            f"are no bytes to copy. Upload its file as a new {kind.name}."
        )


# Where from, and where to


def _session(side: str, client: object) -> Session:
    if not isinstance(client, DataForceClientBase):
        raise UnprocessableEntityError(
            f"{side} takes a client, not {brief(client)}: make one, such as "
            f'Client(backend_type="local").'
        )
    return client._session  # noqa: SLF001  what resources share is nothing for users


def _find(session: Session, ref: object) -> _Origin:
    """Return what to copy, as it is now, and where it is."""
    defaults, backend = session.defaults, session.backend
    for kind in backend.family.kinds:
        if isinstance(ref, kind.record):
            scope = _scope_of(session, kind, ref)
            return _Origin(kind, scope, backend.store(kind, scope).get(identifier_of(ref)))
    if not isinstance(ref, str | UUID):
        raise UnprocessableEntityError(
            f"{brief(ref)} is neither a collection or model artifact nor the id or name of one."
        )
    ref = str(ref)
    scope = defaults.scope(COLLECTION)
    collection = find(backend.store(COLLECTION, scope), COLLECTION, ref, "source")
    if collection is not None:
        return _Origin(COLLECTION, scope, collection)
    absence = f"The source has no collection {brief(ref)} in orbit {scope.parent}"
    default = defaults.find(COLLECTION)
    if default is None:
        raise NotFoundError(
            f"{absence}, and no default collection to look for a model artifact in. Set orbit or "
            f"collection of the source client."
        )
    scope = scope.child(default)
    model = find(backend.store(MODEL_ARTIFACT, scope), MODEL_ARTIFACT, ref, "source")
    if model is None:
        raise NotFoundError(
            f"{absence}, and no such model artifact in collection {default}. Set orbit or "
            f"collection of the source client, or give another name."
        )
    return _Origin(MODEL_ARTIFACT, scope, model)


def _scope_of(session: Session, kind: AnyKind, record: object) -> Scope:
    if kind.parent is None or kind.parent_field is None:
        return Scope()
    return session.defaults.scope(kind.parent).child(getattr(record, kind.parent_field))
