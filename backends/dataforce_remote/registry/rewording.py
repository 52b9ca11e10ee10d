"""The platform's errors about missing and conflicting objects, in the words of all backends."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dataforce.backend.error_messages import duplicate, in_use, not_found
from dataforce.errors import APIStatusError, DataForceError
from dataforce.models import KINDS
from dataforce_remote.http.status_errors import missing_kind, request_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from dataforce.backend import Scope
    from dataforce.backend.interface import AnyKind
    from dataforce_remote.registry.records import RecordStore

    AnyStore = RecordStore[Any, Any, Any]

_NOT_FOUND, _CONFLICT = 404, 409


def reworded(
    store: AnyStore,
    refused: APIStatusError,
    scope: Scope,
    identifier: str,
    written: BaseModel | None,
) -> APIStatusError:
    """Return the error of all backends for a 404 or a 409, or else the one that was given.

    Args:
        store: The records that were asked for.
        refused: The refusal.
        scope: The parents of the request.
        identifier: The id of the record that was asked for; empty if none was.
        written: What was to be written, `None` if nothing.
    """
    if refused.status_code == _NOT_FOUND:
        error = _missing(store.kind, refused, scope, identifier, written)
    else:
        error = _conflict(store, refused, scope, identifier, written)
    if error is None:
        return refused
    for name in ("status_code", "method", "path", "request_id", "body"):
        setattr(error, name, getattr(refused, name))
    return error


def _missing(
    kind: AnyKind,
    refused: APIStatusError,
    scope: Scope,
    identifier: str,
    written: BaseModel | None,
) -> APIStatusError | None:
    ids = dict(zip(kind.ancestors, scope.ids, strict=True)) | _references(kind, written)
    if identifier:
        ids[kind] = identifier
    missing = missing_kind(refused, reversed(ids))
    if missing is None:
        return None
    return not_found(missing, ids[missing], scope, request_of(refused))


def _references(kind: AnyKind, written: BaseModel | None) -> dict[AnyKind, str]:
    given = set() if written is None else written.model_fields_set
    return {
        other: getattr(written, field) for field, other in kind.references.items() if field in given
    }


def _conflict(
    store: AnyStore,
    refused: APIStatusError,
    scope: Scope,
    identifier: str,
    written: BaseModel | None,
) -> APIStatusError | None:
    kind, request = store.kind, request_of(refused)
    if written is not None and kind.unique:
        return duplicate(kind, _same(store, scope, identifier, written), request)
    if written is None:
        for user, field in _users(kind):
            by = None
            with suppress(DataForceError):  # what was refused counts
                listed = store.others(user).listed(scope)
                by = next((each.id for each in listed if getattr(each, field) == identifier), None)
            return in_use(kind, identifier, user, by, request)
    return None


def _same(store: AnyStore, scope: Scope, identifier: str, written: BaseModel) -> BaseModel | None:
    """The other record that has the unique values already, if it can be found."""
    with suppress(DataForceError):  # what was refused counts
        records = store.listed(scope)
        before = next((each for each in records if each.id == identifier), written)
        values = [
            getattr(written if field in written.model_fields_set else before, field)
            for field in store.kind.unique
        ]
        for other in records:
            same = [getattr(other, field) for field in store.kind.unique] == values
            if same and other.id != identifier:
                return other  # type: ignore[no-any-return]
    return None


def _users(kind: AnyKind) -> Iterator[tuple[AnyKind, str]]:
    """The kinds beside this one that refer to it, each with the field that does."""
    for user in KINDS:
        for field, other in user.references.items():
            if other is kind and user.ancestors == kind.ancestors:
                yield user, field
