"""The records of any kind of asset, on the platform or on a server of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic_core import to_json

from dataforce.backend import Scope, identifier_of
from dataforce.backend.error_messages import in_use, not_found, printable, sentence
from dataforce.backend.http import path_of
from dataforce.backend.paging import page_of
from dataforce.errors import (
    APIResponseValidationError,
    ConflictError,
    DataForceError,
    NotFoundError,
)
from dataforce.transfer import cancellation
from dataforce_remote.http.api import API, LARGEST_ARRAY
from dataforce_remote.http.transport_errors import extend

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Family, Kind, Page, Query
    from dataforce_remote.files.bucket import Bucket
    from dataforce_remote.http.messages import APIResponse
    from dataforce_remote.http.version import Version

_ID = re.compile(r"[0-9A-Za-z_-]+")

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


@dataclass(frozen=True)
class Platform:
    """The connections and the family that the stores of one backend share.

    Args:
        api: Sends the requests.
        version: The version of the API that the platform speaks.
        family: The kinds.
        class_for: Gives the class of the stores of a kind.
        bucket: Opens the connections to the bucket of the model files.
    """

    api: API
    version: Version
    family: Family
    class_for: Callable[[AnyKind], type[RecordStore[Any, Any, Any]]]
    bucket: Callable[[], Bucket]

    def store(self, kind: AnyKind, scope: Scope) -> RecordStore[Any, Any, Any]:
        """Return the records of a kind below a scope."""
        return self.class_for(kind)(kind, scope, self)


class RecordStore(Generic[M, C, U]):
    """The records of one kind below one scope, listed as an array and had one by one.

    Args:
        kind: The declaration.
        scope: The parents.
        platform: Where they are.
    """

    def __init__(self, kind: Kind[M, C, U], scope: Scope, platform: Platform) -> None:
        self.kind = kind
        self.scope = scope
        self.platform = platform
        self.version = platform.version
        self.one: Callable[[bytes], M] = kind.record.model_validate_json

    @cached_property
    def array(self) -> Callable[[bytes], list[M]]:
        """The function that reads an array of records."""
        return cast("Callable[[bytes], list[M]]", _array_of(self.kind.record))

    def page(self, query: Query) -> Page[M]:
        """Return one page; what the platform does not do is done here."""
        return page_of(self.kind, self.listed(), query)

    def get(self, identifier: str) -> M:
        """Return the record with that id."""
        return self.below(self.call("GET", identifier).parse(self.one))

    def create(self, values: C) -> M:
        """Make a record."""
        return self.call("POST", body=body_of(values), written=values).parse(self.one)

    def create_many(self, values: Sequence[C]) -> list[M]:
        """Make several records, all or none.

        The platform makes one at a time. So if one cannot be made, those that were are deleted
        again. Others may see them meanwhile, and a process that is killed leaves them behind.

        Args:
            values: A create model for each.

        Raises:
            DataForceError: One could not be made, for whatever reason; the message names those
                that were made and could not be deleted.
        """
        made: list[M] = []
        try:
            for each in values:
                made.append(self.create(each))
        except BaseException as error:
            with cancellation.shielded():
                left = [identifier_of(each) for each in reversed(made) if not self._undo(each)]
            if left and isinstance(error, DataForceError):
                extend(
                    error,
                    f"{len(left)} {self.kind.name}s had been made and could not be deleted: "
                    f"{', '.join(left)}.",
                )
            raise
        return made

    def update(self, identifier: str, changes: U) -> M:
        """Give the fields that are set their new values."""
        if not changes.model_fields_set:
            return self.get(identifier)
        body = body_of(changes, exclude_unset=True)
        return self.call("PATCH", identifier, body=body, written=changes).parse(self.one)

    def delete(self, identifier: str) -> None:
        """Remove the record."""
        try:
            self.call("DELETE", identifier)
        except NotFoundError:
            if not self.kind.forgiving_delete:
                raise

    # -- what the stores of particular kinds stand on

    def path(self, identifier: str = "") -> str:
        """Return the path of a record, or of all records below the scope."""
        for kind, parent in zip(self.kind.ancestors, self.scope.ids, strict=True):
            checked_id(kind, parent)
        if not identifier:
            return path_of(self.kind, self.scope)
        return path_of(self.kind, self.scope, checked_id(self.kind, identifier))

    def listed(self) -> list[M]:
        """Return all records below the scope."""
        return self.call("GET", largest=LARGEST_ARRAY).parse(self.array)

    def call(
        self,
        method: str,
        identifier: str = "",
        *,
        suffix: str = "",
        written: BaseModel | None = None,
        **request: Any,
    ) -> APIResponse:
        """Send a request about a record, or about all below the scope; see `API.call`.

        Args:
            method: The HTTP method.
            identifier: The id of the record.
            suffix: The path below that of the record.
            written: The model that is to be written, for messages.
            request: Further arguments of `API.call`.

        Raises:
            NotFoundError: In the words of all backends.
            ConflictError: In the words of all backends.
        """
        try:
            return self.platform.api.call(method, self.path(identifier) + suffix, **request)
        except (NotFoundError, ConflictError) as error:
            refused = error
        from dataforce_remote.rewording import reworded  # most requests succeed

        raise reworded(self, refused, identifier, written)

    def check_writable(self) -> None:
        """Refuse to make a record if the client only reads; nothing was done by then."""
        self.platform.api.guard.check_call("POST", self.path())

    def require_unused(self, identifier: str) -> None:
        """Refuse a deletion before any part of it, if others need the record or what is below it.

        Raises:
            ConflictError: They do.
        """
        from dataforce.backend.references import uses  # most requests delete nothing

        platform = self.platform
        for use in uses(
            lambda kind, scope: platform.store(kind, scope).listed(),
            platform.family,
            self.kind,
            self.scope,
            identifier,
        ):
            raise in_use(use.kind, use.identifier, use.user, use.by)

    def below(self, record: M) -> M:
        """Return a record if it is the parent's: the platform does not always check."""
        field = self.kind.parent_field
        if field is not None and getattr(record, field) != self.scope.parent:
            raise not_found(self.kind, identifier_of(record), self.scope)
        return record

    def _undo(self, record: M) -> bool:
        """Delete a record that was just made; return whether it is deleted."""
        try:
            self.delete(identifier_of(record))
        except DataForceError:
            return False
        return True


def body_of(model: BaseModel, *, exclude_unset: bool = False) -> bytes:
    """Return the JSON of a create or update model, its secrets revealed.

    Args:
        model: The model.
        exclude_unset: Whether fields that were not set are left out.
    """
    return to_json(revealed(model.model_dump(exclude_unset=exclude_unset)))


@cache
def _array_of(record: type[BaseModel]) -> Callable[[bytes], list[BaseModel]]:
    return TypeAdapter(list[record]).validate_json  # type: ignore[valid-type]  # of this class


def revealed(value: Any) -> Any:
    """Return a value, or one made of values, with its secrets as text."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case dict():
            return {name: revealed(each) for name, each in value.items()}
        case list() | tuple():
            return [revealed(each) for each in value]
    return value


def checked_id(kind: AnyKind, identifier: str) -> str:
    """Return an id that fits into a path; those in responses have not been checked before."""
    if kind.identity.form == "uuid" and not _ID.fullmatch(identifier):
        raise APIResponseValidationError(
            sentence(
                f"the platform calls a {kind.name} {printable(identifier)[:100]!r}, which is no "
                f"id. Tell those who run the platform."
            )
        )
    return identifier
