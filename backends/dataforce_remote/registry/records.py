"""The records of any kind of asset, on the platform."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter

from dataforce.backend import identifier_of
from dataforce.backend.error_messages import not_found, printable, sentence
from dataforce.backend.paging import named, page_of
from dataforce.errors import APIResponseValidationError, ConflictError, NotFoundError
from dataforce_remote.http.api import API, LARGEST_ARRAY, Reply
from dataforce_remote.http.version import Version

if TYPE_CHECKING:
    from dataforce.backend import Kind, Page, Query, Scope
    from dataforce.backend.interface import AnyKind

_ID = re.compile(r"[0-9A-Za-z_-]+")

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
U = TypeVar("U", bound=BaseModel)


class RecordStore(Generic[M, C, U]):
    """The records of one kind that the platform lists as an array and answers one by one.

    Args:
        kind: The declaration.
        api: The platform.
        version: Which version of its API it speaks.
        others: The store of another kind.
    """

    def __init__(
        self,
        kind: Kind[M, C, U],
        api: API,
        version: Version,
        others: Callable[[AnyKind], RecordStore[Any, Any, Any]],
    ) -> None:
        self.kind = kind
        self.api = api
        self.version = version
        self.others = others
        self.one: Callable[[bytes], M] = kind.record.model_validate_json

    @cached_property
    def array(self) -> Callable[[bytes], list[M]]:
        """Reads an array of records."""
        return TypeAdapter(list[self.kind.record]).validate_json  # type: ignore[name-defined]

    def page(self, scope: Scope, query: Query) -> Page[M]:
        """One page of what stands under `scope`."""
        records = self.listed(scope)
        if query.name is not None:
            records = named(records, self.kind.names, query.name)
        return page_of(records, query)

    def get(self, scope: Scope, identifier: str) -> M:
        """The record with that id."""
        record = self.call("GET", scope, identifier).parse(self.one)
        return self.below(scope, record)

    def create(self, scope: Scope, values: C) -> M:
        """A new record."""
        body = values.model_dump_json().encode()
        return self.call("POST", scope, body=body, written=values).parse(self.one)

    def update(self, scope: Scope, identifier: str, changes: U) -> M:
        """The record after the fields that are set took their new values."""
        if not changes.model_fields_set:
            return self.get(scope, identifier)
        body = changes.model_dump_json(exclude_unset=True).encode()
        reply = self.call("PATCH", scope, identifier, body=body, written=changes)
        return reply.parse(self.one)

    def delete(self, scope: Scope, identifier: str) -> None:
        """Remove the record."""
        try:
            self.call("DELETE", scope, identifier)
        except NotFoundError:
            if not self.kind.forgiving_delete:
                raise

    def close(self) -> None:
        """Let go of what only this kind needs; most need nothing."""

    # -- what the stores of particular kinds stand on

    def path(self, scope: Scope, identifier: str = "") -> str:
        """The path of a record, or of all below `scope`."""
        parents = zip(self.kind.ancestors, scope.ids, strict=True)
        above = "".join(f"/{kind.route}/{checked_id(kind, parent)}" for kind, parent in parents)
        own = f"{above}/{self.kind.route}"
        return f"{own}/{checked_id(self.kind, identifier)}" if identifier else own

    def listed(self, scope: Scope) -> list[M]:
        """All records under `scope`."""
        return self.call("GET", scope, largest=LARGEST_ARRAY).parse(self.array)

    def call(
        self,
        method: str,
        scope: Scope,
        identifier: str = "",
        *,
        suffix: str = "",
        written: BaseModel | None = None,
        **request: Any,
    ) -> Reply:
        """Send a request about a record, or about all below `scope`; see `API.call`.

        Args:
            method: The HTTP method.
            scope: The parents.
            identifier: The id of the record.
            suffix: What follows the path of the record.
            written: What is to be written.
            request: What else `API.call` takes.

        Raises:
            APIStatusError: The platform refuses, in the words that all backends use.
        """
        try:
            return self.api.call(method, self.path(scope, identifier) + suffix, **request)
        except (NotFoundError, ConflictError) as error:
            refused = error
        from dataforce_remote.registry.rewording import reworded  # most requests are not refused

        raise reworded(self, refused, scope, identifier, written)

    def below(self, scope: Scope, record: M) -> M:
        """The record if it is the parent's: the platform does not always check."""
        field = self.kind.parent_field
        if field is not None and getattr(record, field) != scope.parent:
            raise not_found(self.kind, identifier_of(record), scope)
        return record


def checked_id(kind: AnyKind, identifier: str) -> str:
    """Return an id that the platform gave; `APIResponseValidationError` if it is none.

    Args:
        kind: Of the record that it is said to identify.
        identifier: It may become part of a path.
    """
    if not _ID.fullmatch(identifier):
        raise APIResponseValidationError(
            sentence(
                f"the platform calls a {kind.name} {printable(identifier)[:100]!r}, which is no "
                f"id. Tell those who run the platform."
            )
        )
    return identifier
