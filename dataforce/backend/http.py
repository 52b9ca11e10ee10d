"""The HTTP form of kinds: paths of records and parameters of lists.

`dataforce serve` offers every kind at these paths whose routes the platform's contract does not
define, and the remote backend asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import quote, unquote

from dataforce.backend.filters import Condition, Operator, conditions_of
from dataforce.backend.identity import can_be_stored
from dataforce.backend.query import Query
from dataforce.errors import UnprocessableEntityError

if TYPE_CHECKING:
    from dataforce.backend.kind import AnyKind
    from dataforce.backend.query import Scope

TEXT_SEGMENT = r"(?!\.{1,2}(?:/|\Z))(?:[A-Za-z0-9_.~-]|%25[0-9A-F]{2})+"
"""Regular expression of an identifier of free text as part of a path."""

UPLOAD_TYPE = "application/vnd.dataforce.upload"
"""Media type of a record with its files: a line of JSON, then the bytes of the files in order."""

IDEMPOTENCY_KEY = "Idempotency-Key"
"""Header with the key of an upload."""

LARGEST_PAGE = 1000
"""Highest number of records on a page."""

_QUERY = ("limit", "cursor", "sort_by", "order", "called", "where")
_OPERATORS: tuple[str, ...] = get_args(Operator)


def path_template(kind: AnyKind) -> str:
    """Return the path of the records of a kind, with the names of its parameters.

    Args:
        kind: The kind.

    Example:
        >>> from dataforce.models import ORBIT
        >>> path_template(ORBIT)
        '/organizations/{organization_id}/orbits'
    """
    above = "".join(f"/{each.route}/{{{parameter_of(each)}}}" for each in kind.ancestors)
    return f"{above}/{kind.route}"


def parameter_of(kind: AnyKind) -> str:
    """Return the name of the parameter of a path that holds an identifier of a kind."""
    return f"{kind.name.replace(' ', '_')}_{kind.identity_field}"


def path_of(kind: AnyKind, scope: Scope, identifier: str | None = None) -> str:
    """Return the path of a record, or of all records of a kind below a scope.

    Args:
        kind: The kind.
        scope: The parents.
        identifier: The identifier of the record.

    Example:
        >>> from dataforce.backend import Scope
        >>> from dataforce.models import ORBIT
        >>> path_of(ORBIT, Scope(("5",)), "7")
        '/organizations/5/orbits/7'
    """
    parents = zip(kind.ancestors, scope.ids, strict=True)
    above = "".join(f"/{each.route}/{segment(each, parent)}" for each, parent in parents)
    own = f"{above}/{kind.route}"
    return own if identifier is None else f"{own}/{segment(kind, identifier)}"


def segment(kind: AnyKind, identifier: str) -> str:
    """Return an identifier as part of a path.

    Free text is quoted twice: a server decodes a path before it looks for the slashes in it.

    Args:
        kind: The kind of what it identifies.
        identifier: The identifier.
    """
    if kind.identity.form == "uuid":
        return identifier
    quoted = quote(identifier, safe="")
    if not quoted.strip("."):
        quoted = quoted.replace(".", "%2E")  # else it would be a step up
    return quoted.replace("%", "%25")


def identifier_in(kind: AnyKind, parameter: str) -> str | None:
    """Return the identifier in a parameter of a decoded path, `None` if it is none."""
    text = parameter if kind.identity.form == "uuid" else unquote(parameter)
    return kind.identity.canonical(text)


def parameters_of(query: Query) -> dict[str, str]:
    """Return the parameters of a request that stand for a query."""
    where = [[each.path, each.operator, [*map(_to_json, each.values)]] for each in query.where]
    given = {
        "limit": None if query.limit is None else str(min(query.limit, LARGEST_PAGE)),
        "cursor": query.cursor,
        "sort_by": query.sort_by,
        "order": query.order,
        "called": query.name,
        "where": json.dumps(where) if where else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def query_of(kind: AnyKind, parameters: Iterable[tuple[str, str]]) -> Query:
    """Return the query that the parameters of a request stand for.

    Args:
        kind: The kind of the list.
        parameters: Names and values: `limit`, `cursor`, `sort_by`, `order`; `called`, a name;
            `where`, conditions in JSON; and the filters of the kind, each once or several times.

    Raises:
        UnprocessableEntityError: A parameter is unknown or has a wrong value.
    """
    own: dict[str, str] = {}
    filters: dict[str, list[str]] = {}
    for name, value in parameters:
        if name in _QUERY and name not in kind.filters:
            own[name] = value
        else:
            filters.setdefault(name, []).append(value)
    order, sort_by = own.get("order", "asc"), own.get("sort_by")
    if order not in ("asc", "desc"):
        raise UnprocessableEntityError(f"order is asc or desc, not {order[:40]!r}.")
    if sort_by is not None and not kind.can_sort_by(sort_by):
        raise UnprocessableEntityError(
            f"{kind.name.capitalize()}s cannot be sorted by {sort_by[:40]!r}; they can by "
            f"{', '.join(kind.sorts)}."
        )
    where = _where(kind, own["where"]) if "where" in own else ()
    return Query(
        name=own.get("called"),
        where=(*where, *conditions_of(kind, _values(kind, filters))),
        sort_by=sort_by,
        order="asc" if order == "asc" else "desc",
        limit=_limit(own.get("limit", "100")),
        cursor=own.get("cursor"),
    )


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= LARGEST_PAGE:
        return int(text)
    raise UnprocessableEntityError(f"limit is a number from 1 to {LARGEST_PAGE}.")


def _values(kind: AnyKind, filters: Mapping[str, list[str]]) -> dict[str, object]:
    """Return the values of filters as users of a client give them."""
    values: dict[str, object] = {}
    for name, texts in filters.items():
        values[name] = texts
        if name in kind.filters and kind.filters[name].takes == "datetime":
            try:
                values[name] = datetime.fromisoformat(texts[-1])
            except ValueError:
                values[name] = texts[-1]
    return values


def _where(kind: AnyKind, text: str) -> tuple[Condition, ...]:
    """Return the conditions in JSON; none of them looks at what is no field of a record."""
    try:
        found = [_condition(kind, each) for each in json.loads(text)]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = [None]
    conditions = tuple(each for each in found if each is not None)
    if len(conditions) < len(found):
        raise UnprocessableEntityError(
            "where is a JSON array of conditions, such as "
            '[["name", "contains", ["flow"]]]: the path of a field, an operator and values.'
        )
    return conditions


def _condition(kind: AnyKind, given: Any) -> Condition | None:
    path, operator, values = given
    steps = path.split(".")
    is_field = steps[0].removesuffix("[]") in kind.record.model_fields
    if not is_field or any(step.startswith("_") for step in steps) or operator not in _OPERATORS:
        return None
    if not values or (len(values) > 1 and operator not in ("=", "contains")):
        return None
    return Condition(path, operator, tuple(map(_from_json, values)))


def _to_json(value: object) -> object:
    return {"datetime": value.isoformat()} if isinstance(value, datetime) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        moment = datetime.fromisoformat(value["datetime"])
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment
    if not isinstance(value, str | int | float) or (
        isinstance(value, str) and not can_be_stored(value)
    ):
        raise TypeError("no scalar")
    return value
