"""The environment: DFS_<SETTING>, and DFS_<CLIENT_NAME>_<SETTING> for a named client.

A variable is read in one way only, whatever clients exist: the longest setting's name at its end
is the setting, the rest is the client. So DFS_RETRY_TIMEOUT is the setting `retry_timeout`, never
the `timeout` of a client named `retry`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dataforce.config.declaration import nearest, refusal
from dataforce.config.origin import Given, Origin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["FILE_VARIABLE", "client_part", "read_environment"]

PREFIX: Final = "DFS_"
FILE_VARIABLE: Final = "DFS_CONFIG_FILE"
NEAR_MISS: Final = 0.8
"""The similarity of ORBIT and OBRIT; that of ORBIT and ROOT, which is somebody else's, is 0.4."""
MOST_EDITS: Final = 2
"""OBRIT takes two to become ORBIT. STORAGE_DIR takes three to become STORAGE_URL: it is no slip."""
MOST_NAMED: Final = 3


def read_environment(
    environment: Mapping[str, str], settings: Collection[str], clients: Iterable[str]
) -> dict[str, dict[str, Given]]:
    """Read the variables that are ours.

    Args:
        environment: All variables; an empty one counts as not set.
        settings: The dotted names of the settings.
        clients: The known clients, whose variables may have been meant by others.

    Returns:
        For each client, as its variables spell it, what they set; under "" what holds for all.

    Raises:
        ConfigurationError: If a variable is none of ours, but nearly is.
    """
    found: dict[str, dict[str, Given]] = {}
    unknown = []
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable == FILE_VARIABLE or not value:
            continue
        if parts := split(variable, settings):
            client, setting = parts
            given = Given(value, Origin("environment", variable))
            found.setdefault(client, {})[setting] = given
        else:
            unknown.append(variable)
    refuse_near_misses(sorted(unknown), settings, {*map(client_part, clients), *found})
    return found


def split(variable: str, settings: Collection[str]) -> tuple[str, str] | None:
    """Tell client and setting of a variable apart; None when it names no setting."""
    words = {setting_part(setting): setting for setting in settings}
    # Lazy on the client's side, so that the setting gets as much of the variable as it can.
    match = re.fullmatch(rf"{PREFIX}(?:(.+?)_)??({'|'.join(words)})", variable)
    return (match[1] or "", words[match[2]]) if match else None


def setting_part(setting: str) -> str:
    """Spell a setting as its variable does."""
    return setting.replace(".", "_").upper()


def client_part(client: str) -> str:
    """Spell a client's name as its variables do."""
    return re.sub(r"[^A-Z0-9]", "_", client.upper())


def refuse_near_misses(
    unknown: Iterable[str], settings: Collection[str], clients: Iterable[str]
) -> None:
    """Refuse variables that were probably meant to be ours; the others are somebody else's."""
    lines = [
        f"unknown environment variable {variable}; did you mean {meant}?"
        for variable in unknown
        if (meant := meant_by(variable, settings, clients))
    ]
    if lines:
        raise refusal(lines[:MOST_NAMED])


def meant_by(variable: str, settings: Collection[str], clients: Iterable[str]) -> str | None:
    """Find the variable of ours that this one nearly is."""
    words = [setting_part(setting) for setting in settings]
    known = {f"{PREFIX}{client}_": words for client in clients if client}
    known[PREFIX] = [*words, FILE_VARIABLE.removeprefix(PREFIX)]
    for start in sorted(filter(variable.startswith, known), key=len, reverse=True):
        # Only what comes behind the prefix counts, as the prefix would make any two alike.
        rest = variable.removeprefix(start)
        if (word := nearest(rest, known[start], NEAR_MISS)) and edits(rest, word) <= MOST_EDITS:
            return f"{start}{word}"
    return None


def edits(one: str, other: str) -> int:
    """Count the characters that are changed, added or left out between two words."""
    from difflib import SequenceMatcher

    changes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for change, a, b, c, d in changes if change != "equal")
