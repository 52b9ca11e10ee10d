"""The platform's errors about missing and conflicting objects, in the words of all backends."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dataforce.backend import identifier_of
from dataforce.backend.error_messages import duplicate, in_use, not_found
from dataforce.errors import APIStatusError, DataForceError
from dataforce_remote.http.status_errors import missing_kind, request_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import AnyKind
    from dataforce_remote.records import RecordStore

    AnyStore = RecordStore[Any, Any, Any]

_NOT_FOUND = 404


def reworded(
    store: AnyStore, refused: APIStatusError, identifier: str, written: BaseModel | None
) -> APIStatusError:
    """Return the error of all backends for a 404 or a 409, or else the one that was given.

    Args:
        store: The records that were asked for.
        refused: The error of the request.
        identifier: The id of the record that was asked for; empty if none was.
        written: The model that was to be written, `None` if none was.
    """
    if refused.status_code == _NOT_FOUND:
        error = _missing(store, refused, identifier, written)
    else:
        error = _conflict(store, refused, identifier, written)
    if error is None:
        return refused
    for name in ("status_code", "method", "path", "request_id", "body"):
        setattr(error, name, getattr(refused, name))
    return error


def _missing(
    store: AnyStore, refused: APIStatusError, identifier: str, written: BaseModel | None
) -> APIStatusError | None:
    kind, scope = store.kind, store.scope
    match refused.body:
        case {"kind": str(route), "identifier": str(told)}:  # of a server of ours
            with suppress(KeyError):
                return not_found(
                    store.platform.family.kind(route), told, scope, request_of(refused)
                )
    ids: dict[AnyKind, str] = dict(zip(kind.ancestors, scope.ids, strict=True))
    if written is not None:
        for _, reference, other in kind.references_of(written):
            ids |= dict.fromkeys(reference.kinds, other)
    if identifier:
        ids[kind] = identifier
    missing = missing_kind(refused, reversed(ids))
    if missing is None:
        return None
    return not_found(missing, ids[missing], scope, request_of(refused))


def _conflict(
    store: AnyStore, refused: APIStatusError, identifier: str, written: BaseModel | None
) -> APIStatusError | None:
    kind, request = store.kind, request_of(refused)
    if written is not None:
        if kind.unique:
            return duplicate(kind, _same(store, identifier, written), request)
        return duplicate(kind, None, request) if kind.identity.made_by == "client" else None
    pointing = store.platform.family.pointing_at(kind)
    forbidding = [(user, path) for user, path, reference in pointing if reference.forbids_deletion]
    if not forbidding:
        return None
    user, path = forbidding[0]
    return in_use(kind, identifier, user, _user(store, user, path, identifier), request)


def _user(store: AnyStore, user: AnyKind, path: str, identifier: str) -> str | None:
    """Return the id of an object that points at another one, if it can be found beside it."""
    if user.ancestors != store.kind.ancestors:
        return None
    with suppress(DataForceError):  # the conflict counts
        for each in store.platform.store(user, store.scope).listed():
            references = user.references_of(each)
            if any((at, found) == (path, identifier) for at, _, found in references):
                return identifier_of(each)
    return None


def _same(store: AnyStore, identifier: str, written: BaseModel) -> BaseModel | None:
    """Return the other record that has the unique values already, if it can be found."""
    with suppress(DataForceError):  # the conflict counts
        records = store.listed()
        before = next((each for each in records if identifier_of(each) == identifier), written)
        values = [
            getattr(written if field in written.model_fields_set else before, field)
            for field in store.kind.unique
        ]
        for other in records:
            same = [getattr(other, field) for field in store.kind.unique] == values
            if same and identifier_of(other) != identifier:
                return other  # type: ignore[no-any-return]
    return None
