"""JSON that an overlay keeps beside its records, read back; it may have been damaged meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from dataforce.errors import StoreCorruptedError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend.kind import Kind

M = TypeVar("M", bound="BaseModel")


@contextmanager
def reading_kept(what: str) -> Iterator[None]:
    """Report damage in place of the error that the block fails with on damaged text.

    Args:
        what: The text, as part of a sentence.

    Raises:
        StoreCorruptedError: The text is damaged.

    Example:
        >>> import json
        >>> with reading_kept("what is kept of a push"):
        ...     json.loads('{"kind": "collections"}')["kind"]
        'collections'
    """
    try:
        yield
        return
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        pass  # its words may quote the record, and with it a key
    raise StoreCorruptedError(
        f"The overlay is damaged: {what} cannot be read. Drop what was changed with "
        f"client.overlay.reset(), or restore the overlay's database from a copy."
    )


def kept_record(kind: Kind[M, Any, Any], text: str) -> M:
    """Return a record of the other side that is kept as JSON.

    Args:
        kind: The kind of the record.
        text: The JSON.

    Raises:
        StoreCorruptedError: It is damaged.
    """
    with reading_kept(f"a {kind.name} that is kept as the remote had it"):
        return kind.record.model_validate_json(text)
