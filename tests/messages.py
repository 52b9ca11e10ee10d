"""The rules that every message of an error keeps, held in every test of this suite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from dataforce import DataForceError

LONGEST = 500
"""How many characters a message has at most."""

_DUMP = re.compile(r"\b[A-Z]\w+\(id=|<[\w.]+ object at 0x|<\w+\.\w+: ")


def faults(message: str) -> list[str]:
    """What is wrong with a message: too long, or the repr of an object in it."""
    found = []
    if len(message) > LONGEST:
        found.append(f"{len(message)} characters: {message[:LONGEST]}...")
    if dump := _DUMP.search(message):
        found.append(f"the repr of an object, {message[dump.start() : dump.start() + 60]!r}")
    return found


@contextmanager
def held() -> Iterator[list[str]]:
    """Watch every `DataForceError` that is made meanwhile; the list holds the faults found."""
    found: list[str] = []
    make = DataForceError.__init__

    def watched(error: DataForceError, message: str) -> None:
        found.extend(faults(message))
        make(error, message)

    with mock.patch.object(DataForceError, "__init__", watched):
        yield found
