"""JSON that is parsed when it is first looked at.

A list of 100,000 models holds 100,000 manifests that few callers read. Parsed, each is dozens of
objects that Python's garbage collector walks again and again; as text it is one. A record read
from a database carries such a field as `JSONText`, and the field parses it on first access.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import cached_property
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    BaseModel,
    GetCoreSchemaHandler,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
)
from pydantic_core import CoreSchema, core_schema

from dataforce.backend.identity import identifier_of
from dataforce.errors import StoreCorruptedError

T = TypeVar("T")


class JSONText(str):
    """JSON that a backend vouches for: it was valid for the field when it was stored."""

    __slots__ = ()


class _Defer:
    """Marks a field that may hold `JSONText` until somebody reads it."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        parsed = handler(source)
        return core_schema.json_or_python_schema(
            json_schema=parsed,
            python_schema=core_schema.union_schema(
                [core_schema.is_instance_schema(JSONText), parsed], mode="left_to_right"
            ),
        )


Deferred = Annotated[T, _Defer()]
"""`Deferred[dict[str, int]]` is a `dict[str, int]` to whoever reads it."""


class _DeferredAttribute:
    """Stands in the class for one field and, as a data descriptor, is asked before the instance."""

    def __init__(self, name: str, annotation: Any) -> None:
        self.name = name
        self.annotation = annotation

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation)

    def __get__(self, record: BaseModel | None, owner: type[BaseModel]) -> Any:
        if record is None:
            raise AttributeError(self.name)
        value = record.__dict__[self.name]
        if type(value) is JSONText:
            value = record.__dict__[self.name] = self._parsed(value, record)
        return value

    def _parsed(self, text: JSONText, record: BaseModel) -> Any:
        try:
            return self.adapter.validate_json(text)
        except ValidationError as error:
            raise StoreCorruptedError(
                f"The {self.name} of the record {identifier_of(record)} cannot be read: "
                "the registry is damaged. Restore it from a copy."
            ) from error

    def __set__(self, record: BaseModel, value: Any) -> None:
        record.__dict__[self.name] = value


class DeferringModel(BaseModel):
    """A record some of whose fields are `Deferred`; in all else an ordinary pydantic model."""

    _deferred: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        fields = cls.__pydantic_fields__.items()
        deferred = {name: field for name, field in fields if _is_deferred(field.metadata)}
        for name, field in deferred.items():
            setattr(cls, name, _DeferredAttribute(name, field.annotation))
        cls._deferred = tuple(deferred)

    def _parse(self) -> None:
        for name in self._deferred:
            getattr(self, name)

    def __iter__(self) -> Generator[tuple[str, Any], None, None]:
        self._parse()
        yield from super().__iter__()

    @model_serializer(mode="wrap")
    def _serialize(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        self._parse()
        fields: dict[str, Any] = serialize(self)
        return fields


def _is_deferred(metadata: list[Any]) -> bool:
    return any(isinstance(mark, _Defer) for mark in metadata)
