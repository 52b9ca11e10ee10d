"""Objects of any kind, made from what the kind declares."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from itertools import count
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from dataforce.backend import AnyKind, Backend, BytesSource, Query, Scope, identifier_of
from dataforce.backend.new_identifier import new_identifier

Examples: TypeAlias = Mapping[str, Mapping[str, object]]
"""Route of a kind to the values of fields that cannot be made from their type."""


class Assets:
    """Makes objects through a backend: required fields are filled, references point at something.

    Args:
        backend: The backend.
        examples: Values of fields that cannot be made from their type.
    """

    def __init__(self, backend: Backend, examples: Examples) -> None:
        self.backend = backend
        self._examples = examples
        self._numbers = count(1)

    def store(self, kind: AnyKind, scope: Scope | None = None) -> Any:
        """Return the store of a kind, below the first object of each kind above."""
        return self.backend.store(kind, self.scope(kind) if scope is None else scope)

    def files(self, kind: AnyKind, scope: Scope | None = None) -> Any:
        """Return the files of a kind, below the first object of each kind above."""
        return self.backend.files(kind, self.scope(kind) if scope is None else scope)

    def scope(self, kind: AnyKind) -> Scope:
        """Return the scope of the first object of each kind above, made if there is none."""
        if kind.parent is None:
            return Scope()
        return self.scope(kind.parent).child(identifier_of(self.first(kind.parent)))

    def first(self, kind: AnyKind) -> Any:
        """Return the first object of a kind, made if there is none."""
        store = self.store(kind)
        return next(iter(store.page(Query(limit=1)).items), None) or self.create(kind)

    def another_scope(self, kind: AnyKind) -> Scope:
        """Return the scope of a new parent."""
        assert kind.parent is not None
        return self.scope(kind.parent).child(identifier_of(self.create(kind.parent)))

    def create(self, kind: AnyKind, scope: Scope | None = None, /, **given: Any) -> Any:
        """Create an object; the files that it cannot be without are uploaded."""
        values = self.values(kind, scope, **given)
        if kind.files and kind.status is None:
            return self._upload(kind, scope, values, self.contents(kind))
        return self.store(kind, scope).create(values)

    def upload(
        self,
        kind: AnyKind,
        scope: Scope | None = None,
        contents: Mapping[str, bytes] | None = None,
        /,
        **given: Any,
    ) -> Any:
        """Create an object with its files."""
        contents = self.contents(kind) if contents is None else contents
        values = self.values(kind, scope, contents, **given)
        return self._upload(kind, scope, values, contents)

    def contents(self, kind: AnyKind) -> dict[str, bytes]:
        """Return bytes for each file of a kind."""
        return {name: f"{name} of a {kind.name}, ".encode() * 100 for name in kind.files}

    def values(
        self,
        kind: AnyKind,
        scope: Scope | None = None,
        contents: Mapping[str, bytes] | None = None,
        /,
        **given: Any,
    ) -> Any:
        """Return a create model.

        Args:
            kind: The kind.
            scope: Where the object is to be created.
            contents: Its files.
            given: Values of fields.
        """
        number = next(self._numbers)
        examples = self._examples.get(kind.route, {})
        fields: dict[str, Any] = {}
        for name, field in kind.create.model_fields.items():
            if name in given or name in examples:
                fields[name] = given.get(name, examples.get(name))
            elif name == kind.identity_field and kind.identity.form == "uuid":
                fields[name] = new_identifier()
            elif field.is_required():
                fields[name] = _value_of(field.annotation, name, number)
        for path, reference in kind.references.items():
            name = path.removesuffix("[]")
            if name in fields and name not in given:
                identifier = self._pointed_at(reference.kinds[0], scope)
                fields[name] = [identifier] if path.endswith("[]") else identifier
        for name, content in (self.contents(kind) if contents is None else contents).items():
            described = kind.files[name]
            _set(fields, described.digest, sha256(content).hexdigest(), given)
            if described.size is not None:
                _set(fields, described.size, len(content), given)
        return kind.create.model_validate(fields)

    def _pointed_at(self, kind: AnyKind, scope: Scope | None) -> str:
        above = self.scope(kind) if scope is None else Scope(scope.ids[: len(kind.ancestors)])
        found = self.store(kind, above).page(Query(limit=1)).items
        return identifier_of(found[0] if found else self.create(kind, above))

    def _upload(
        self, kind: AnyKind, scope: Scope | None, values: Any, contents: Mapping[str, bytes]
    ) -> Any:
        sources = {name: BytesSource(content) for name, content in contents.items()}
        return self.files(kind, scope).upload(values, sources, lambda size: None)


def all_records(store: Any) -> list[Any]:
    """Return all records of a store."""
    records: list[Any] = []
    cursor = None
    while True:
        page = store.page(Query(cursor=cursor))
        records += page.items
        if (cursor := page.cursor) is None:
            return records


def is_text(annotation: Any) -> bool:
    """Return whether a type is text, or text or none."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType, Annotated):
        return is_text(arguments[0])
    return annotation is str


def are_texts(annotation: Any) -> bool:
    """Return whether a type is a list of text, or that or none."""
    options = get_args(annotation) if get_origin(annotation) is not list else (annotation,)
    return any(get_origin(each) is list and is_text(get_args(each)[0]) for each in options)


def _value_of(annotation: Any, name: str, number: int) -> Any:
    """Return a value of a type, which another number makes another one where it can."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType, Annotated):
        return _value_of(arguments[0], name, number)
    if origin is Literal:
        return arguments[0]
    plain = origin or annotation
    if issubclass(plain, Enum):
        return next(iter(plain))
    if issubclass(plain, BaseModel):
        return {
            inner: _value_of(field.annotation, inner, number)
            for inner, field in plain.model_fields.items()
            if field.is_required()
        }
    made = {str: f"{name} {number}", int: number, float: number, datetime: datetime.now(UTC)}
    return made[plain] if plain in made else plain()


def _set(fields: dict[str, Any], path: str, value: object, given: Mapping[str, object]) -> None:
    """Set the value at a path in plain dictionaries, unless the caller gave one."""
    *outer, last = path.split(".")
    if (outer or [last])[0] not in given:
        for step in outer:
            fields = fields[step]
        fields[last] = value
