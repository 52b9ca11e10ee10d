"""The environment: DFS_<SETTING>, and DFS_<CLIENT_NAME>_<SETTING> for a named client.

A variable is read in one way only, whatever clients exist: the longest setting's name at its end
is the setting, the rest is the client. So DFS_RETRY_TIMEOUT is the setting `retry_timeout`, never
the `timeout` of a client named `retry`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dataforce.config.declaration import suggestion
from dataforce.config.origin import Given, Origin
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["FILE_VARIABLE", "client_part", "read_environment"]

FILE_VARIABLE: Final = "DFS_CONFIG_FILE"


def read_environment(
    environment: Mapping[str, str], settings: Collection[str], clients: Iterable[str]
) -> dict[str, dict[str, Given]]:
    """Read the variables that are ours.

    Args:
        environment: All variables; an empty one counts as not set.
        settings: The dotted names of the settings.
        clients: The known clients, to guess what a wrong variable should have been.

    Returns:
        For each client, as its variables spell it, what they set; under "" what holds for all.

    Raises:
        ConfigurationError: If a variable begins with DFS_ and is none of ours.
    """
    found: dict[str, dict[str, Given]] = {}
    unknown = []
    for variable, value in environment.items():
        if not variable.startswith("DFS_") or variable == FILE_VARIABLE or not value:
            continue
        if parts := split(variable, settings):
            client, setting = parts
            given = Given(value, Origin("environment", variable))
            found.setdefault(client, {})[setting] = given
        else:
            unknown.append(variable)
    if unknown:
        raise ConfigurationError(explain(sorted(unknown), settings, clients))
    return found


def split(variable: str, settings: Collection[str]) -> tuple[str, str] | None:
    """Tell client and setting of a variable apart; None when it names no setting."""
    words = {setting_part(setting): setting for setting in settings}
    # Lazy on the client's side, so that the setting gets as much of the variable as it can.
    match = re.fullmatch(rf"DFS_(?:(.+?)_)??({'|'.join(words)})", variable)
    return (match[1] or "", words[match[2]]) if match else None


def setting_part(setting: str) -> str:
    """Spell a setting as its variable does."""
    return setting.replace(".", "_").upper()


def client_part(client: str) -> str:
    """Spell a client's name as its variables do."""
    return re.sub(r"[^A-Z0-9]", "_", client.upper())


def explain(unknown: list[str], settings: Collection[str], clients: Iterable[str]) -> str:
    """Say which variables are unknown, and what each of them may have been meant to be."""
    starts = ["DFS_", *(f"DFS_{client_part(client)}_" for client in clients)]
    known = [f"{start}{setting_part(setting)}" for start in starts for setting in settings]
    lines = [
        f"unknown environment variable {variable}{suggestion(variable, [FILE_VARIABLE, *known])}"
        for variable in unknown
    ]
    expected = (
        f"expected {FILE_VARIABLE}, DFS_<SETTING> or DFS_<CLIENT_NAME>_<SETTING>, where SETTING "
        f"is one of {', '.join(map(setting_part, settings))}"
    )
    return "\n".join([*lines, expected])
