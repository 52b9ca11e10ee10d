"""Identifiers of records: who makes them, and which text is one."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Identity:
    """The identity of the records of a kind.

    Args:
        made_by: Who makes the identifier: `backend`, or `client`, who gives it in the create model.
        form: `uuid`, or `text` for any text that is not empty.

    Example:
        >>> Identity().canonical("0199C45521EE74C6B74719A82F1A1E75")
        '0199c455-21ee-74c6-b747-19a82f1a1e75'
        >>> Identity(form="text").canonical("services/drs")
        'services/drs'
    """

    made_by: Literal["backend", "client"] = "backend"
    form: Literal["uuid", "text"] = "uuid"

    def canonical(self, text: str) -> str | None:
        """Return the identifier that a text spells, `None` if it spells none."""
        if self.form == "uuid":
            return canonical_id(text)
        return text if text and can_be_stored(text) else None


def canonical_id(text: str) -> str | None:
    """Return the lower-case dashed form of any spelling of a UUID, `None` for other text.

    Args:
        text: Such as `0199C45521EE74C6B74719A82F1A1E75` or `urn:uuid:0199c455-…`.

    Returns:
        The 36 characters that the platform answers with.

    Example:
        >>> canonical_id("{0199C455-21EE-74C6-B747-19A82F1A1E75}")
        '0199c455-21ee-74c6-b747-19a82f1a1e75'
    """
    if _CANONICAL.fullmatch(text):
        return text
    from pydantic import ValidationError

    try:
        return str(_uuid().validate_python(text))  # what the platform reads its paths with
    except ValidationError:
        return None


def can_be_stored(text: str) -> bool:
    """Return whether a database takes a text: it chokes on what is not Unicode text."""
    return text.isprintable() or ("\x00" not in text and not _LONE_SURROGATE.search(text))


def identifier_of(record: Any) -> str:
    """Return the identifier of a record of any kind.

    Args:
        record: A record; its class says which field identifies it.

    Example:
        >>> identifier_of(client.orbits.get("Default Orbit")) == client.orbit
        True
    """
    identifier: str = getattr(record, type(record).identity_field)
    return identifier


@cache
def _uuid() -> TypeAdapter[uuid.UUID]:
    from pydantic import TypeAdapter

    return TypeAdapter(uuid.UUID)
