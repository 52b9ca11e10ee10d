"""The marker of an update that empties a field; `None` leaves it alone."""

from enum import Enum
from typing import Literal, TypeAlias


class _Clear(Enum):
    CLEAR = "clear"

    def __repr__(self) -> str:
        return "CLEAR"


CLEAR = _Clear.CLEAR
"""Given to an update, it empties the field: `update(tags=CLEAR)`; `None` leaves it unchanged."""

Clear: TypeAlias = Literal[_Clear.CLEAR]
"""The type of `CLEAR`."""
