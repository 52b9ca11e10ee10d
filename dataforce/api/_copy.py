"""Collections and model artifacts on their way from one client to another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from dataforce.api._client import DataForceClientBase
from dataforce.api._lookup import Ref, find, find_named
from dataforce.api._progress import reported
from dataforce.api._records import validated
from dataforce.api._transfers import FILE, fetch
from dataforce.api._verified_read import Expected
from dataforce.backend import FileSource, Query, Scope
from dataforce.backend.paging import records_of
from dataforce.errors import (
    FileDownloadError,
    NotFoundError,
    UnprocessableEntityError,
)
from dataforce.models import (
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    Collection,
    CollectionCreate,
    ModelArtifact,
    ModelArtifactCreate,
    ModelArtifactStatus,
)
from dataforce.models._base import brief
from dataforce.overlay import CopyReport
from dataforce.transfer import cancellation
from dataforce.transfer.spool import temporary_file, writing

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.api._async_client import AsyncClient
    from dataforce.api._client import Client
    from dataforce.api._session import Session
    from dataforce.backend import Advance, AnyKind, FileStore

V = TypeVar("V", bound="BaseModel")


def copy(
    ref: Ref[Collection | ModelArtifact],
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
        ref: A collection or model artifact as `source` gave it, or an id or name: that of a
            collection in the default orbit of `source`, or else that of a model artifact in its
            default collection. Of a name that both have, the collection is meant.
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
    found, scope = _find(here, ref)
    with reported("copy", None, progress, there.settings) as advance:
        if isinstance(found, Collection):
            return _copy_collection(
                _Place(here, scope.child(found.id)), _counterpart(there, found), advance
            )
        within = _Place(there, there.defaults.scope(MODEL_ARTIFACT))
        return _copy_model(found, _Place(here, scope), within, advance)


@dataclass(frozen=True)
class _Place:
    """A collection of a client; the scope is that of what it holds."""

    session: Session
    scope: Scope

    @property
    def id(self) -> str:
        return self.scope.ids[-1]

    @property
    def files(self) -> FileStore[ModelArtifact, ModelArtifactCreate]:
        return self.session.backend.files(MODEL_ARTIFACT, self.scope)

    def models(self, name: str | None = None) -> Iterator[ModelArtifact]:
        """All model artifacts, or those of a name, in the order they were made."""
        store = self.session.backend.store(MODEL_ARTIFACT, self.scope)
        return records_of(store, MODEL_ARTIFACT, Query(name=name, limit=None))


def _copy_collection(source: _Place, target: _Place, advance: Advance) -> CopyReport:
    _refuse_same(source, target)
    copying = _Copying(source, target, target.models(), advance)
    for record in source.models():
        copying.add(record)
    return copying.report(COLLECTION.name, target.id)


def _copy_model(
    record: ModelArtifact, source: _Place, target: _Place, advance: Advance
) -> CopyReport:
    _refuse_same(source, target)
    if record.status != ModelArtifactStatus.UPLOADED:
        raise FileDownloadError(
            f"Model artifact {record.id} has the status {record.status}, so there are no bytes to "
            f"copy. Upload its file as a new model artifact."
        )
    copying = _Copying(source, target, target.models(record.model_name), advance)
    copying.add(record)
    return copying.report(MODEL_ARTIFACT.name, *copying.there)


class _Copying:
    """Brings model artifacts of one collection to another, but for those that are there.

    Args:
        source: Where they are.
        target: Where they go.
        present: What is at the target and may be the same as what comes.
        advance: Is told how many bytes were fetched, and how many brought.

    Attributes:
        there: Id at the target of what was added, and whether it had to be brought.
    """

    def __init__(
        self, source: _Place, target: _Place, present: Iterable[ModelArtifact], advance: Advance
    ) -> None:
        self.there: dict[str, bool] = {}
        self._source = source
        self._target = target
        self._advance = advance
        self._left_out: list[str] = []
        self._bytes = 0
        # Each stands for one of the source: of two equal ones there, two must be here.
        self._present: dict[bytes, list[str]] = {}
        for record in present:
            if record.status == ModelArtifactStatus.UPLOADED:
                self._present.setdefault(_sameness(record), []).append(record.id)

    def add(self, record: ModelArtifact) -> None:
        """See that the target has a record, if the source has its bytes."""
        cancellation.check()
        if record.status != ModelArtifactStatus.UPLOADED or record.model_name is None:
            self._left_out.append(record.id)
        elif equal := self._present.get(_sameness(record)):
            self.there[equal.pop()] = False
        else:
            self.there[self._bring(record)] = True
            self._bytes += record.size

    def report(self, kind: str, identifier: str) -> CopyReport:
        """What was done."""
        return CopyReport(
            kind=kind,
            id=identifier,
            copied=tuple(each for each, was_brought in self.there.items() if was_brought),
            skipped=tuple(each for each, was_brought in self.there.items() if not was_brought),
            left_out=tuple(self._left_out),
            bytes=self._bytes,
        )

    def _bring(self, record: ModelArtifact) -> str:
        values = _values(record)
        with temporary_file() as path:
            fetch(
                lambda: self._source.files.open(record, FILE),
                Expected(record, "Nothing was copied"),
                lambda: writing(path, record.size),
                self._advance,
            )
            source = {FILE: FileSource(path)}
            return self._target.files.upload(values, source, self._advance, key=record.id).id


# Where from, and where to


def _session(side: str, client: object) -> Session:
    if not isinstance(client, DataForceClientBase):
        raise UnprocessableEntityError(
            f"{side} takes a client, not {brief(client)}: make one, such as "
            f'Client(backend_type="local").'
        )
    return client._session  # noqa: SLF001  what resources share is nothing for users


def _find(session: Session, ref: object) -> tuple[Collection | ModelArtifact, Scope]:
    """What to copy, as it is now, and where it is."""
    defaults, backend = session.defaults, session.backend
    if isinstance(ref, Collection):
        scope = defaults.scope(ORBIT).child(ref.orbit_id)
        return backend.store(COLLECTION, scope).get(ref.id), scope
    scope = defaults.scope(COLLECTION)
    if isinstance(ref, ModelArtifact):
        scope = scope.child(ref.collection_id)
        return backend.store(MODEL_ARTIFACT, scope).get(ref.id), scope
    if not isinstance(ref, str | UUID):
        raise UnprocessableEntityError(
            f"{brief(ref)} is neither a collection or model artifact nor the id or name of one."
        )
    ref = str(ref)
    collection = find(backend.store(COLLECTION, scope), COLLECTION, ref, "source")
    if collection is not None:
        return collection, scope
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
    return model, scope


def _counterpart(session: Session, collection: Collection) -> _Place:
    """The collection of the same name in the default orbit; made if there is none."""
    scope = session.defaults.scope(COLLECTION)
    store = session.backend.store(COLLECTION, scope)
    there = find_named(store, COLLECTION, collection.name, "target")
    if there is None:
        session.defaults.settle(COLLECTION)
        there = store.create(_alike(CollectionCreate, collection, COLLECTION))
    return _Place(session, scope.child(there.id))


def _refuse_same(source: _Place, target: _Place) -> None:
    if source.id == target.id:
        raise UnprocessableEntityError(
            f"Collection {source.id} is both source and target, so there is nothing to copy. Set "
            f"orbit or collection of the target client to where the copy should go."
        )


# One model artifact


def _sameness(record: ModelArtifact) -> bytes:
    """What equal model artifacts have in common, in few bytes: there may be very many."""
    same = (record.file_hash.lower(), record.model_name, record.file_name)
    return hashlib.sha256(repr(same).encode()).digest()


def _values(record: ModelArtifact) -> ModelArtifactCreate:
    values = _alike(ModelArtifactCreate, record, MODEL_ARTIFACT)
    return values.model_copy(update={"file_hash": values.file_hash.lower()})


def _alike(model: type[V], record: Collection | ModelArtifact, kind: AnyKind) -> V:
    """What makes a record like another one."""
    given = {field: getattr(record, field) for field in model.model_fields}
    try:
        return validated(kind, model, given)
    except UnprocessableEntityError as error:
        fault = error.message
    raise UnprocessableEntityError(f"{kind.name.capitalize()} {record.id} was not copied. {fault}")
