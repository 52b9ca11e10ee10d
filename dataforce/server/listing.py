"""Pages in the platform's orders, of which a backend has some and the others are made here."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypeVar

from fastapi import Query as Parameter

from dataforce.backend import Page, Query
from dataforce.backend.query import Order
from dataforce.errors import BadRequestError
from dataforce.models import Collection, ModelArtifact
from dataforce.server.error_handlers import PlatformCrashError
from dataforce.server.registry import Records

R = TypeVar("R", Collection, ModelArtifact)

Limit: TypeAlias = Annotated[int, Parameter(gt=0, le=100)]
Value: TypeAlias = Callable[[Any], Any]

UNREADABLE = (BadRequestError, ValueError, TypeError, ArithmeticError, RecursionError)
"""What a cursor raises that is none, or of another list."""


@dataclass(frozen=True)
class Wanted:
    """The query of a caller.

    Args:
        cursor: The end of the page before. One that is none of this list is ignored, and the
            first page served, as the platform does.
        limit: How many objects a page holds at most.
        sort_by: The name of the field or metric.
        order: `asc` or `desc`.
        search: Part of a name or of the tags' JSON, `%` and `_` stand for any text and character.
    """

    cursor: str | None
    limit: int
    sort_by: str
    order: Order
    search: str | None = None


def collections_page(records: Records[Collection, Any, Any], wanted: Wanted) -> Page[Collection]:
    """One page of collections."""
    if wanted.search or wanted.sort_by == "total_models":
        found = [record for record in records.all() if matches(record, wanted.search or "")]
        return sorted_page(found, wanted, field(wanted.sort_by))
    return backend_page(records, wanted)


def models_page(
    records: Records[ModelArtifact, Any, Any], wanted: Wanted, columns: tuple[str, ...]
) -> Page[ModelArtifact]:
    """One page of model artifacts; what is none of the columns is the key of a metric."""
    if wanted.sort_by in columns:
        return backend_page(records, wanted)
    if wanted.sort_by == "metrics":
        raise BadRequestError("Cannot sort by 'metrics'. Pass a metric key")
    models = records.all()
    if not any(wanted.sort_by in model.metrics for model in models):
        raise BadRequestError(f"Invalid sorting column: {wanted.sort_by}")
    return sorted_page(models, wanted, metric(wanted.sort_by))


def backend_page(records: Records[R, Any, Any], wanted: Wanted) -> Page[R]:
    """One page in an order that the backend has."""
    first = Query(sort_by=wanted.sort_by, order=wanted.order, limit=wanted.limit)
    if wanted.cursor is not None:
        try:
            return records.page(replace(first, cursor=wanted.cursor))
        except UNREADABLE:
            pass
    return records.page(first)


def sorted_page(records: list[R], wanted: Wanted, value: Value) -> Page[R]:
    """One page in an order that is made here: by value and id, absent values below all others."""
    placed = {record.id: (value(record), record.id) for record in records}
    ascending = wanted.order == "asc"
    records.sort(key=lambda record: rank(placed[record.id]), reverse=not ascending)
    try:
        end = rank(position(wanted))
        rest = [
            record
            for record in records
            if (end < rank(placed[record.id]) if ascending else rank(placed[record.id]) < end)
        ]
    except UNREADABLE:
        rest = records
    page = rest[: wanted.limit]
    if len(rest) <= wanted.limit:
        return Page(page, cursor=None)
    last, identifier = placed[page[-1].id]
    text = json.dumps([identifier, last, wanted.sort_by])
    return Page(page, base64.urlsafe_b64encode(text.encode()).decode())


def rank(placed: tuple[Any, str]) -> tuple[bool, Any, str]:
    """Return the sort key of a value and an id, the absent value first."""
    value, identifier = placed
    return (value is not None, 0 if value is None else value, identifier)


def position(wanted: Wanted) -> tuple[Any, str]:
    """The value and the id that the page before ended with."""
    match json.loads(base64.urlsafe_b64decode((wanted.cursor or "").encode())):
        case [str(identifier), value, wanted.sort_by]:
            return value, identifier
    raise ValueError("a cursor of another list")


def field(name: str) -> Value:
    """Return the value that a record is sorted by, as JSON carries it in a cursor."""

    def value(record: Collection) -> Any:
        found = getattr(record, name)
        return found.timestamp() if isinstance(found, datetime) else found

    return value


def metric(key: str) -> Value:
    """The number that a model is sorted by; the platform crashes on what is none."""

    def value(model: ModelArtifact) -> float | None:
        found = model.metrics.get(key)
        if found is None:
            return None
        try:
            if isinstance(found, str | int | float) and not isinstance(found, bool):
                return float(found)
        except (ValueError, OverflowError):
            pass
        raise PlatformCrashError

    return value


def matches(record: Collection, search: str) -> bool:
    """Return whether a collection is one of those that are searched for."""
    tags = [] if record.tags is None else [json.dumps(record.tags, ensure_ascii=False)]
    # The first place for each part is as good as any later one: atomic groups never go back.
    parts = [".".join(map(re.escape, part.split("_"))) for part in search.split("%")]
    pattern = "".join(f"(?>.*?{part})" for part in parts)
    flags = re.IGNORECASE | re.DOTALL
    return any(re.match(pattern, text, flags) for text in (record.name, *tags))
