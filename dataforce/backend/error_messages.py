"""Errors that every backend raises, in the same words.

A message says what could not be done, why, what to do next, and where a server was asked, the
request and its status code, in this order. What could not be done is known to those who call a
backend: they tell it with `attempting`, and the errors that are made meanwhile begin with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataforce.backend.identity import identifier_of
from dataforce.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend.kind import AnyKind
    from dataforce.backend.query import Scope

LONGEST = 500
"""Length of the longest message, in characters."""

MASK = "**********"

_ADDRESS = re.compile(" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Operation:
    """The operation that a user wants.

    Args:
        verb: Such as `delete`.
        kind: The kind of what it is done to.
        identifier: The id of that, `None` for a new one or for several.
        names: Gives id to name of the objects that the user called by name.
    """

    verb: str
    kind: AnyKind
    identifier: str | None = None
    names: Callable[[], Mapping[str, str]] = dict

    def __str__(self) -> str:
        if self.identifier is not None:
            return f"{self.verb} {self.kind.name} {self.identifier}"
        if self.verb == "create":
            return f"create a new {self.kind.name}"
        return f"{self.verb} {self.kind.name}s"


_operation: ContextVar[Operation | None] = ContextVar("operation", default=None)


@contextmanager
def attempting(operation: Operation) -> Iterator[None]:
    """Let errors that are made in the block say what could not be done.

    Of blocks within each other the outermost counts: that is what the user wants.

    Args:
        operation: What the user wants.

    Example:
        >>> from dataforce.models import ORBIT
        >>> with attempting(Operation("delete", ORBIT, "5")):
        ...     sentence("it is in use. Try again later.")
        'Cannot delete orbit 5: it is in use. Try again later.'
    """
    if _operation.get() is not None:
        yield
        return
    token = _operation.set(operation)
    try:
        yield
    finally:
        _operation.reset(token)


def sentence(why: str, request: str = "") -> str:
    """Return a message of at most `LONGEST` characters.

    Args:
        why: Why something could not be done, and what to do next: one or more sentences, of which
            the first begins with a small letter.
        request: The request that a server refused, and its status code.

    Returns:
        The message. If it is too long, the reason is shortened.

    Example:
        >>> sentence("it is in use.", "DELETE .../orbits/5: 409")
        'It is in use. (DELETE .../orbits/5: 409)'
    """
    operation = _operation.get()
    before = "" if operation is None else f"Cannot {operation}: "
    after = f" ({request})" if request else ""
    room = LONGEST - len(before) - len(after)
    why = why if before else f"{why[:1].upper()}{why[1:]}"
    return f"{before}{cut(why, room)}{after}"


def cut(text: str, length: int) -> str:
    """Return text of at most that length; what is left out is shown as an ellipsis.

    Args:
        text: Such as the words of a server.
        length: In characters, at least 1.

    Example:
        >>> cut("no such bucket", 8)
        'no such…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def printable(text: str) -> str:
    r"""Return text with its control characters, and what is no character, escaped.

    Args:
        text: Such as the words of a server.

    Example:
        >>> print(printable("red: \x1b[31m"))
        red: \x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def words_of(error: BaseException, width: int) -> str:
    """Return what an error of another library says, on one line and without addresses of memory.

    Args:
        error: The error.
        width: How many characters to return at most.

    Example:
        >>> words_of(TypeError("cannot pickle <Lock object at 0x7f0a18ae8fe0>"), 200)
        'cannot pickle <Lock object>'
    """
    text = printable(_ADDRESS.sub("", str(error)).strip())
    return text if len(text) <= width else f"{text[: width - 1]}…"


def not_found(kind: AnyKind, identifier: str, scope: Scope, request: str = "") -> NotFoundError:
    """Return the error for an object that does not exist, or not below its parent.

    Args:
        kind: The kind of the object.
        identifier: Its id.
        scope: The parents of the object, of something below it, or of what points at it.
        request: The request that a server refused, and its status code.
    """
    operation = _operation.get()
    is_it = operation is not None and (operation.kind, operation.identifier) == (kind, identifier)
    names = {} if operation is None else operation.names()
    where = ""
    if kind.parent is not None and len(scope.ids) >= len(kind.ancestors):
        parent = scope.ids[len(kind.ancestors) - 1]
        name = names.get(parent)
        where = f" in {kind.parent.name} {parent if name is None else repr(name)}"
    what = "it" if is_it else f"{kind.name} {identifier}"
    return NotFoundError(sentence(f"{what} does not exist{where}.", request))


def duplicate(kind: AnyKind, other: BaseModel | None, request: str = "") -> ConflictError:
    """Return the error for an object that would have the unique values of another.

    Args:
        kind: The kind of both.
        other: The other one, `None` if it is not known.
        request: The request that a server refused, and its status code.
    """
    fields = {name: name.replace("_", " ") for name in kind.unique}
    if other is None:
        clash = " and ".join(fields.values()) or "id"
        what = f"there is another {kind.name} with that {clash} already. Nothing was changed."
        return ConflictError(sentence(what, request))
    values = " and ".join(
        f"{words} {_shown(getattr(other, name))}" for name, words in fields.items()
    )
    after = f" ({request})" if request else ""
    identifier = identifier_of(other)
    return ConflictError(
        f"A {kind.name} for {values} exists already (id {identifier}).{after}"[:LONGEST]
    )


def in_use(
    kind: AnyKind, identifier: str, user: AnyKind, by: str | None, request: str = ""
) -> ConflictError:
    """Return the error for an object that cannot be deleted while another refers to it.

    Args:
        kind: The kind of the object.
        identifier: Its id.
        user: The kind of the other one.
        by: The id of the other one, `None` if it is not known.
        request: The request that a server refused, and its status code.
    """
    operation = _operation.get()
    is_it = operation is not None and (operation.kind, operation.identifier) == (kind, identifier)
    what = "it" if is_it else f"{kind.name} {identifier}"
    return ConflictError(
        sentence(
            f"{user.name} {by} uses {what}. Give the {user.name} another one first, or delete it."
            if by is not None
            else f"one of the {user.name}s uses {what}. Give it another one first, or delete it.",
            request,
        )
    )


def _shown(value: object) -> str:
    # The endpoint of a bucket may be a connection string with the key of an account.
    text = printable(str(value))
    return MASK if "key=" in text.lower() else repr(cut(text, 100))
