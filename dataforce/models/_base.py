"""Base classes and field types of all models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import from_json, to_json

from dataforce.backend.identity import canonical_id, identifier_of

T = TypeVar("T")

_NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_CREDENTIAL = re.compile("(?i)(key|signature|sig)=")
_LINE = 198
"""Length of the longest repr of a record, in characters."""
_LONGEST_ID = 100
"""Length of the longest id, in characters: a message has room for it and for its path."""
_TOO_DEEP = "must not be nested so deeply that it cannot be read back"
_NOT_A_NUMBER = "must not contain NaN or infinity"
_UNSTORABLE = {
    "surrogates": "must be Unicode text; it holds half of a character",
    "depth exceeded": _TOO_DEEP,
    "recursion limit": _TOO_DEEP,
    "number out of range": "must not contain a number of more than 4300 digits",
    "expected value": _NOT_A_NUMBER,
    "invalid number": _NOT_A_NUMBER,
}
"""What pydantic_core says of JSON that does not survive being stored, and what the user reads."""


class Record(BaseModel):
    """An answer of the platform. Fields that a newer platform adds are kept as they came.

    Its repr is one line of fewer than 200 characters: the fields of `_shown`, or else all that are
    declared, each cut where it is long.
    """

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)

    _shown: ClassVar[tuple[str, ...]] = ()

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name in self._shown or type(self).model_fields:
            if type(self).model_fields[name].repr:
                yield name, getattr(self, name)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in self.__repr_args__())
        line = f"{type(self).__name__}({shown}"
        return f"{line})" if len(line) < _LINE else f"{line[: _LINE - 2]}…)"

    def __str__(self) -> str:
        return repr(self)


class AssetRecord(Record):
    """The record of an asset: hashable by its class and its identifier.

    Two are equal if all their fields are that every answer of the platform carries: not those
    declared as `Detail`, and not those that a newer platform adds.

    Attributes:
        identity_field: Name of the field that identifies it.
    """

    identity_field: ClassVar[str] = "id"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _compared(type(self)))

    def __hash__(self) -> int:
        return hash((type(self), identifier_of(self)))


class CreateModel(BaseModel):
    """A create model. Fields that the platform does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class UpdateModel(CreateModel):
    """An update model. A field that is not set stays as it is; `None` clears it."""


@cache
def _compared(record: type[BaseModel]) -> tuple[str, ...]:
    fields = record.model_fields.items()
    return tuple(name for name, field in fields if _DETAIL not in field.metadata)


def _shown(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    return repr(value) if isinstance(value, Record) else brief(value, 40)


def without_credentials(value: object) -> object:
    """Return the value, or asterisks for a connection string that carries a key or a signature."""
    is_secret = isinstance(value, str) and _CREDENTIAL.search(value)
    return "**********" if is_secret else value


def brief(value: object, width: int = 60) -> str:
    """Return the repr of a value, cut where it is long.

    Args:
        value: What to show. Of what is neither text nor a number, only the type is shown.
        width: How many characters to show at most.

    Returns:
        One line.

    Example:
        >>> brief("Flowers, trees and mushrooms", 10), brief(["x"] * 3000)
        ("'Flowers,…", '<list object>')
    """
    if not isinstance(value, str | bytes | int | float | None):
        return f"<{type(value).__name__} object>"
    text = repr(value[:width] if isinstance(value, str | bytes) else value)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def refuse_unstorable(text: str) -> str:
    """Refuse text that the platform cannot store."""
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be Unicode text; it holds half of a character") from None
    return text


def refuse_blank(text: str) -> str:
    """Refuse text that nobody could read."""
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _store_and_read(value: object, validate: ValidatorFunctionWrapHandler) -> dict[str, JsonValue]:
    """The value as it comes back from where it was stored."""
    try:
        # An answer of the platform holds the value in a record, and the record in a list.
        encoded = to_json([[validate(value)]])
        [[stored]] = from_json(encoded, allow_inf_nan=False)
    except ValidationError as error:
        # Its location would name every level.
        if any(fault["type"].startswith("recursion") for fault in error.errors()):
            raise ValueError(_TOO_DEEP) from None
        raise
    except ValueError as error:
        reasons = (reason for sign, reason in _UNSTORABLE.items() if sign in str(error))
        raise ValueError(next(reasons, "must be JSON that can be stored")) from error
    if _NUL_IN_JSON.search(encoded):
        raise ValueError("must not contain a NUL character")
    return stored  # type: ignore[no-any-return]  # the JSON of what was validated


def _require_id(text: str) -> str:
    identifier = canonical_id(text)
    if identifier is None:
        raise ValueError("must be an id (a UUID); names are not accepted here")
    return identifier


Text = Annotated[str, Field(strict=True), AfterValidator(refuse_unstorable)]
"""Text that the platform can store."""

Name = Annotated[Text, AfterValidator(refuse_blank)]
"""Text that an object can be found by."""

Identifier = Annotated[str, Field(strict=True), AfterValidator(_require_id)]
"""The id of another object, given in any spelling of a UUID."""

JSONObject = Annotated[dict[str, JsonValue], WrapValidator(_store_and_read)]
"""A JSON object that the platform can store."""

OpenEnum = Annotated[T | str, Field(union_mode="left_to_right")]
"""A member of an enum, or the text of a newer platform's that this version does not know."""

RecordID = Annotated[str, Field(max_length=_LONGEST_ID)]
"""The id of a record, as the platform gives it."""

_DETAIL = "detail"

Detail = Annotated[T, _DETAIL]
"""A field that only some answers of the platform carry, such as those for a single object."""

Timestamp = AwareDatetime
"""A moment with its time zone; its JSON is the platform's: `2026-11-20T18:17:35.178747Z`."""
